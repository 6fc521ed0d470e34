namespace Syncline.Core.Operations;

/// <summary>The state of one resource at some seq, as its model writes it.</summary>
/// <param name="Scope">The scope that clients know the resource under.</param>
/// <param name="ResourceId">The resource.</param>
/// <param name="State">The bytes, of the version <see cref="IModel.SnapshotFormat"/>.</param>
public sealed record ResourceSnapshot(Scope Scope, ResourceId ResourceId, ReadOnlyMemory<byte> State);
