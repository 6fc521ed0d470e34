namespace LibSqlite;

/// <summary>SQLite's primary result codes, with its numbers: https://www.sqlite.org/rescode.html.</summary>
public enum SqliteResultCode
{
    /// <summary>Success.</summary>
    Ok = 0,

    /// <summary>Wrong SQL, or any error without a code of its own.</summary>
    Error = 1,

    /// <summary>A bug inside SQLite.</summary>
    Internal = 2,

    /// <summary>A new file could not get the access mode asked for.</summary>
    Permission = 3,

    /// <summary>The statement was ended early, for one by a rollback.</summary>
    Abort = 4,

    /// <summary>Another connection holds the lock.</summary>
    Busy = 5,

    /// <summary>A conflict within this connection, or with one that shares its cache.</summary>
    Locked = 6,

    /// <summary>No memory was to be had.</summary>
    NoMemory = 7,

    /// <summary>A write to a read-only file or connection.</summary>
    ReadOnly = 8,

    /// <summary>Ended by <see cref="SqliteConnection.Interrupt"/>.</summary>
    Interrupt = 9,

    /// <summary>The operating system reported an error.</summary>
    IoError = 10,

    /// <summary>The file is damaged.</summary>
    Corrupt = 11,

    /// <summary>Something asked for by name or operation code does not exist.</summary>
    NotFound = 12,

    /// <summary>The disk, or the database's page limit, is full.</summary>
    Full = 13,

    /// <summary>The file could not be opened.</summary>
    CannotOpen = 14,

    /// <summary>The locks of the write-ahead log could not be won.</summary>
    Protocol = 15,

    /// <summary>Not used by SQLite.</summary>
    Empty = 16,

    /// <summary>The schema kept changing while the statement was prepared anew.</summary>
    Schema = 17,

    /// <summary>A text, a blob or the SQL is longer than the limit.</summary>
    TooBig = 18,

    /// <summary>A constraint of the schema is broken.</summary>
    Constraint = 19,

    /// <summary>A value of the wrong type, where SQLite insists on one.</summary>
    Mismatch = 20,

    /// <summary>The library was called in the wrong order.</summary>
    Misuse = 21,

    /// <summary>The system has no large files.</summary>
    NoLargeFiles = 22,

    /// <summary>An authorizer refused the statement.</summary>
    Authorization = 23,

    /// <summary>Not used by SQLite.</summary>
    Format = 24,

    /// <summary>No parameter or column has this number.</summary>
    Range = 25,

    /// <summary>The file is no database.</summary>
    NotADatabase = 26,

    /// <summary>Logged by SQLite, never thrown.</summary>
    Notice = 27,

    /// <summary>Logged by SQLite, never thrown.</summary>
    Warning = 28,

    /// <summary>A step found a row; never thrown.</summary>
    Row = 100,

    /// <summary>A step found the end; never thrown.</summary>
    Done = 101,
}
