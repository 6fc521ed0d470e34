using System.Collections.Frozen;
using Syncline.Core.Operations;

namespace Syncline.Engine.Storage;

/// <summary>Which operations a reader wants. An empty set stands for all.</summary>
public sealed class Selection(IEnumerable<Scope> scopes, IEnumerable<ResourceId> resourceIds)
{
    /// <summary>Everything.</summary>
    public static Selection All { get; } = new([], []);

    /// <summary>The scopes wanted; empty: all.</summary>
    public FrozenSet<Scope> Scopes { get; } = scopes.ToFrozenSet();

    /// <summary>The resources wanted, in any of the scopes; empty: all.</summary>
    public FrozenSet<ResourceId> ResourceIds { get; } = resourceIds.ToFrozenSet();

    /// <summary>Whether nothing is left out.</summary>
    public bool IsAll => Scopes.Count == 0 && ResourceIds.Count == 0;

    /// <summary>Whether an operation is wanted.</summary>
    public bool Includes(in OperationId id) =>
        (Scopes.Count == 0 || Scopes.Contains(id.Scope)) && (ResourceIds.Count == 0 || ResourceIds.Contains(id.ResourceId));
}
