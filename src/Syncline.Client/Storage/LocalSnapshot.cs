using Syncline.Core.Operations;

namespace Syncline.Client.Storage;

/// <summary>A model's state of one resource, as of its space's <see cref="LocalSpace.SnapshotSeq"/>.</summary>
/// <param name="Format">The version of the bytes: <see cref="IModel.SnapshotFormat"/>.</param>
/// <param name="Resource">The resource and the bytes.</param>
public sealed record LocalSnapshot(int Format, ResourceSnapshot Resource);
