using LibSqlite;
using Syncline.Core.Operations;
using Syncline.Core.Tree;
using Syncline.Engine.Storage;

namespace Syncline.Sqlite.Spaces;

/// <summary>Drops operations from a space's log, through the connection that writes. One caller at a time.</summary>
internal sealed class LogCompactor(SqliteConnection connection, LogReader reader, SnapshotFile snapshots, Epoch epoch)
{
    // The row of a group's last operation does not say that it is of a group; its stub does. A group's operations have seqs without a gap.
    private const string Drop =
        """
        INSERT INTO stubs (clock, actor, resource, seq, hash, group_end, dropped_at)
        SELECT clock, actor, resource, seq, hash,
               CASE WHEN seq IS (SELECT before.group_end FROM operations AS before WHERE before.seq < ?1 ORDER BY before.seq DESC LIMIT 1)
                      OR EXISTS (SELECT 1 FROM stubs WHERE stubs.group_end = ?1) THEN seq ELSE group_end END,
               ?2
        FROM operations WHERE seq = ?1
        """;

    // A group's stubs go together, with the one that was left last. If an operation of it is left before the stub, the nearest before it is.
    private const string RemoveStubs =
        """
        DELETE FROM stubs AS stub
        WHERE (clock, actor, resource) IN (
            SELECT clock, actor, resource FROM stubs WHERE (clock, actor, resource) > (?1, ?2, ?3) ORDER BY clock, actor, resource LIMIT ?5)
          AND dropped_at < ?4
          AND NOT EXISTS (SELECT 1 FROM stubs AS other WHERE other.group_end = stub.group_end AND other.dropped_at >= ?4)
          AND NOT EXISTS (SELECT 1 FROM operations WHERE seq > stub.seq AND seq <= stub.group_end)
          AND coalesce(group_end, seq) IS NOT (
            SELECT coalesce(group_end, seq) FROM operations WHERE seq < stub.seq ORDER BY seq DESC LIMIT 1)
        """;

    private const string LookAtStubs =
        "SELECT clock, actor, resource, dropped_at FROM stubs WHERE (clock, actor, resource) > (?1, ?2, ?3) ORDER BY clock, actor, resource LIMIT ?4";

    private const int StubsPerStep = 1_000;
    private const int PagesPerStep = 256;

    // Some free pages are no waste: the next operations fill them. Below this there is nothing to give back.
    private const int FreePagesKept = 64;
    private const int FreeShareKept = 8;

    private (long Clock, long Actor, long Resource) _stubsLookedAt = (-1, -1, -1);

    // No stub is older that could be removed at that age. What was seen so far of those that the present look leaves.
    private DateTimeOffset _oldestStub = DateTimeOffset.MinValue;
    private DateTimeOffset _oldestSeen = DateTimeOffset.MaxValue;

    public long ReadCompactedUpTo() => connection.ReadInteger("SELECT compacted_up_to FROM meta");

    public Dictionary<RegisterKey, LoggedOperation> FindWinners(IReadOnlyCollection<RegisterKey> registers, CancellationToken cancellationToken)
    {
        Dictionary<RegisterKey, LoggedOperation> winners = new(registers.Count);
        Dictionary<long, LoggedOperation> read = [];
        Span<byte> bytes = stackalloc byte[RegisterKey.Size];
        foreach (RegisterKey register in registers)
        {
            cancellationToken.ThrowIfCancellationRequested();
            register.WriteTo(bytes);
            using SqliteStatement find = connection.Cached("SELECT seq FROM winners WHERE register = ?1");
            find.BindBlob(1, bytes);
            if (!find.Step()) continue;
            long seq = find.Int64(0);
            if (!read.TryGetValue(seq, out LoggedOperation? winner)) read.Add(seq, winner = reader.ReadOperation(seq));
            winners.Add(register, winner);
        }

        return winners;
    }

    public Dictionary<ResourceId, StateVector> ReadDropped(Scope scope, long after, CancellationToken cancellationToken)
    {
        Dictionary<ResourceId, StateVector> dropped = [];
        using SqliteStatement read = connection.Cached(
            """
            SELECT r.name, a.name, s.clock
            FROM stubs s JOIN resources r ON r.id = s.resource JOIN actors a ON a.id = s.actor
            WHERE r.scope = ?1 AND s.seq > ?2
            """);
        read.BindText(1, scope.Value);
        read.Bind(2, after);
        while (read.Step())
        {
            cancellationToken.ThrowIfCancellationRequested();
            ResourceId resource = new(read.Text(0));
            if (!dropped.TryGetValue(resource, out StateVector? vector)) dropped.Add(resource, vector = new StateVector());
            vector.Add(new Stamp(read.Int64(2), new ActorId(read.Text(1))));
        }

        return dropped;
    }

    /// <exception cref="SqliteException">Nothing was written.</exception>
    public bool Compact(CompactionStep step)
    {
        using SqliteTransaction transaction = connection.BeginImmediate();
        if (step.Epoch != epoch || step.After != ReadCompactedUpTo()) return false;

        Span<byte> bytes = stackalloc byte[RegisterKey.Size];
        foreach ((RegisterKey register, long seq) in step.Winners)
        {
            register.WriteTo(bytes);
            using SqliteStatement put = connection.Cached("INSERT INTO winners (register, seq) VALUES (?1, ?2) ON CONFLICT DO UPDATE SET seq = excluded.seq");
            put.BindBlob(1, bytes);
            put.Bind(2, seq);
            put.Run();
        }

        DropAll(step.Dropped, step.DroppedAt);
        using (SqliteStatement move = connection.Cached("UPDATE meta SET compacted_up_to = ?1"))
        {
            move.Bind(1, step.UpTo);
            move.Run();
        }

        transaction.Commit();
        NoteStubs(step.Dropped.Count, step.DroppedAt);
        return true;
    }

    public List<RegisterKey> ReadPurged()
    {
        List<RegisterKey> purged = [];
        using SqliteStatement read = connection.Cached("SELECT register FROM purged");
        while (read.Step())
            purged.Add(RegisterKey.From(read.Blob(0)));
        return purged;
    }

    /// <exception cref="SqliteException">Nothing was written.</exception>
    public bool Purge(PurgeStep step)
    {
        using SqliteTransaction transaction = connection.BeginImmediate();
        if (step.Epoch != epoch) return false;

        Span<byte> bytes = stackalloc byte[RegisterKey.Size];
        foreach (RegisterKey thing in step.Things)
        {
            thing.WriteTo(bytes);
            using SqliteStatement put = connection.Cached("INSERT INTO purged (register, purged_at) VALUES (?1, ?2) ON CONFLICT DO NOTHING");
            put.BindBlob(1, bytes);
            put.Bind(2, step.At);
            put.Run();
        }

        foreach (RegisterKey register in step.Registers)
        {
            register.WriteTo(bytes);
            using SqliteStatement free = connection.Cached("DELETE FROM winners WHERE register = ?1");
            free.BindBlob(1, bytes);
            free.Run();
        }

        DropAll(step.Dropped, step.At);
        transaction.Commit();
        NoteStubs(step.Dropped.Count, step.At);
        return true;
    }

    /// <summary>Forgets what belonged to a log that is gone, in the caller's transaction: the next begins after a seq.</summary>
    public void Reset(long after)
    {
        connection.Execute("DELETE FROM stubs; DELETE FROM winners; DELETE FROM purged");
        using SqliteStatement move = connection.Cached("UPDATE meta SET compacted_up_to = ?1");
        move.Bind(1, after);
        move.Run();
    }

    /// <summary>Does a small part of what is left to do; false when nothing is.</summary>
    public bool Tidy(DateTimeOffset stubsBefore) => RemoveSomeStubs(stubsBefore) || snapshots.RemoveSomeLeftovers() || GiveBackSomePages();

    private bool RemoveSomeStubs(DateTimeOffset before)
    {
        if (before <= _oldestStub) return false;

        (long Clock, long Actor, long Resource) from = _stubsLookedAt;
        int looked = 0;
        using (SqliteStatement look = connection.Cached(LookAtStubs))
        {
            BindIdentity(look, from);
            look.Bind(4, StubsPerStep);
            for (; look.Step(); looked++)
            {
                _stubsLookedAt = (look.Int64(0), look.Int64(1), look.Int64(2));
                DateTimeOffset droppedAt = look.Time(3);
                if (droppedAt >= before && droppedAt < _oldestSeen) _oldestSeen = droppedAt;
            }
        }

        if (looked == 0)
        {
            (_oldestStub, _oldestSeen) = (_oldestSeen, DateTimeOffset.MaxValue);
            _stubsLookedAt = (-1, -1, -1);
            return false;
        }

        using SqliteTransaction transaction = connection.BeginImmediate();
        using (SqliteStatement remove = connection.Cached(RemoveStubs))
        {
            BindIdentity(remove, from);
            remove.Bind(4, before);
            remove.Bind(5, StubsPerStep);
            remove.Run();
        }

        transaction.Commit();
        return true;
    }

    private bool GiveBackSomePages()
    {
        long free = connection.ReadInteger("PRAGMA freelist_count");
        if (free <= FreePagesKept || free <= connection.ReadInteger("PRAGMA page_count") / FreeShareKept) return false;

        if (connection.ReadInteger("PRAGMA auto_vacuum") == SpaceSchema.IncrementalVacuum)
        {
            connection.Execute($"PRAGMA incremental_vacuum({PagesPerStep})");
            return connection.ReadInteger("PRAGMA freelist_count") < free;
        }

        // A file of an older version: it is written anew, once in its life.
        connection.Execute($"PRAGMA auto_vacuum = {SpaceSchema.IncrementalVacuum}; VACUUM");
        return false;
    }

    private void DropAll(IReadOnlyList<long> seqs, DateTimeOffset at)
    {
        foreach (long seq in seqs)
        {
            using SqliteStatement leaveStub = connection.Cached(Drop);
            leaveStub.Bind(1, seq);
            leaveStub.Bind(2, at);
            leaveStub.Run();
            using SqliteStatement delete = connection.Cached("DELETE FROM operations WHERE seq = ?1");
            delete.Bind(1, seq);
            delete.Run();
        }
    }

    private void NoteStubs(int count, DateTimeOffset droppedAt)
    {
        if (count > 0 && droppedAt < _oldestStub) _oldestStub = droppedAt;
    }

    private static void BindIdentity(SqliteStatement statement, (long Clock, long Actor, long Resource) identity)
    {
        statement.Bind(1, identity.Clock);
        statement.Bind(2, identity.Actor);
        statement.Bind(3, identity.Resource);
    }
}
