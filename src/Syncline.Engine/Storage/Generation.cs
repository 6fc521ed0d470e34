using Syncline.Core.Operations;

namespace Syncline.Engine.Storage;

/// <summary>What a space's log holds since it was last begun anew with a snapshot: the data set of clients that speak <c>/sync</c>.</summary>
/// <param name="Key">Names it, 1 to 128 characters; no other generation of the space ever has it.</param>
/// <param name="Epoch">The life of the log that it is of: another life is another generation.</param>
/// <param name="After">Its operations come after this seq.</param>
/// <param name="SnapshotBytes">How large its snapshot is, in UTF-8; 0 when there is none.</param>
public sealed record Generation(string Key, Epoch Epoch, long After, int SnapshotBytes);
