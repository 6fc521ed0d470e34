using System.Globalization;
using LibSqlite;

namespace Syncline.Bench.Storage;

/// <summary>
/// The baseline of everything that stores: the rows of a space's log, their identity's index and nothing else, written and read by prepared
/// statements in a loop. No look-ups, no checks, no objects: what SQLite itself costs.
/// </summary>
internal sealed class BareLog : IDisposable
{
    /// <summary>A space's table of operations and its index, as the product makes them.</summary>
    private const string Schema =
        """
        CREATE TABLE operations (
            seq INTEGER PRIMARY KEY, resource INTEGER NOT NULL, group_end INTEGER, actor INTEGER NOT NULL, clock INTEGER NOT NULL,
            highest_clock INTEGER, hash INTEGER NOT NULL, digest INTEGER NOT NULL, user INTEGER NOT NULL, received_at INTEGER NOT NULL,
            tx TEXT, key TEXT, payload TEXT NOT NULL
        ) STRICT;
        CREATE UNIQUE INDEX operations_by_identity ON operations (resource, actor, clock);
        """;

    private const string InsertSql =
        """
        INSERT INTO operations (seq, resource, group_end, actor, clock, hash, digest, user, received_at, tx, key, payload, highest_clock)
        VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13)
        """;

    private const string ReadSql =
        """
        SELECT seq, resource, group_end, actor, clock, hash, digest, user, received_at, tx, key, payload
        FROM operations WHERE seq > ?1 ORDER BY seq LIMIT ?2
        """;

    private readonly SqliteConnection _connection;
    private readonly SqliteStatement _begin;
    private readonly SqliteStatement _commit;
    private readonly SqliteStatement _insert;
    private readonly SqliteStatement _read;
    private readonly byte[] _sink = new byte[64 * 1024];

    private BareLog(SqliteConnection connection)
    {
        _connection = connection;
        _begin = connection.Prepare("BEGIN IMMEDIATE");
        _commit = connection.Prepare("COMMIT");
        _insert = connection.Prepare(InsertSql);
        _read = connection.Prepare(ReadSql);
    }

    /// <summary>Makes a new file with the table and its index alone.</summary>
    public static BareLog Create(string path, string synchronous = "FULL", int cacheKibibytes = 2000) =>
        Open(path, SqliteOpenMode.ReadWriteCreate, synchronous, cacheKibibytes, Schema);

    /// <summary>Opens a file that has the table: one of <see cref="Create"/>, or a space's own.</summary>
    public static BareLog Open(string path, string synchronous = "FULL", int cacheKibibytes = 2000) =>
        Open(path, SqliteOpenMode.ReadWrite, synchronous, cacheKibibytes, schema: "");

    /// <summary>Inserts rows in one transaction.</summary>
    public void Append(ReadOnlySpan<BareRow> rows)
    {
        _begin.Run();
        foreach (ref readonly BareRow row in rows)
        {
            _insert.Bind(1, row.Seq);
            _insert.Bind(2, row.Resource);
            _insert.BindNull(3);
            _insert.Bind(4, row.Actor);
            _insert.Bind(5, row.Clock);
            _insert.Bind(6, row.Hash);
            _insert.Bind(7, row.Digest);
            _insert.Bind(8, row.User);
            _insert.Bind(9, row.ReceivedAt);
            _insert.BindNull(10);
            _insert.BindNull(11);
            _insert.BindText(12, row.Payload);
            _insert.BindNull(13);
            _insert.Run();
        }

        _commit.Run();
    }

    /// <summary>Reads a page: every column, the payload copied as bytes. Gives the last seq, or <paramref name="after"/> at the end.</summary>
    public long Read(long after, int limit, ref long count)
    {
        _read.Bind(1, after);
        _read.Bind(2, limit);
        while (_read.Step())
        {
            after = _read.Int64(0);
            _ = _read.Int64(1) + _read.Int64(2) + _read.Int64(3) + _read.Int64(4) + _read.Int64(5) + _read.Int64(6) + _read.Int64(7)
                + _read.Int64(8) + _read.Utf8(9).Length + _read.Utf8(10).Length;
            _read.Utf8(11).CopyTo(_sink);
            count++;
        }

        return after;
    }

    /// <summary>Closes the file; the write-ahead log is moved into it and removed.</summary>
    public void Dispose()
    {
        _begin.Dispose();
        _commit.Dispose();
        _insert.Dispose();
        _read.Dispose();
        _connection.Dispose();
    }

    private static BareLog Open(string path, SqliteOpenMode mode, string synchronous, int cacheKibibytes, string schema)
    {
        SqliteConnection connection = SqliteConnection.Open(path, mode);
        connection.Execute(string.Create(
            CultureInfo.InvariantCulture,
            $"PRAGMA journal_mode = WAL; PRAGMA synchronous = {synchronous}; PRAGMA cache_size = -{cacheKibibytes}; {schema}"));
        return new BareLog(connection);
    }
}
