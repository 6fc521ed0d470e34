using System.Diagnostics;
using Syncline.Core.Operations;

namespace Syncline.Core.Tree;

/// <summary>
/// The operations of a tree that are worth sending to somebody who lacks them: every move that takes part, and of each property the winning
/// write. A write that lost is not: either the other side has the winner, or it is sent with it.
/// </summary>
/// <remarks>
/// By actor and clock, so that a state vector's holes are found without a look at what it covers. A write that is superseded stays as a dead
/// entry until its actor's dead are the majority.
/// </remarks>
public sealed class SendIndex
{
    private const int DeadKept = 64;
    private readonly Dictionary<ActorId, Actor> _actors = [];
    private readonly List<Late> _late = [];
    private readonly Dictionary<Stamp, long> _lateSeq = [];
    private readonly HashSet<ActorId> _crowded = [];

    /// <summary>How many actors have at least one entry.</summary>
    internal int ActorCount => _actors.Count;

    internal void Add(Stamp stamp, Property? property)
    {
        if (!_actors.TryGetValue(stamp.Actor, out Actor? actor))
            _actors.Add(stamp.Actor, actor = new Actor());
        actor.Entries.Insert(new Entry(stamp.Clock, property));
    }

    internal void Remove(Stamp stamp)
    {
        SortedChunks<Entry> entries = _actors[stamp.Actor].Entries;
        SortedChunks<Entry>.Position position = entries.LowerBound(stamp.Clock);
        Debug.Assert(entries[position].Clock == stamp.Clock, "the operation is not in the index");
        entries.RemoveAt(ref position);
        if (entries.Count == 0)
            _actors.Remove(stamp.Actor);
    }

    /// <summary>Notes that a write was superseded (or, with -1, that this was taken back).</summary>
    internal void CountDead(Stamp stamp, int change)
    {
        if (!_actors.TryGetValue(stamp.Actor, out Actor? actor))
            return;
        actor.Dead += change;
        if (actor.Dead > DeadKept && actor.Dead * 2 > actor.Entries.Count)
            _crowded.Add(stamp.Actor);
    }

    /// <summary>Notes that an operation took part only when the operation at <paramref name="seq"/> arrived.</summary>
    internal void AddLate(Stamp stamp, long seq)
    {
        _late.Add(new Late(seq, stamp));
        _lateSeq.Add(stamp, seq);
    }

    internal void RemoveLastLate(Stamp stamp)
    {
        _late.RemoveAt(_late.Count - 1);
        _lateSeq.Remove(stamp);
    }

    /// <summary>Drops dead entries where they crowd the index. Not while anything may still be taken back.</summary>
    internal void Tidy()
    {
        foreach (ActorId id in _crowded)
        {
            // What crowded it may have been taken back.
            if (!_actors.TryGetValue(id, out Actor? actor))
                continue;
            SortedChunks<Entry> live = new();
            foreach (Entry entry in actor.Entries.Items)
            {
                if (entry.IsLive(id))
                    live.Insert(entry);
            }

            if (live.Count > 0)
                _actors[id] = new Actor { Entries = live };
            else
                _actors.Remove(id);
        }

        _crowded.Clear();
    }

    /// <summary>Whether the operation is worth sending at all.</summary>
    public bool Contains(Stamp stamp)
    {
        if (!_actors.TryGetValue(stamp.Actor, out Actor? actor))
            return false;
        SortedChunks<Entry>.Position position = actor.Entries.LowerBound(stamp.Clock);
        return !actor.Entries.IsEnd(position) && actor.Entries[position].Clock == stamp.Clock && actor.Entries[position].IsLive(stamp.Actor);
    }

    /// <summary>Whether a log's reader is to be sent the operation at its own seq: it is worth sending, and was not held back when it came.</summary>
    public bool ContainsOnTime(Stamp stamp) => Contains(stamp) && !_lateSeq.ContainsKey(stamp);

    /// <summary>
    /// The operations that took part only when a later one arrived, with that one's seq, for seqs after <paramref name="after"/> up to and
    /// including <paramref name="upTo"/>.
    /// </summary>
    public IEnumerable<(long Seq, Stamp Stamp)> LateAfter(long after, long upTo = long.MaxValue)
    {
        int low = 0;
        int high = _late.Count;
        while (low < high)
        {
            int middle = (low + high) / 2;
            if (_late[middle].Seq <= after)
                low = middle + 1;
            else
                high = middle;
        }

        for (; low < _late.Count && _late[low].Seq <= upTo; low++)
        {
            if (Contains(_late[low].Stamp))
                yield return (_late[low].Seq, _late[low].Stamp);
        }
    }

    /// <summary>What is worth sending to somebody who has <paramref name="held"/>, in the order of merging. Lazy: taking a page costs a page.</summary>
    public IEnumerable<Stamp> WorthSending(StateVector held)
    {
        PriorityQueue<(ActorId Id, Actor Actor, ClockRanges Held), Stamp> next = new();
        foreach ((ActorId id, Actor actor) in _actors)
            EnqueueFrom(id, actor, held[id], 1);
        while (next.TryDequeue(out (ActorId Id, Actor Actor, ClockRanges Held) source, out Stamp stamp))
        {
            yield return stamp;
            EnqueueFrom(source.Id, source.Actor, source.Held, stamp.Clock + 1);
        }

        void EnqueueFrom(ActorId id, Actor actor, ClockRanges covered, long clock)
        {
            SortedChunks<Entry>.Position position = actor.Entries.LowerBound(covered.FirstGap(clock));
            while (!actor.Entries.IsEnd(position))
            {
                Entry entry = actor.Entries[position];
                long gap = covered.FirstGap(entry.Clock);
                if (gap > entry.Clock)
                {
                    position = actor.Entries.LowerBound(gap);
                }
                else if (entry.IsLive(id))
                {
                    next.Enqueue((id, actor, covered), new Stamp(entry.Clock, id));
                    return;
                }
                else
                {
                    position = actor.Entries.Next(position);
                }
            }
        }
    }

    private readonly record struct Late(long Seq, Stamp Stamp);

    private sealed class Actor
    {
        public SortedChunks<Entry> Entries { get; init; } = new();

        public int Dead { get; set; }
    }

    /// <summary>A move, or the write of a property, which is live while it is the winner.</summary>
    private readonly record struct Entry(long Clock, Property? Property) : IKeyed
    {
        long IKeyed.Key => Clock;

        public bool IsLive(ActorId actor) =>
            Property is null || (Property.Stamp.Clock == Clock && Property.Stamp.Actor == actor);
    }
}
