using System.Text;

namespace LibSqlite;

/// <summary>
/// One open SQLite database. Used by one thread at a time: the database is opened without its own mutexes, and only
/// <see cref="Interrupt"/> may be called while another thread is inside. Any member may throw <see cref="SqliteException"/>
/// when libsqlite3 reports an error, and throws <see cref="ObjectDisposedException"/> after <see cref="Dispose"/>.
/// </summary>
public sealed class SqliteConnection : IDisposable
{
    private const string MainSchema = "main";

    private readonly SqliteDatabaseHandle _database;
    private readonly StatementCache _cache;

    private SqliteConnection(SqliteDatabaseHandle database, int cachedStatementsMax)
    {
        _database = database;
        _cache = new StatementCache(cachedStatementsMax);
    }

    /// <summary>
    /// How long to wait for another connection's lock before failing with <see cref="SqliteResultCode.Busy"/>. Zero, the
    /// initial value, fails at once. Rounded up to whole milliseconds; at most <see cref="int.MaxValue"/> of them.
    /// </summary>
    public TimeSpan BusyTimeout
    {
        get;
        set
        {
            ArgumentOutOfRangeException.ThrowIfLessThan(value, TimeSpan.Zero);
            ArgumentOutOfRangeException.ThrowIfGreaterThan(value, TimeSpan.FromMilliseconds(int.MaxValue));
            Check(Native.sqlite3_busy_timeout(Database, (int)Math.Ceiling(value.TotalMilliseconds)));
            field = value;
        }
    }

    /// <summary>Rows that the last finished INSERT, UPDATE or DELETE changed; triggers and cascades are not counted.</summary>
    public int Changes => Native.sqlite3_changes(Database);

    /// <summary>The rowid of this connection's last successful INSERT, or 0 before the first.</summary>
    public long LastInsertRowId => Native.sqlite3_last_insert_rowid(Database);

    /// <summary>
    /// Whether no transaction is open. After a failed statement or commit this tells whether SQLite has rolled the transaction
    /// back by itself (true) or left it open for another try (false): https://www.sqlite.org/c3ref/get_autocommit.html.
    /// </summary>
    public bool IsAutocommit => Native.sqlite3_get_autocommit(Database) != 0;

    internal SqliteDatabaseHandle Database
    {
        get
        {
            ObjectDisposedException.ThrowIf(IsClosed, this);
            return _database;
        }
    }

    internal bool IsClosed => _database.IsClosed;

    /// <summary>Opens a database file, with extended result codes on. What is in the file shows with the first statement.</summary>
    /// <param name="path">A file path, or <c>:memory:</c> for a database that lives as long as this connection.</param>
    /// <param name="mode">What may be done with the file.</param>
    /// <param name="cachedStatementsMax">Most idle statements that <see cref="Cached"/> keeps prepared; 0 keeps none.</param>
    /// <param name="fileSystem">
    /// Name of a registered file system of SQLite (https://www.sqlite.org/vfs.html); null is the system's own.
    /// </param>
    /// <exception cref="SqliteException">
    /// <see cref="SqliteResultCode.CannotOpen"/>: no such file, or no access to it. <see cref="SqliteResultCode.Error"/>: no such file system.
    /// </exception>
    public static SqliteConnection Open(string path, SqliteOpenMode mode, int cachedStatementsMax = 64, string? fileSystem = null)
    {
        ArgumentException.ThrowIfNullOrEmpty(path);
        ArgumentOutOfRangeException.ThrowIfNegative(cachedStatementsMax);

        int result = Native.sqlite3_open_v2(path, out SqliteDatabaseHandle database, FlagsOf(mode), fileSystem);
        if (result != Native.Ok)
        {
            using (database) throw SqliteException.From(result, database);
        }

        Native.sqlite3_extended_result_codes(database, on: 1);
        return new SqliteConnection(database, cachedStatementsMax);
    }

    /// <summary>Runs a script of any number of statements and ignores the rows they return. The first error ends it.</summary>
    public void Execute(string sql)
    {
        ArgumentNullException.ThrowIfNull(sql);
        Check(Native.sqlite3_exec(Database, sql, callback: 0, argument: 0, message: 0));
    }

    /// <summary>Prepares one statement, which the caller disposes.</summary>
    /// <exception cref="ArgumentException"><paramref name="sql"/> holds no statement, or more than one.</exception>
    public SqliteStatement Prepare(string sql)
    {
        ArgumentNullException.ThrowIfNull(sql);
        return Prepare(Encoding.UTF8.GetBytes(sql));
    }

    /// <inheritdoc cref="Prepare(string)"/>
    /// <param name="sql">UTF-8; needs no terminating zero.</param>
    public SqliteStatement Prepare(ReadOnlySpan<byte> sql) => new(this, PrepareOne(sql, flags: 0), cached: null);

    /// <summary>
    /// Lends a prepared statement, reset and without bindings. Disposing it keeps it prepared for the next caller with the same
    /// SQL. Nested use of one SQL is safe: the inner caller gets a statement of its own.
    /// </summary>
    /// <exception cref="ArgumentException"><paramref name="sql"/> holds no statement, or more than one.</exception>
    public SqliteStatement Cached(string sql)
    {
        ArgumentNullException.ThrowIfNull(sql);
        ObjectDisposedException.ThrowIf(IsClosed, this);

        LinkedListNode<StatementCache.CachedStatement> node = _cache.Take(sql)
            ?? new(new(sql, PrepareOne(Encoding.UTF8.GetBytes(sql), Native.PreparePersistent)));
        return new SqliteStatement(this, node.Value.Pointer, node);
    }

    /// <summary>Starts a transaction that holds the write lock from the beginning.</summary>
    /// <returns>Rolls back when disposed without <see cref="SqliteTransaction.Commit"/>.</returns>
    /// <exception cref="SqliteException">
    /// <see cref="SqliteResultCode.Busy"/>: another connection is writing, and still was after <see cref="BusyTimeout"/>.
    /// <see cref="SqliteResultCode.Error"/>: this connection has a transaction open; they do not nest.
    /// </exception>
    public SqliteTransaction BeginImmediate()
    {
        RunCached("BEGIN IMMEDIATE");
        return new SqliteTransaction(this);
    }

    /// <summary>
    /// Makes the statements now running fail with <see cref="SqliteResultCode.Interrupt"/>; without any, nothing happens. May be
    /// called from any thread. A write inside a transaction that is interrupted rolls the whole transaction back.
    /// </summary>
    public void Interrupt() => Native.sqlite3_interrupt(Database);

    /// <summary>
    /// Copies this database over <paramref name="destination"/>, while other connections go on reading and writing this one. A
    /// write by another connection between two steps starts the copy anew; one step of all pages is not disturbed, and in WAL
    /// mode does not block writers either.
    /// </summary>
    /// <param name="destination">Open for writing, and used by nobody else until this returns. A failed copy leaves it unchanged.</param>
    /// <param name="pagesPerStep">
    /// Pages to copy before locks are released and the processor is yielded; <see cref="int.MaxValue"/> copies all in one step.
    /// </param>
    /// <param name="cancellationToken">Looked at between steps.</param>
    /// <exception cref="SqliteException">
    /// <see cref="SqliteResultCode.Busy"/> or <see cref="SqliteResultCode.Locked"/>: a lock was not to be had within
    /// <see cref="BusyTimeout"/>.
    /// </exception>
    public void BackupTo(SqliteConnection destination, int pagesPerStep, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(destination);
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(pagesPerStep);

        nint backup = Native.sqlite3_backup_init(destination.Database, MainSchema, Database, MainSchema);
        if (backup == 0) throw SqliteException.Last(destination.Database);

        try
        {
            cancellationToken.ThrowIfCancellationRequested();
            while (!CopyPages(backup, pagesPerStep))
            {
                Thread.Yield();
                cancellationToken.ThrowIfCancellationRequested();
            }
        }
        finally
        {
            Native.sqlite3_backup_finish(backup);
        }
    }

    /// <summary>Moves pages from the write-ahead log into the database file.</summary>
    /// <exception cref="SqliteException"><see cref="SqliteResultCode.Locked"/>: this connection has a write transaction open.</exception>
    public SqliteCheckpointResult Checkpoint(SqliteCheckpointMode mode)
    {
        int result = Native.sqlite3_wal_checkpoint_v2(
            Database, schema: 0, (int)mode, out int logFrames, out int checkpointedFrames);
        bool wasBlocked = SqliteException.PrimaryOf(result) == SqliteResultCode.Busy;
        if (!wasBlocked) Check(result);
        return new SqliteCheckpointResult(wasBlocked, logFrames, checkpointedFrames);
    }

    /// <summary>
    /// Frees the cached pages that no running statement holds. A connection that rests for a while then costs about half; the next use
    /// reads what it needs again.
    /// </summary>
    public void ReleaseMemory() => Native.sqlite3_db_release_memory(Database);

    /// <summary>Closes the database: an open transaction is rolled back, and all statements of this connection are finalised.</summary>
    public void Dispose() => _database.Dispose();

    internal void RunCached(string sql)
    {
        using SqliteStatement statement = Cached(sql);
        statement.Run();
    }

    internal void Release(nint statement, LinkedListNode<StatementCache.CachedStatement>? cached)
    {
        if (IsClosed) return;

        if (cached is null) Native.sqlite3_finalize(statement);
        else _cache.Put(cached);
    }

    internal void Check(int result)
    {
        if (result != Native.Ok) throw SqliteException.From(result, _database);
    }

    private static int FlagsOf(SqliteOpenMode mode) => Native.OpenNoMutex | mode switch
    {
        SqliteOpenMode.ReadOnly => Native.OpenReadOnly,
        SqliteOpenMode.ReadWrite => Native.OpenReadWrite,
        SqliteOpenMode.ReadWriteCreate => Native.OpenReadWrite | Native.OpenCreate,
        _ => throw new ArgumentOutOfRangeException(nameof(mode), mode, message: null),
    };

    private static bool CopyPages(nint backup, int pages) => Native.sqlite3_backup_step(backup, pages) switch
    {
        Native.Done => true,
        Native.Ok => false,
        int error => throw SqliteException.From(error),
    };

    private nint PrepareOne(ReadOnlySpan<byte> sql, uint flags)
    {
        Check(PrepareFirst(sql, flags, out nint statement, out int length));
        if (statement == 0) throw new ArgumentException("There is no statement in the SQL.", nameof(sql));
        if (!HasStatement(sql[length..])) return statement;

        Native.sqlite3_finalize(statement);
        throw new ArgumentException("Only one statement can be prepared; Execute runs a script.", nameof(sql));
    }

    /// <summary>What does not even parse counts as a statement; spaces, semicolons and comments do not.</summary>
    private bool HasStatement(ReadOnlySpan<byte> sql)
    {
        int result = PrepareFirst(sql, flags: 0, out nint statement, out _);
        Native.sqlite3_finalize(statement);
        return result != Native.Ok || statement != 0;
    }

    private unsafe int PrepareFirst(ReadOnlySpan<byte> sql, uint flags, out nint statement, out int length)
    {
        statement = 0;
        length = 0;
        if (sql.IsEmpty) return Native.Ok;

        fixed (byte* start = sql)
        {
            int result = Native.sqlite3_prepare_v3(Database, start, sql.Length, flags, out statement, out byte* tail);
            if (result == Native.Ok) length = (int)(tail - start);
            return result;
        }
    }
}
