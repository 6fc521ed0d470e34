using Syncline.Core.Operations;

namespace Syncline.Engine.Storage;

/// <summary>
/// What a store does for snapshots. A snapshot is written piece by piece beside the log's work, and counts only once it is complete; it is never
/// the only copy of anything. Calls fail as those of <see cref="ISpaceStore"/> do.
/// </summary>
public interface ISnapshotStore
{
    /// <summary>The scopes that ever had an operation.</summary>
    ValueTask<IReadOnlyList<Scope>> ReadScopesAsync(SpaceId space, CancellationToken cancellationToken);

    /// <summary>The snapshot that was completed last; null when there is none.</summary>
    ValueTask<StoredSnapshot?> FindSnapshotAsync(SpaceId space, CancellationToken cancellationToken);

    /// <summary>Reads a piece of a snapshot's part; null when it is not there, or not any more.</summary>
    ValueTask<byte[]?> ReadSnapshotChunkAsync(SpaceId space, long snapshot, int part, int chunk, CancellationToken cancellationToken);

    /// <summary>Reads a piece of a snapshot's part into memory of the caller's.</summary>
    /// <returns>How many bytes it has; null when it is not there, not any more, or is longer than <paramref name="destination"/>.</returns>
    async ValueTask<int?> ReadSnapshotChunkAsync(
        SpaceId space, long snapshot, int part, int chunk, Memory<byte> destination, CancellationToken cancellationToken)
    {
        byte[]? bytes = await ReadSnapshotChunkAsync(space, snapshot, part, chunk, cancellationToken);
        if (bytes is null || !bytes.AsSpan().TryCopyTo(destination.Span))
            return null;
        return bytes.Length;
    }

    /// <summary>Begins a snapshot.</summary>
    /// <returns>The number by which the other calls name it.</returns>
    ValueTask<long> BeginSnapshotAsync(SpaceId space, CancellationToken cancellationToken);

    /// <summary>Writes a piece of a part.</summary>
    ValueTask AddSnapshotChunkAsync(SpaceId space, long snapshot, int part, int chunk, ReadOnlyMemory<byte> bytes);

    /// <summary>Makes a snapshot, all of whose pieces are written, the one that counts, in the place of the one before.</summary>
    /// <returns>False when the log has another epoch; the snapshot is then thrown away.</returns>
    ValueTask<bool> CompleteSnapshotAsync(SpaceId space, StoredSnapshot snapshot);

    /// <summary>Throws a snapshot away, in whatever state it is. What is left of it is removed by <see cref="ILogCompaction.TidyAsync"/>.</summary>
    ValueTask DropSnapshotAsync(SpaceId space, long snapshot);
}
