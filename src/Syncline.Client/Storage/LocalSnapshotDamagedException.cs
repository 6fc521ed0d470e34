using Syncline.Core.Operations;

namespace Syncline.Client.Storage;

/// <summary>
/// The bytes of a snapshot are not those that were written. The outbox is whole: the space begins anew with <see cref="LocalWrite.StartAnew"/>,
/// and is received again.
/// </summary>
public sealed class LocalSnapshotDamagedException(SpaceId space, Scope scope, ResourceId resource)
    : LocalStoreException($"The stored snapshot of {scope}/{resource} in the space {space} is damaged: the space has to be received again.")
{
    /// <summary>The space whose snapshot it is.</summary>
    public SpaceId Space { get; } = space;
}
