using System.Security.Cryptography;
using LibSqlite;
using Syncline.Core.Operations;

namespace Syncline.Client.Storage;

/// <summary>The snapshots of a local store, in pieces, each with its checksum. Written within the caller's transaction.</summary>
internal sealed class LocalSnapshotTable(SqliteConnection connection, LocalNames names)
{
    /// <summary>Large rows are copied whole by SQLite; a piece of this size is its pages and little more.</summary>
    internal const int ChunkBytes = 256 * 1024;

    public void Replace(long space, IReadOnlyList<LocalSnapshot> snapshots)
    {
        RemoveAll(space);
        foreach (LocalSnapshot snapshot in snapshots)
            Add(space, snapshot);
    }

    public void RemoveAll(long space)
    {
        using (SqliteStatement snapshots = connection.Cached("SELECT id FROM snapshots WHERE space = ?1"))
        using (SqliteStatement remove = connection.Cached("DELETE FROM snapshot_chunks WHERE place >= ?1 AND place < ?2"))
        {
            snapshots.Bind(1, space);
            while (snapshots.Step())
            {
                remove.Bind(1, LocalSchema.PlaceOf(snapshots.Int64(0), 0));
                remove.Bind(2, LocalSchema.PlaceOf(snapshots.Int64(0) + 1, 0));
                remove.Run();
            }
        }

        using SqliteStatement removeRows = connection.Cached("DELETE FROM snapshots WHERE space = ?1");
        removeRows.Bind(1, space);
        removeRows.Run();
    }

    /// <summary>What is there of a space, without the bytes.</summary>
    public List<Row> Find(long space)
    {
        List<Row> rows = [];
        using SqliteStatement find = connection.Cached(
            "SELECT id, resource, format, length, hash FROM snapshots WHERE space = ?1 ORDER BY id");
        find.Bind(1, space);
        while (find.Step())
            rows.Add(new Row(find.Int64(0), find.Int64(1), (int)find.Int64(2), find.Int64(3), find.Blob(4).ToArray()));
        return rows;
    }

    /// <exception cref="LocalSnapshotDamagedException">It is not what was written.</exception>
    public LocalSnapshot Read(SpaceId space, Row row)
    {
        (Scope scope, ResourceId resource) = names.ResourceOf(row.Resource);
        byte[]? state = ReadState(row);
        if (state is null || !SHA256.HashData(state).AsSpan().SequenceEqual(row.Hash))
            throw new LocalSnapshotDamagedException(space, scope, resource);
        return new LocalSnapshot(row.Format, new ResourceSnapshot(scope, resource, state));
    }

    // Null when the pieces are not of the length that they should have together.
    private byte[]? ReadState(Row row)
    {
        if (row.Length < 0 || row.Length > Array.MaxLength) return null;

        byte[] state = new byte[row.Length];
        int filled = 0;
        using SqliteStatement chunks = connection.Cached("SELECT bytes FROM snapshot_chunks WHERE place >= ?1 AND place < ?2 ORDER BY place");
        chunks.Bind(1, LocalSchema.PlaceOf(row.Id, 0));
        chunks.Bind(2, LocalSchema.PlaceOf(row.Id + 1, 0));
        while (chunks.Step())
        {
            ReadOnlySpan<byte> bytes = chunks.Blob(0);
            if (!bytes.TryCopyTo(state.AsSpan(filled))) return null;
            filled += bytes.Length;
        }

        return filled == state.Length ? state : null;
    }

    private void Add(long space, LocalSnapshot snapshot)
    {
        ReadOnlySpan<byte> state = snapshot.Resource.State.Span;
        using (SqliteStatement add = connection.Cached(
            "INSERT INTO snapshots (space, resource, format, length, hash) VALUES (?1, ?2, ?3, ?4, ?5)"))
        {
            add.Bind(1, space);
            add.Bind(2, names.InternResource(snapshot.Resource.Scope, snapshot.Resource.ResourceId));
            add.Bind(3, snapshot.Format);
            add.Bind(4, state.Length);
            add.BindBlob(5, SHA256.HashData(state));
            add.Run();
        }

        long id = connection.LastInsertRowId;
        using SqliteStatement addChunk = connection.Cached("INSERT INTO snapshot_chunks (place, bytes) VALUES (?1, ?2)");
        for (int chunk = 0; chunk * (long)ChunkBytes < state.Length; chunk++)
        {
            int start = chunk * ChunkBytes;
            addChunk.Bind(1, LocalSchema.PlaceOf(id, chunk));
            addChunk.BindBlob(2, state.Slice(start, Math.Min(ChunkBytes, state.Length - start)));
            addChunk.Run();
        }
    }

    internal readonly record struct Row(long Id, long Resource, int Format, long Length, byte[] Hash);
}
