using Syncline.Core.Operations;
using Syncline.Core.Tree;
using Syncline.Engine.Storage;

namespace Syncline.Tests.Engine;

/// <summary>Stands around a store, so that a test can act at the very moment of a read or an append.</summary>
internal sealed class StoreAround(ISpaceStore inner) : ISpaceStore
{
    /// <summary>Called after a page was read and before it is given out.</summary>
    public Func<LogPage, Task>? AfterRead { get; set; }

    /// <summary>Called after a head was read and before it is given out.</summary>
    public Func<Task>? AfterReadHead { get; set; }

    /// <summary>Called after the scopes were read and before they are given out.</summary>
    public Func<Task>? AfterReadScopes { get; set; }

    /// <summary>Called before an append.</summary>
    public Func<Task>? BeforeAppend { get; set; }

    /// <summary>The seq at which the log seems to end, as when an older file was put in its place.</summary>
    public long? ShownHead { get; set; }

    /// <summary>What the bytes of a snapshot seem to be, as on a damaged disk.</summary>
    public Func<byte[], byte[]?>? ShownChunk { get; set; }

    /// <summary>What is known of a snapshot, it seems.</summary>
    public Func<StoredSnapshot, StoredSnapshot>? ShownSnapshot { get; set; }

    /// <summary>Called after a piece of a snapshot was written.</summary>
    public Action? AfterAddChunk { get; set; }

    /// <summary>Called before a log is removed.</summary>
    public Func<Task>? BeforeDelete { get; set; }

    /// <summary>Holds the next append until the test lets it go.</summary>
    public HeldAppend HoldAppend()
    {
        HeldAppend held = new();
        BeforeAppend = held.ReachAsync;
        return held;
    }

    public ValueTask CreateAsync(SpaceId space, Epoch epoch, DateTimeOffset createdAt, CancellationToken cancellationToken) =>
        inner.CreateAsync(space, epoch, createdAt, cancellationToken);

    public async ValueTask DeleteAsync(SpaceId space, CancellationToken cancellationToken)
    {
        if (BeforeDelete is { } before)
            await before();
        await inner.DeleteAsync(space, cancellationToken);
    }

    public async ValueTask<LogHead?> ReadHeadAsync(SpaceId space, CancellationToken cancellationToken)
    {
        LogHead? head = await inner.ReadHeadAsync(space, cancellationToken);
        if (AfterReadHead is { } action)
            await action();
        return head is null ? null : head with { Seq = ShownHead ?? head.Seq };
    }

    public async ValueTask<Known> FindAsync(
        SpaceId space, IReadOnlyCollection<OperationId> identities, IReadOnlyCollection<ActorId> actors, CancellationToken cancellationToken)
    {
        Known known = await inner.FindAsync(space, identities, actors, cancellationToken);
        return known with { Head = ShownHead ?? known.Head };
    }

    public async ValueTask<AppendOutcome> AppendAsync(SpaceId space, LogAppend append)
    {
        if (BeforeAppend is { } before)
            await before();
        return await inner.AppendAsync(space, append);
    }

    public async ValueTask<LogPage> ReadAsync(
        SpaceId space, long after, Selection selection, PageLimits limits, CancellationToken cancellationToken)
    {
        LogPage page = await inner.ReadAsync(space, after, selection, limits, cancellationToken);
        if (AfterRead is { } action)
            await action(page);
        return page;
    }

    public ValueTask<IReadOnlyList<LoggedOperation>> ReadRangesAsync(
        SpaceId space, Scope scope, ResourceId resourceId, StateVector wanted, PageLimits limits, CancellationToken cancellationToken) =>
        inner.ReadRangesAsync(space, scope, resourceId, wanted, limits, cancellationToken);

    public ValueTask<long> ReadCompactedUpToAsync(SpaceId space, CancellationToken cancellationToken) =>
        inner.ReadCompactedUpToAsync(space, cancellationToken);

    public ValueTask<IReadOnlyDictionary<RegisterKey, LoggedOperation>> FindWinnersAsync(
        SpaceId space, IReadOnlyCollection<RegisterKey> registers, CancellationToken cancellationToken) =>
        inner.FindWinnersAsync(space, registers, cancellationToken);

    public ValueTask<IReadOnlyDictionary<ResourceId, StateVector>> ReadDroppedAsync(
        SpaceId space, Scope scope, long after, CancellationToken cancellationToken) => inner.ReadDroppedAsync(space, scope, after, cancellationToken);

    public ValueTask<bool> CompactAsync(SpaceId space, CompactionStep step) => inner.CompactAsync(space, step);

    public ValueTask<IReadOnlyList<RegisterKey>> ReadPurgedAsync(SpaceId space, CancellationToken cancellationToken) =>
        inner.ReadPurgedAsync(space, cancellationToken);

    public ValueTask<bool> PurgeAsync(SpaceId space, PurgeStep step) => inner.PurgeAsync(space, step);

    public ValueTask<bool> TidyAsync(SpaceId space, DateTimeOffset stubsBefore, CancellationToken cancellationToken) =>
        inner.TidyAsync(space, stubsBefore, cancellationToken);

    public async ValueTask<IReadOnlyList<Scope>> ReadScopesAsync(SpaceId space, CancellationToken cancellationToken)
    {
        IReadOnlyList<Scope> scopes = await inner.ReadScopesAsync(space, cancellationToken);
        if (AfterReadScopes is { } action)
            await action();
        return scopes;
    }

    public async ValueTask<StoredSnapshot?> FindSnapshotAsync(SpaceId space, CancellationToken cancellationToken)
    {
        StoredSnapshot? stored = await inner.FindSnapshotAsync(space, cancellationToken);
        return stored is not null && ShownSnapshot is { } shown ? shown(stored) : stored;
    }

    public async ValueTask<byte[]?> ReadSnapshotChunkAsync(SpaceId space, long snapshot, int part, int chunk, CancellationToken cancellationToken)
    {
        byte[]? bytes = await inner.ReadSnapshotChunkAsync(space, snapshot, part, chunk, cancellationToken);
        return bytes is not null && ShownChunk is { } shown ? shown(bytes) : bytes;
    }

    public ValueTask<long> BeginSnapshotAsync(SpaceId space, CancellationToken cancellationToken) =>
        inner.BeginSnapshotAsync(space, cancellationToken);

    public async ValueTask AddSnapshotChunkAsync(SpaceId space, long snapshot, int part, int chunk, ReadOnlyMemory<byte> bytes)
    {
        await inner.AddSnapshotChunkAsync(space, snapshot, part, chunk, bytes);
        AfterAddChunk?.Invoke();
    }

    public ValueTask<bool> CompleteSnapshotAsync(SpaceId space, StoredSnapshot snapshot) => inner.CompleteSnapshotAsync(space, snapshot);

    public ValueTask DropSnapshotAsync(SpaceId space, long snapshot) => inner.DropSnapshotAsync(space, snapshot);

    public ValueTask<Generation?> FindGenerationAsync(
        SpaceId space, Epoch epoch, string key, DateTimeOffset at, CancellationToken cancellationToken) =>
        inner.FindGenerationAsync(space, epoch, key, at, cancellationToken);

    public ValueTask<string?> ReadGenerationSnapshotAsync(SpaceId space, string key, CancellationToken cancellationToken) =>
        inner.ReadGenerationSnapshotAsync(space, key, cancellationToken);

    public ValueTask<ResetOutcome> ResetAsync(SpaceId space, LogReset reset) => inner.ResetAsync(space, reset);

    public ValueTask<IReadOnlyList<ClientCursor>> ReadClientsAsync(SpaceId space, CancellationToken cancellationToken) =>
        inner.ReadClientsAsync(space, cancellationToken);

    public ValueTask WriteClientsAsync(
        SpaceId space,
        IReadOnlyList<ClientCursor> cursors,
        int clientsPerUserMax,
        int clientsMax,
        DateTimeOffset seenSince,
        CancellationToken cancellationToken) =>
        inner.WriteClientsAsync(space, cursors, clientsPerUserMax, clientsMax, seenSince, cancellationToken);

    public ValueTask CheckAsync(CancellationToken cancellationToken) => inner.CheckAsync(cancellationToken);

    /// <summary>An append that has been reached, or will be, and waits.</summary>
    internal sealed class HeldAppend
    {
        private readonly TaskCompletionSource _reached = new(TaskCreationOptions.RunContinuationsAsynchronously);
        private readonly TaskCompletionSource _letGo = new(TaskCreationOptions.RunContinuationsAsynchronously);

        public Task Reached => _reached.Task.WaitAsync(TimeSpan.FromSeconds(20));

        public void LetGo() => _letGo.SetResult();

        internal Task ReachAsync()
        {
            _reached.TrySetResult();
            return _letGo.Task;
        }
    }
}
