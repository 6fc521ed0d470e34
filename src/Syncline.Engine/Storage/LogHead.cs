using Syncline.Core.Operations;

namespace Syncline.Engine.Storage;

/// <summary>Where a space's log stands.</summary>
/// <param name="Epoch">The log's present life.</param>
/// <param name="Seq">Seq of the last operation; where there is none, the seq that the log goes on from, 0 at first.</param>
/// <param name="Digest">The digest up to and including it.</param>
/// <param name="HighestClock">The highest clock of any operation that was ever in the log; 0 when there was none.</param>
/// <param name="Earlier">Earlier epochs whose cursors can still be served, the latest first.</param>
public sealed record LogHead(Epoch Epoch, long Seq, OperationDigest Digest, long HighestClock, IReadOnlyList<EarlierEpoch> Earlier)
{
    /// <summary>
    /// Whether a cursor can be served: of this epoch, or of an earlier one up to what they share, and not ahead of the head. Seq 0 always can.
    /// </summary>
    public bool CanServe(Epoch? epoch, long after) =>
        after == 0
        || (after <= Seq && (epoch == Epoch || Earlier.Any(earlier => earlier.Epoch == epoch && after <= earlier.SharedUpTo)));

    /// <summary>The head of an empty log.</summary>
    public static LogHead Empty(Epoch epoch) => new(epoch, 0, OperationDigest.Empty, 0, []);
}
