using Syncline.Client.Outbox;
using Syncline.Client.Storage;
using Syncline.Core.Json;
using Syncline.Core.Operations;

namespace Syncline.Client.Replicas;

/// <summary>
/// A space on this device: what is shown = what was received + the own operations that are not refused. Edits are applied in memory at once, numbered
/// under the lock, and written in groups. All that is received comes through the sync loop, one step at a time.
/// </summary>
internal sealed class SpaceReplica
{
    /// <summary>From how many received operations on a snapshot is worth its writing, and how many bytes of it weigh as much as one of them.</summary>
    private const int TailMax = 5_000;
    private const int BytesPerTailOperation = 256;

    private const int LoadPage = 2_000;

    private readonly ClientServices _services;
    private readonly Lock _lock = new();
    private readonly Action<IReadOnlyList<LocalWrite>> _editsSaved;
    private ModelStates? _states;
    private EditSession? _edit;
    private long _clockMax;
    private long _tail;
    private long _snapshotBytes;

    // What was written to the local store and is not in memory yet.
    private bool _statesAreStale;
    private bool _outboxIsStale;
    private bool _isForgotten;

    public SpaceReplica(ClientServices services, LocalSpace stored, IEnumerable<OwnOperation> outbox)
    {
        _services = services;
        Id = stored.Id;
        Cursor = stored.Cursor;
        SnapshotSeq = stored.SnapshotSeq;
        LastSuccess = stored.LastSuccess;
        _clockMax = stored.ClockMax;
        _editsSaved = writes =>
        {
            Saved(writes);
            services.Wake();
        };
        foreach (OwnOperation own in outbox)
            Outbox.Add(own, isSaved: true);
    }

    public SpaceId Id { get; }

    /// <summary>Up to where everything was received.</summary>
    public LocalCursor? Cursor { get; private set; }

    public long SnapshotSeq { get; private set; }

    public DateTimeOffset? LastSuccess { get; private set; }

    /// <summary>Only within the lock.</summary>
    private SpaceOutbox Outbox { get; } = new();

    /// <summary>Told of what was applied, within the lock.</summary>
    public IReplicaObserver? Observer { get; set; }

    /// <summary>Whether the states are in memory.</summary>
    public bool IsLoaded
    {
        get
        {
            lock (_lock)
                return _states is not null;
        }
    }

    /// <summary>Whether the states, if they are in memory, have to be made anew before anything is taken in or kept of them.</summary>
    public bool StatesAreStale
    {
        get
        {
            lock (_lock)
                return _statesAreStale && _states is not null;
        }
    }

    /// <summary>Whether the outbox has to be read anew, and the states after it.</summary>
    public bool OutboxIsStale
    {
        get
        {
            lock (_lock)
                return _outboxIsStale;
        }
    }

    /// <summary>Whether memory has to follow the local store before anything else.</summary>
    public bool IsStale => OutboxIsStale || StatesAreStale;

    /// <summary>Whether the device has forgotten the space: it can be read as it was, and not edited.</summary>
    public bool IsForgotten => Volatile.Read(ref _isForgotten);

    /// <summary>Looks at the states. What is returned must not lead into them.</summary>
    public T Read<T>(Func<ModelStates, T> read)
    {
        lock (_lock)
            return read(_states ?? throw new InvalidOperationException($"the space {Id} is not loaded"));
    }

    /// <summary>Whether an edit is being made; asked within the lock.</summary>
    public bool IsEditing => _edit is not null;

    /// <summary>Does something within the lock.</summary>
    public T Locked<T>(Func<T> action)
    {
        lock (_lock)
            return action();
    }

    /// <summary>Looks at the outbox. What is returned must not lead into it.</summary>
    public T ReadOutbox<T>(Func<SpaceOutbox, T> read)
    {
        lock (_lock)
            return read(Outbox);
    }

    /// <summary>
    /// Makes operations: all of <paramref name="make"/> or, when it throws, none. Edits within an edit belong to the outer one, each whole. Several are one group,
    /// which the server takes whole or not at all.
    /// </summary>
    /// <exception cref="ArgumentException">A value is too large or not allowed.</exception>
    /// <exception cref="InvalidOperationException">The device has forgotten the space.</exception>
    /// <exception cref="LocalStoreException">The local store has failed for so long that no more is kept in memory.</exception>
    public T Edit<T>(Func<EditSession, T> make)
    {
        lock (_lock)
        {
            if (_edit is { } outer)
                return EditWithin(outer, make);
            ModelStates states = _states ?? throw new InvalidOperationException($"the space {Id} is not loaded");
            DemandNotForgotten();
            _services.DemandRoomForEdits();
            EditSession edit = new(_services.Models, states, _services.Device.Actor, _clockMax);
            T result;
            _edit = edit;
            try
            {
                result = make(edit);
                edit.Complete();
            }
            catch
            {
                edit.TakeBack();
                throw;
            }
            finally
            {
                _edit = null;
            }

            Observer?.Committing(states);
            states.Commit();
            Keep(edit.Operations);
            Observer?.Edited(edit.Undo);
            return result;
        }
    }

    // One that throws leaves nothing either, whether the outer edit goes on or not.
    private static T EditWithin<T>(EditSession outer, Func<EditSession, T> make)
    {
        EditSession.Savepoint before = outer.Save();
        try
        {
            return make(outer);
        }
        catch
        {
            outer.ReturnTo(before);
            throw;
        }
    }

    /// <summary>Loads the states from the local store, or makes them anew from it: what is in memory is the same as before, but for refused operations.</summary>
    /// <returns>False when the stored snapshots are of no use: the space has to be received anew.</returns>
    public async ValueTask<bool> LoadAsync(CancellationToken cancellationToken)
    {
        if (await ReadStatesAsync(cancellationToken) is not { } log)
            return false;
        ModelStates states = log.States;
        lock (_lock)
        {
            SetAsideDependents(states);
            foreach (OwnOperation own in Outbox.Effective)
                states.Apply(own);
            states.Commit();
            (_states, _tail, _snapshotBytes, _statesAreStale) = (states, log.Tail, log.SnapshotBytes, false);
            Observer?.WasReset();
        }

        return true;
    }

    /// <summary>Takes in a page that is in the local store already.</summary>
    /// <param name="operations">What it has.</param>
    /// <param name="cursor">Up to where it goes.</param>
    /// <param name="putsBack">Whether own operations that the log had above the cursor before are pending again in the local store.</param>
    public void Receive(IReadOnlyList<LoggedOperation> operations, LocalCursor cursor, bool putsBack = false)
    {
        lock (_lock)
        {
            Cursor = cursor;
            _outboxIsStale |= putsBack;
            foreach (LoggedOperation logged in operations)
            {
                Operation operation = logged.Operation;
                OwnOperation? own = Outbox.Find(operation.Id.Stamp);
                bool isOwn = own is not null && own.IsLoggedAs(operation);
                if (own is null ? operation.Id.Clock > _clockMax : !isOwn)
                    ActorComesFrom(operation);
                _clockMax = Math.Max(_clockMax, operation.Id.Clock);
                if (own is not null)
                {
                    // What is shown is not what the log has, or what was set aside is shown after all.
                    _statesAreStale |= own.Operation.Payload != operation.Payload || own.State == OwnOperationState.Refused;
                    if (isOwn)
                        Outbox.Remove(operation.Id.Stamp);
                }

                // What comes back was shown before. Of what no model knows the local store tells whether it is new; once is enough.
                bool isApplied = _states?.Apply(logged) ?? false;
                if (!isOwn && (isApplied || _services.Models.StatefulModelOf(operation.Id.Scope) is null))
                    Observer?.Applied(operation, isOwn: false);
                _tail += isApplied || isOwn ? 1 : 0;
            }

            if (_states is { } states)
            {
                Observer?.Committing(states);
                states.Commit();
            }

            foreach (OwnOperationChange change in Outbox.ReceivedUpTo(cursor.Seq))
                Outbox.Change(change);
        }
    }

    /// <summary>Own operations have come further; those that are refused are shown until the states are made anew.</summary>
    public void Change(IReadOnlyList<OwnOperationChange> changes)
    {
        lock (_lock)
        {
            foreach (OwnOperationChange change in changes)
            {
                Outbox.Change(change);
                _statesAreStale |= change.State == OwnOperationState.Refused;
            }
        }
    }

    /// <summary>A bootstrap is in the local store: it is what there is, up to its cursor.</summary>
    public void ReceiveBootstrap(LocalCursor cursor, long clockMax)
    {
        lock (_lock)
        {
            (Cursor, SnapshotSeq, _clockMax) = (cursor, cursor.Seq, Math.Max(_clockMax, clockMax));
            (_outboxIsStale, _statesAreStale) = (true, true);
        }
    }

    /// <summary>The local store has forgotten what was received.</summary>
    public void StartAnew()
    {
        lock (_lock)
        {
            (Cursor, SnapshotSeq) = (null, 0);
            (_outboxIsStale, _statesAreStale) = (true, true);
        }
    }

    /// <summary>Reads the outbox anew: the local store has put operations back into it, or taken some out.</summary>
    public async ValueTask ReloadOutboxAsync(CancellationToken cancellationToken)
    {
        IReadOnlyList<OwnOperation> outbox = await _services.Store.ReadOutboxAsync(Id, cancellationToken);
        lock (_lock)
        {
            Outbox.Replace(outbox);
            _outboxIsStale = false;
        }
    }

    /// <summary>The device forgets the space: nothing is made in it any more.</summary>
    public void Forget()
    {
        lock (_lock)
            Volatile.Write(ref _isForgotten, true);
    }

    /// <summary>Gives operations another identity, in the order in which they were made, and everything that was made after them and is not sent.</summary>
    /// <returns>What to write; the states have to be made anew.</returns>
    public IReadOnlyList<LocalWrite> Renumber(IReadOnlyCollection<long> numbers)
    {
        lock (_lock)
        {
            long first = numbers.Min();
            OwnOperation[] before =
            [
                .. Outbox.All.Where(own => numbers.Contains(own.Number) || (own.Number > first && own.State == OwnOperationState.Pending)),
            ];
            return Replace(before);
        }
    }

    /// <summary>Drops a refused operation, or makes a new one of it.</summary>
    /// <returns>What to write; null when it is not there or not refused.</returns>
    public IReadOnlyList<LocalWrite>? DropRefused(IReadOnlyList<long> numbers, bool makeNew)
    {
        lock (_lock)
        {
            DemandNotForgotten();
            OwnOperation[] refused = [.. numbers.Distinct().Select(Outbox.Find).OfType<OwnOperation>().Where(own => own.State == OwnOperationState.Refused).OrderBy(own => own.Number)];
            if (refused.Length == 0)
                return null;
            if (makeNew)
                return Replace(refused);
            foreach (OwnOperation own in refused)
                Outbox.Remove(own.Operation.Id.Stamp);
            return [new LocalWrite.RemoveOwn(Id, [.. refused.Select(own => own.Number)])];
        }
    }

    /// <summary>Whether enough was received since the last snapshot that another is worth its writing.</summary>
    public bool WantsSnapshot
    {
        get
        {
            lock (_lock)
                return _states is not null && _tail >= TailMax + (_snapshotBytes / BytesPerTailOperation);
        }
    }

    /// <summary>
    /// Snapshots of the states as the log has them, made of the local store beside those that are shown: nobody who edits waits for that, and nothing
    /// that is only here gets into them.
    /// </summary>
    /// <returns>Null when the stored snapshots are of no use.</returns>
    public async ValueTask<LocalWrite.ReplaceSnapshots?> MakeSnapshotsAsync(CancellationToken cancellationToken)
    {
        if (Cursor is not { } cursor || await ReadStatesAsync(cancellationToken) is not { } log)
            return null;
        long clockMax;
        lock (_lock)
            clockMax = _clockMax;
        return new LocalWrite.ReplaceSnapshots(Id, cursor, log.States.WriteSnapshots(), _services.Models.Scopes, clockMax);
    }

    /// <summary>A snapshot is in the local store.</summary>
    public void SnapshotStored(LocalWrite.ReplaceSnapshots snapshots)
    {
        lock (_lock)
        {
            (SnapshotSeq, _tail) = (snapshots.Cursor.Seq, 0);
            _snapshotBytes = snapshots.Snapshots.Sum(snapshot => (long)snapshot.Resource.State.Length);
        }
    }

    /// <summary>Notes that this device and the server agree.</summary>
    /// <returns>Whether the store is to know it too: it need not be to the minute.</returns>
    public bool Succeeded(DateTimeOffset at)
    {
        bool isNews = LastSuccess is null || at.Ticks / TimeSpan.TicksPerMinute != LastSuccess.Value.Ticks / TimeSpan.TicksPerMinute;
        LastSuccess = at;
        return isNews;
    }

    // What the local store has of the log, up to the cursor; null when its snapshots are of no use.
    private async ValueTask<(ModelStates States, long Tail, long SnapshotBytes)?> ReadStatesAsync(CancellationToken cancellationToken)
    {
        ModelStates states = _services.Models.CreateStates();
        long bytes = 0;
        try
        {
            await foreach (LocalSnapshot snapshot in _services.Store.ReadSnapshotsAsync(Id, cancellationToken))
            {
                if (!states.TryLoad(snapshot))
                    return null;
                bytes += snapshot.Resource.State.Length;
            }
        }
        catch (LocalSnapshotDamagedException)
        {
            return null;
        }

        long after = SnapshotSeq;
        long tail = 0;
        while (Cursor is { } cursor && after < cursor.Seq)
        {
            IReadOnlyList<LoggedOperation> page = await _services.Store.ReadOperationsAsync(Id, after, LoadPage, cancellationToken);
            if (page.Count == 0)
                break;
            foreach (LoggedOperation logged in page)
                tail += states.Apply(logged) ? 1 : 0;
            states.Commit();
            after = page[^1].Seq;
        }

        return (states, tail, bytes);
    }

    // The log has an operation under an identity of this store that is not the one that was made here: a copy of the store is in use. Those that
    // have the same identity here are numbered anew once the server has refused them for it.
    private void ActorComesFrom(Operation operation)
    {
        if (operation.Id.Actor == _services.Device.Actor)
            _services.ActorIsUsedElsewhere();
    }

    private void DemandNotForgotten()
    {
        if (_isForgotten)
            throw new InvalidOperationException($"this device has forgotten the space {Id}: open it again");
    }

    private List<LocalWrite> Replace(OwnOperation[] before)
    {
        _statesAreStale = true;
        List<OwnOperation> after = [];
        foreach (OwnOperation own in before)
        {
            Outbox.Remove(own.Operation.Id.Stamp);
            OwnOperation renumbered = Renumbered(own);
            Outbox.Add(renumbered, isSaved: false);
            after.Add(renumbered);
        }

        return [new LocalWrite.RemoveOwn(Id, [.. before.Select(own => own.Number)]), new LocalWrite.AddOwn(Id, after)];
    }

    // What the limits no longer allow with its new numbers is set aside under them.
    private OwnOperation Renumbered(OwnOperation own)
    {
        OperationId id = own.Operation.Id with { Actor = _services.Device.Actor, Clock = ++_clockMax };
        _services.Models.Reader.ReadContent(own.Operation);
        JsonText payload = _services.Models.Reader.ModelOf(id.Scope).Renumber(own.Operation, id);
        OperationReader.Reading reading = _services.Models.Reader.Create(id, payload.Utf8.Span, own.Operation.Key, own.Operation.Tx, allowTransient: false);
        return reading.Operation is { } renumbered
            ? new OwnOperation(_services.NextNumber(), renumbered, OwnOperationState.Pending, Seq: 0, Refusal: null, own.MadeAt)
            : new OwnOperation(
                _services.NextNumber(),
                new Operation { Id = id, Payload = payload, Key = own.Operation.Key, Tx = own.Operation.Tx, Hash = own.Operation.Hash },
                OwnOperationState.Refused,
                Seq: 0,
                reading.Refusal,
                own.MadeAt);
    }

    /// <summary>Told by whoever wrote what <see cref="Renumber"/> or <see cref="DropRefused"/> said.</summary>
    public void Saved(IReadOnlyList<LocalWrite> writes)
    {
        lock (_lock)
        {
            foreach (LocalWrite.AddOwn added in writes.OfType<LocalWrite.AddOwn>())
                Outbox.Saved(added.Operations);
        }
    }

    private void Keep(IReadOnlyList<Operation> operations)
    {
        if (operations.Count == 0)
            return;
        DateTimeOffset now = _services.Time.GetUtcNow();
        OwnOperation[] made = new OwnOperation[operations.Count];
        for (int i = 0; i < made.Length; i++)
        {
            Operation operation = operations[i];
            OwnOperation own = made[i] = new OwnOperation(_services.NextNumber(), operation, OwnOperationState.Pending, Seq: 0, Refusal: null, now);
            Outbox.Add(own, isSaved: false);
            _clockMax = operation.Id.Clock;
            Observer?.Applied(operation, isOwn: true);
        }

        _services.Writer.Post([new LocalWrite.AddOwn(Id, made)], _editsSaved);
    }

    // What cannot mean anything without a refused operation is set aside with it, and so on.
    private void SetAsideDependents(ModelStates states)
    {
        RefusedOperations refused = new(_services.Models.Reader, states);
        foreach (OwnOperation own in Outbox.All)
        {
            if (own.State == OwnOperationState.Refused)
                refused.Add(own);
        }

        if (refused.IsEmpty)
            return;
        List<OwnOperationChange> changes = [];
        foreach (OwnOperation own in Outbox.Effective.ToArray())
        {
            if (own.State == OwnOperationState.Stored || refused.FindReasonOf(own) is not { } reason)
            {
                states.Apply(own);
                continue;
            }

            OwnOperationChange change = new(
                own.Number,
                OwnOperationState.Refused,
                Seq: 0,
                new Refusal(ErrorCodes.BlockedBy, $"it means nothing without {reason.Operation.Id}, which was refused: {reason.Refusal?.Detail}"));
            changes.Add(change);
            Outbox.Change(change);
            refused.Add(own with { State = OwnOperationState.Refused, Refusal = change.Refusal });
        }

        states.Commit();
        if (changes.Count > 0)
            _services.Writer.Post([new LocalWrite.SetOwn(Id, changes)]);
    }
}
