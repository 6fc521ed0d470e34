using System.Collections;

namespace Syncline.Core.Tree;

/// <summary>A set of clocks as the fewest inclusive ranges, ascending. Ranges may be added in any order and may overlap.</summary>
public sealed class ClockRanges : IEnumerable<ClockRange>
{
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

    /// <summary>The clocks of this set that are not in <paramref name="other"/>.</summary>
    public ClockRanges Except(ClockRanges other)
    {
        ClockRanges result = new();
        foreach (ClockRange range in this)
        {
            long next = other.FirstGap(range.First);
            while (next <= range.Last)
            {
                SortedChunks<ClockRange>.Position taken = other._ranges.LowerBound(next);
                long end = other._ranges.IsEnd(taken) ? range.Last : Math.Min(range.Last, other._ranges[taken].First - 1);
                result.Add(next, end);
                next = other.FirstGap(end + 1);
            }
        }

        return result;
    }

    /// <inheritdoc />
    public IEnumerator<ClockRange> GetEnumerator() => _ranges.Items.GetEnumerator();

    IEnumerator IEnumerable.GetEnumerator() => GetEnumerator();

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
