using System.Diagnostics;
using LibSqlite;
using Syncline.Bench.Harness;
using Syncline.Bench.Storage;
using Syncline.Client.Storage;
using Syncline.Core.Json;
using Syncline.Core.Operations;

namespace Syncline.Bench.Client;

/// <summary>
/// What the client's sync loop asks of its store, beside a loop that inserts the same rows into the same table with what tells a repeat (for own
/// operations the index of clocks, for received ones the rowid), in the same batches. As many rows again come before the clock starts.
/// </summary>
internal static class LocalWrites
{
    private const int Others = 100;

    private const string OwnTable =
        """
        CREATE TABLE own (
            number INTEGER PRIMARY KEY, space INTEGER NOT NULL, resource INTEGER NOT NULL, actor INTEGER NOT NULL, clock INTEGER NOT NULL,
            hash INTEGER NOT NULL, state INTEGER NOT NULL, seq INTEGER NOT NULL, made_at INTEGER NOT NULL, tx TEXT, key TEXT, refusal TEXT,
            detail TEXT, payload BLOB NOT NULL
        ) STRICT;
        CREATE UNIQUE INDEX own_by_clock ON own (space, actor, clock);
        """;

    private const string InsertOwn =
        "INSERT INTO own (number, space, resource, actor, clock, hash, state, seq, made_at, payload) VALUES (?1, 1, 1, 1, ?2, ?3, 0, 0, ?4, ?5)";

    private const string ReceivedTable =
        """
        CREATE TABLE operations (
            place INTEGER PRIMARY KEY, resource INTEGER NOT NULL, actor INTEGER NOT NULL, clock INTEGER NOT NULL, hash INTEGER NOT NULL,
            user INTEGER NOT NULL, received_at INTEGER NOT NULL, tx TEXT, key TEXT, payload BLOB NOT NULL
        ) STRICT;
        """;

    private const string InsertReceived =
        "INSERT INTO operations (place, resource, actor, clock, hash, user, received_at, payload) VALUES (?1, 1, ?2, ?3, ?4, 1, ?5, ?6)";

    private static readonly SpaceId Space = new("space-1");
    private static readonly Epoch Epoch = new("epoch-1");

    public static Sample BareOwn(int batch, int rows) => Bare(batch, rows, OwnTable, InsertOwn, BindOwn);

    public static Sample BareReceived(int batch, int rows) => Bare(batch, rows, ReceivedTable, InsertReceived, (insert, row) =>
    {
        insert.Bind(1, row.Seq);
        insert.Bind(2, row.Actor);
        insert.Bind(3, row.Clock);
        insert.Bind(4, row.Hash);
        insert.Bind(5, row.ReceivedAt);
        insert.BindBlob(6, row.Payload);
    });

    public static Sample StoreOwn(int batch, int rows) => Store(batch, rows, (first, actor) =>
    {
        OwnOperation[] own = new OwnOperation[batch];
        for (int i = 0; i < batch; i++)
            own[i] = new OwnOperation(first + i, OperationOf(actor, first + i), OwnOperationState.Pending, 0, null, Workload.ReceivedAt);
        return new LocalWrite.AddOwn(Space, own);
    });

    public static Sample StoreReceived(int batch, int rows)
    {
        ActorId[] actors = Workload.Actors(Others);
        return Store(batch, rows, (first, _) =>
        {
            LoggedOperation[] received = new LoggedOperation[batch];
            for (int i = 0; i < batch; i++)
            {
                long seq = first + i;
                received[i] = new LoggedOperation
                {
                    Seq = seq,
                    Operation = OperationOf(actors[seq % Others], seq),
                    UserId = Workload.User,
                    ReceivedAt = Workload.ReceivedAt,
                    GroupEnd = seq,
                    Digest = OperationDigest.Empty,
                };
            }

            long last = first + batch - 1;
            return new LocalWrite.Receive(Space, received, new LocalCursor(Epoch, last, OperationDigest.Empty), last);
        });
    }

    private static Operation OperationOf(ActorId actor, long clock) => new()
    {
        Id = new OperationId(Workload.Scope, Workload.Resource, actor, clock),
        Payload = new JsonText(Workload.Payload(clock)),
        Hash = unchecked((ulong)clock * 0x9E3779B97F4A7C15),
    };

    // A batch is made right before it is stored, outside the clock, in both.
    /// <summary>The median time of a transaction of one row, in microseconds.</summary>
    public static Sample BareReplies(int count)
    {
        using TemporaryFolder folder = new();
        using SqliteConnection connection = SqliteConnection.Open(folder.PathOf("bare.db"), SqliteOpenMode.ReadWriteCreate);
        connection.Execute("PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL; " + OwnTable);
        using SqliteStatement insert = connection.Prepare(InsertOwn);
        double[] microseconds = new double[count];
        Stage stage = Stage.Begin();
        for (int i = 0; i < count; i++)
        {
            BareRow row = BareRow.Make(i + 1, 1, Others)[0];
            long began = Stopwatch.GetTimestamp();
            BindOwn(insert, row);
            insert.Run();
            microseconds[i] = Stopwatch.GetElapsedTime(began).TotalMicroseconds;
        }

        Sample sample = stage.End(count);
        sample.More["median"] = Sample.Number(LocalEdits.MedianOf(microseconds));
        return sample;
    }

    private static void BindOwn(SqliteStatement insert, BareRow row)
    {
        insert.Bind(1, row.Seq);
        insert.Bind(2, row.Clock);
        insert.Bind(3, row.Hash);
        insert.Bind(4, row.ReceivedAt);
        insert.BindBlob(5, row.Payload);
    }

    private static Sample Bare(int batch, int rows, string table, string insertSql, Action<SqliteStatement, BareRow> bind)
    {
        using TemporaryFolder folder = new();
        using SqliteConnection connection = SqliteConnection.Open(folder.PathOf("bare.db"), SqliteOpenMode.ReadWriteCreate);
        connection.Execute("PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL; " + table);
        using SqliteStatement begin = connection.Prepare("BEGIN IMMEDIATE");
        using SqliteStatement commit = connection.Prepare("COMMIT");
        using SqliteStatement insert = connection.Prepare(insertSql);
        return Measure(batch, rows, first =>
        {
            BareRow[] next = BareRow.Make(first, batch, Others);
            return () =>
            {
                begin.Run();
                foreach (BareRow row in next)
                {
                    bind(insert, row);
                    insert.Run();
                }

                commit.Run();
            };
        });
    }

    private static Sample Store(int batch, int rows, Func<long, ActorId, LocalWrite> make)
    {
        using TemporaryFolder folder = new();
        SqliteLocalStore store = SqliteLocalStore.Open(folder.PathOf("local.db"), TimeProvider.System, Random.Shared);
        ActorId actor = store.ReadDeviceAsync(default).Wait().Actor;
        store.WriteAsync([new LocalWrite.AddSpace(Space)], default).AsTask().Wait();
        Sample sample = Measure(batch, rows, first =>
        {
            LocalWrite[] writes = [make(first, actor)];
            return () => Done(store.WriteAsync(writes, default));
        });
        long clock = store.ReadSpacesAsync(default).Wait()[0].ClockMax;
        store.DisposeAsync().AsTask().Wait();
        return sample with { Check = clock == 2 * rows ? "ok" : $"the highest clock is {clock}" };
    }

    private static void Done(ValueTask task)
    {
        if (!task.IsCompletedSuccessfully) throw new InvalidOperationException("the store did not end its work before it returned");
    }

    private static Sample Measure(int batch, int rows, Func<long, Action> prepare)
    {
        Pace pace = default;
        for (int pass = 0; pass < 2; pass++)
        {
            pace = default;
            for (int written = 0; written < rows; written += batch)
            {
                Action write = prepare(((long)pass * rows) + written + 1);
                pace.Begin();
                write();
                pace.End(batch);
            }
        }

        return pace.ToSample();
    }
}
