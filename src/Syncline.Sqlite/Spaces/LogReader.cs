using LibSqlite;
using Syncline.Core.Json;
using Syncline.Core.Operations;
using Syncline.Core.Tree;
using Syncline.Engine.Storage;

namespace Syncline.Sqlite.Spaces;

/// <summary>The connection through which one space's log is read, beside the one that writes. One caller at a time.</summary>
internal sealed class LogReader(SqliteConnection connection) : IDisposable
{
    private const int InternedMax = 4096;

    private readonly Dictionary<long, ActorId> _actors = [];
    private readonly Dictionary<long, (Scope Scope, ResourceId Id)> _resources = [];
    private readonly Dictionary<long, UserId> _users = [];

    public LogPage ReadPage(long after, Selection selection, PageLimits limits, CancellationToken cancellationToken)
    {
        using Snapshot snapshot = new(connection);
        ForgetWhenMany();
        long head = connection.ReadInteger(SpaceSchema.ReadHeadSeq);
        List<LoggedOperation> operations = [];
        long bytes = 0;
        long groupFirst = 0;
        long groupEnd = after;
        using SqliteStatement rows = connection.Cached(SpaceSchema.ReadPage);
        rows.Bind(1, after);
        while (rows.Step())
        {
            cancellationToken.ThrowIfCancellationRequested();
            long seq = rows.Int64(LogRow.Seq);
            if (seq > groupEnd)
            {
                // Between two groups the page may end; inside one it grows over its limits.
                if (operations.Count >= limits.Operations || (operations.Count > 0 && bytes >= limits.Bytes))
                    return new LogPage(operations, groupEnd, head);
                groupFirst = seq;
                groupEnd = rows.IsNull(LogRow.GroupEnd) ? seq : rows.Int64(LogRow.GroupEnd);
            }

            if (!selection.IsAll)
            {
                (Scope scope, ResourceId id) = ResourceOf(rows.Int64(LogRow.Resource));
                if (!selection.Includes(new OperationId(scope, id, default, 0))) continue;
            }

            long size = rows.Utf8(LogRow.Payload).Length;
            bool startsInGroup = operations.Count == 0 || operations[^1].Seq < groupFirst;
            if (startsInGroup && operations.Count > 0 && bytes + size > limits.Bytes)
                return new LogPage(operations, groupFirst - 1, head);
            operations.Add(ReadRow(rows));
            bytes += size;
        }

        return new LogPage(operations, Math.Max(head, after), head);
    }

    public IReadOnlyList<LoggedOperation> ReadRanges(
        Scope scope, ResourceId resourceId, StateVector wanted, PageLimits limits, CancellationToken cancellationToken)
    {
        using Snapshot snapshot = new(connection);
        ForgetWhenMany();
        if (FindResource(scope, resourceId) is not { } resource) return [];

        PriorityQueue<IEnumerator<ClockAndSeq>, Stamp> nextOfEachActor = new();
        foreach ((ActorId actor, ClockRanges ranges) in wanted.Actors)
        {
            cancellationToken.ThrowIfCancellationRequested();
            if (FindActor(actor) is not { } actorNumber) continue;
            IEnumerator<ClockAndSeq> clocks = ReadClocks(resource, actorNumber, ranges).GetEnumerator();
            if (clocks.MoveNext()) nextOfEachActor.Enqueue(clocks, new Stamp(clocks.Current.Clock, actor));
        }

        List<LoggedOperation> operations = [];
        long bytes = 0;
        while (operations.Count < limits.Operations
            && nextOfEachActor.TryDequeue(out IEnumerator<ClockAndSeq>? clocks, out Stamp stamp))
        {
            cancellationToken.ThrowIfCancellationRequested();
            using SqliteStatement row = connection.Cached(SpaceSchema.ReadOperation);
            row.Bind(1, clocks.Current.Seq);
            if (!row.Step()) throw Unavailable.Because("The store's file is damaged: restore it from a backup.");
            bytes += row.Utf8(LogRow.Payload).Length;
            if (operations.Count > 0 && bytes > limits.Bytes) break;
            operations.Add(ReadRow(row));
            if (clocks.MoveNext()) nextOfEachActor.Enqueue(clocks, new Stamp(clocks.Current.Clock, stamp.Actor));
        }

        return operations;
    }

    public void Dispose() => connection.Dispose();

    /// <summary>
    /// Which of an actor's clocks are stored and wanted, ascending, read a few at a time. Ranges and stored clocks leap over each other, so
    /// the work is bounded by the fewer of them, whatever a client's vector says.
    /// </summary>
    private IEnumerable<ClockAndSeq> ReadClocks(long resource, long actor, ClockRanges ranges)
    {
        const int LeastAtOnce = 8;
        const int MostAtOnce = 128;

        Queue<ClockAndSeq> stored = new();
        int atOnce = LeastAtOnce;
        long lastRead = 0;
        bool isEnd = false;
        foreach (ClockRange range in ranges)
        {
            while (true)
            {
                while (stored.TryPeek(out ClockAndSeq tooLow) && tooLow.Clock < range.First)
                    stored.Dequeue();
                if (stored.Count == 0)
                {
                    if (isEnd) yield break;
                    ReadClocks(resource, actor, Math.Max(range.First, lastRead + 1), atOnce, stored);
                    isEnd = stored.Count < atOnce;
                    if (stored.Count == 0) yield break;
                    lastRead = stored.Last().Clock;
                    atOnce = Math.Min(atOnce * 2, MostAtOnce);
                }

                if (stored.Peek().Clock > range.Last) break;
                yield return stored.Dequeue();
            }
        }
    }

    private void ReadClocks(long resource, long actor, long first, int count, Queue<ClockAndSeq> clocks)
    {
        using SqliteStatement statement = connection.Cached(SpaceSchema.ReadClocks);
        statement.Bind(1, resource);
        statement.Bind(2, actor);
        statement.Bind(3, first);
        statement.Bind(4, count);
        while (statement.Step())
            clocks.Enqueue(new ClockAndSeq(statement.Int64(0), statement.Int64(1)));
    }

    private LoggedOperation ReadRow(SqliteStatement row)
    {
        long seq = row.Int64(LogRow.Seq);
        (Scope scope, ResourceId resourceId) = ResourceOf(row.Int64(LogRow.Resource));
        return new LoggedOperation
        {
            Seq = seq,
            Operation = new Operation
            {
                Id = new OperationId(scope, resourceId, ActorOf(row.Int64(LogRow.Actor)), row.Int64(LogRow.Clock)),
                Payload = new JsonText(row.Utf8(LogRow.Payload).ToArray()),
                Key = row.TextOrNull(LogRow.Key),
                Tx = row.TextOrNull(LogRow.Tx),
                Hash = unchecked((ulong)row.Int64(LogRow.Hash)),
            },
            UserId = UserOf(row.Int64(LogRow.User)),
            ReceivedAt = row.Time(LogRow.ReceivedAt),
            GroupEnd = row.IsNull(LogRow.GroupEnd) ? seq : row.Int64(LogRow.GroupEnd),
            Digest = OperationDigest.FromInt64(row.Int64(LogRow.Digest)),
        };
    }

    private ActorId ActorOf(long number)
    {
        if (_actors.TryGetValue(number, out ActorId known)) return known;

        using SqliteStatement find = Find("SELECT name FROM actors WHERE id = ?1", number);
        return _actors[number] = new ActorId(find.Text(0));
    }

    private (Scope Scope, ResourceId Id) ResourceOf(long number)
    {
        if (_resources.TryGetValue(number, out (Scope, ResourceId) known)) return known;

        using SqliteStatement find = Find("SELECT scope, name FROM resources WHERE id = ?1", number);
        return _resources[number] = (new Scope(find.Text(0)), new ResourceId(find.Text(1)));
    }

    private UserId UserOf(long number)
    {
        if (_users.TryGetValue(number, out UserId known)) return known;

        using SqliteStatement find = Find("SELECT name FROM users WHERE id = ?1", number);
        return _users[number] = new UserId(find.Text(0));
    }

    private SqliteStatement Find(string sql, long number)
    {
        SqliteStatement find = connection.Cached(sql);
        find.Bind(1, number);
        if (find.Step()) return find;
        find.Dispose();
        throw Unavailable.Because("The store's file is damaged: restore it from a backup.");
    }

    private long? FindActor(ActorId actor)
    {
        using SqliteStatement find = connection.Cached("SELECT id FROM actors WHERE name = ?1");
        find.BindText(1, actor.Value);
        return find.Step() ? find.Int64(0) : null;
    }

    private long? FindResource(Scope scope, ResourceId resourceId)
    {
        using SqliteStatement find = connection.Cached("SELECT id FROM resources WHERE scope = ?1 AND name = ?2");
        find.BindText(1, scope.Value);
        find.BindText(2, resourceId.Value);
        return find.Step() ? find.Int64(0) : null;
    }

    private void ForgetWhenMany()
    {
        if (_actors.Count <= InternedMax && _resources.Count <= InternedMax && _users.Count <= InternedMax) return;

        _actors.Clear();
        _resources.Clear();
        _users.Clear();
    }

    private readonly record struct ClockAndSeq(long Clock, long Seq);

    /// <summary>A moment of the file: what is appended meanwhile is not seen.</summary>
    private readonly ref struct Snapshot
    {
        private readonly SqliteConnection _connection;

        public Snapshot(SqliteConnection connection)
        {
            _connection = connection;
            Run("BEGIN");
        }

        public void Dispose()
        {
            if (!_connection.IsAutocommit) Run("ROLLBACK");
        }

        private void Run(string sql)
        {
            using SqliteStatement statement = _connection.Cached(sql);
            statement.Run();
        }
    }
}
