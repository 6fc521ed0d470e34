using System.Diagnostics;
using System.Runtime.InteropServices;
using Syncline.Core.Binary;
using Syncline.Core.Operations;

namespace Syncline.Core.Tree;

/// <summary>
/// The operations of a tree that are worth sending to somebody who lacks them: every move that takes part, and of each property the winning
/// write. A write that lost is not: either the other side has the winner, or it is sent with it.
/// </summary>
/// <remarks>
/// By actor and clock, so that a state vector's holes are found without a look at what it covers. A write that is superseded stays as an
/// entry until its actor's superseded ones are the majority.
/// </remarks>
public sealed class SendIndex
{
    /// <summary>Instead of a register: the entry is a move.</summary>
    internal const int Move = -1;

    private const int SupersededKept = 64;
    private readonly ActorTable _actors;
    private readonly PropertyTable _properties;
    private readonly MoveLog _moves;
    private readonly List<Late> _late = [];
    private readonly Dictionary<Stamp, long> _lateSeq = [];
    private readonly List<TreeActor> _toTidy = [];

    // Not while it is made from what a snapshot had: who only looks at a tree needs no index.
    private bool _isFilled = true;

    internal SendIndex(ActorTable actors, PropertyTable properties, MoveLog moves)
    {
        _actors = actors;
        _properties = properties;
        _moves = moves;
    }

    /// <summary>How many actors have entries to drop at the next commit.</summary>
    internal int ToTidy => _toTidy.Count;

    /// <summary>How many actors have at least one entry.</summary>
    internal int ActorCount
    {
        get
        {
            Fill();
            return _actors.All.Count(actor => actor.Sendable.Count > 0);
        }
    }

    internal static void AddMove(TreeActor actor, long clock) => actor.Sendable.Insert(new Entry(clock, Move));

    internal static void AddWrite(TreeActor actor, long clock, int register) => actor.Sendable.Insert(new Entry(clock, register));

    internal static void Remove(TreeActor actor, long clock)
    {
        SortedChunks<Entry>.Position position = actor.Sendable.LowerBound(clock);
        Debug.Assert(actor.Sendable[position].Clock == clock, "the operation is not in the index");
        actor.Sendable.RemoveAt(ref position);
    }

    /// <summary>Notes that a write of an actor was superseded.</summary>
    internal void CountSuperseded(TreeActor actor)
    {
        actor.Superseded++;
        if (actor.IsToTidy || !IsCrowded(actor))
            return;
        actor.IsToTidy = true;
        _toTidy.Add(actor);
    }

    /// <summary>Takes <see cref="CountSuperseded"/> back.</summary>
    internal void TakeBackSuperseded(TreeActor actor)
    {
        actor.Superseded--;
        if (!actor.IsToTidy || IsCrowded(actor))
            return;
        actor.IsToTidy = false;
        _toTidy.Remove(actor);
    }

    /// <summary>Drops superseded entries where they crowd the index. Not while anything may still be taken back.</summary>
    internal void Tidy()
    {
        foreach (TreeActor actor in _toTidy)
        {
            SortedChunks<Entry> live = new();
            foreach (Entry entry in actor.Sendable.Items)
            {
                if (IsLive(entry, actor))
                    live.Insert(entry);
            }

            actor.Sendable = live;
            actor.Superseded = 0;
            actor.IsToTidy = false;
        }

        _toTidy.Clear();
    }

    /// <summary>Whether the operation is worth sending at all.</summary>
    public bool Contains(Stamp stamp)
    {
        Fill();
        if (!_actors.TryFind(stamp.Actor, out TreeActor? actor))
            return false;
        SortedChunks<Entry>.Position position = actor.Sendable.LowerBound(stamp.Clock);
        return !actor.Sendable.IsEnd(position) && actor.Sendable[position].Clock == stamp.Clock && IsLive(actor.Sendable[position], actor);
    }

    /// <summary>Whether a log's reader is to be sent the operation at its own seq: it is worth sending, and was not held back when it came.</summary>
    public bool ContainsOnTime(Stamp stamp) => Contains(stamp) && !_lateSeq.ContainsKey(stamp);

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
        Fill();
        PriorityQueue<Walk, Stamp> next = new();
        foreach (TreeActor actor in _actors.All)
        {
            Walk walk = new(actor, held[actor.Id]);
            if (GoOn(ref walk) is { } first)
                next.Enqueue(walk, first);
        }

        while (next.TryDequeue(out Walk walk, out Stamp stamp))
        {
            yield return stamp;
            walk.At = walk.Actor.Sendable.Next(walk.At);
            if (GoOn(ref walk) is { } following)
                next.Enqueue(walk, following);
        }
    }

    // Moves a walk on to the next entry that is live and not held. Entries and held clocks are walked side by side: where they interleave, that
    // is a step each; what a long range covers is leapt over.
    private Stamp? GoOn(ref Walk walk)
    {
        const int StepsMax = 16;
        SortedChunks<Entry> entries = walk.Actor.Sendable;
        while (!entries.IsEnd(walk.At))
        {
            Entry entry = entries[walk.At];
            if (walk.Held.Covers(entry.Clock, ref walk.HeldAt, out long last))
                walk.At = last - entry.Clock < StepsMax ? entries.Next(walk.At) : entries.LowerBound(last + 1);
            else if (IsLive(entry, walk.Actor))
                return new Stamp(entry.Clock, walk.Actor.Id);
            else
                walk.At = entries.Next(walk.At);
        }

        return null;
    }

    internal void Write(ByteWriter writer)
    {
        writer.Write((ulong)_late.Count);
        long seq = 0;
        foreach (Late late in _late)
        {
            _actors.TryFind(late.Stamp.Actor, out TreeActor? actor);
            writer.Write(late.Seq - seq);
            writer.Write((ulong)actor!.Number);
            writer.Write(late.Stamp.Clock);
            seq = late.Seq;
        }
    }

    /// <summary>Reads what <see cref="Write"/> wrote into a new index. The rest is made from the moves and the winning writes when it is needed.</summary>
    internal void Read(ref ByteReader reader)
    {
        _isFilled = false;
        long seq = 0;
        for (int count = reader.ReadCount(); count > 0; count--)
        {
            seq += reader.ReadInt64();
            int actor = reader.ReadBelow(_actors.All.Count);
            Stamp stamp = _actors.StampOf(reader.ReadInt64(), actor);
            if (_lateSeq.ContainsKey(stamp))
                throw new InvalidDataException("An operation was late twice.");
            AddLate(stamp, seq);
        }
    }

    /// <summary>Makes the index where that was put off; before anything changes that it is made of.</summary>
    internal void Fill()
    {
        if (!_isFilled)
            FillNow();
    }

    // Apart from the question above, which every operation asks, and which would pay for what is made here.
    private void FillNow()
    {
        _isFilled = true;
        _properties.ReadNow();
        List<Entry>[] moves = [.. _actors.All.Select(_ => new List<Entry>())];
        List<Entry>[] writes = [.. _actors.All.Select(_ => new List<Entry>())];
        _moves.ForEach((actor, clock) => moves[actor].Add(new Entry(clock, Move)));
        for (int i = 0; i < _properties.Count; i++)
        {
            ref PropertyTable.Register register = ref _properties[i];
            writes[register.Actor].Add(new Entry(register.Clock, i));
        }

        foreach (TreeActor actor in _actors.All)
            Fill(actor, moves[actor.Number], writes[actor.Number]);
    }

    /// <summary>Fills an empty index with the moves of an actor, by clock, and its winning writes, in any order.</summary>
    private static void Fill(TreeActor actor, List<Entry> moves, List<Entry> writes)
    {
        Span<Entry> byClock = CollectionsMarshal.AsSpan(writes);
        for (int i = 1; i < byClock.Length; i++)
        {
            if (byClock[i - 1].Clock < byClock[i].Clock)
                continue;

            // By plain numbers: several times as fast as by a comparison that is called.
            long[] clocks = new long[byClock.Length];
            for (int j = 0; j < clocks.Length; j++)
                clocks[j] = byClock[j].Clock;
            clocks.AsSpan().Sort(byClock);
            break;
        }

        int write = 0;
        foreach (Entry move in moves)
        {
            for (; write < byClock.Length && byClock[write].Clock < move.Clock; write++)
                Append(actor, byClock[write]);
            Append(actor, move);
        }

        foreach (Entry rest in byClock[write..])
            Append(actor, rest);
    }

    // One operation has one entry, also where a snapshot that nobody wrote so has two.
    private static void Append(TreeActor actor, Entry entry)
    {
        if (!actor.Sendable.TryGetLast(out Entry last) || last.Clock < entry.Clock)
            actor.Sendable.Append(entry);
    }

    private static bool IsCrowded(TreeActor actor) => actor.Superseded > SupersededKept && actor.Superseded * 2 > actor.Sendable.Count;

    private bool IsLive(Entry entry, TreeActor actor)
    {
        if (entry.Register == Move)
            return true;
        ref PropertyTable.Register register = ref _properties[entry.Register];
        return register.Clock == entry.Clock && register.Actor == actor.Number;
    }

    private readonly record struct Late(long Seq, Stamp Stamp);

    private struct Walk(TreeActor actor, ClockRanges held)
    {
        public readonly TreeActor Actor = actor;
        public readonly ClockRanges Held = held;
        public SortedChunks<Entry>.Position At;
        public SortedChunks<ClockRange>.Position HeldAt;
    }

    /// <summary>A move, or the write of a property, which is live while it is the winner.</summary>
    internal readonly record struct Entry(long Clock, int Register) : IKeyed
    {
        long IKeyed.Key => Clock;
    }
}
