namespace LibSqlite;

/// <summary>How hard a checkpoint tries, with SQLite's numbers: https://www.sqlite.org/c3ref/wal_checkpoint_v2.html.</summary>
public enum SqliteCheckpointMode
{
    /// <summary>Moves what it can without waiting for anybody.</summary>
    Passive = 0,

    /// <summary>Waits for writers, and for readers of old pages, then moves all.</summary>
    Full = 1,

    /// <summary>As <see cref="Full"/>, and waits until the next write can start the log from its beginning.</summary>
    Restart = 2,

    /// <summary>As <see cref="Restart"/>, and cuts the log file to zero bytes.</summary>
    Truncate = 3,
}
