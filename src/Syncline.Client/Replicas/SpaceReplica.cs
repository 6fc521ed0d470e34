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
    /// <summary>From how many received operations on a snapshot is worth its writing.</summary>
    private const int TailMax = 5_000;

    private const int LoadPage = 2_000;

    private readonly ClientServices _services;
    private readonly Lock _lock = new();
    private readonly Action<IReadOnlyList<LocalWrite>> _editsSaved;
    private ModelStates? _states;
    private EditSession? _edit;
    private long _clockMax;
    private long _tail;

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
    /// Makes operations: all of <paramref name="make"/> or, when it throws, none. Edits within an edit belong to the outer one. Several are one group,
    /// which the server takes whole or not at all.
    /// </summary>
    /// <exception cref="ArgumentException">A value is too large or not allowed.</exception>
    /// <exception cref="LocalStoreException">The local store has failed for so long that no more is kept in memory.</exception>
    public T Edit<T>(Func<EditSession, T> make)
    {
        lock (_lock)
        {
            if (_edit is { } outer)
                return make(outer);
            ModelStates states = _states ?? throw new InvalidOperationException($"the space {Id} is not loaded");
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

    /// <summary>Loads the states from the local store, or makes them anew from it: what is in memory is the same as before, but for refused operations.</summary>
    /// <returns>False when the stored snapshots are of no use: the space has to be received anew.</returns>
    public async ValueTask<bool> LoadAsync(CancellationToken cancellationToken)
    {
        ModelStates states = _services.Models.CreateStates();
        try
        {
            await foreach (LocalSnapshot snapshot in _services.Store.ReadSnapshotsAsync(Id, cancellationToken))
            {
                if (!states.TryLoad(snapshot))
                    return false;
            }
        }
        catch (LocalSnapshotDamagedException)
        {
            return false;
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

        lock (_lock)
        {
            SetAsideDependents(states);
            foreach (OwnOperation own in Outbox.Effective)
                states.Apply(own);
            states.Commit();
            (_states, _tail) = (states, tail);
            Observer?.WasReset();
        }

        return true;
    }

    /// <summary>Takes in a page that is in the local store already.</summary>
    /// <returns>Whether the states have to be made anew, because the log has an own operation otherwise than it was made.</returns>
    public bool Receive(IReadOnlyList<LoggedOperation> operations, LocalCursor cursor)
    {
        bool isRewritten = false;
        lock (_lock)
        {
            Cursor = cursor;
            foreach (LoggedOperation logged in operations)
            {
                Operation operation = logged.Operation;
                OwnOperation? own = Outbox.Find(operation.Id.Stamp);
                if (own is null && operation.Id.Actor == _services.Device.Actor && operation.Id.Clock > _clockMax)
                    _services.ActorIsUsedElsewhere();
                _clockMax = Math.Max(_clockMax, operation.Id.Clock);
                if (own is not null && own.Operation.Id == operation.Id)
                {
                    isRewritten |= own.Operation.Payload != operation.Payload || own.State == OwnOperationState.Refused;
                    Outbox.Remove(operation.Id.Stamp);
                }

                // What comes back was shown before. Of what no model knows the local store tells whether it is new; once is enough.
                bool isNew = (_states?.Apply(logged) ?? false) || _services.Models.StatefulModelOf(operation.Id.Scope) is null;
                if (isNew && own is null)
                    Observer?.Applied(operation, isOwn: false);
                _tail++;
            }

            if (_states is { } states)
            {
                Observer?.Committing(states);
                states.Commit();
            }

            foreach (OwnOperationChange change in Outbox.ReceivedUpTo(cursor.Seq))
                Outbox.Change(change);
        }

        return isRewritten;
    }

    /// <summary>Own operations have come further; those that are refused are shown until the states are made anew.</summary>
    public void Change(IReadOnlyList<OwnOperationChange> changes)
    {
        lock (_lock)
        {
            foreach (OwnOperationChange change in changes)
                Outbox.Change(change);
        }
    }

    /// <summary>A bootstrap is in the local store: it is what there is, up to its cursor.</summary>
    public async ValueTask ReceiveBootstrapAsync(LocalCursor cursor, long clockMax, CancellationToken cancellationToken)
    {
        IReadOnlyList<OwnOperation> outbox = await _services.Store.ReadOutboxAsync(Id, cancellationToken);
        lock (_lock)
        {
            (Cursor, SnapshotSeq, _clockMax) = (cursor, cursor.Seq, Math.Max(_clockMax, clockMax));
            Outbox.Replace(outbox);
        }
    }

    /// <summary>The local store has forgotten what was received.</summary>
    public async ValueTask StartAnewAsync(CancellationToken cancellationToken)
    {
        IReadOnlyList<OwnOperation> outbox = await _services.Store.ReadOutboxAsync(Id, cancellationToken);
        lock (_lock)
        {
            (Cursor, SnapshotSeq) = (null, 0);
            Outbox.Replace(outbox);
        }
    }

    /// <summary>The log has begun anew at a place that the cursor still stands on: what was stored above it is pending again.</summary>
    public async ValueTask ReloadOutboxAsync(CancellationToken cancellationToken)
    {
        IReadOnlyList<OwnOperation> outbox = await _services.Store.ReadOutboxAsync(Id, cancellationToken);
        lock (_lock)
            Outbox.Replace(outbox);
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

    /// <summary>The states as they are in the log, when they are, and enough was received since the last time; else null.</summary>
    public LocalWrite? TakeSnapshot()
    {
        lock (_lock)
        {
            if (_states is null || Cursor is not { } cursor || _tail < TailMax || !Outbox.IsEmptyButForRefused)
                return null;
            return new LocalWrite.ReplaceSnapshots(Id, cursor, _states.WriteSnapshots(), _services.Models.Scopes, _clockMax);
        }
    }

    /// <summary>A snapshot is in the local store.</summary>
    public void SnapshotStored(LocalCursor cursor)
    {
        lock (_lock)
            (SnapshotSeq, _tail) = (cursor.Seq, 0);
    }

    /// <summary>Notes that this device and the server agree.</summary>
    /// <returns>Whether the store is to know it too: it need not be to the minute.</returns>
    public bool Succeeded(DateTimeOffset at)
    {
        bool isNews = LastSuccess is null || at.Ticks / TimeSpan.TicksPerMinute != LastSuccess.Value.Ticks / TimeSpan.TicksPerMinute;
        LastSuccess = at;
        return isNews;
    }

    private List<LocalWrite> Replace(OwnOperation[] before)
    {
        List<OwnOperation> after = [];
        foreach (OwnOperation own in before)
        {
            OperationId id = own.Operation.Id with { Actor = _services.Device.Actor, Clock = ++_clockMax };
            _services.Models.Reader.ReadContent(own.Operation);
            JsonText payload = _services.Models.Reader.ModelOf(id.Scope).Renumber(own.Operation, id);
            OperationReader.Reading reading = _services.Models.Reader.Create(id, payload.Utf8.Span, own.Operation.Key, own.Operation.Tx, allowTransient: false);
            Outbox.Remove(own.Operation.Id.Stamp);
            OwnOperation renumbered = new(
                _services.NextNumber(), reading.Operation!, OwnOperationState.Pending, Seq: 0, Refusal: null, own.MadeAt);
            Outbox.Add(renumbered, isSaved: false);
            after.Add(renumbered);
        }

        return [new LocalWrite.RemoveOwn(Id, [.. before.Select(own => own.Number)]), new LocalWrite.AddOwn(Id, after)];
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
        List<OwnOperation> refused = [.. Outbox.All.Where(own => own.State == OwnOperationState.Refused)];
        if (refused.Count == 0)
            return;
        List<OwnOperationChange> changes = [];
        foreach (OwnOperation own in Outbox.Effective.ToArray())
        {
            _services.Models.Reader.ReadContent(own.Operation);
            OwnOperation? reason = own.State == OwnOperationState.Stored ? null : refused.Find(other => other.Number < own.Number && DependsOn(states, own.Operation, other.Operation));
            if (reason is null)
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

    private bool DependsOn(ModelStates states, Operation operation, Operation refused)
    {
        if (operation.Tx is not null && operation.Tx == refused.Tx && operation.Id.Actor == refused.Id.Actor)
            return true;
        _services.Models.Reader.ReadContent(refused);
        return states.Of(operation) is { } state && ReferenceEquals(state, states.Of(refused)) && state.DependsOn(operation, refused);
    }
}
