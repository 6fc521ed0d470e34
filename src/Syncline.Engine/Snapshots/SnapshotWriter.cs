using System.Security.Cryptography;
using Microsoft.Extensions.Logging;
using Syncline.Core.Operations;
using Syncline.Engine.Spaces;
using Syncline.Engine.Storage;

namespace Syncline.Engine.Snapshots;

/// <summary>
/// Stores a space's snapshot when its log has grown enough since the last one. The states are written to memory between two rounds of the
/// space's writer, which is all that anybody waits for; they go into the store piece by piece, beside the space's work.
/// </summary>
internal sealed partial class SnapshotWriter(EngineServices services)
{
    // Of what the last snapshot stands on: the further the log, the rarer, so that all snapshots together cost a constant part of the appends.
    private const int GrowthShare = 4;
    private readonly ILogger _logger = services.Loggers.CreateLogger<SnapshotWriter>();

    /// <summary>Whether the log has grown enough for a snapshot, and has something that a model takes one of.</summary>
    public async Task<bool> IsDueAsync(SpaceId space, CancellationToken cancellationToken)
    {
        if (await services.Store.ReadHeadAsync(space, cancellationToken) is not { } head || head.Seq < services.Options.SnapshotOperationsMin)
            return false;
        long last = await services.Store.FindSnapshotAsync(space, cancellationToken) is { } stored ? stored.Seq : 0;
        return head.Seq - last >= Math.Max(services.Options.SnapshotOperationsMin, last / GrowthShare)
            && (await services.Store.ReadScopesAsync(space, cancellationToken)).Any(scope => services.Reader.ModelOf(scope).SnapshotFormat > 0);
    }

    /// <summary>Takes a snapshot and stores it.</summary>
    public async Task WriteAsync(LiveSpace space, CancellationToken cancellationToken)
    {
        SpaceSnapshot snapshot = await space.TakeSnapshotAsync(cancellationToken);
        long id = await services.Store.BeginSnapshotAsync(space.Id, cancellationToken);
        List<StoredSnapshot.Part> parts = new(snapshot.Parts.Count);
        foreach ((ResourceSnapshot part, int format) in snapshot.Parts)
        {
            for (int chunk = 0, from = 0; from < part.State.Length; chunk++, from += StoredSnapshot.ChunkBytes)
            {
                cancellationToken.ThrowIfCancellationRequested();
                int length = Math.Min(StoredSnapshot.ChunkBytes, part.State.Length - from);
                await services.Store.AddSnapshotChunkAsync(space.Id, id, parts.Count, chunk, part.State.Slice(from, length));
                await Task.Yield();
            }

            parts.Add(new StoredSnapshot.Part(part.Scope, part.ResourceId, format, part.State.Length, SHA256.HashData(part.State.Span)));
        }

        StoredSnapshot stored = new(
            id, snapshot.Head.Epoch, snapshot.Head.Seq, snapshot.Head.Digest, services.TimeProvider.GetUtcNow(), snapshot.Scopes, snapshot.ScopesBeside, parts);
        if (await services.Store.CompleteSnapshotAsync(space.Id, stored))
            LogStored(space.Id, stored.Seq, snapshot.Parts.Sum(part => (long)part.Snapshot.State.Length));
    }

    [LoggerMessage(30, LogLevel.Debug, "Stored a snapshot of space {Space} at seq {Seq}, {Bytes} bytes")]
    private partial void LogStored(SpaceId space, long seq, long bytes);
}
