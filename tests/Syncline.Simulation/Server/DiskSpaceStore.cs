using Syncline.Core.Operations;
using Syncline.Core.Tree;
using Syncline.Engine.Storage;
using Syncline.Simulation.Scheduling;
using Syncline.Simulation.World;

namespace Syncline.Simulation.Server;

/// <summary>Logs on a disk that takes its time and fails. Whatever it is asked has a moment before and one after, in each of which the server may crash.</summary>
internal sealed class DiskSpaceStore(ISpaceStore inner, Disk disk, Process process) : ISpaceStore
{
    public async ValueTask<AppendOutcome> AppendAsync(SpaceId space, LogAppend append)
    {
        await disk.PauseAsync(process);
        disk.DemandRoom();
        if (disk.Strikes(Fault.AppendRefused))
            throw new StoreUnavailableException("The disk refused the write.", outcomeUnknown: false);
        if (disk.Strikes(Fault.AppendNotWrittenUnacknowledged))
            throw new StoreUnavailableException("The disk did not say whether it wrote.", outcomeUnknown: true);
        AppendOutcome outcome = await inner.AppendAsync(space, append);
        if (disk.Strikes(Fault.AppendWrittenUnacknowledged))
            throw new StoreUnavailableException("The disk did not say whether it wrote.", outcomeUnknown: true);
        await disk.PauseAsync(process);
        return outcome;
    }

    public async ValueTask<bool> CompactAsync(SpaceId space, CompactionStep step)
    {
        bool isDone = await WriteAsync(() => inner.CompactAsync(space, step));
        if (isDone && step.Dropped.Count > 0)
            disk.Count(Fault.LogCompacted);
        return isDone;
    }

    public async ValueTask<bool> CompleteSnapshotAsync(SpaceId space, StoredSnapshot snapshot)
    {
        bool isDone = await WriteAsync(() => inner.CompleteSnapshotAsync(space, snapshot));
        if (isDone)
            disk.Count(Fault.SnapshotStored);
        return isDone;
    }

    public ValueTask CreateAsync(SpaceId space, Epoch epoch, DateTimeOffset createdAt, CancellationToken cancellationToken) =>
        WriteAsync(() => inner.CreateAsync(space, epoch, createdAt, cancellationToken));

    public ValueTask DeleteAsync(SpaceId space, CancellationToken cancellationToken) =>
        WriteAsync(() => inner.DeleteAsync(space, cancellationToken));

    public ValueTask<LogHead?> ReadHeadAsync(SpaceId space, CancellationToken cancellationToken) =>
        ReadAsync(() => inner.ReadHeadAsync(space, cancellationToken));

    public ValueTask<Known> FindAsync(
        SpaceId space, IReadOnlyCollection<OperationId> identities, IReadOnlyCollection<ActorId> actors, CancellationToken cancellationToken) =>
        ReadAsync(() => inner.FindAsync(space, identities, actors, cancellationToken));

    public ValueTask<LogPage> ReadAsync(
        SpaceId space, long after, Selection selection, PageLimits limits, CancellationToken cancellationToken) =>
        ReadAsync(() => inner.ReadAsync(space, after, selection, limits, cancellationToken));

    public ValueTask<IReadOnlyList<LoggedOperation>> ReadRangesAsync(
        SpaceId space, Scope scope, ResourceId resourceId, StateVector wanted, PageLimits limits, CancellationToken cancellationToken) =>
        ReadAsync(() => inner.ReadRangesAsync(space, scope, resourceId, wanted, limits, cancellationToken));

    public ValueTask<Generation?> FindGenerationAsync(
        SpaceId space, Epoch epoch, string key, DateTimeOffset at, CancellationToken cancellationToken) =>
        WriteAsync(() => inner.FindGenerationAsync(space, epoch, key, at, cancellationToken));

    public ValueTask<string?> ReadGenerationSnapshotAsync(SpaceId space, string key, CancellationToken cancellationToken) =>
        ReadAsync(() => inner.ReadGenerationSnapshotAsync(space, key, cancellationToken));

    public ValueTask<ResetOutcome> ResetAsync(SpaceId space, LogReset reset) =>
        WriteAsync(() => inner.ResetAsync(space, reset));

    public ValueTask<IReadOnlyList<ClientCursor>> ReadClientsAsync(SpaceId space, CancellationToken cancellationToken) =>
        ReadAsync(() => inner.ReadClientsAsync(space, cancellationToken));

    public ValueTask WriteClientsAsync(
        SpaceId space, IReadOnlyList<ClientCursor> cursors, int clientsPerUserMax, int clientsMax, DateTimeOffset seenSince, CancellationToken cancellationToken) =>
        WriteAsync(() => inner.WriteClientsAsync(space, cursors, clientsPerUserMax, clientsMax, seenSince, cancellationToken));

    public ValueTask CheckAsync(CancellationToken cancellationToken) =>
        WriteAsync(() => inner.CheckAsync(cancellationToken));

    public ValueTask<long> ReadCompactedUpToAsync(SpaceId space, CancellationToken cancellationToken) =>
        ReadAsync(() => inner.ReadCompactedUpToAsync(space, cancellationToken));

    public ValueTask<IReadOnlyDictionary<RegisterKey, LoggedOperation>> FindWinnersAsync(
        SpaceId space, IReadOnlyCollection<RegisterKey> registers, CancellationToken cancellationToken) =>
        ReadAsync(() => inner.FindWinnersAsync(space, registers, cancellationToken));

    public ValueTask<IReadOnlyDictionary<ResourceId, StateVector>> ReadDroppedAsync(
        SpaceId space, Scope scope, long after, CancellationToken cancellationToken) =>
        ReadAsync(() => inner.ReadDroppedAsync(space, scope, after, cancellationToken));

    public ValueTask<IReadOnlyList<RegisterKey>> ReadPurgedAsync(SpaceId space, CancellationToken cancellationToken) =>
        ReadAsync(() => inner.ReadPurgedAsync(space, cancellationToken));

    public ValueTask<bool> PurgeAsync(SpaceId space, PurgeStep step) =>
        WriteAsync(() => inner.PurgeAsync(space, step));

    public ValueTask<bool> TidyAsync(SpaceId space, DateTimeOffset stubsBefore, CancellationToken cancellationToken) =>
        WriteAsync(() => inner.TidyAsync(space, stubsBefore, cancellationToken));

    public ValueTask<IReadOnlyList<Scope>> ReadScopesAsync(SpaceId space, CancellationToken cancellationToken) =>
        ReadAsync(() => inner.ReadScopesAsync(space, cancellationToken));

    public ValueTask<StoredSnapshot?> FindSnapshotAsync(SpaceId space, CancellationToken cancellationToken) =>
        ReadAsync(() => inner.FindSnapshotAsync(space, cancellationToken));

    public ValueTask<byte[]?> ReadSnapshotChunkAsync(
        SpaceId space, long snapshot, int part, int chunk, CancellationToken cancellationToken) =>
        ReadAsync(() => inner.ReadSnapshotChunkAsync(space, snapshot, part, chunk, cancellationToken));

    public ValueTask<long> BeginSnapshotAsync(SpaceId space, CancellationToken cancellationToken) =>
        WriteAsync(() => inner.BeginSnapshotAsync(space, cancellationToken));

    public ValueTask AddSnapshotChunkAsync(SpaceId space, long snapshot, int part, int chunk, ReadOnlyMemory<byte> bytes) =>
        WriteAsync(() => inner.AddSnapshotChunkAsync(space, snapshot, part, chunk, bytes));

    public ValueTask DropSnapshotAsync(SpaceId space, long snapshot) =>
        WriteAsync(() => inner.DropSnapshotAsync(space, snapshot));

    private async ValueTask<T> ReadAsync<T>(Func<ValueTask<T>> read)
    {
        await disk.PauseAsync(process);
        T result = await read();
        await disk.PauseAsync(process);
        return result;
    }

    private ValueTask<T> WriteAsync<T>(Func<ValueTask<T>> write) => ReadAsync(() =>
    {
        disk.DemandRoom();
        return write();
    });

    private async ValueTask WriteAsync(Func<ValueTask> write) => await WriteAsync(async () =>
    {
        await write();
        return true;
    });
}
