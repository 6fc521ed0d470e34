using Syncline.Core.Operations;
using Syncline.Core.Tree;
using Syncline.Engine.Storage;

namespace Syncline.Simulation.Bugs;

/// <summary>Stands around a store and passes everything on, each call through one place.</summary>
internal abstract class SpaceStoreAround(ISpaceStore inner) : ISpaceStore
{
    protected ISpaceStore Inner => inner;

    public virtual ValueTask<AppendOutcome> AppendAsync(SpaceId space, LogAppend append) => AroundAsync(() => inner.AppendAsync(space, append));

    public ValueTask<bool> CompactAsync(SpaceId space, CompactionStep step) => AroundAsync(() => inner.CompactAsync(space, step));

    public ValueTask<bool> CompleteSnapshotAsync(SpaceId space, StoredSnapshot snapshot) =>
        AroundAsync(() => inner.CompleteSnapshotAsync(space, snapshot));

    public ValueTask CreateAsync(SpaceId space, Epoch epoch, DateTimeOffset createdAt, CancellationToken cancellationToken) =>
        AroundAsync(() => inner.CreateAsync(space, epoch, createdAt, cancellationToken));

    public ValueTask DeleteAsync(SpaceId space, CancellationToken cancellationToken) =>
        AroundAsync(() => inner.DeleteAsync(space, cancellationToken));

    public ValueTask<LogHead?> ReadHeadAsync(SpaceId space, CancellationToken cancellationToken) =>
        AroundAsync(() => inner.ReadHeadAsync(space, cancellationToken));

    public virtual ValueTask<Known> FindAsync(
        SpaceId space, IReadOnlyCollection<OperationId> identities, IReadOnlyCollection<ActorId> actors, CancellationToken cancellationToken) =>
        AroundAsync(() => inner.FindAsync(space, identities, actors, cancellationToken));

    public ValueTask<LogPage> ReadAsync(
        SpaceId space, long after, Selection selection, PageLimits limits, CancellationToken cancellationToken) =>
        AroundAsync(() => inner.ReadAsync(space, after, selection, limits, cancellationToken));

    public ValueTask<IReadOnlyList<LoggedOperation>> ReadRangesAsync(
        SpaceId space, Scope scope, ResourceId resourceId, StateVector wanted, PageLimits limits, CancellationToken cancellationToken) =>
        AroundAsync(() => inner.ReadRangesAsync(space, scope, resourceId, wanted, limits, cancellationToken));

    public ValueTask<Generation?> FindGenerationAsync(
        SpaceId space, Epoch epoch, string key, DateTimeOffset at, CancellationToken cancellationToken) =>
        AroundAsync(() => inner.FindGenerationAsync(space, epoch, key, at, cancellationToken));

    public ValueTask<string?> ReadGenerationSnapshotAsync(SpaceId space, string key, CancellationToken cancellationToken) =>
        AroundAsync(() => inner.ReadGenerationSnapshotAsync(space, key, cancellationToken));

    public ValueTask<ResetOutcome> ResetAsync(SpaceId space, LogReset reset) =>
        AroundAsync(() => inner.ResetAsync(space, reset));

    public ValueTask<IReadOnlyList<ClientCursor>> ReadClientsAsync(SpaceId space, CancellationToken cancellationToken) =>
        AroundAsync(() => inner.ReadClientsAsync(space, cancellationToken));

    public ValueTask WriteClientsAsync(
        SpaceId space, IReadOnlyList<ClientCursor> cursors, int clientsPerUserMax, int clientsMax, DateTimeOffset seenSince, CancellationToken cancellationToken) =>
        AroundAsync(() => inner.WriteClientsAsync(space, cursors, clientsPerUserMax, clientsMax, seenSince, cancellationToken));

    public ValueTask CheckAsync(CancellationToken cancellationToken) =>
        AroundAsync(() => inner.CheckAsync(cancellationToken));

    public ValueTask<long> ReadCompactedUpToAsync(SpaceId space, CancellationToken cancellationToken) =>
        AroundAsync(() => inner.ReadCompactedUpToAsync(space, cancellationToken));

    public ValueTask<IReadOnlyDictionary<RegisterKey, LoggedOperation>> FindWinnersAsync(
        SpaceId space, IReadOnlyCollection<RegisterKey> registers, CancellationToken cancellationToken) =>
        AroundAsync(() => inner.FindWinnersAsync(space, registers, cancellationToken));

    public ValueTask<IReadOnlyDictionary<ResourceId, StateVector>> ReadDroppedAsync(
        SpaceId space, Scope scope, long after, CancellationToken cancellationToken) =>
        AroundAsync(() => inner.ReadDroppedAsync(space, scope, after, cancellationToken));

    public ValueTask<IReadOnlyList<RegisterKey>> ReadPurgedAsync(SpaceId space, CancellationToken cancellationToken) =>
        AroundAsync(() => inner.ReadPurgedAsync(space, cancellationToken));

    public ValueTask<bool> PurgeAsync(SpaceId space, PurgeStep step) =>
        AroundAsync(() => inner.PurgeAsync(space, step));

    public ValueTask<bool> TidyAsync(SpaceId space, DateTimeOffset stubsBefore, CancellationToken cancellationToken) =>
        AroundAsync(() => inner.TidyAsync(space, stubsBefore, cancellationToken));

    public ValueTask<IReadOnlyList<Scope>> ReadScopesAsync(SpaceId space, CancellationToken cancellationToken) =>
        AroundAsync(() => inner.ReadScopesAsync(space, cancellationToken));

    public ValueTask<StoredSnapshot?> FindSnapshotAsync(SpaceId space, CancellationToken cancellationToken) =>
        AroundAsync(() => inner.FindSnapshotAsync(space, cancellationToken));

    public ValueTask<byte[]?> ReadSnapshotChunkAsync(
        SpaceId space, long snapshot, int part, int chunk, CancellationToken cancellationToken) =>
        AroundAsync(() => inner.ReadSnapshotChunkAsync(space, snapshot, part, chunk, cancellationToken));

    public ValueTask<long> BeginSnapshotAsync(SpaceId space, CancellationToken cancellationToken) =>
        AroundAsync(() => inner.BeginSnapshotAsync(space, cancellationToken));

    public ValueTask AddSnapshotChunkAsync(SpaceId space, long snapshot, int part, int chunk, ReadOnlyMemory<byte> bytes) =>
        AroundAsync(() => inner.AddSnapshotChunkAsync(space, snapshot, part, chunk, bytes));

    public ValueTask DropSnapshotAsync(SpaceId space, long snapshot) =>
        AroundAsync(() => inner.DropSnapshotAsync(space, snapshot));

    /// <summary>Called for each call.</summary>
    protected virtual ValueTask<T> AroundAsync<T>(Func<ValueTask<T>> call) => call();

    private async ValueTask AroundAsync(Func<ValueTask> call) => await AroundAsync(async () =>
    {
        await call();
        return true;
    });
}
