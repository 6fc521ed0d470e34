using System.Collections.Concurrent;
using Syncline.Core.Operations;
using Syncline.Core.Tree;
using Syncline.Engine.Storage;

namespace Syncline.Bench.Http;

/// <summary>A store that says yes at once and keeps only where each log stands and whose the actors are: what is left is the server itself.</summary>
internal sealed class InstantStore : ISpaceStore
{
    private readonly ConcurrentDictionary<SpaceId, Log> _logs = new();

    public ValueTask CreateAsync(SpaceId space, Epoch epoch, DateTimeOffset createdAt, CancellationToken cancellationToken)
    {
        _logs.TryAdd(space, new Log { Head = LogHead.Empty(epoch) });
        return ValueTask.CompletedTask;
    }

    public ValueTask DeleteAsync(SpaceId space, CancellationToken cancellationToken)
    {
        _logs.TryRemove(space, out _);
        return ValueTask.CompletedTask;
    }

    public ValueTask<LogHead?> ReadHeadAsync(SpaceId space, CancellationToken cancellationToken) =>
        ValueTask.FromResult(_logs.TryGetValue(space, out Log? log) ? log.Head : null);

    public ValueTask<Known> FindAsync(
        SpaceId space, IReadOnlyCollection<OperationId> identities, IReadOnlyCollection<ActorId> actors, CancellationToken cancellationToken)
    {
        Log log = _logs[space];
        Dictionary<ActorId, UserId> owners = [];
        foreach (ActorId actor in actors)
        {
            if (log.Actors.TryGetValue(actor, out UserId user))
                owners[actor] = user;
        }

        return ValueTask.FromResult(new Known(log.Head.Epoch, log.Head.Seq, new Dictionary<OperationId, StoredIdentity>(), owners));
    }

    public ValueTask<AppendOutcome> AppendAsync(SpaceId space, LogAppend append)
    {
        Log log = _logs[space];
        foreach ((ActorId actor, UserId user) in append.NewActors)
            log.Actors[actor] = user;
        LoggedOperation last = append.Operations[^1];
        log.Head = log.Head with { Seq = last.Seq, Digest = last.Digest };
        return ValueTask.FromResult(AppendOutcome.Appended);
    }

    public ValueTask<LogPage> ReadAsync(SpaceId space, long after, Selection selection, PageLimits limits, CancellationToken cancellationToken) =>
        ValueTask.FromResult(new LogPage([], _logs[space].Head.Seq, _logs[space].Head.Seq));

    public ValueTask<IReadOnlyList<LoggedOperation>> ReadRangesAsync(
        SpaceId space, Scope scope, ResourceId resourceId, StateVector wanted, PageLimits limits, CancellationToken cancellationToken) =>
        ValueTask.FromResult<IReadOnlyList<LoggedOperation>>([]);

    public ValueTask<long> ReadCompactedUpToAsync(SpaceId space, CancellationToken cancellationToken) => ValueTask.FromResult(0L);

    public ValueTask<IReadOnlyDictionary<RegisterKey, LoggedOperation>> FindWinnersAsync(
        SpaceId space, IReadOnlyCollection<RegisterKey> registers, CancellationToken cancellationToken) =>
        ValueTask.FromResult<IReadOnlyDictionary<RegisterKey, LoggedOperation>>(new Dictionary<RegisterKey, LoggedOperation>());

    public ValueTask<IReadOnlyDictionary<ResourceId, StateVector>> ReadDroppedAsync(
        SpaceId space, Scope scope, long after, CancellationToken cancellationToken) =>
        ValueTask.FromResult<IReadOnlyDictionary<ResourceId, StateVector>>(new Dictionary<ResourceId, StateVector>());

    public ValueTask<bool> CompactAsync(SpaceId space, CompactionStep step) => ValueTask.FromResult(true);

    public ValueTask<IReadOnlyList<RegisterKey>> ReadPurgedAsync(SpaceId space, CancellationToken cancellationToken) =>
        ValueTask.FromResult<IReadOnlyList<RegisterKey>>([]);

    public ValueTask<bool> PurgeAsync(SpaceId space, PurgeStep step) => ValueTask.FromResult(true);

    public ValueTask<bool> TidyAsync(SpaceId space, DateTimeOffset stubsBefore, CancellationToken cancellationToken) => ValueTask.FromResult(false);

    public ValueTask<IReadOnlyList<Scope>> ReadScopesAsync(SpaceId space, CancellationToken cancellationToken) =>
        ValueTask.FromResult<IReadOnlyList<Scope>>([]);

    public ValueTask<StoredSnapshot?> FindSnapshotAsync(SpaceId space, CancellationToken cancellationToken) =>
        ValueTask.FromResult<StoredSnapshot?>(null);

    public ValueTask<byte[]?> ReadSnapshotChunkAsync(SpaceId space, long snapshot, int part, int chunk, CancellationToken cancellationToken) =>
        ValueTask.FromResult<byte[]?>(null);

    public ValueTask<long> BeginSnapshotAsync(SpaceId space, CancellationToken cancellationToken) => ValueTask.FromResult(1L);

    public ValueTask AddSnapshotChunkAsync(SpaceId space, long snapshot, int part, int chunk, ReadOnlyMemory<byte> bytes) => ValueTask.CompletedTask;

    public ValueTask<bool> CompleteSnapshotAsync(SpaceId space, StoredSnapshot snapshot) => ValueTask.FromResult(true);

    public ValueTask DropSnapshotAsync(SpaceId space, long snapshot) => ValueTask.CompletedTask;

    public ValueTask<Generation?> FindGenerationAsync(
        SpaceId space, Epoch epoch, string key, DateTimeOffset at, CancellationToken cancellationToken) =>
        ValueTask.FromResult<Generation?>(new Generation("only", epoch, After: 0, SnapshotBytes: 0));

    public ValueTask<string?> ReadGenerationSnapshotAsync(SpaceId space, string key, CancellationToken cancellationToken) => ValueTask.FromResult<string?>("");

    public ValueTask<ResetOutcome> ResetAsync(SpaceId space, LogReset reset) => ValueTask.FromResult(ResetOutcome.KeyTaken);

    public ValueTask<IReadOnlyList<ClientCursor>> ReadClientsAsync(SpaceId space, CancellationToken cancellationToken) =>
        ValueTask.FromResult<IReadOnlyList<ClientCursor>>([]);

    public ValueTask WriteClientsAsync(
        SpaceId space,
        IReadOnlyList<ClientCursor> cursors,
        int clientsPerUserMax,
        int clientsMax,
        DateTimeOffset seenSince,
        CancellationToken cancellationToken) =>
        ValueTask.CompletedTask;

    public ValueTask CheckAsync(CancellationToken cancellationToken) => ValueTask.CompletedTask;

    private sealed class Log
    {
        public required LogHead Head { get; set; }

        public Dictionary<ActorId, UserId> Actors { get; } = [];
    }
}
