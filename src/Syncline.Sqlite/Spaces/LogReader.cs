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
        long lastRead = after;
        long endBeforeGroup = after;
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
                    return new LogPage(operations, lastRead, head);
                endBeforeGroup = lastRead;
                groupFirst = seq;
                groupEnd = rows.IsNull(LogRow.GroupEnd) ? seq : rows.Int64(LogRow.GroupEnd);
            }

            lastRead = seq;
            if (!selection.IsAll)
            {
                (Scope scope, ResourceId id) = ResourceOf(rows.Int64(LogRow.Resource));
                if (!selection.Includes(new OperationId(scope, id, default, 0))) continue;
            }

            long size = rows.Utf8(LogRow.Payload).Length;
            bool startsInGroup = operations.Count == 0 || operations[^1].Seq < groupFirst;
            if (startsInGroup && operations.Count > 0 && bytes + size > limits.Bytes)
                return new LogPage(operations, endBeforeGroup, head);
            operations.Add(ReadRow(rows));
            bytes += size;
        }

        return new LogPage(operations, Math.Max(head, after), head);
    }

    /// <summary>The operation at a seq, which is there.</summary>
    public LoggedOperation ReadOperation(long seq)
    {
        ForgetWhenMany();
        using SqliteStatement operation = connection.Cached(SpaceSchema.ReadOperation);
        operation.Bind(1, seq);
        return operation.Step() ? ReadRow(operation) : throw Unavailable.Because("The store's file is damaged: restore it from a backup.");
    }

    /// <summary>
    /// The vector and the identity's index, both in the order of clocks, leap over each other: while they are close the index is stepped
    /// through, where the vector is ahead the index is entered anew. So the work is bounded by the fewer of them, whatever a vector says, and of
    /// what is not wanted a few entries of the index are passed over at each leap.
    /// </summary>
    public IReadOnlyList<LoggedOperation> ReadRanges(
        Scope scope, ResourceId resourceId, StateVector wanted, PageLimits limits, CancellationToken cancellationToken)
    {
        using Snapshot snapshot = new(connection);
        ForgetWhenMany();
        if (FindResource(scope, resourceId) is not { } resource) return [];
        WantedClocks clocks = new();
        foreach ((ActorId actor, ClockRanges ranges) in wanted.Actors)
        {
            cancellationToken.ThrowIfCancellationRequested();
            if (FindActor(actor) is { } number) clocks.Add(number, ranges);
        }

        using SqliteStatement operation = connection.Cached(SpaceSchema.ReadOperation);
        StampOrder found = new(this, operation, limits);
        using SqliteStatement identities = connection.Cached(SpaceSchema.ReadByClock);
        while (!found.IsFull && clocks.First is { } first)
        {
            identities.Bind(1, first.Clock);
            identities.Bind(2, first.Actor);
            identities.Bind(3, resource);
            if (!ReadFrom(identities, resource, clocks, found, cancellationToken)) break;
            identities.Reset();
        }

        return found.Take();
    }

    // Reads on until the vector's next clock is worth a leap; false when there is nothing more to read.
    private bool ReadFrom(
        SqliteStatement identities, long resource, WantedClocks clocks, StampOrder found, CancellationToken cancellationToken)
    {
        const int Clock = 0;
        const int Actor = 1;
        const int Resource = 2;
        const int Seq = 3;
        const int NearClocks = 16;
        const int MissesMax = 8;

        int misses = 0;
        while (identities.Step())
        {
            cancellationToken.ThrowIfCancellationRequested();
            WantedClocks.Place place = new(identities.Int64(Clock), identities.Int64(Actor));
            if (found.IsFullBefore(place.Clock)) return false;
            long at = identities.Int64(Resource);
            bool isNamed = clocks.Contains(place, out bool isLastOfRange);
            bool isWanted = isNamed && at == resource;
            if (isWanted) found.Add(place.Clock, ActorOf(place.Actor), identities.Int64(Seq));
            misses = isWanted ? 0 : misses + 1;

            // An actor may have used a clock in several resources: what is wanted of this place may be yet to come.
            bool isOver = !isNamed || at >= resource;
            clocks.Pass(isOver ? place : place with { Actor = place.Actor - 1 });
            if (misses > MissesMax || (isOver && isLastOfRange && !(clocks.First?.Clock <= place.Clock + NearClocks))) return true;
        }

        return false;
    }

    public void Dispose() => connection.Dispose();

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

    /// <summary>
    /// Takes places of operations in the order of clocks, and reads them in that of clocks and actors, up to the limits: what shares a clock is
    /// read when the clock is over and its order known.
    /// </summary>
    private sealed class StampOrder(LogReader reader, SqliteStatement operation, PageLimits limits)
    {
        private readonly List<LoggedOperation> _operations = [];
        private readonly List<(ActorId Actor, long Seq)> _ofClock = [];
        private long _clock;
        private long _bytes;

        public bool IsFull { get; private set; } = limits.Operations < 1;

        public bool IsFullBefore(long clock)
        {
            if (clock != _clock) EndClock();
            return IsFull;
        }

        public void Add(long clock, ActorId actor, long seq)
        {
            if (clock != _clock) EndClock();
            _clock = clock;
            _ofClock.Add((actor, seq));
        }

        public List<LoggedOperation> Take()
        {
            EndClock();
            return _operations;
        }

        private void EndClock()
        {
            if (_ofClock.Count > 1) _ofClock.Sort((left, right) => string.CompareOrdinal(left.Actor.Value, right.Actor.Value));
            foreach ((_, long seq) in _ofClock)
            {
                if (IsFull) break;
                Put(seq);
            }

            _ofClock.Clear();
        }

        private void Put(long seq)
        {
            operation.Reset();
            operation.Bind(1, seq);
            if (!operation.Step()) throw Unavailable.Because("The store's file is damaged: restore it from a backup.");
            _bytes += operation.Utf8(LogRow.Payload).Length;
            IsFull = _operations.Count > 0 && _bytes > limits.Bytes;
            if (IsFull) return;
            _operations.Add(reader.ReadRow(operation));
            IsFull = _operations.Count >= limits.Operations;
        }
    }

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
