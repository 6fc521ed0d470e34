using Syncline.Client.Storage;
using Syncline.Core.Operations;

namespace Syncline.Client.Outbox;

/// <summary>
/// The own operations of a space that were not read back from its log, in the order in which they were made. Guarded by its replica's lock; what
/// stands here stands in the local store too, or is on its way there.
/// </summary>
internal sealed class SpaceOutbox
{
    private readonly Dictionary<Stamp, Entry> _entries = [];
    private readonly Dictionary<long, Entry> _byNumber = [];
    private readonly LinkedList<Entry> _inOrder = [];

    /// <summary>First of those that the log does not have, as far as is known; the others before it are stored or refused.</summary>
    private readonly LinkedList<Entry> _unsent = [];

    /// <summary>Those that the log has, in no order.</summary>
    private readonly HashSet<Entry> _stored = [];

    // Of the unsent ones, those in the local store.
    private int _savedCount;

    /// <summary>How many are not known to be in the log, and not refused.</summary>
    public int PendingCount => _unsent.Count;

    /// <summary>How many are set aside.</summary>
    public int RefusedCount { get; private set; }

    /// <summary>When the oldest that is not known to be in the log was made; null when there is none.</summary>
    public DateTimeOffset? OldestPending => _unsent.First?.Value.Own.MadeAt;

    /// <summary>
    /// How many of those that are not known to be in the log are in the local store, and may be sent. None while the oldest of them is not: nothing
    /// overtakes it.
    /// </summary>
    public int SendableCount => _unsent.First?.Value.IsSaved == true ? _savedCount : 0;

    /// <summary>All of them, in order.</summary>
    public IEnumerable<OwnOperation> All => _inOrder.Select(entry => entry.Own);

    /// <summary>Those that the shown state has: all but refused ones.</summary>
    public IEnumerable<OwnOperation> Effective => _inOrder.Where(entry => entry.Own.State != OwnOperationState.Refused).Select(entry => entry.Own);

    public OwnOperation? Find(long number) => _byNumber.TryGetValue(number, out Entry? entry) ? entry.Own : null;

    public OwnOperation? Find(Stamp stamp) => _entries.TryGetValue(stamp, out Entry? entry) ? entry.Own : null;

    /// <summary>Adds the newest.</summary>
    public void Add(OwnOperation own, bool isSaved)
    {
        Entry entry = new(own) { IsSaved = isSaved };
        entry.Place = _inOrder.AddLast(entry);
        _entries.Add(own.Operation.Id.Stamp, entry);
        _byNumber.Add(own.Number, entry);
        Sort(entry);
    }

    /// <summary>Operations are in the local store.</summary>
    public void Saved(IEnumerable<OwnOperation> operations)
    {
        foreach (OwnOperation own in operations)
        {
            if (!_byNumber.TryGetValue(own.Number, out Entry? entry) || entry.IsSaved)
                continue;
            entry.IsSaved = true;
            if (entry.UnsentPlace is not null)
                _savedCount++;
        }
    }

    /// <summary>What to send next: the oldest, groups whole, as far as the limits allow; at least one when there is any.</summary>
    public IReadOnlyList<OwnOperation> NextBatch(int operationsMax, long bytesMax)
    {
        List<OwnOperation> batch = [];
        long bytes = 0;
        int endOfGroup = 0;
        foreach (Entry entry in _unsent)
        {
            if (!entry.IsSaved)
                break;
            Operation operation = entry.Own.Operation;
            bool startsGroup = batch.Count == 0 || operation.Tx is null || operation.Tx != batch[^1].Operation.Tx;
            if (startsGroup)
                endOfGroup = batch.Count;
            bytes += operation.Payload.Utf8.Length + 200;
            if (endOfGroup > 0 && (batch.Count >= operationsMax || bytes > bytesMax))
            {
                batch.RemoveRange(endOfGroup, batch.Count - endOfGroup);
                return batch;
            }

            batch.Add(entry.Own);
        }

        return batch;
    }

    /// <summary>An operation has come further.</summary>
    public void Change(in OwnOperationChange change)
    {
        if (!_byNumber.TryGetValue(change.Number, out Entry? entry))
            return;
        if (change.State == OwnOperationState.Received)
        {
            Remove(entry);
            return;
        }

        OwnOperation changed = entry.Own with { State = change.State, Seq = change.Seq, Refusal = change.Refusal };
        if (entry.UnsentPlace is not null && change.State is OwnOperationState.Pending or OwnOperationState.Sent)
        {
            // It keeps its place: to look for it would take the longer the more waits.
            entry.Own = changed;
            return;
        }

        Unsort(entry);
        entry.Own = changed;
        Sort(entry);
    }

    /// <summary>Those that are stored up to a seq, once everything up to there was received: compaction may have dropped some before they could be read back.</summary>
    public OwnOperationChange[] ReceivedUpTo(long seq) => _stored.Count == 0
        ? []
        :
        [
            .. _stored.Where(entry => entry.Own.Seq <= seq)
                .Select(entry => new OwnOperationChange(entry.Own.Number, OwnOperationState.Received, entry.Own.Seq, null)),
        ];

    /// <summary>Takes what the local store has. What was made since it was read, and may be saved meanwhile, stays.</summary>
    public void Replace(IReadOnlyList<OwnOperation> stored)
    {
        HashSet<long> there = [.. stored.Select(own => own.Number)];
        long newest = stored.Count == 0 ? -1 : stored[^1].Number;
        Entry[] since = [.. _inOrder.Where(entry => entry.Own.Number > newest && entry.Own.State == OwnOperationState.Pending)];
        foreach (Entry entry in _inOrder.ToArray())
            Remove(entry);
        foreach (OwnOperation own in stored)
            Add(own, isSaved: true);
        foreach (Entry entry in since.Where(entry => !there.Contains(entry.Own.Number)))
            Add(entry.Own, entry.IsSaved);
    }

    /// <summary>Removes an operation: it was read back, or dropped.</summary>
    public bool Remove(Stamp stamp)
    {
        if (!_entries.TryGetValue(stamp, out Entry? entry))
            return false;
        Remove(entry);
        return true;
    }

    private void Remove(Entry entry)
    {
        Unsort(entry);
        _inOrder.Remove(entry.Place!);
        _entries.Remove(entry.Own.Operation.Id.Stamp);
        _byNumber.Remove(entry.Own.Number);
    }

    private void Sort(Entry entry)
    {
        switch (entry.Own.State)
        {
            case OwnOperationState.Pending or OwnOperationState.Sent:
                Unsend(entry);
                break;
            case OwnOperationState.Stored:
                _stored.Add(entry);
                break;
            case OwnOperationState.Refused:
                RefusedCount++;
                break;
        }
    }

    private void Unsort(Entry entry)
    {
        _stored.Remove(entry);
        if (entry.Own.State == OwnOperationState.Refused)
            RefusedCount--;
        if (entry.UnsentPlace is not { } place)
            return;
        _unsent.Remove(place);
        entry.UnsentPlace = null;
        if (entry.IsSaved)
            _savedCount--;
    }

    // In the order in which they were made; mostly it is the newest.
    private void Unsend(Entry entry)
    {
        LinkedListNode<Entry>? before = _unsent.Last;
        while (before is not null && before.Value.Own.Number > entry.Own.Number)
            before = before.Previous;
        entry.UnsentPlace = before is null ? _unsent.AddFirst(entry) : _unsent.AddAfter(before, entry);
        if (entry.IsSaved)
            _savedCount++;
    }

    private sealed class Entry(OwnOperation own)
    {
        public OwnOperation Own { get; set; } = own;

        public bool IsSaved { get; set; }

        public LinkedListNode<Entry>? Place { get; set; }

        public LinkedListNode<Entry>? UnsentPlace { get; set; }
    }
}
