using System.Text;
using Syncline.Core.Operations;
using Syncline.Core.Tree;
using Syncline.Engine.Storage;

namespace Syncline.Conformance.InMemory;

/// <summary>Logs in memory, for tests: the plainest reading of the port, with switches for what a real store does rarely.</summary>
public sealed class InMemorySpaceStore : ISpaceStore
{
    private readonly Lock _gate = new();
    private readonly Dictionary<SpaceId, Log> _logs = [];
    private readonly Queue<Func<LogHead, LogAppend>> _races = new();
    private int _racesToLose;
    private Failure? _nextAppendFails;
    private Failure? _nextResetFails;

    /// <summary>How often an append was written, races included.</summary>
    public int Appends { get; private set; }

    /// <summary>How often an append found that the head had moved.</summary>
    public int LostRaces { get; private set; }

    /// <summary>How often clients' cursors were written.</summary>
    public int ClientWrites { get; private set; }

    /// <summary>Whether every call throws, as when the disk is gone.</summary>
    public bool IsUnavailable { get; set; }

    /// <summary>
    /// The next <paramref name="count"/> appends find that somebody else's batch of one operation landed before them: operation
    /// <c>note/race</c> of the actor <c>racer</c>, each with the next clock of the space.
    /// </summary>
    public void LoseNextRaces(int count)
    {
        lock (_gate)
            _racesToLose += count;
    }

    /// <summary>Before the next append, these operations of somebody else land, so that it is lost. They need not be numbered.</summary>
    public void LoseNextRaceTo(params IReadOnlyList<LoggedOperation> operations) =>
        LoseNextRaceTo(head => new LogAppend(head.Epoch, head.Seq, Place(head, operations), []));

    /// <summary>Before the next append, a batch made for the head of that moment lands, so that it is lost.</summary>
    public void LoseNextRaceTo(Func<LogHead, LogAppend> batch)
    {
        lock (_gate)
            _races.Enqueue(batch);
    }

    /// <summary>The next append throws.</summary>
    /// <param name="outcomeUnknown">What the exception says.</param>
    /// <param name="written">Whether the batch is in the log all the same.</param>
    public void FailNextAppend(bool outcomeUnknown, bool written)
    {
        lock (_gate)
            _nextAppendFails = new Failure(outcomeUnknown, written);
    }

    /// <summary>The next reset throws; see <see cref="FailNextAppend"/>.</summary>
    public void FailNextReset(bool outcomeUnknown, bool written)
    {
        lock (_gate)
            _nextResetFails = new Failure(outcomeUnknown, written);
    }

    /// <summary>Gives a log a new epoch, as an unclean start does, and drops what comes after <paramref name="sharedUpTo"/>.</summary>
    public void BeginEpoch(SpaceId space, Epoch epoch, long sharedUpTo)
    {
        lock (_gate)
        {
            Log log = Find(space);
            log.Truncate(sharedUpTo);
            log.Epochs.Add(new EarlierEpoch(log.Epoch, sharedUpTo));
            log.Epoch = epoch;
        }
    }

    /// <summary>All logs as they are now, for later.</summary>
    public InMemorySpaceStore Copy()
    {
        InMemorySpaceStore copy = new();
        lock (_gate)
        {
            foreach ((SpaceId space, Log log) in _logs)
                copy._logs.Add(space, log.Copy());
        }

        return copy;
    }

    /// <summary>Gives every log a new epoch, as a restore does, by the order of their ids. Nothing is dropped.</summary>
    public void BeginEpochs(Func<Epoch> next)
    {
        foreach (SpaceId space in _logs.Keys.OrderBy(space => space.Value, StringComparer.Ordinal).ToArray())
            BeginEpoch(space, next(), _logs[space].Head.Seq);
    }

    /// <inheritdoc />
    public ValueTask CreateAsync(SpaceId space, Epoch epoch, DateTimeOffset createdAt, CancellationToken cancellationToken) =>
        new(Run(() => _logs.TryAdd(space, new Log(epoch)), cancellationToken));

    /// <inheritdoc />
    public ValueTask DeleteAsync(SpaceId space, CancellationToken cancellationToken) =>
        new(Run(() => _logs.Remove(space), cancellationToken));

    /// <inheritdoc />
    public ValueTask<LogHead?> ReadHeadAsync(SpaceId space, CancellationToken cancellationToken) =>
        new(Run(() => _logs.TryGetValue(space, out Log? log) ? log.Head : null, cancellationToken));

    /// <inheritdoc />
    public ValueTask<Known> FindAsync(
        SpaceId space, IReadOnlyCollection<OperationId> identities, IReadOnlyCollection<ActorId> actors, CancellationToken cancellationToken) =>
        new(Run(
            () =>
            {
                Log log = Find(space);
                return new Known(
                    log.Head.Epoch,
                    log.Head.Seq,
                    identities.Distinct().Where(id => log.Find(id) is not null).ToDictionary(id => id, id => log.Find(id)!.Value),
                    actors.Distinct().Where(log.Owners.ContainsKey).ToDictionary(actor => actor, actor => log.Owners[actor]));
            },
            cancellationToken));

    /// <inheritdoc />
    public ValueTask<AppendOutcome> AppendAsync(SpaceId space, LogAppend append) =>
        new(Run(
            () =>
            {
                Log log = Find(space);
                RunRace(log);
                if (log.Head.Seq != append.ExpectedHead || log.Head.Epoch != append.Epoch)
                {
                    LostRaces++;
                    return AppendOutcome.HeadMoved;
                }

                if (_nextAppendFails is { } failure)
                {
                    _nextAppendFails = null;
                    if (failure.Written) Append(log, append);
                    throw new StoreUnavailableException("The test made this append fail.", failure.OutcomeUnknown);
                }

                Append(log, append);
                return AppendOutcome.Appended;
            },
            CancellationToken.None));

    /// <inheritdoc />
    public ValueTask<LogPage> ReadAsync(
        SpaceId space, long after, Selection selection, PageLimits limits, CancellationToken cancellationToken) =>
        new(Run(() => ReadPage(Find(space), after, selection, limits), cancellationToken));

    /// <inheritdoc />
    public ValueTask<IReadOnlyList<LoggedOperation>> ReadRangesAsync(
        SpaceId space, Scope scope, ResourceId resourceId, StateVector wanted, PageLimits limits, CancellationToken cancellationToken) =>
        new(Run(
            IReadOnlyList<LoggedOperation> () =>
            {
                List<LoggedOperation> page = [];
                long bytes = 0;
                foreach (LoggedOperation logged in Find(space).Operations
                    .Where(logged => logged.Operation.Id.Scope == scope && logged.Operation.Id.ResourceId == resourceId)
                    .Where(logged => wanted.Contains(logged.Operation.Id.Stamp))
                    .OrderBy(logged => logged.Operation.Id.Stamp))
                {
                    bytes += logged.Operation.Payload.Utf8.Length;
                    if (page.Count == limits.Operations || (page.Count > 0 && bytes > limits.Bytes)) break;
                    page.Add(logged);
                }

                return page;
            },
            cancellationToken));

    /// <inheritdoc />
    public ValueTask<long> ReadCompactedUpToAsync(SpaceId space, CancellationToken cancellationToken) =>
        new(Run(() => Find(space).CompactedUpTo, cancellationToken));

    /// <inheritdoc />
    public ValueTask<IReadOnlyDictionary<RegisterKey, LoggedOperation>> FindWinnersAsync(
        SpaceId space, IReadOnlyCollection<RegisterKey> registers, CancellationToken cancellationToken) =>
        new(Run(
            IReadOnlyDictionary<RegisterKey, LoggedOperation> () =>
            {
                Log log = Find(space);
                return registers.Where(log.Winners.ContainsKey)
                    .ToDictionary(register => register, register => log.Operations.Single(logged => logged.Seq == log.Winners[register]));
            },
            cancellationToken));

    /// <inheritdoc />
    public ValueTask<IReadOnlyDictionary<ResourceId, StateVector>> ReadDroppedAsync(
        SpaceId space, Scope scope, long after, CancellationToken cancellationToken) =>
        new(Run(
            IReadOnlyDictionary<ResourceId, StateVector> () =>
            {
                Dictionary<ResourceId, StateVector> dropped = [];
                foreach (OperationId id in Find(space).Stubs.Where(one => one.Key.Scope == scope && one.Value.Operation.Seq > after).Select(one => one.Key))
                {
                    dropped.TryAdd(id.ResourceId, new StateVector());
                    dropped[id.ResourceId].Add(id.Stamp);
                }

                return dropped;
            },
            cancellationToken));

    /// <inheritdoc />
    public ValueTask<bool> CompactAsync(SpaceId space, CompactionStep step) =>
        new(Run(
            () =>
            {
                Log log = Find(space);
                if (log.Epoch != step.Epoch || log.CompactedUpTo != step.After) return false;
                foreach ((RegisterKey register, long seq) in step.Winners)
                    log.Winners[register] = seq;
                foreach (long seq in step.Dropped)
                    log.Drop(seq, step.DroppedAt);
                log.CompactedUpTo = step.UpTo;
                return true;
            },
            CancellationToken.None));

    /// <inheritdoc />
    public ValueTask<IReadOnlyList<RegisterKey>> ReadPurgedAsync(SpaceId space, CancellationToken cancellationToken) =>
        new(Run<IReadOnlyList<RegisterKey>>(() => [.. Find(space).Purged], cancellationToken));

    /// <inheritdoc />
    public ValueTask<bool> PurgeAsync(SpaceId space, PurgeStep step) =>
        new(Run(
            () =>
            {
                Log log = Find(space);
                if (log.Epoch != step.Epoch) return false;
                log.Purged.UnionWith(step.Things);
                foreach (RegisterKey register in step.Registers)
                    log.Winners.Remove(register);
                foreach (long seq in step.Dropped)
                    log.Drop(seq, step.At);
                return true;
            },
            CancellationToken.None));

    /// <inheritdoc />
    public ValueTask<bool> TidyAsync(SpaceId space, DateTimeOffset stubsBefore, CancellationToken cancellationToken) =>
        new(Run(
            () =>
            {
                Log log = Find(space);
                log.RemoveStubs(stubsBefore);
                foreach ((long, int, int) place in log.Chunks.Keys.Where(place => place.Snapshot != log.Snapshot?.Id).ToArray())
                    log.Chunks.Remove(place);
                return false;
            },
            cancellationToken));

    /// <inheritdoc />
    public ValueTask<IReadOnlyList<Scope>> ReadScopesAsync(SpaceId space, CancellationToken cancellationToken) =>
        new(Run(
            IReadOnlyList<Scope> () => [.. Find(space).Operations.Select(logged => logged.Operation.Id.Scope).Distinct()], cancellationToken));

    /// <inheritdoc />
    public ValueTask<StoredSnapshot?> FindSnapshotAsync(SpaceId space, CancellationToken cancellationToken) =>
        new(Run(() => Find(space).Snapshot, cancellationToken));

    /// <inheritdoc />
    public ValueTask<byte[]?> ReadSnapshotChunkAsync(SpaceId space, long snapshot, int part, int chunk, CancellationToken cancellationToken) =>
        new(Run(() => Find(space).Chunks.GetValueOrDefault((snapshot, part, chunk)), cancellationToken));

    /// <inheritdoc />
    public ValueTask<long> BeginSnapshotAsync(SpaceId space, CancellationToken cancellationToken) =>
        new(Run(() => ++Find(space).SnapshotsBegun, cancellationToken));

    /// <inheritdoc />
    public ValueTask AddSnapshotChunkAsync(SpaceId space, long snapshot, int part, int chunk, ReadOnlyMemory<byte> bytes) =>
        new(Run(() => Find(space).Chunks[(snapshot, part, chunk)] = bytes.ToArray(), CancellationToken.None));

    /// <inheritdoc />
    public ValueTask<bool> CompleteSnapshotAsync(SpaceId space, StoredSnapshot snapshot) =>
        new(Run(
            () =>
            {
                Log log = Find(space);
                if (log.Epoch != snapshot.Epoch) return false;
                log.Snapshot = snapshot;
                return true;
            },
            CancellationToken.None));

    /// <inheritdoc />
    public ValueTask DropSnapshotAsync(SpaceId space, long snapshot) =>
        new(Run(
            () =>
            {
                Log log = Find(space);
                return log.Snapshot = log.Snapshot?.Id == snapshot ? null : log.Snapshot;
            },
            CancellationToken.None));

    /// <inheritdoc />
    public ValueTask<Generation?> FindGenerationAsync(
        SpaceId space, Epoch epoch, string key, DateTimeOffset at, CancellationToken cancellationToken) =>
        new(Run(
            () =>
            {
                Log log = Find(space);
                if (log.Epoch != epoch) return null;
                if (log.Generation?.Epoch != epoch) log.BeginGeneration(key, log.GenerationSnapshot);
                return log.Generation;
            },
            cancellationToken));

    /// <inheritdoc />
    public ValueTask<string?> ReadGenerationSnapshotAsync(SpaceId space, string key, CancellationToken cancellationToken) =>
        new(Run(() => Find(space) is { Generation: { } generation } log && generation.Key == key ? log.GenerationSnapshot : null, cancellationToken));

    /// <inheritdoc />
    public ValueTask<ResetOutcome> ResetAsync(SpaceId space, LogReset reset) =>
        new(Run(
            () =>
            {
                Log log = Find(space);
                if (log.Head.Seq != reset.ExpectedHead || log.Epoch != reset.Epoch) return ResetOutcome.HeadMoved;
                if (log.Keys.Contains(reset.Key)) return ResetOutcome.KeyTaken;
                Failure? failure = _nextResetFails;
                _nextResetFails = null;
                if (failure is not { Written: false }) log.Reset(reset);
                return failure is null
                    ? ResetOutcome.Reset
                    : throw new StoreUnavailableException("The test made this reset fail.", failure.OutcomeUnknown);
            },
            CancellationToken.None));

    /// <inheritdoc />
    public ValueTask<IReadOnlyList<ClientCursor>> ReadClientsAsync(SpaceId space, CancellationToken cancellationToken) =>
        new(Run<IReadOnlyList<ClientCursor>>(() => [.. LastSeenFirst(Find(space).Clients)], cancellationToken));

    /// <inheritdoc />
    public ValueTask WriteClientsAsync(
        SpaceId space,
        IReadOnlyList<ClientCursor> cursors,
        int clientsPerUserMax,
        int clientsMax,
        DateTimeOffset seenSince,
        CancellationToken cancellationToken) =>
        new(Run(
            () =>
            {
                Log log = Find(space);
                log.Clients = [.. LastSeenFirst(log.Clients
                    .ExceptBy(cursors.Select(cursor => (cursor.UserId, cursor.ClientId)), client => (client.UserId, client.ClientId))
                    .Concat(cursors)
                    .Where(client => client.SeenAt >= seenSince)
                    .GroupBy(client => client.UserId)
                    .SelectMany(ofUser => LastSeenFirst(ofUser).Take(clientsPerUserMax))).Take(clientsMax)];
                ClientWrites++;
                return true;
            },
            cancellationToken));

    /// <inheritdoc />
    public ValueTask CheckAsync(CancellationToken cancellationToken) => new(Run(() => true, cancellationToken));

    // By whole groups: one that begins within the limits is in the page, whatever it measures.
    private static LogPage ReadPage(Log log, long after, Selection selection, PageLimits limits)
    {
        List<LoggedOperation> page = [];
        long bytes = 0;
        long cursor = after;
        foreach (IGrouping<long, LoggedOperation> group in log.Operations.Where(logged => logged.Seq > after).GroupBy(logged => logged.GroupEnd))
        {
            if (page.Count >= limits.Operations || (page.Count > 0 && bytes >= limits.Bytes)) break;
            LoggedOperation[] selected = [.. group.Where(logged => selection.Includes(logged.Operation.Id))];
            if (page.Count > 0 && selected.Length > 0 && bytes + selected[0].Operation.Payload.Utf8.Length > limits.Bytes) break;
            page.AddRange(selected);
            bytes += selected.Sum(logged => (long)logged.Operation.Payload.Utf8.Length);
            cursor = group.Last().Seq;
        }

        // Also where the log begins beyond what was asked for.
        if (log.Operations.Count == 0 || cursor == log.Operations[^1].Seq) cursor = Math.Max(cursor, log.Head.Seq);
        return new LogPage(page, cursor, log.Head.Seq);
    }

    private static LoggedOperation[] Place(LogHead head, IReadOnlyList<LoggedOperation> operations)
    {
        OperationDigest digest = head.Digest;
        LoggedOperation[] placed = new LoggedOperation[operations.Count];
        for (int i = 0; i < placed.Length; i++)
        {
            digest = digest.Add(operations[i].Operation.Id);
            long seq = head.Seq + 1 + i;
            placed[i] = operations[i] with { Seq = seq, GroupEnd = seq, Digest = digest };
        }

        return placed;
    }

    private static IEnumerable<ClientCursor> LastSeenFirst(IEnumerable<ClientCursor> clients) => clients
        .OrderByDescending(client => client.SeenAt)
        .ThenBy(client => client.UserId.Value, StringComparer.Ordinal)
        .ThenBy(client => client.ClientId, StringComparer.Ordinal);

    private void RunRace(Log log)
    {
        if (_races.TryDequeue(out Func<LogHead, LogAppend>? race))
        {
            Append(log, race(log.Head));
        }
        else if (_racesToLose > 0)
        {
            _racesToLose--;
            LoggedOperation operation = Operations.Logged(Operations.Id("racer", log.Head.HighestClock + 1, "race"), user: "racer");
            Append(log, new LogAppend(log.Head.Epoch, log.Head.Seq, Place(log.Head, [operation]), [new(new ActorId("racer"), new UserId("racer"))]));
        }
    }

    private void Append(Log log, LogAppend append)
    {
        foreach (LoggedOperation logged in append.Operations)
            log.Add(logged with { Operation = logged.Operation with { Content = null } });
        foreach ((ActorId actor, UserId user) in append.NewActors)
            log.Owners.TryAdd(actor, user);
        Appends++;
    }

    private Log Find(SpaceId space) => _logs.TryGetValue(space, out Log? log) ? log : throw new SpaceNotFoundException(space);

    private Task<T> Run<T>(Func<T> work, CancellationToken cancellationToken)
    {
        try
        {
            cancellationToken.ThrowIfCancellationRequested();
            lock (_gate)
            {
                if (IsUnavailable) throw new StoreUnavailableException("The test made the store unavailable.", outcomeUnknown: false);
                return Task.FromResult(work());
            }
        }
        catch (Exception exception)
        {
            return Task.FromException<T>(exception);
        }
    }

    private sealed record Stub(LoggedOperation Operation, DateTimeOffset DroppedAt);

    private sealed record Failure(bool OutcomeUnknown, bool Written);

    private sealed class Log(Epoch epoch)
    {
        public Epoch Epoch { get; set; } = epoch;

        public List<EarlierEpoch> Epochs { get; } = [];

        public List<LoggedOperation> Operations { get; } = [];

        public Dictionary<OperationId, LoggedOperation> ByIdentity { get; } = [];

        public Dictionary<ActorId, UserId> Owners { get; } = [];

        public Dictionary<OperationId, Stub> Stubs { get; } = [];

        public Dictionary<RegisterKey, long> Winners { get; } = [];

        public HashSet<RegisterKey> Purged { get; } = [];

        public long CompactedUpTo { get; set; }

        public StoredSnapshot? Snapshot { get; set; }

        public Dictionary<(long Snapshot, int Part, int Chunk), byte[]> Chunks { get; } = [];

        public long SnapshotsBegun { get; set; }

        /// <summary>The log begins after it.</summary>
        public long Base { get; private set; }

        public long BaseClock { get; private set; }

        public HashSet<string> Keys { get; } = new(StringComparer.Ordinal);

        public Generation? Generation { get; private set; }

        public string GenerationSnapshot { get; private set; } = "";

        public IReadOnlyList<ClientCursor> Clients { get; set; } = [];

        public LogHead Head => new(
            Epoch,
            Operations.Count == 0 ? Base : Operations[^1].Seq,
            Operations.Count == 0 ? OperationDigest.Empty : Operations[^1].Digest,
            Operations.Select(logged => logged.Operation.Id.Clock).Concat(Stubs.Keys.Select(id => id.Clock)).Append(BaseClock).Max(),
            Earlier());

        public Log Copy()
        {
            Log copy = new(Epoch)
            {
                CompactedUpTo = CompactedUpTo,
                Snapshot = Snapshot,
                SnapshotsBegun = SnapshotsBegun,
                Base = Base,
                BaseClock = BaseClock,
                Generation = Generation,
                GenerationSnapshot = GenerationSnapshot,
                Clients = Clients,
            };
            copy.Epochs.AddRange(Epochs);
            foreach (LoggedOperation logged in Operations)
                copy.Add(logged);
            foreach ((ActorId actor, UserId user) in Owners)
                copy.Owners.Add(actor, user);
            foreach ((OperationId id, Stub stub) in Stubs)
                copy.Stubs.Add(id, stub);
            foreach ((RegisterKey register, long seq) in Winners)
                copy.Winners.Add(register, seq);
            copy.Purged.UnionWith(Purged);
            foreach (((long, int, int) place, byte[] bytes) in Chunks)
                copy.Chunks.Add(place, bytes);
            copy.Keys.UnionWith(Keys);
            return copy;
        }

        public void BeginGeneration(string key, string snapshot)
        {
            Keys.Add(key);
            GenerationSnapshot = snapshot;
            Generation = new Generation(key, Epoch, Base, Encoding.UTF8.GetByteCount(snapshot));
        }

        public void Reset(LogReset reset)
        {
            (Base, BaseClock) = (reset.After, Head.HighestClock);
            Operations.Clear();
            ByIdentity.Clear();
            Stubs.Clear();
            Winners.Clear();
            Purged.Clear();
            (Snapshot, CompactedUpTo) = (null, reset.After);
            Epochs.Clear();
            Epochs.Add(new EarlierEpoch(Epoch, SharedUpTo: 0));
            Epoch = reset.NewEpoch;
            BeginGeneration(reset.Key, reset.Snapshot);
        }

        public void Add(LoggedOperation logged)
        {
            ByIdentity.Add(logged.Operation.Id, logged);
            Operations.Add(logged);
        }

        public StoredIdentity? Find(OperationId id) =>
            ByIdentity.TryGetValue(id, out LoggedOperation? logged) ? new StoredIdentity(logged.Seq, logged.Operation.Hash)
            : Stubs.TryGetValue(id, out Stub? stub) ? new StoredIdentity(stub.Operation.Seq, stub.Operation.Operation.Hash)
            : null;

        public void Drop(long seq, DateTimeOffset at)
        {
            LoggedOperation logged = Operations.Single(one => one.Seq == seq);
            Operations.Remove(logged);
            ByIdentity.Remove(logged.Operation.Id);
            Stubs.Add(logged.Operation.Id, new Stub(logged, at));
        }

        public void RemoveStubs(DateTimeOffset before)
        {
            foreach ((OperationId id, Stub stub) in Stubs.Where(one => one.Value.DroppedAt < before).ToArray())
            {
                long group = stub.Operation.GroupEnd;
                if (!Operations.Exists(logged => logged.GroupEnd == group)
                    && !Stubs.Values.Any(other => other.Operation.GroupEnd == group && other.DroppedAt >= before))
                {
                    Stubs.Remove(id);
                }
            }
        }

        public void Truncate(long head)
        {
            foreach (LoggedOperation lost in Operations.Where(logged => logged.Seq > head))
                ByIdentity.Remove(lost.Operation.Id);
            Operations.RemoveAll(logged => logged.Seq > head);
        }

        private List<EarlierEpoch> Earlier()
        {
            List<EarlierEpoch> earlier = [];
            long sharedUpTo = long.MaxValue;
            foreach (EarlierEpoch past in Enumerable.Reverse(Epochs))
            {
                sharedUpTo = Math.Min(sharedUpTo, past.SharedUpTo);
                earlier.Add(past with { SharedUpTo = sharedUpTo });
            }

            return earlier;
        }
    }
}
