using System.Diagnostics;
using System.Runtime.InteropServices;

namespace Syncline.Core.Tree;

/// <summary>What <see cref="SortedChunks{T}"/> sorts by.</summary>
internal interface IKeyed
{
    long Key { get; }
}

/// <summary>
/// A sorted list that stays cheap to insert into at any place: runs of at most 512 items, so an insertion moves at most one run's items and
/// one run's number of references. Appending in order, the usual case, costs one comparison.
/// </summary>
internal sealed class SortedChunks<T>
    where T : struct, IKeyed
{
    private const int ChunkMax = 512;

    // Most lists have one item or a few, and there are many lists: one for each actor of each vector that a request waits with.
    private readonly List<List<T>> _chunks = new(1);

    public int Count { get; private set; }

    public T this[Position position]
    {
        get => _chunks[position.Chunk][position.Index];
        set => _chunks[position.Chunk][position.Index] = value;
    }

    public bool TryGetLast(out T last)
    {
        bool any = _chunks.Count > 0;
        last = any ? _chunks[^1][^1] : default;
        return any;
    }

    /// <summary>Puts another item with a key of the same place where the last one is.</summary>
    public void ReplaceLast(T item) => CollectionsMarshal.AsSpan(_chunks[^1])[^1] = item;

    public bool IsEnd(Position position) => position.Chunk >= _chunks.Count;

    /// <summary>The first item whose key is <paramref name="key"/> or greater; the end when there is none.</summary>
    public Position LowerBound(long key)
    {
        if (_chunks.Count == 0 || _chunks[^1][^1].Key < key)
            return new Position(_chunks.Count, 0);
        int low = 0;
        int high = _chunks.Count - 1;
        while (low < high)
        {
            int middle = (low + high) / 2;
            if (_chunks[middle][^1].Key < key)
                low = middle + 1;
            else
                high = middle;
        }

        List<T> chunk = _chunks[low];
        int first = 0;
        int end = chunk.Count - 1;
        while (first < end)
        {
            int middle = (first + end) / 2;
            if (chunk[middle].Key < key)
                first = middle + 1;
            else
                end = middle;
        }

        return new Position(low, first);
    }

    public Position Next(Position position) => Skip(position, 1);

    /// <summary>The items from <paramref name="position"/> on that stand in one piece.</summary>
    public ReadOnlySpan<T> From(Position position) => CollectionsMarshal.AsSpan(_chunks[position.Chunk])[position.Index..];

    /// <summary>The place after <paramref name="count"/> items of <see cref="From"/>.</summary>
    public Position Skip(Position position, int count) =>
        position.Index + count < _chunks[position.Chunk].Count
            ? position with { Index = position.Index + count }
            : new Position(position.Chunk + 1, 0);

    /// <summary>The place before <paramref name="position"/>; false at the beginning.</summary>
    public bool TryPrevious(Position position, out Position previous)
    {
        if (position.Index > 0)
            previous = position with { Index = position.Index - 1 };
        else if (position.Chunk > 0)
            previous = new Position(position.Chunk - 1, _chunks[position.Chunk - 1].Count - 1);
        else
            previous = default;
        return position.Index > 0 || position.Chunk > 0;
    }

    /// <summary>Adds an item whose key is greater than all that are there.</summary>
    public void Append(T item)
    {
        Count++;
        List<T>? last = _chunks.Count == 0 ? null : _chunks[^1];
        if (last is null || last.Count == ChunkMax)
            _chunks.Add(last = new List<T>(last is null ? 1 : ChunkMax));
        last.Add(item);
    }

    /// <summary>Room for items whose keys are greater than all that are there, to be filled at once; at most <paramref name="count"/>.</summary>
    public Span<T> AppendRoom(int count)
    {
        List<T> chunk = new(Math.Min(count, ChunkMax));
        CollectionsMarshal.SetCount(chunk, chunk.Capacity);
        _chunks.Add(chunk);
        Count += chunk.Count;
        return CollectionsMarshal.AsSpan(chunk);
    }

    /// <summary>Adds an item whose key is not there yet.</summary>
    public void Insert(T item)
    {
        if (!TryGetLast(out T last) || last.Key < item.Key)
        {
            Append(item);
            return;
        }

        Count++;
        Position position = LowerBound(item.Key);
        Debug.Assert(this[position].Key != item.Key, "the key is there");

        List<T> chunk = _chunks[position.Chunk];
        if (chunk.Count == ChunkMax)
        {
            List<T> upper = chunk.GetRange(ChunkMax / 2, ChunkMax - (ChunkMax / 2));
            chunk.RemoveRange(ChunkMax / 2, ChunkMax - (ChunkMax / 2));
            _chunks.Insert(position.Chunk + 1, upper);
            if (position.Index > chunk.Count)
                (chunk, position) = (upper, new Position(position.Chunk + 1, position.Index - chunk.Count));
        }

        chunk.Insert(position.Index, item);
    }

    /// <summary>Takes the item at <paramref name="position"/> out; the position then stands on what followed it.</summary>
    public void RemoveAt(ref Position position)
    {
        Count--;
        List<T> chunk = _chunks[position.Chunk];
        chunk.RemoveAt(position.Index);
        if (chunk.Count == 0)
            _chunks.RemoveAt(position.Chunk);
        if (chunk.Count <= position.Index)
            position = new Position(chunk.Count == 0 ? position.Chunk : position.Chunk + 1, 0);
    }

    public IEnumerable<T> Items => _chunks.SelectMany(chunk => chunk);

    /// <summary>Where an item stands. Any insertion or removal ends it.</summary>
    internal readonly record struct Position(int Chunk, int Index);
}
