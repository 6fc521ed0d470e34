namespace LibSqlite;

/// <summary>What <see cref="SqliteConnection.Checkpoint"/> did.</summary>
/// <param name="WasBlocked">Another connection was still in the way after the busy timeout, so not all was done.</param>
/// <param name="LogFrames">Frames (pages) in the log; -1 when the database is not in WAL mode or nothing is known.</param>
/// <param name="CheckpointedFrames">Frames of the log that are in the database file; -1 as before.</param>
public readonly record struct SqliteCheckpointResult(bool WasBlocked, int LogFrames, int CheckpointedFrames);
