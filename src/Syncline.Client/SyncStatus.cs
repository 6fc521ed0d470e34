using Syncline.Client.Sync;

namespace Syncline.Client;

/// <summary>How far this device and the server are in agreement.</summary>
/// <param name="State">In one word.</param>
/// <param name="PendingCount">Own operations that the server is not known to have.</param>
/// <param name="RefusedCount">Own operations that are set aside with a reason.</param>
/// <param name="Behind">Operations that the server is known to have and that are not here yet; 0 when none are known.</param>
/// <param name="OldestPending">When the oldest pending operation was made, UTC; null when there is none.</param>
/// <param name="LastSuccess">When this device last had everything that the server had, and the server everything from here, UTC; null if never.</param>
/// <param name="Problem">What is in the way; null when nothing is.</param>
public sealed record SyncStatus(
    SyncState State,
    int PendingCount,
    int RefusedCount,
    long Behind,
    DateTimeOffset? OldestPending,
    DateTimeOffset? LastSuccess,
    Problem? Problem)
{
    /// <summary>How long the oldest pending operation has been waiting; zero when none is.</summary>
    public TimeSpan LagAt(DateTimeOffset now) => OldestPending is { } oldest && now > oldest ? now - oldest : TimeSpan.Zero;
}
