using Syncline.Engine.Accounts;
using Syncline.Engine.Storage;

namespace Syncline.Conformance.InMemory;

/// <summary>The rules of spaces, on the twin in memory.</summary>
public sealed class InMemorySpaceStoreTests : SpaceStoreConformance
{
    /// <inheritdoc />
    protected override ISpaceStore Store { get; } = new InMemorySpaceStore();
}

/// <summary>The rules of accounts, on the twin in memory.</summary>
public sealed class InMemoryAccountStoreTests : AccountStoreConformance
{
    /// <inheritdoc />
    protected override IAccountStore Store { get; } = new InMemoryAccountStore();
}
