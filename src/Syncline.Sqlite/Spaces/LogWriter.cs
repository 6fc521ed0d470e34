using System.Diagnostics;
using System.Text;
using LibSqlite;
using Syncline.Core.Operations;
using Syncline.Engine.Storage;

namespace Syncline.Sqlite.Spaces;

/// <summary>The connection through which one space's log is written, and looked up for what is about to be written. One caller at a time.</summary>
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
    private readonly IReadOnlyList<EarlierEpoch> _earlier;
    private readonly Dictionary<ActorId, InternedActor> _actors = [];
    private readonly Dictionary<(Scope, ResourceId), long> _resources = [];
    private readonly Dictionary<UserId, long> _users = [];
    private bool _isMarkedUnclean;

    /// <param name="connection">Open, of the current schema, and owned from now on.</param>
    /// <param name="durability">What an append survives.</param>
    /// <param name="earlier">As of now; epochs change only while a file is opened.</param>
    public LogWriter(SqliteConnection connection, Durability durability, IReadOnlyList<EarlierEpoch> earlier)
    {
        _connection = connection;
        _durability = durability;
        _earlier = earlier;
        Reader = new LogReader(connection);
    }

    /// <summary>Reads through the same connection, while nothing is written.</summary>
    public LogReader Reader { get; }

    public LogHead ReadHead()
    {
        using SqliteStatement statement = _connection.Cached(
            """
            SELECT m.epoch, coalesce(o.highest_clock, o.clock), o.seq, o.digest
            FROM meta m LEFT JOIN operations o ON o.seq = (SELECT max(seq) FROM operations)
            """);
        if (!statement.Step()) throw Unavailable.Because("The store's file is damaged: restore it from a backup.");
        return new LogHead(
            new Epoch(statement.Text(0)),
            statement.Int64(2),
            statement.IsNull(3) ? OperationDigest.Empty : OperationDigest.FromInt64(statement.Int64(3)),
            statement.Int64(1),
            _earlier);
    }

    public Known Find(
        IReadOnlyCollection<OperationId> identities, IReadOnlyCollection<ActorId> actors, CancellationToken cancellationToken)
    {
        ForgetWhenMany();
        LogHead head = ReadHead();
        Dictionary<OperationId, StoredIdentity> operations = [];
        Dictionary<(long Resource, long Actor), long> highestClocks = [];
        foreach (OperationId id in identities)
        {
            cancellationToken.ThrowIfCancellationRequested();
            if (FindActor(id.Actor) is not { } actor || FindResource(id.Scope, id.ResourceId) is not { } resource) continue;

            // What an actor numbers anew is above all that it has numbered: one look into the index answers for all of it.
            if (!highestClocks.TryGetValue((resource, actor.Id), out long highest))
                highestClocks.Add((resource, actor.Id), highest = FindHighestClock(resource, actor.Id));
            if (id.Clock <= highest && FindOperation(resource, actor.Id, id.Clock) is { } stored) operations[id] = stored;
        }

        Dictionary<ActorId, UserId> owners = [];
        foreach (ActorId actor in actors)
        {
            if (FindActor(actor)?.User is { } user) owners[actor] = user;
        }

        return new Known(head.Epoch, head.Seq, operations, owners);
    }

    /// <exception cref="SqliteException">Nothing was written.</exception>
    /// <exception cref="StoreUnavailableException">The commit failed; it may have been written.</exception>
    public AppendOutcome Append(LogAppend append)
    {
        Debug.Assert(append.Operations.Count > 0, "An append has at least one operation.");
        if (_durability == Durability.Normal && !_isMarkedUnclean) MarkUnclean();
        ForgetWhenMany();
        bool committed = false;
        try
        {
            using SqliteTransaction transaction = _connection.BeginImmediate();
            (long head, long highestClock) = ReadLast();
            if (head != append.ExpectedHead || !IsOfEpoch(append.Epoch)) return AppendOutcome.HeadMoved;

            foreach ((ActorId actor, UserId user) in append.NewActors)
                GiveActor(actor, user);
            InsertAll(append.Operations, highestClock);
            Commit(transaction);
            committed = true;
            return AppendOutcome.Appended;
        }
        finally
        {
            // What was interned in a transaction that is rolled back is not in the file.
            if (!committed) Forget();
        }
    }

    private bool IsOfEpoch(Epoch epoch)
    {
        using SqliteStatement statement = _connection.Cached("SELECT epoch FROM meta");
        return statement.Step() && statement.Utf8(0).SequenceEqual(Encoding.UTF8.GetBytes(epoch.Value));
    }

    /// <summary>Makes everything durable and says so in the file, when that was not done by each append.</summary>
    public void MarkClean()
    {
        if (!_isMarkedUnclean) return;

        _connection.Execute("PRAGMA synchronous = FULL; UPDATE meta SET clean = 1");
        _isMarkedUnclean = false;
    }

    /// <summary>Closes the file; the last connection to it moves the write-ahead log into it and removes that.</summary>
    public void Dispose() => _connection.Dispose();

    private void MarkUnclean()
    {
        _connection.Execute("PRAGMA synchronous = FULL; UPDATE meta SET clean = 0; PRAGMA synchronous = NORMAL");
        _isMarkedUnclean = true;
    }

    private (long Seq, long HighestClock) ReadLast()
    {
        using SqliteStatement last = _connection.Cached(SpaceSchema.ReadLast);
        return last.Step() ? (last.Int64(0), last.Int64(1)) : (0, 0);
    }

    private void InsertAll(IReadOnlyList<LoggedOperation> operations, long highestClock)
    {
        using SqliteStatement insert = _connection.Cached(InsertOperation);
        foreach (LoggedOperation logged in operations)
        {
            Operation operation = logged.Operation;
            insert.Bind(LogRow.Seq + 1, logged.Seq);
            insert.Bind(LogRow.Resource + 1, InternResource(operation.Id.Scope, operation.Id.ResourceId));
            insert.Bind(LogRow.GroupEnd + 1, logged.GroupEnd == logged.Seq ? null : logged.GroupEnd);
            insert.Bind(LogRow.Actor + 1, InternActor(operation.Id.Actor).Id);
            insert.Bind(LogRow.Clock + 1, operation.Id.Clock);
            insert.Bind(LogRow.Hash + 1, unchecked((long)operation.Hash));
            insert.Bind(LogRow.Digest + 1, logged.Digest.ToInt64());
            insert.Bind(LogRow.User + 1, InternUser(logged.UserId));
            insert.Bind(LogRow.ReceivedAt + 1, logged.ReceivedAt);
            insert.BindText(LogRow.Tx + 1, operation.Tx);
            insert.BindText(LogRow.Key + 1, operation.Key);
            insert.BindText(LogRow.Payload + 1, operation.Payload.Utf8.Span);
            highestClock = Math.Max(highestClock, operation.Id.Clock);
            insert.Bind(LogRow.HighestClock + 1, highestClock == operation.Id.Clock ? null : highestClock);
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

    private void GiveActor(ActorId actor, UserId user)
    {
        InternedActor known = InternActor(actor);
        if (known.User is not null) return;

        using SqliteStatement give = _connection.Cached("UPDATE actors SET user = ?2 WHERE id = ?1");
        give.Bind(1, known.Id);
        give.Bind(2, InternUser(user));
        give.Run();
        _actors[actor] = known with { User = user };
    }

    private InternedActor InternActor(ActorId actor)
    {
        if (FindActor(actor) is { } known) return known;

        using SqliteStatement insert = _connection.Cached("INSERT INTO actors (name) VALUES (?1)");
        insert.BindText(1, actor.Value);
        insert.Run();
        return _actors[actor] = new InternedActor(_connection.LastInsertRowId, User: null);
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

    private InternedActor? FindActor(ActorId actor)
    {
        if (_actors.TryGetValue(actor, out InternedActor known)) return known;

        using SqliteStatement find = _connection.Cached(
            "SELECT a.id, u.name FROM actors a LEFT JOIN users u ON u.id = a.user WHERE a.name = ?1");
        find.BindText(1, actor.Value);
        if (!find.Step()) return null;
        return _actors[actor] = new InternedActor(find.Int64(0), find.TextOrNull(1) is { } user ? new UserId(user) : null);
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

    private long FindHighestClock(long resource, long actor)
    {
        using SqliteStatement statement = _connection.Cached(SpaceSchema.FindHighestClock);
        statement.Bind(1, resource);
        statement.Bind(2, actor);
        return statement.Step() ? statement.Int64(0) : 0;
    }

    private StoredIdentity? FindOperation(long resource, long actor, long clock)
    {
        using SqliteStatement find = _connection.Cached(SpaceSchema.FindOperation);
        find.Bind(1, resource);
        find.Bind(2, actor);
        find.Bind(3, clock);
        return find.Step() ? new StoredIdentity(find.Int64(0), unchecked((ulong)find.Int64(1))) : null;
    }

    private void ForgetWhenMany()
    {
        if (_actors.Count > InternedMax || _resources.Count > InternedMax || _users.Count > InternedMax) Forget();
    }

    private void Forget()
    {
        _actors.Clear();
        _resources.Clear();
        _users.Clear();
    }

    private readonly record struct InternedActor(long Id, UserId? User);
}
