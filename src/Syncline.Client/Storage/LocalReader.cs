using LibSqlite;
using Syncline.Core.Json;
using Syncline.Core.Operations;

namespace Syncline.Client.Storage;

/// <summary>Reads what a local store holds, but for the snapshots. One caller at a time.</summary>
internal sealed class LocalReader(SqliteConnection connection, LocalNames names)
{
    public LocalDevice ReadDevice()
    {
        using SqliteStatement read = connection.Cached(
            """
            SELECT actor, max(next_number, (SELECT coalesce(max(number), 0) + 1 FROM own)), server, user, refresh_token FROM store
            """);
        if (!read.Step()) throw new LocalStoreException("The local store's file is damaged: put it aside, or restore it from a backup.");
        LocalAccount? account = read.IsNull(2) ? null : new LocalAccount(read.Text(2), new UserId(read.Text(3)));
        return new LocalDevice(new ActorId(read.Text(0)), read.Int64(1), account, TextOrNull(read, 4));
    }

    public List<LocalSpace> ReadSpaces()
    {
        List<LocalSpace> spaces = [];
        using SqliteStatement read = connection.Cached(
            "SELECT name, epoch, seq, digest, clock_max, snapshot_seq, last_success FROM spaces ORDER BY name");
        while (read.Step())
        {
            LocalCursor? cursor = read.IsNull(1)
                ? null
                : new LocalCursor(new Epoch(read.Text(1)), read.Int64(2), OperationDigest.FromInt64(read.Int64(3)));
            spaces.Add(new LocalSpace(
                new SpaceId(read.Text(0)), cursor, read.Int64(4), read.Int64(5), read.IsNull(6) ? null : Time(read, 6)));
        }

        return spaces;
    }

    public List<LoggedOperation> ReadOperations(long space, long after, int limit, CancellationToken cancellationToken)
    {
        List<LoggedOperation> operations = [];
        using SqliteStatement rows = connection.Cached(
            """
            SELECT place, resource, actor, clock, hash, tx, key, payload, user, received_at
            FROM operations WHERE place > ?1 AND place < ?2 ORDER BY place LIMIT ?3
            """);
        rows.Bind(1, LocalSchema.PlaceOf(space, Math.Clamp(after, 0, LocalSchema.SeqEnd - 1)));
        rows.Bind(2, LocalSchema.PlaceOf(space + 1, 0));
        rows.Bind(3, limit);
        while (rows.Step())
        {
            cancellationToken.ThrowIfCancellationRequested();
            long seq = LocalSchema.NumberOf(rows.Int64(0));
            operations.Add(new LoggedOperation
            {
                Seq = seq,
                Operation = ReadOperation(rows),
                UserId = names.UserOf(rows.Int64(8)),
                ReceivedAt = Time(rows, 9),
                GroupEnd = seq,
                Digest = OperationDigest.Empty,
            });
        }

        return operations;
    }

    public List<OwnOperation> ReadOutbox(long space, CancellationToken cancellationToken)
    {
        List<OwnOperation> own = [];
        using SqliteStatement rows = connection.Cached(
            """
            SELECT number, resource, actor, clock, hash, tx, key, payload, state, seq, made_at, refusal, detail
            FROM own INDEXED BY outbox WHERE space = ?1 AND state <> 3 ORDER BY number
            """);
        rows.Bind(1, space);
        while (rows.Step())
        {
            cancellationToken.ThrowIfCancellationRequested();
            Refusal? refusal = rows.IsNull(11) ? null : new Refusal(rows.Text(11), rows.Text(12));
            own.Add(new OwnOperation(
                rows.Int64(0), ReadOperation(rows), (OwnOperationState)rows.Int64(8), rows.Int64(9), refusal, Time(rows, 10)));
        }

        return own;
    }

    // Columns 1 to 7 of both kinds of rows.
    private Operation ReadOperation(SqliteStatement row)
    {
        (Scope scope, ResourceId resource) = names.ResourceOf(row.Int64(1));
        return new Operation
        {
            Id = new OperationId(scope, resource, names.ActorOf(row.Int64(2)), row.Int64(3)),
            Payload = new JsonText(row.Blob(7).ToArray()),
            Key = TextOrNull(row, 6),
            Tx = TextOrNull(row, 5),
            Hash = unchecked((ulong)row.Int64(4)),
        };
    }

    private static string? TextOrNull(SqliteStatement row, int column) => row.IsNull(column) ? null : row.Text(column);

    private static DateTimeOffset Time(SqliteStatement row, int column) => DateTimeOffset.FromUnixTimeMilliseconds(row.Int64(column));
}
