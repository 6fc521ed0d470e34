using Syncline.Core.Operations;

namespace Syncline.Engine.Storage;

/// <summary>A past life of a log.</summary>
/// <param name="Epoch">Its id.</param>
/// <param name="SharedUpTo">Seq up to which its operations are those of the present log too: cursors at or below it go on.</param>
public readonly record struct EarlierEpoch(Epoch Epoch, long SharedUpTo);
