using System.Collections.Frozen;
using System.Diagnostics;
using LibSqlite;
using Syncline.Core.Operations;
using Syncline.Engine.Storage;

namespace Syncline.Sqlite.Spaces;

/// <summary>The connection through which one space's log is written, and looked up for what is about to be written. One caller at a time.</summary>
/// <remarks>
/// Every durable push passes through here. Names are interned in memory, and operations of one batch mostly share them: what the one before
/// had is compared first, which costs a tenth of a look-up. For each actor stands a clock above which none of its operations is in the log, so
/// that new operations are known to be new without a question to the file.
/// </remarks>
internal sealed class LogWriter : IDisposable
{
    // A space that many devices come and go in must not keep every name it ever had in memory.
    private const int InternedMax = 4096;

    private const string InsertOperation =
        """
        INSERT INTO operations (seq, resource, group_end, actor, clock, hash, digest, user, received_at, tx, key, payload, highest_clock)
        VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13)
        """;

    private readonly SqliteConnection _connection;
    private readonly Durability _durability;
    private readonly Epoch _epoch;
    private readonly IReadOnlyList<EarlierEpoch> _earlier;
    // By the plain text: the runtime hashes strings that are keys themselves faster than those inside of another type.
    private readonly Dictionary<string, InternedActor> _actors = new(StringComparer.Ordinal);
    private readonly Dictionary<(Scope, ResourceId), long> _resources = [];
    private readonly Dictionary<UserId, long> _users = [];
    private readonly GenerationTable _generations;
    private long _knownUpTo;
    private bool _isMarkedUnclean;

    /// <param name="connection">Open, of the current schema, and owned from now on.</param>
    /// <param name="durability">What an append survives.</param>
    /// <param name="epoch">As of now; epochs change only while a file is opened.</param>
    /// <param name="earlier">As of now, too.</param>
    public LogWriter(SqliteConnection connection, Durability durability, Epoch epoch, IReadOnlyList<EarlierEpoch> earlier)
    {
        _connection = connection;
        _durability = durability;
        _epoch = epoch;
        _earlier = earlier;
        Reader = new LogReader(connection);
        Snapshots = new SnapshotFile(connection, epoch);
        Compactor = new LogCompactor(connection, Reader, Snapshots, epoch);
        Clients = new ClientTable(connection);
        _generations = new GenerationTable(connection);
    }

    /// <summary>Reads through the same connection, while nothing is written.</summary>
    public LogReader Reader { get; }

    /// <summary>Drops through the same connection what can decide nothing any more.</summary>
    public LogCompactor Compactor { get; }

    /// <summary>Snapshots, through the same connection.</summary>
    public SnapshotFile Snapshots { get; }

    /// <summary>How far clients have read.</summary>
    public ClientTable Clients { get; }

    public LogHead ReadHead()
    {
        Place last = ReadLast();
        return new LogHead(_epoch, last.Seq, last.Digest, last.HighestClock, _earlier);
    }

    public Known Find(
        IReadOnlyCollection<OperationId> identities, IReadOnlyCollection<ActorId> actors, CancellationToken cancellationToken)
    {
        Place last = ReadLast();
        Remember(last);
        Dictionary<OperationId, StoredIdentity>? operations = null;
        ActorId latestId = default;
        InternedActor? latest = null;
        foreach (OperationId id in identities)
        {
            cancellationToken.ThrowIfCancellationRequested();
            if (id.Actor != latestId)
                (latestId, latest) = (id.Actor, FindActor(id.Actor, last.HighestClock));
            if (latest is null || id.Clock > latest.HighestClock || FindResource(id.Scope, id.ResourceId) is not { } resource) continue;
            if (FindOperation(resource, latest.Number, id.Clock) is { } stored)
                (operations ??= [])[id] = stored;
        }

        Dictionary<ActorId, UserId> owners = new(actors.Count);
        foreach (ActorId actor in actors)
        {
            if (FindActor(actor, last.HighestClock)?.User is { } user) owners[actor] = user;
        }

        return new Known(
            _epoch,
            last.Seq,
            operations ?? (IReadOnlyDictionary<OperationId, StoredIdentity>)FrozenDictionary<OperationId, StoredIdentity>.Empty,
            owners);
    }

    /// <exception cref="SqliteException">Nothing was written.</exception>
    /// <exception cref="StoreUnavailableException">The commit failed; it may have been written.</exception>
    public AppendOutcome Append(LogAppend append)
    {
        Debug.Assert(append.Operations.Count > 0, "An append has at least one operation.");
        if (append.Epoch != _epoch) return AppendOutcome.HeadMoved;
        if (_durability == Durability.Normal && !_isMarkedUnclean) MarkUnclean();
        bool committed = false;
        try
        {
            using SqliteTransaction transaction = _connection.BeginImmediate();
            Place last = ReadLast();
            if (last.Seq != append.ExpectedHead) return AppendOutcome.HeadMoved;

            Remember(last);
            foreach ((ActorId actor, UserId user) in append.NewActors)
                GiveActor(actor, user, last.HighestClock);
            InsertAll(append.Operations, last.HighestClock);
            Commit(transaction);
            committed = true;
            _knownUpTo = last.Seq + append.Operations.Count;
            return AppendOutcome.Appended;
        }
        finally
        {
            // What was interned in a transaction that is rolled back is not in the file.
            if (!committed) Forget();
        }
    }

    public Generation? FindGeneration(Epoch epoch, string key, DateTimeOffset at)
    {
        if (epoch != _epoch) return null;
        return _generations.Find(epoch) ?? Durably(() =>
        {
            using SqliteTransaction transaction = _connection.BeginImmediate();
            _generations.Begin(key, epoch, snapshot: null, at);
            Commit(transaction);
            return _generations.Find(epoch);
        });
    }

    public string? ReadSnapshot(string key) => _generations.ReadSnapshot(key);

    /// <summary>Begins the log anew. Afterwards this writer is of an epoch that is over: it is closed, and the file opened again.</summary>
    /// <exception cref="SqliteException">Nothing was written.</exception>
    /// <exception cref="StoreUnavailableException">The commit failed; it may have been written.</exception>
    public ResetOutcome Reset(LogReset reset)
    {
        Debug.Assert(reset.After >= reset.ExpectedHead, "Seqs never fall.");
        return reset.Epoch != _epoch ? ResetOutcome.HeadMoved : Durably(() =>
        {
            using SqliteTransaction transaction = _connection.BeginImmediate();
            Place last = ReadLast();
            if (last.Seq != reset.ExpectedHead) return ResetOutcome.HeadMoved;
            if (_generations.Has(reset.Key)) return ResetOutcome.KeyTaken;

            // Nothing is shared with any life before, so the latest of them is all that is told of them.
            Run("DELETE FROM epochs");
            using (SqliteStatement end = _connection.Prepare("INSERT INTO epochs (epoch, shared_up_to, ended_at) SELECT epoch, 0, ?1 FROM meta"))
            {
                end.Bind(1, reset.At);
                end.Run();
            }

            using (SqliteStatement begin = _connection.Prepare("UPDATE meta SET epoch = ?1, base_seq = ?2, base_clock = ?3"))
            {
                begin.BindText(1, reset.NewEpoch.Value);
                begin.Bind(2, reset.After);
                begin.Bind(3, last.HighestClock);
                begin.Run();
            }

            Run("DELETE FROM operations");
            Run("DELETE FROM resources");
            Compactor.Reset(reset.After);
            Snapshots.RemoveAll();
            _generations.Begin(reset.Key, reset.NewEpoch, reset.Snapshot, reset.At);
            Commit(transaction);
            return ResetOutcome.Reset;
        });

        void Run(string sql)
        {
            using SqliteStatement statement = _connection.Prepare(sql);
            statement.Run();
        }
    }

    /// <summary>Makes everything durable and says so in the file, when that was not done by each append.</summary>
    public void MarkClean()
    {
        if (!_isMarkedUnclean) return;

        _connection.Execute("PRAGMA synchronous = FULL; UPDATE meta SET clean = 1");
        _isMarkedUnclean = false;
    }

    /// <summary>Keeps the file open and gives up the pages that are cached of it.</summary>
    public void Rest() => _connection.ReleaseMemory();

    /// <summary>Closes the file; the last connection to it moves the write-ahead log into it and removes that.</summary>
    public void Dispose() => _connection.Dispose();

    private void MarkUnclean()
    {
        _connection.Execute("PRAGMA synchronous = FULL; UPDATE meta SET clean = 0; PRAGMA synchronous = NORMAL");
        _isMarkedUnclean = true;
    }

    // Whatever appends survive: what clients are told once and then build on.
    private T Durably<T>(Func<T> work)
    {
        if (_durability == Durability.Full) return work();
        _connection.Execute("PRAGMA synchronous = FULL");
        try
        {
            return work();
        }
        finally
        {
            _connection.Execute("PRAGMA synchronous = NORMAL");
        }
    }

    private Place ReadLast()
    {
        using (SqliteStatement last = _connection.Cached(SpaceSchema.ReadLast))
        {
            if (last.Step()) return new Place(last.Int64(0), last.Int64(1), OperationDigest.FromInt64(last.Int64(2)));
        }

        using SqliteStatement begin = _connection.Cached(SpaceSchema.ReadBase);
        return begin.Step()
            ? new Place(begin.Int64(0), begin.Int64(1), OperationDigest.Empty)
            : throw Unavailable.Because("The store's file is damaged: restore it from a backup.");
    }

    private void InsertAll(IReadOnlyList<LoggedOperation> operations, long highestClock)
    {
        long highestBefore = highestClock;
        (Scope Scope, ResourceId Id, long Number) resource = default;
        ActorId actorId = default;
        InternedActor? actor = null;
        (UserId Id, long Number) user = default;
        using SqliteStatement insert = _connection.Cached(InsertOperation);
        foreach (LoggedOperation logged in operations)
        {
            Operation operation = logged.Operation;
            OperationId id = operation.Id;
            if (id.ResourceId != resource.Id || id.Scope != resource.Scope)
                resource = (id.Scope, id.ResourceId, InternResource(id.Scope, id.ResourceId));
            if (actor is null || id.Actor != actorId)
                (actorId, actor) = (id.Actor, InternActor(id.Actor, highestBefore));
            if (logged.UserId != user.Id)
                user = (logged.UserId, InternUser(logged.UserId));
            actor.HighestClock = Math.Max(actor.HighestClock, id.Clock);
            highestClock = Math.Max(highestClock, id.Clock);

            insert.Bind(LogRow.Seq + 1, logged.Seq);
            insert.Bind(LogRow.Resource + 1, resource.Number);
            insert.Bind(LogRow.GroupEnd + 1, logged.GroupEnd == logged.Seq ? null : logged.GroupEnd);
            insert.Bind(LogRow.Actor + 1, actor.Number);
            insert.Bind(LogRow.Clock + 1, id.Clock);
            insert.Bind(LogRow.Hash + 1, unchecked((long)operation.Hash));
            insert.Bind(LogRow.Digest + 1, logged.Digest.ToInt64());
            insert.Bind(LogRow.User + 1, user.Number);
            insert.Bind(LogRow.ReceivedAt + 1, logged.ReceivedAt);
            insert.BindText(LogRow.Tx + 1, operation.Tx);
            insert.BindText(LogRow.Key + 1, operation.Key);
            insert.BindText(LogRow.Payload + 1, operation.Payload.Utf8.Span);
            insert.Bind(LogRow.HighestClock + 1, highestClock == id.Clock ? null : highestClock);
            insert.Run();
        }
    }

    private void Commit(SqliteTransaction transaction)
    {
        try
        {
            transaction.Commit();
        }
        catch (SqliteException exception)
        {
            // Still open: it is rolled back, and nothing is written. Else its end may already have reached the file.
            throw Unavailable.From(exception, outcomeUnknown: _connection.IsAutocommit || exception.IsIoError);
        }
    }

    private void GiveActor(ActorId actor, UserId user, long highestClock)
    {
        InternedActor known = InternActor(actor, highestClock);
        if (known.User is not null) return;

        using SqliteStatement give = _connection.Cached("UPDATE actors SET user = ?2 WHERE id = ?1");
        give.Bind(1, known.Number);
        give.Bind(2, InternUser(user));
        give.Run();
        known.User = user;
    }

    private InternedActor InternActor(ActorId actor, long highestClock)
    {
        if (FindActor(actor, highestClock) is { } known) return known;

        using SqliteStatement insert = _connection.Cached("INSERT INTO actors (name) VALUES (?1)");
        insert.BindText(1, actor.Value);
        insert.Run();
        return _actors[actor.Value] = new InternedActor(_connection.LastInsertRowId) { HighestClock = 0 };
    }

    private long InternResource(Scope scope, ResourceId resourceId)
    {
        if (FindResource(scope, resourceId) is { } known) return known;

        using SqliteStatement insert = _connection.Cached("INSERT INTO resources (scope, name) VALUES (?1, ?2)");
        insert.BindText(1, scope.Value);
        insert.BindText(2, resourceId.Value);
        insert.Run();
        return _resources[(scope, resourceId)] = _connection.LastInsertRowId;
    }

    private long InternUser(UserId user)
    {
        if (_users.TryGetValue(user, out long known)) return known;

        using SqliteStatement find = _connection.Cached("SELECT id FROM users WHERE name = ?1");
        find.BindText(1, user.Value);
        if (find.Step()) return _users[user] = find.Int64(0);

        using SqliteStatement insert = _connection.Cached("INSERT INTO users (name) VALUES (?1)");
        insert.BindText(1, user.Value);
        insert.Run();
        return _users[user] = _connection.LastInsertRowId;
    }

    private InternedActor? FindActor(ActorId actor, long highestClock)
    {
        if (_actors.TryGetValue(actor.Value, out InternedActor? known)) return known;

        using SqliteStatement find = _connection.Cached(
            "SELECT a.id, u.name FROM actors a LEFT JOIN users u ON u.id = a.user WHERE a.name = ?1");
        find.BindText(1, actor.Value);
        if (!find.Step()) return null;
        return _actors[actor.Value] = new InternedActor(find.Int64(0))
        {
            User = find.TextOrNull(1) is { } user ? new UserId(user) : null,

            // Its own is not looked for: nothing in the log is above this one.
            HighestClock = highestClock,
        };
    }

    private long? FindResource(Scope scope, ResourceId resourceId)
    {
        if (_resources.TryGetValue((scope, resourceId), out long known)) return known;

        using SqliteStatement find = _connection.Cached("SELECT id FROM resources WHERE scope = ?1 AND name = ?2");
        find.BindText(1, scope.Value);
        find.BindText(2, resourceId.Value);
        if (!find.Step()) return null;
        return _resources[(scope, resourceId)] = find.Int64(0);
    }

    private StoredIdentity? FindOperation(long resource, long actor, long clock) =>
        Find(SpaceSchema.FindOperation, resource, actor, clock) ?? Find(SpaceSchema.FindStub, resource, actor, clock);

    private StoredIdentity? Find(string sql, long resource, long actor, long clock)
    {
        using SqliteStatement find = _connection.Cached(sql);
        find.Bind(1, clock);
        find.Bind(2, actor);
        find.Bind(3, resource);
        return find.Step() ? new StoredIdentity(find.Int64(0), unchecked((ulong)find.Int64(1))) : null;
    }

    /// <summary>Forgets what is interned when it has grown too large, or when another program has written to the log since.</summary>
    private void Remember(in Place last)
    {
        if (last.Seq != _knownUpTo || _actors.Count > InternedMax || _resources.Count > InternedMax || _users.Count > InternedMax)
            Forget();
        _knownUpTo = last.Seq;
    }

    private void Forget()
    {
        _actors.Clear();
        _resources.Clear();
        _users.Clear();
    }

    private readonly record struct Place(long Seq, long HighestClock, OperationDigest Digest);

    private sealed class InternedActor(long number)
    {
        public long Number => number;

        public UserId? User { get; set; }

        /// <summary>No operation of this actor in the log has a greater clock.</summary>
        public required long HighestClock { get; set; }
    }
}
