using System.Buffers.Text;
using System.Diagnostics;
using System.Globalization;
using LibSqlite;
using SQLitePCL;
using Syncline.Bench.Harness;

namespace Syncline.Bench.Storage;

/// <summary>
/// Our binding beside SQLitePCLRaw: the same prepared statements and the same bytes bound, on three shapes of rows. The peer runs twice: with
/// the library that its packages bring, and with the operating system's, which ours uses; that tells the binding from the library.
/// </summary>
internal static class Binding
{
    public const string Ours = "LibSqlite";
    public const string PeerOnSystem = "PCLRaw, system's library";
    public const string PeerOnBundled = "PCLRaw, bundled library";
    private const int RowsToRead = 200_000;

    public static readonly string[] Variants = [Ours, PeerOnBundled, PeerOnSystem];

    private static readonly byte[] Peer = "9f2c6d1e-4b1f-4c55-9d7e-3c1f2a9b7e10"u8.ToArray();
    private static readonly byte[] Tree = "5a3d7c52-91f0-4f1d-8d5a-0c6d1c2b3a4f"u8.ToArray();
    private static readonly byte[] Space = "a1b2c3d4-0000-4000-8000-123456789abc"u8.ToArray();
    private static readonly byte[] Payload = Workload.Payload(123456);

    /// <summary>The shapes: what an earlier server stored, a log with texts in each row, and a row of a number and bytes.</summary>
    public static IReadOnlyList<Shape> Shapes { get; } =
    [
        new(
            "tree_ops",
            """
            CREATE TABLE tree_ops (clock INTEGER NOT NULL, peerId TEXT NOT NULL, treeId TEXT NOT NULL, spaceId TEXT NOT NULL,
                targetId TEXT NOT NULL, parentId TEXT, key TEXT, value TEXT, PRIMARY KEY (clock, peerId, treeId, spaceId))
            """,
            "INSERT INTO tree_ops (clock,peerId,treeId,spaceId,targetId,parentId,key,value) VALUES (?1,?2,?3,?4,?5,NULL,'name',?6)",
            IsBare: false),
        new(
            "log",
            """
            CREATE TABLE ops (serverSeq INTEGER PRIMARY KEY, scope TEXT NOT NULL, resourceId TEXT NOT NULL, actor TEXT NOT NULL,
                clock INTEGER NOT NULL, payload TEXT NOT NULL, UNIQUE (actor, clock, scope, resourceId))
            """,
            "INSERT OR IGNORE INTO ops (clock,actor,scope,resourceId,payload) VALUES (?1,?2,?3,?4,?6||?5)",
            IsBare: false),
        new(
            "bare",
            "CREATE TABLE ops (serverSeq INTEGER PRIMARY KEY, payload BLOB NOT NULL)",
            "INSERT INTO ops (serverSeq,payload) VALUES (?1,?2)",
            IsBare: true),
    ];

    /// <summary>The ways of writing a shape; also the names of the figures in its sample.</summary>
    public static IReadOnlyList<Configuration> Configurations { get; } =
    [
        new("NORMAL", 1, 10_000), new("NORMAL", 50, 50_000), new("NORMAL", 1000, 100_000),
        new("FULL", 1, 3_000), new("FULL", 50, 50_000), new("FULL", 1000, 100_000),
    ];

    /// <summary>Rows per second of each configuration, or of reading the log's rows in pages of 1,000.</summary>
    public static Sample Measure(string variant, string shapeName)
    {
        if (variant == PeerOnSystem)
            raw.SetProvider(new SQLite3Provider_sqlite3());
        else if (variant == PeerOnBundled)
            raw.SetProvider(new SQLite3Provider_e_sqlite3());
        using TemporaryFolder folder = new();
        Sample sample = new() { Count = 1, Milliseconds = 1 };
        if (shapeName == "read")
        {
            string path = folder.PathOf("read.db");
            Write(variant, path, Shapes[1], new Configuration("NORMAL", 1000, RowsToRead));
            for (int warm = 0; warm < 2; warm++)
                sample.More["read"] = Rate(RowsToRead, () => Read(variant, path));
            return sample;
        }

        Shape shape = Shapes.First(one => one.Name == shapeName);
        Write(variant, folder.PathOf("warm.db"), shape, new Configuration("NORMAL", 50, 20_000));
        foreach (Configuration configuration in Configurations)
            sample.More[configuration.Name] = Write(variant, folder.PathOf(configuration.Name + ".db"), shape, configuration);
        return sample;
    }

    private static System.Text.Json.JsonElement Write(string variant, string path, Shape shape, Configuration configuration)
    {
        string setup = $"PRAGMA journal_mode=WAL; PRAGMA synchronous={configuration.Synchronous}; {shape.Schema}";
        if (variant == Ours)
        {
            using SqliteConnection connection = SqliteConnection.Open(path, SqliteOpenMode.ReadWriteCreate);
            connection.Execute(setup);
            return Rate(configuration.Rows, () => WriteOurs(connection, shape, configuration));
        }

        raw.sqlite3_open(path, out sqlite3 database);
        raw.sqlite3_exec(database, setup);
        using (database)
            return Rate(configuration.Rows, () => WritePeers(database, shape, configuration));
    }

    private static void WriteOurs(SqliteConnection connection, Shape shape, Configuration configuration)
    {
        using SqliteStatement insert = connection.Prepare(shape.Insert);
        using SqliteStatement begin = connection.Prepare("BEGIN IMMEDIATE");
        using SqliteStatement commit = connection.Prepare("COMMIT");
        Span<byte> value = stackalloc byte[16];
        for (int i = 0; i < configuration.Rows;)
        {
            if (configuration.Batch > 1)
                begin.Run();
            for (int k = 0; k < configuration.Batch; k++, i++)
            {
                insert.Bind(1, i + 1);
                if (shape.IsBare)
                {
                    insert.BindBlob(2, Payload);
                }
                else
                {
                    insert.BindText(2, Peer);
                    insert.BindText(3, Tree);
                    insert.BindText(4, Space);
                    insert.BindText(5, Value(i, value));
                    insert.BindText(6, Payload);
                }

                insert.Run();
            }

            if (configuration.Batch > 1)
                commit.Run();
        }
    }

    /// <summary>Writes rows through the peer, clocks from <paramref name="first"/> on.</summary>
    public static void WritePeers(sqlite3 database, Shape shape, Configuration configuration, int first = 0)
    {
        raw.sqlite3_prepare_v2(database, shape.Insert, out sqlite3_stmt insert);
        raw.sqlite3_prepare_v2(database, "BEGIN IMMEDIATE", out sqlite3_stmt begin);
        raw.sqlite3_prepare_v2(database, "COMMIT", out sqlite3_stmt commit);
        Span<byte> value = stackalloc byte[16];
        for (int i = 0; i < configuration.Rows;)
        {
            if (configuration.Batch > 1)
                RunPeers(database, begin);
            for (int k = 0; k < configuration.Batch; k++, i++)
            {
                raw.sqlite3_bind_int64(insert, 1, first + i + 1);
                if (shape.IsBare)
                {
                    raw.sqlite3_bind_blob(insert, 2, Payload);
                }
                else
                {
                    raw.sqlite3_bind_text(insert, 2, Peer);
                    raw.sqlite3_bind_text(insert, 3, Tree);
                    raw.sqlite3_bind_text(insert, 4, Space);
                    raw.sqlite3_bind_text(insert, 5, Value(i, value));
                    raw.sqlite3_bind_text(insert, 6, Payload);
                }

                RunPeers(database, insert);
            }

            if (configuration.Batch > 1)
                RunPeers(database, commit);
        }

        insert.Dispose();
        begin.Dispose();
        commit.Dispose();
    }

    private static void RunPeers(sqlite3 database, sqlite3_stmt statement)
    {
        if (raw.sqlite3_step(statement) != raw.SQLITE_DONE)
            throw new InvalidOperationException(raw.sqlite3_errmsg(database).utf8_to_string());
        raw.sqlite3_reset(statement);
    }

    private static void Read(string variant, string path)
    {
        const string Sql = "SELECT serverSeq,scope,resourceId,actor,clock,payload FROM ops WHERE serverSeq>?1 ORDER BY serverSeq LIMIT 1000";
        byte[] sink = new byte[64 * 1024];
        long last = 0;
        if (variant == Ours)
        {
            using SqliteConnection connection = SqliteConnection.Open(path, SqliteOpenMode.ReadWrite);
            using SqliteStatement page = connection.Prepare(Sql);
            while (last < RowsToRead)
            {
                page.Bind(1, last);
                while (page.Step())
                {
                    last = page.Int64(0);
                    _ = page.Int64(4);
                    page.Blob(1).CopyTo(sink);
                    page.Blob(2).CopyTo(sink);
                    page.Blob(3).CopyTo(sink);
                    page.Blob(5).CopyTo(sink);
                }
            }

            return;
        }

        raw.sqlite3_open(path, out sqlite3 database);
        raw.sqlite3_prepare_v2(database, Sql, out sqlite3_stmt statement);
        while (last < RowsToRead)
        {
            raw.sqlite3_bind_int64(statement, 1, last);
            while (raw.sqlite3_step(statement) == raw.SQLITE_ROW)
            {
                last = raw.sqlite3_column_int64(statement, 0);
                _ = raw.sqlite3_column_int64(statement, 4);
                raw.sqlite3_column_blob(statement, 1).CopyTo(sink);
                raw.sqlite3_column_blob(statement, 2).CopyTo(sink);
                raw.sqlite3_column_blob(statement, 3).CopyTo(sink);
                raw.sqlite3_column_blob(statement, 5).CopyTo(sink);
            }

            raw.sqlite3_reset(statement);
        }

        statement.Dispose();
        database.Dispose();
    }

    private static ReadOnlySpan<byte> Value(int i, Span<byte> value)
    {
        value[0] = (byte)'v';
        Utf8Formatter.TryFormat(i & 8191, value[1..], out int length);
        return value[..(length + 1)];
    }

    private static System.Text.Json.JsonElement Rate(int rows, Action work)
    {
        long began = Stopwatch.GetTimestamp();
        work();
        return Sample.Number(rows / Stopwatch.GetElapsedTime(began).TotalSeconds);
    }

    internal sealed record Shape(string Name, string Schema, string Insert, bool IsBare);

    internal sealed record Configuration(string Synchronous, int Batch, int Rows)
    {
        public string Name => string.Create(CultureInfo.InvariantCulture, $"{Synchronous} {Batch}");
    }
}
