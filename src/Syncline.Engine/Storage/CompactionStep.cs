using Syncline.Core.Operations;

namespace Syncline.Engine.Storage;

/// <summary>A stretch of a log that was looked through, and what was found in it.</summary>
/// <param name="Epoch">The epoch that the log must have, else nothing is written.</param>
/// <param name="After">How far the log must have been looked through before, else nothing is written.</param>
/// <param name="UpTo">How far it is looked through now.</param>
/// <param name="Winners">The registers whose winner is another now, with its seq.</param>
/// <param name="Dropped">Seqs, none of them the log's last, of operations that win no register any more: each leaves a stub.</param>
/// <param name="DroppedAt">When: stubs are kept for a time.</param>
public sealed record CompactionStep(
    Epoch Epoch,
    long After,
    long UpTo,
    IReadOnlyList<KeyValuePair<RegisterKey, long>> Winners,
    IReadOnlyList<long> Dropped,
    DateTimeOffset DroppedAt);
