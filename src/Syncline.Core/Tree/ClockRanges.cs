using System.Collections;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using Syncline.Core.Binary;

namespace Syncline.Core.Tree;

/// <summary>A set of clocks as the fewest inclusive ranges, ascending. Ranges may be added in any order and may overlap.</summary>
public sealed class ClockRanges : IEnumerable<ClockRange>
{
    private const long ClockMax = long.MaxValue - 1;

    private readonly SortedChunks<ClockRange> _ranges = new();

    /// <summary>How many ranges there are.</summary>
    public int Count => _ranges.Count;

    /// <summary>Adds the clocks from <paramref name="first"/> to <paramref name="last"/>, at least 1 and below the greatest 64-bit integer.</summary>
    public void Add(long first, long last)
    {
        // Clocks rise: nearly always this is the next of the last range, or after it.
        if (!_ranges.TryGetLast(out ClockRange newest) || newest.Last < first - 1)
        {
            _ranges.Insert(new ClockRange(first, last));
            return;
        }

        if (newest.Last == first - 1)
        {
            _ranges.ReplaceLast(newest with { Last = last });
            return;
        }

        SortedChunks<ClockRange>.Position position = _ranges.LowerBound(first);
        if (_ranges.TryPrevious(position, out SortedChunks<ClockRange>.Position previous) && _ranges[previous].Last >= first - 1)
        {
            // The range before reaches into this one or touches it: extend it. Its key stays.
            ClockRange before = _ranges[previous];
            if (before.Last >= last)
                return;
            last = AbsorbFrom(_ranges.Next(previous), last);
            previous = Before(first);
            _ranges[previous] = before with { Last = last };
            return;
        }

        last = AbsorbFrom(position, last);
        _ranges.Insert(new ClockRange(first, last));
    }

    /// <summary>Room for ranges that are greater than all that are there and touch neither them nor each other, to be filled at once.</summary>
    internal Span<ClockRange> AppendRoom(int count) => _ranges.AppendRoom(count);

    /// <summary>Takes one clock out.</summary>
    public void Remove(long clock)
    {
        if (!Contains(clock))
            return;
        SortedChunks<ClockRange>.Position position = Before(clock);
        ClockRange range = _ranges[position];
        if (range.First == clock)
            _ranges.RemoveAt(ref position);
        else
            _ranges[position] = range with { Last = clock - 1 };
        if (range.Last > clock)
            _ranges.Insert(new ClockRange(clock + 1, range.Last));
    }

    /// <summary>Whether <paramref name="clock"/> is in the set.</summary>
    public bool Contains(long clock) => FirstGap(clock) != clock;

    /// <summary>The least clock at or after <paramref name="clock"/> that is not in the set.</summary>
    public long FirstGap(long clock)
    {
        SortedChunks<ClockRange>.Position position = _ranges.LowerBound(clock);
        if (!_ranges.IsEnd(position) && _ranges[position].First == clock)
            return _ranges[position].Last + 1;
        return _ranges.TryPrevious(position, out SortedChunks<ClockRange>.Position previous) && _ranges[previous].Last >= clock
            ? _ranges[previous].Last + 1
            : clock;
    }

    /// <summary>Whether a clock is in the set, for a walk over rising clocks.</summary>
    /// <param name="clock">At least the clock of the call before.</param>
    /// <param name="at">Where the walk stands; the default at its beginning.</param>
    /// <param name="last">Where it is: the last clock of its range.</param>
    internal bool Covers(long clock, ref SortedChunks<ClockRange>.Position at, out long last)
    {
        at = FirstThatEndsAtOrAfter(clock, at);
        last = _ranges.IsEnd(at) ? 0 : _ranges[at].Last;
        return !_ranges.IsEnd(at) && _ranges[at].First <= clock;
    }

    /// <summary>The clocks of this set that are not in <paramref name="other"/>.</summary>
    /// <remarks>
    /// One walk over both. Whoever asks has nearly all, so runs of ranges that are equal in both are skipped as bytes; and where one side has
    /// many ranges in a place where the other has none, they are leapt over.
    /// </remarks>
    public ClockRanges Except(ClockRanges other)
    {
        ClockRanges result = new();
        SortedChunks<ClockRange>.Position mine = default;
        SortedChunks<ClockRange>.Position theirs = default;
        while (SkipEqual(ref mine, other, ref theirs))
        {
            ClockRange range = _ranges[mine];
            theirs = other.FirstThatEndsAtOrAfter(range.First, theirs);
            long next = range.First;
            for (; next <= range.Last && !other._ranges.IsEnd(theirs) && other._ranges[theirs].First <= range.Last; theirs = other._ranges.Next(theirs))
            {
                ClockRange taken = other._ranges[theirs];
                if (next < taken.First)
                    result.Add(next, taken.First - 1);
                next = taken.Last + 1;
                if (taken.Last < range.Last)
                    continue;

                // Where both end together, both go on, so that they stand side by side again.
                if (taken.Last == range.Last)
                    theirs = other._ranges.Next(theirs);
                break;
            }

            if (next <= range.Last)
                result.Add(next, range.Last);
            mine = _ranges.Next(mine);
        }

        return result;
    }

    /// <inheritdoc />
    public IEnumerator<ClockRange> GetEnumerator() => _ranges.Items.GetEnumerator();

    IEnumerator IEnumerable.GetEnumerator() => GetEnumerator();

    /// <summary>
    /// Writes what each range leaves out since the one before, doubled; plus one where it has more than one clock, and then how many more.
    /// </summary>
    internal void Write(ByteWriter writer)
    {
        writer.Write((ulong)Count);
        long next = 1;
        foreach (ClockRange range in this)
        {
            ulong gap = (ulong)(range.First - next) << 1;
            if (range.First == range.Last)
            {
                writer.Write(gap);
            }
            else
            {
                writer.Write(gap | 1);
                writer.Write(range.Last - range.First);
            }

            next = range.Last + 1;
        }
    }

    /// <summary>Adds what <see cref="Write"/> wrote to an empty set.</summary>
    /// <exception cref="InvalidDataException">The bytes are none of its.</exception>
    internal void Read(ref ByteReader reader)
    {
        // A vector of peers whose clocks interleave is little else than this loop, so the ranges are written where they will stay.
        long next = 1;
        for (int count = reader.ReadCount(); count > 0;)
        {
            Span<ClockRange> room = AppendRoom(count);
            foreach (ref ClockRange range in room)
            {
                ulong number = reader.ReadNumber();
                ulong gap = number >> 1;
                ulong more = (number & 1) == 0 ? 0 : reader.ReadNumber();
                if ((gap == 0 && next > 1) || gap > (ulong)(ClockMax - next) || more > (ulong)(ClockMax - next) - gap)
                    throw new InvalidDataException("The ranges do not rise.");
                range = new ClockRange(next + (long)gap, next + (long)(gap + more));
                next = range.Last + 1;
            }

            count -= room.Length;
        }
    }

    // False when there is nothing left of this set.
    private bool SkipEqual(ref SortedChunks<ClockRange>.Position mine, ClockRanges other, ref SortedChunks<ClockRange>.Position theirs)
    {
        while (!_ranges.IsEnd(mine) && !other._ranges.IsEnd(theirs))
        {
            ReadOnlySpan<byte> left = MemoryMarshal.AsBytes(_ranges.From(mine));
            ReadOnlySpan<byte> right = MemoryMarshal.AsBytes(other._ranges.From(theirs));
            int equal = left.CommonPrefixLength(right) / Unsafe.SizeOf<ClockRange>();
            if (equal == 0)
                return true;
            mine = _ranges.Skip(mine, equal);
            theirs = other._ranges.Skip(theirs, equal);
        }

        return !_ranges.IsEnd(mine);
    }

    // A few steps find it where both sets are alike; a search does where they are not.
    private SortedChunks<ClockRange>.Position FirstThatEndsAtOrAfter(long clock, SortedChunks<ClockRange>.Position from)
    {
        const int StepsMax = 4;
        for (int step = 0; step < StepsMax; step++)
        {
            if (_ranges.IsEnd(from) || _ranges[from].Last >= clock)
                return from;
            from = _ranges.Next(from);
        }

        SortedChunks<ClockRange>.Position found = _ranges.LowerBound(clock);
        return _ranges.TryPrevious(found, out SortedChunks<ClockRange>.Position previous) && _ranges[previous].Last >= clock ? previous : found;
    }

    // Takes out the ranges that begin at or right after what is being added, and gives the last clock that they and it reach.
    private long AbsorbFrom(SortedChunks<ClockRange>.Position position, long last)
    {
        while (!_ranges.IsEnd(position) && _ranges[position].First <= last + 1)
        {
            last = Math.Max(last, _ranges[position].Last);
            _ranges.RemoveAt(ref position);
        }

        return last;
    }

    private SortedChunks<ClockRange>.Position Before(long clock)
    {
        SortedChunks<ClockRange>.Position position = _ranges.LowerBound(clock);
        if (!_ranges.IsEnd(position) && _ranges[position].First == clock)
            return position;
        _ranges.TryPrevious(position, out position);
        return position;
    }
}
