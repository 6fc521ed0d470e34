using System.Security.Cryptography;
using Microsoft.Extensions.Logging;
using Syncline.Core.Operations;
using Syncline.Engine.Spaces;
using Syncline.Engine.Storage;

namespace Syncline.Engine.Snapshots;

/// <summary>
/// Loads the state of a model from a space's stored snapshot. Nothing of it is trusted: each part must have the bytes that its hash says, be of
/// the version that the model reads, and the snapshot be of this log. Else it is thrown away, and the log read instead.
/// </summary>
internal sealed partial class SnapshotReader(EngineServices services)
{
    private readonly ILogger _logger = services.Loggers.CreateLogger<SnapshotReader>();

    /// <summary>Loads a model's state.</summary>
    /// <returns>The state, and the seq that it is as of; null when there is no snapshot to go by.</returns>
    public async ValueTask<(IModelState State, long Seq)?> TryLoadAsync(
        SpaceId space, IModel model, LogHead head, CancellationToken cancellationToken)
    {
        if (model.SnapshotFormat == 0 || await services.Store.FindSnapshotAsync(space, cancellationToken) is not { } stored)
            return null;

        // Made before this server knew the model.
        if (!model.Scopes.All(stored.Scopes.Contains))
            return null;
        IModelState state = model.CreateState();
        string? problem = await ProblemOfAsync(space, stored, head, cancellationToken);
        for (int i = 0; i < stored.Parts.Count && problem is null; i++)
        {
            if (model.Scopes.Contains(stored.Parts[i].Scope))
                problem = await LoadPartAsync(space, stored, i, model, state, cancellationToken);
        }

        if (problem is null)
        {
            state.Commit();
            return (state, stored.Seq);
        }

        LogThrownAway(space, stored.Seq, problem);
        await services.Store.DropSnapshotAsync(space, stored.Id);
        return null;
    }

    private async ValueTask<string?> ProblemOfAsync(SpaceId space, StoredSnapshot stored, LogHead head, CancellationToken cancellationToken)
    {
        if (stored.Seq > head.Seq)
            return "it is ahead of the log";
        LogPage page = await services.Store.ReadAsync(space, stored.Seq - 1, Selection.All, new PageLimits(1, 0), cancellationToken);
        return page.Operations is [{ } last, ..] && last.Seq == stored.Seq && last.Digest != stored.Digest ? "it is of another log" : null;
    }

    private async ValueTask<string?> LoadPartAsync(
        SpaceId space, StoredSnapshot stored, int number, IModel model, IModelState state, CancellationToken cancellationToken)
    {
        StoredSnapshot.Part part = stored.Parts[number];
        if (part.Format != model.SnapshotFormat)
            return $"its version is {part.Format}, and this server reads {model.SnapshotFormat}";
        if (part.Length <= 0)
            return "a length is not above 0";

        if (await ReadPartAsync(space, stored, number, cancellationToken) is not { } bytes)
            return "a piece of it is missing, or not as long as it was";
        if (!SHA256.HashData(bytes).AsSpan().SequenceEqual(part.Hash.Span))
            return "its bytes are not those that were written";
        return state.TryLoad(bytes, out string? problem) ? null : problem;
    }

    // Each piece goes to its place at once.
    private async ValueTask<byte[]?> ReadPartAsync(SpaceId space, StoredSnapshot stored, int number, CancellationToken cancellationToken)
    {
        // The last piece first: it shows that there is as much as is said, so no room is made for what is only said to be there.
        int length = stored.Parts[number].Length;
        int last = (length - 1) / StoredSnapshot.ChunkBytes;
        int lastFrom = last * StoredSnapshot.ChunkBytes;
        byte[] end = GC.AllocateUninitializedArray<byte>(length - lastFrom);
        if (!await TryReadAsync(last, end))
            return null;
        if (last == 0)
            return end;
        byte[] bytes = GC.AllocateUninitializedArray<byte>(length);
        end.CopyTo(bytes, lastFrom);
        for (int chunk = 0; chunk < last; chunk++)
        {
            if (!await TryReadAsync(chunk, bytes.AsMemory(chunk * StoredSnapshot.ChunkBytes, StoredSnapshot.ChunkBytes)))
                return null;
        }

        return bytes;

        async ValueTask<bool> TryReadAsync(int chunk, Memory<byte> piece) =>
            await services.Store.ReadSnapshotChunkAsync(space, stored.Id, number, chunk, piece, cancellationToken) == piece.Length;
    }

    [LoggerMessage(31, LogLevel.Warning, "The snapshot of space {Space} at seq {Seq} is thrown away: {Problem}")]
    private partial void LogThrownAway(SpaceId space, long seq, string problem);
}
