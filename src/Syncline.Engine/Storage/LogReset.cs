using Syncline.Core.Operations;

namespace Syncline.Engine.Storage;

/// <summary>A log to begin anew: its operations go, their identities are forgotten, and a client's snapshot stands in their place.</summary>
/// <param name="Epoch">The epoch that the log must have, else nothing is changed.</param>
/// <param name="ExpectedHead">The seq that the log must stand at, else nothing is changed.</param>
/// <param name="NewEpoch">The log's next life, which shares nothing with those before.</param>
/// <param name="After">Where the log goes on from, at least <paramref name="ExpectedHead"/>.</param>
/// <param name="Key">The key of the generation that begins.</param>
/// <param name="Snapshot">Its snapshot, any text.</param>
/// <param name="At">When, UTC; for people.</param>
public sealed record LogReset(
    Epoch Epoch, long ExpectedHead, Epoch NewEpoch, long After, string Key, string Snapshot, DateTimeOffset At);
