using System.Diagnostics;
using LibSqlite;
using Syncline.Core.Operations;

namespace Syncline.Client.Storage;

/// <summary>Writes to a local store, within the caller's transaction. One caller at a time.</summary>
internal sealed class LocalWriter(SqliteConnection connection, LocalNames names, long nextNumber)
{
    private readonly LocalSnapshotTable _snapshots = new(connection, names);

    /// <summary>Greater than the number of every own operation that was ever written.</summary>
    public long NextNumber { get; set; } = nextNumber;

    /// <summary>Whether the last writes removed something large, whose room may be given back.</summary>
    public bool HasRemoved { get; set; } = true;

    /// <exception cref="ArgumentException">It contradicts what is there, or itself.</exception>
    public void Apply(LocalWrite write)
    {
        switch (write)
        {
            case LocalWrite.AddOwn add: AddOwn(names.DemandSpace(add.Space), add.Operations); break;
            case LocalWrite.SetOwn set: SetOwn(names.DemandSpace(set.Space), set.Changes); break;
            case LocalWrite.RemoveOwn remove: RemoveOwn(names.DemandSpace(remove.Space), remove.Numbers); break;
            case LocalWrite.Receive receive: Receive(receive); break;
            case LocalWrite.ReplaceSnapshots replace: ReplaceSnapshots(replace); break;
            case LocalWrite.StartAnew anew: StartAnew(names.DemandSpace(anew.Space), anew.PutBackAbove); break;
            case LocalWrite.PutBack back: PutBack(names.DemandSpace(back.Space), back.Above); break;
            case LocalWrite.SetLastSuccess success:
                Run("UPDATE spaces SET last_success = ?2 WHERE id = ?1", names.DemandSpace(success.Space), success.At.ToUnixTimeMilliseconds());
                break;
            case LocalWrite.ForgetReceivedOwn forget: ForgetReceivedOwn(forget.MadeBefore); break;
            case LocalWrite.AddSpace add: Run("INSERT INTO spaces (name) VALUES (?1) ON CONFLICT DO NOTHING", add.Space.Value); break;
            case LocalWrite.RemoveSpace remove: RemoveSpace(remove.Space); break;
            case LocalWrite.SetActor set: Run("UPDATE store SET actor = ?1", set.Actor.Value); break;
            case LocalWrite.SetAccount set:
                Run("UPDATE store SET server = ?1, user = ?2", set.Account.Server, set.Account.UserId.Value);
                break;
            case LocalWrite.SetRefreshToken set: Run("UPDATE store SET refresh_token = ?1", set.Token); break;
            default: throw new UnreachableException();
        }
    }

    /// <summary>From now on operations are numbered as this actor's, from this number on.</summary>
    public void BeginActor(ActorId actor, long fromNumber)
    {
        Run("UPDATE store SET actor = ?1", actor.Value);
        Run("UPDATE store SET next_number = max(next_number, ?1)", fromNumber);
        NextNumber = Math.Max(NextNumber, fromNumber);
    }

    private void AddOwn(long space, IReadOnlyList<OwnOperation> operations)
    {
        OwnRows rows = new(names);
        long clockMax = 0;
        using (SqliteStatement insert = connection.Cached(OwnRows.Insert))
        {
            foreach (OwnOperation own in operations)
            {
                rows.Bind(insert, space, own);
                insert.Run();
                clockMax = Math.Max(clockMax, own.Operation.Id.Clock);
                NextNumber = Math.Max(NextNumber, own.Number + 1);
            }
        }

        RaiseClock(space, clockMax);
    }

    private void SetOwn(long space, IReadOnlyList<OwnOperationChange> changes)
    {
        using SqliteStatement set = connection.Cached(
            "UPDATE own SET state = ?3, seq = ?4, refusal = ?5, detail = ?6 WHERE number = ?2 AND space = ?1");
        set.Bind(1, space);
        foreach (OwnOperationChange change in changes)
        {
            set.Bind(2, change.Number);
            set.Bind(3, (long)change.State);
            set.Bind(4, change.Seq);
            set.BindText(5, change.Refusal?.Code);
            set.BindText(6, change.Refusal?.Detail);
            set.Run();
        }
    }

    private void RemoveOwn(long space, IReadOnlyList<long> numbers)
    {
        KeepNextNumber();
        using SqliteStatement remove = connection.Cached("DELETE FROM own WHERE number = ?2 AND space = ?1");
        remove.Bind(1, space);
        foreach (long number in numbers)
        {
            remove.Bind(2, number);
            remove.Run();
        }
    }

    private void ForgetReceivedOwn(DateTimeOffset madeBefore)
    {
        KeepNextNumber();
        Run("DELETE FROM own WHERE state = 3 AND made_at < ?1", madeBefore.ToUnixTimeMilliseconds());
        HasRemoved = true;
    }

    private void Receive(LocalWrite.Receive receive)
    {
        long space = names.DemandSpace(receive.Space);
        if (receive.Operations.Count > 0) InsertReceived(space, receive.Operations);
        if (receive.Cursor is { } cursor) SetCursor(space, cursor);
        RaiseClock(space, receive.ClockMax);
    }

    private void InsertReceived(long space, IReadOnlyList<LoggedOperation> operations)
    {
        long last = LastSeq(space);
        ReceivedRows rows = new(names);
        using SqliteStatement insert = connection.Cached(ReceivedRows.Insert);
        foreach (LoggedOperation logged in operations)
        {
            if (logged.Seq <= last || logged.Seq >= LocalSchema.SeqEnd)
                throw new ArgumentException($"The operation with seq {logged.Seq} cannot follow that with {last}.", nameof(operations));
            last = logged.Seq;
            LocalNames.InternedActor actor = rows.Bind(insert, space, logged);
            insert.Run();
            if (actor.IsOwn) MarkReceived(space, actor, rows.Resource, logged);
        }
    }

    private long LastSeq(long space)
    {
        using SqliteStatement last = connection.Cached(
            "SELECT place FROM operations WHERE place > ?1 AND place < ?2 ORDER BY place DESC LIMIT 1");
        last.Bind(1, LocalSchema.PlaceOf(space, 0));
        last.Bind(2, LocalSchema.PlaceOf(space + 1, 0));
        return last.Step() ? LocalSchema.NumberOf(last.Int64(0)) : 0;
    }

    // As OwnOperation.IsLoggedAs says.
    private void MarkReceived(long space, LocalNames.InternedActor actor, long resource, LoggedOperation logged)
    {
        using SqliteStatement mark = connection.Cached(
            """
            UPDATE own SET state = 3, seq = ?4, refusal = NULL, detail = NULL
            WHERE space = ?1 AND actor = ?2 AND clock = ?3 AND resource = ?5 AND (state IN (2, 3) OR payload = ?6)
            """);
        mark.Bind(1, space);
        mark.Bind(2, actor.Number);
        mark.Bind(3, logged.Operation.Id.Clock);
        mark.Bind(4, logged.Seq);
        mark.Bind(5, resource);
        mark.BindBlob(6, logged.Operation.Payload.Utf8.Span);
        mark.Run();
    }

    private void ReplaceSnapshots(LocalWrite.ReplaceSnapshots replace)
    {
        long space = names.DemandSpace(replace.Space);
        _snapshots.Replace(space, replace.Snapshots);
        using (SqliteStatement drop = connection.Cached(
            """
            DELETE FROM operations
            WHERE place > ?1 AND place <= ?2 AND resource IN (SELECT id FROM resources WHERE instr(?3, ' ' || scope || ' ') > 0)
            """))
        {
            drop.Bind(1, LocalSchema.PlaceOf(space, 0));
            drop.Bind(2, LocalSchema.PlaceOf(space, replace.Cursor.Seq));
            drop.BindText(3, $" {string.Join(' ', replace.Scopes)} ");
            drop.Run();
        }

        SetCursor(space, replace.Cursor);
        Run("UPDATE spaces SET snapshot_seq = ?2 WHERE id = ?1", space, replace.Cursor.Seq);
        RaiseClock(space, replace.ClockMax);
        HasRemoved = true;
    }

    private void StartAnew(long space, long putBackAbove)
    {
        PutBack(space, putBackAbove);
        RemoveReceived(space);
        Run("UPDATE spaces SET epoch = NULL, seq = NULL, digest = NULL, snapshot_seq = 0 WHERE id = ?1", space);
    }

    private void PutBack(long space, long above) => Run(
        "UPDATE own INDEXED BY own_by_seq SET state = 0, seq = 0 WHERE space = ?1 AND seq > 0 AND seq > ?2 AND state IN (2, 3)", space, above);

    private void RemoveSpace(SpaceId id)
    {
        if (names.FindSpace(id) is not { } space) return;

        KeepNextNumber();
        RemoveReceived(space);
        Run("DELETE FROM own WHERE space = ?1", space);
        Run("DELETE FROM spaces WHERE id = ?1", space);
        names.ForgetSpace(id);
    }

    private void RemoveReceived(long space)
    {
        _snapshots.RemoveAll(space);
        Run(
            "DELETE FROM operations WHERE place > ?1 AND place < ?2", LocalSchema.PlaceOf(space, 0), LocalSchema.PlaceOf(space + 1, 0));
        HasRemoved = true;
    }

    private void SetCursor(long space, LocalCursor cursor)
    {
        using SqliteStatement set = connection.Cached("UPDATE spaces SET epoch = ?2, seq = ?3, digest = ?4 WHERE id = ?1");
        set.Bind(1, space);
        set.BindText(2, cursor.Epoch.Value);
        set.Bind(3, cursor.Seq);
        set.Bind(4, cursor.Digest.ToInt64());
        set.Run();
    }

    private void RaiseClock(long space, long clock) =>
        Run("UPDATE spaces SET clock_max = ?2 WHERE id = ?1 AND clock_max < ?2", space, clock);

    // Before own operations go: the greatest number may be one of theirs.
    private void KeepNextNumber() =>
        Run("UPDATE store SET next_number = max(next_number, (SELECT coalesce(max(number), 0) + 1 FROM own)) WHERE id = ?1", 1);

    private void Run(string sql, long first, long? second = null)
    {
        using SqliteStatement statement = connection.Cached(sql);
        statement.Bind(1, first);
        if (second is { } value) statement.Bind(2, value);
        statement.Run();
    }

    private void Run(string sql, string? first, string? second = null)
    {
        using SqliteStatement statement = connection.Cached(sql);
        statement.BindText(1, first);
        if (second is not null) statement.BindText(2, second);
        statement.Run();
    }
}
