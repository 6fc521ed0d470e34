using LibSqlite;
using Syncline.Core.Operations;
using Syncline.Engine.Storage;

namespace Syncline.Sqlite.Spaces;

/// <summary>The snapshots in a space's file, through the connection that writes. One caller at a time.</summary>
internal sealed class SnapshotFile(SqliteConnection connection, Epoch epoch)
{
    private const int ChunksPerStep = 16;

    public List<Scope> ReadScopes()
    {
        List<Scope> scopes = [];
        using SqliteStatement read = connection.Cached("SELECT DISTINCT scope FROM resources");
        while (read.Step())
            scopes.Add(new Scope(read.Text(0)));
        return scopes;
    }

    public StoredSnapshot? Find()
    {
        using SqliteStatement find = connection.Cached("SELECT id, epoch, seq, digest, made_at, scopes, beside FROM snapshots");
        if (!find.Step()) return null;

        long id = find.Int64(0);
        List<StoredSnapshot.Part> parts = [];
        using SqliteStatement read = connection.Cached(
            "SELECT scope, resource, format, length, hash FROM snapshot_parts WHERE snapshot = ?1 ORDER BY part");
        read.Bind(1, id);
        while (read.Step())
        {
            parts.Add(new StoredSnapshot.Part(
                new Scope(read.Text(0)), new ResourceId(read.Text(1)), (int)read.Int64(2), (int)read.Int64(3), read.Blob(4).ToArray()));
        }

        return new StoredSnapshot(
            id,
            new Epoch(find.Text(1)),
            find.Int64(2),
            OperationDigest.FromInt64(find.Int64(3)),
            find.Time(4),
            ScopesOf(find.Text(5)),
            ScopesOf(find.Text(6)),
            parts);
    }

    public byte[]? ReadChunk(long snapshot, int part, int chunk)
    {
        using SqliteStatement read = SelectChunk(snapshot, part, chunk);
        return read.Step() ? read.Blob(0).ToArray() : null;
    }

    /// <summary>Reads a piece into memory that is there; null when it is missing, or longer than that.</summary>
    public int? ReadChunk(long snapshot, int part, int chunk, Span<byte> destination)
    {
        using SqliteStatement read = SelectChunk(snapshot, part, chunk);
        if (!read.Step())
            return null;
        ReadOnlySpan<byte> bytes = read.Blob(0);
        return bytes.TryCopyTo(destination) ? bytes.Length : null;
    }

    private SqliteStatement SelectChunk(long snapshot, int part, int chunk)
    {
        SqliteStatement read = connection.Cached("SELECT bytes FROM snapshot_chunks WHERE snapshot = ?1 AND part = ?2 AND chunk = ?3");
        read.Bind(1, snapshot);
        read.Bind(2, part);
        read.Bind(3, chunk);
        return read;
    }

    /// <summary>A number that no snapshot has of which anything is left.</summary>
    public long Begin() => 1 + Math.Max(
        connection.ReadInteger("SELECT max(id) FROM snapshots"), connection.ReadInteger("SELECT max(snapshot) FROM snapshot_chunks"));

    public void AddChunk(long snapshot, int part, int chunk, ReadOnlySpan<byte> bytes)
    {
        using SqliteStatement add = connection.Cached("INSERT INTO snapshot_chunks (snapshot, part, chunk, bytes) VALUES (?1, ?2, ?3, ?4)");
        add.Bind(1, snapshot);
        add.Bind(2, part);
        add.Bind(3, chunk);
        add.BindBlob(4, bytes);
        add.Run();
    }

    /// <exception cref="SqliteException">Nothing was written.</exception>
    public bool Complete(StoredSnapshot snapshot)
    {
        if (snapshot.Epoch != epoch) return false;

        using SqliteTransaction transaction = connection.BeginImmediate();
        RemoveAll();
        using (SqliteStatement put = connection.Cached(
            "INSERT INTO snapshots (id, epoch, seq, digest, made_at, scopes, beside) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)"))
        {
            put.Bind(1, snapshot.Id);
            put.BindText(2, snapshot.Epoch.Value);
            put.Bind(3, snapshot.Seq);
            put.Bind(4, snapshot.Digest.ToInt64());
            put.Bind(5, snapshot.MadeAt);
            put.BindText(6, TextOf(snapshot.Scopes));
            put.BindText(7, TextOf(snapshot.ScopesBeside));
            put.Run();
        }

        for (int i = 0; i < snapshot.Parts.Count; i++)
            PutPart(snapshot.Id, i, snapshot.Parts[i]);
        transaction.Commit();
        return true;
    }

    public void Drop(long snapshot)
    {
        using SqliteTransaction transaction = connection.BeginImmediate();
        if (connection.ReadInteger("SELECT id FROM snapshots") == snapshot) RemoveAll();
        transaction.Commit();
    }

    /// <summary>Removes some of what belongs to no snapshot that counts; false when there is nothing.</summary>
    public bool RemoveSomeLeftovers()
    {
        using SqliteStatement remove = connection.Cached(
            """
            DELETE FROM snapshot_chunks
            WHERE id IN (SELECT id FROM snapshot_chunks WHERE snapshot IS NOT (SELECT id FROM snapshots) LIMIT ?1)
            """);
        remove.Bind(1, ChunksPerStep);
        remove.Run();
        return connection.Changes > 0;
    }

    private static Scope[] ScopesOf(string text) => [.. text.Split(' ', StringSplitOptions.RemoveEmptyEntries).Select(scope => new Scope(scope))];

    private static string TextOf(IReadOnlyList<Scope> scopes) => string.Join(' ', scopes.Select(scope => scope.Value));

    /// <summary>Leaves no snapshot that counts, in the caller's transaction. The pieces go later, a few at a time.</summary>
    public void RemoveAll() => connection.Execute("DELETE FROM snapshot_parts; DELETE FROM snapshots");

    private void PutPart(long snapshot, int number, StoredSnapshot.Part part)
    {
        using SqliteStatement put = connection.Cached(
            "INSERT INTO snapshot_parts (snapshot, part, scope, resource, format, length, hash) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)");
        put.Bind(1, snapshot);
        put.Bind(2, number);
        put.BindText(3, part.Scope.Value);
        put.BindText(4, part.ResourceId.Value);
        put.Bind(5, part.Format);
        put.Bind(6, part.Length);
        put.BindBlob(7, part.Hash.Span);
        put.Run();
    }
}
