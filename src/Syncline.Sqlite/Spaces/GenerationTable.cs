using LibSqlite;
using Syncline.Core.Operations;
using Syncline.Engine.Storage;

namespace Syncline.Sqlite.Spaces;

/// <summary>The generations of a space, of which the last is the present one. Used within the writer's calls and transactions.</summary>
internal sealed class GenerationTable(SqliteConnection connection)
{
    /// <summary>The present generation, when it is of this life of the log.</summary>
    public Generation? Find(Epoch epoch)
    {
        using SqliteStatement find = connection.Cached(
            """
            SELECT key, snapshot_bytes, base_seq FROM generations g JOIN meta
            WHERE g.id = (SELECT max(id) FROM generations) AND g.epoch = ?1
            """);
        find.BindText(1, epoch.Value);
        return find.Step() ? new Generation(find.Text(0), epoch, find.Int64(2), (int)find.Int64(1)) : null;
    }

    public bool Has(string key)
    {
        using SqliteStatement find = connection.Cached("SELECT 1 FROM generations WHERE key = ?1");
        find.BindText(1, key);
        return find.Step();
    }

    /// <summary>The snapshot of the present generation; null when that has another key.</summary>
    public string? ReadSnapshot(string key)
    {
        using SqliteStatement find = connection.Cached(
            "SELECT snapshot FROM generations WHERE key = ?1 AND id = (SELECT max(id) FROM generations)");
        find.BindText(1, key);
        return find.Step() ? find.Text(0) : null;
    }

    /// <summary>Begins a generation with a snapshot, or with that of the one before.</summary>
    public void Begin(string key, Epoch epoch, string? snapshot, DateTimeOffset at)
    {
        using (SqliteStatement begin = connection.Cached(
            """
            INSERT INTO generations (key, epoch, begun_at, snapshot, snapshot_bytes)
            SELECT ?1, ?2, ?3, coalesce(?4, before.snapshot, ''), coalesce(?5, before.snapshot_bytes, 0)
            FROM (SELECT max(id) AS id FROM generations) last LEFT JOIN generations before ON before.id = last.id
            """))
        {
            begin.BindText(1, key);
            begin.BindText(2, epoch.Value);
            begin.Bind(3, at);
            begin.BindText(4, snapshot);
            begin.Bind(5, snapshot is null ? null : System.Text.Encoding.UTF8.GetByteCount(snapshot));
            begin.Run();
        }

        // Only keys are kept of those before: they are never taken again.
        using SqliteStatement forget = connection.Cached(
            "UPDATE generations SET snapshot = NULL WHERE snapshot IS NOT NULL AND id < (SELECT max(id) FROM generations)");
        forget.Run();
    }
}
