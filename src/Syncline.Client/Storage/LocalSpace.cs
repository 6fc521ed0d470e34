using Syncline.Core.Operations;

namespace Syncline.Client.Storage;

/// <summary>Where a space stands on this device.</summary>
/// <param name="Id">The space.</param>
/// <param name="Cursor">What was received; null before the first.</param>
/// <param name="ClockMax">The highest clock that was received or given.</param>
/// <param name="SnapshotSeq">Seq that the snapshots are as of; 0 when there are none.</param>
/// <param name="LastSuccess">When it was last known to have all that the server had, UTC; null if never.</param>
public sealed record LocalSpace(SpaceId Id, LocalCursor? Cursor, long ClockMax, long SnapshotSeq, DateTimeOffset? LastSuccess);
