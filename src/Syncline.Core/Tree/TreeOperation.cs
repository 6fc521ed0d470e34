using Syncline.Core.Json;

namespace Syncline.Core.Tree;

/// <summary>What an operation of a tree does. Both kinds name the vertex they change.</summary>
/// <param name="TargetId">The vertex.</param>
public abstract record TreeOperation(string TargetId)
{
    /// <summary>Puts the vertex under a parent; the oldest move of a vertex creates it.</summary>
    /// <param name="TargetId">The vertex.</param>
    /// <param name="ParentId">The new parent; null only for the root and the trash.</param>
    public sealed record Move(string TargetId, string? ParentId) : TreeOperation(TargetId);

    /// <summary>Writes a property.</summary>
    /// <param name="TargetId">The vertex.</param>
    /// <param name="Key">The property's key, also empty.</param>
    /// <param name="Value">The value as JSON text, <c>null</c> included; absent to remove the property.</param>
    public sealed record SetProperty(string TargetId, string Key, JsonText? Value) : TreeOperation(TargetId);

    /// <summary>The vertex that must be there before this one takes part: the new parent, or the target; null for the root and the trash.</summary>
    public string? NeededId => this is Move move ? move.ParentId : TargetId;
}
