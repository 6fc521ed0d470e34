using System.Diagnostics;
using System.Numerics;
using System.Text;
using Syncline.Core.Binary;

namespace Syncline.Core.Tree;

/// <summary>
/// The known vertices of a tree, by number: those of which some move takes part. They come in order and are taken back in reverse order.
/// </summary>
/// <remarks>
/// A hash table with linear probing over integers, the ids themselves in a <see cref="TextHeap"/>: nothing in it is an object of its own, and
/// a look-up ends at the row that is wanted. What was added last is the last in its run of slots, so taking it back leaves no hole that
/// others were put behind. The hash is the framework's, which is seeded at random: nobody can choose ids that collide.
/// </remarks>
internal sealed class VertexTable
{
    private const int IdLengthMax = 128;
    private const int FirstCapacity = 16;
    private TextHeap _ids = new();
    private Row[] _rows = new Row[FirstCapacity];
    private Entry[] _entries = new Entry[FirstCapacity * 2];

    // A vertex is made, named and dated by operations that follow each other.
    private string? _latestId;
    private int _latest;

    public int Count { get; private set; }

    /// <summary>For how many there is room.</summary>
    public int Capacity => _rows.Length;

    /// <summary>What is looked up of a vertex for each operation that names it.</summary>
    public ref Row this[int vertex] => ref _rows[vertex];

    /// <summary>A vertex's id, as a new string.</summary>
    public string IdOf(int vertex) => Encoding.ASCII.GetString(IdUtf8(vertex));

    /// <summary>The bytes of a vertex's id.</summary>
    public ReadOnlySpan<byte> IdUtf8(int vertex)
    {
        Debug.Assert(vertex < Count, "no such vertex");
        return _ids[_rows[vertex].Id];
    }

    public bool TryFind(string id, out int vertex)
    {
        vertex = _latest;
        return string.Equals(id, _latestId, StringComparison.Ordinal)
            || TryFind(id, string.GetHashCode(id, StringComparison.Ordinal), out vertex, out _);
    }

    /// <summary>The vertex, added where it is not there: then its creation's clock is 0.</summary>
    public int FindOrAdd(string id)
    {
        _latest = FindOrAdd(id.AsSpan());
        _latestId = id;
        return _latest;
    }

    private int FindOrAdd(ReadOnlySpan<char> id)
    {
        if (Count == _rows.Length)
            EnsureCapacity(Count * 2);
        int hash = string.GetHashCode(id, StringComparison.Ordinal);
        if (TryFind(id, hash, out int vertex, out int slot))
            return vertex;
        vertex = Count++;
        _entries[slot] = new Entry(vertex + 1, hash);
        ref Row row = ref _rows[vertex];
        row = new Row { FirstProperty = PropertyTable.None };
        Encoding.ASCII.GetBytes(id, _ids.Add(id.Length, out row.Id));
        return vertex;
    }

    /// <summary>Takes back the vertex that was added last.</summary>
    public void RemoveLast()
    {
        int vertex = Count - 1;
        int slot = string.GetHashCode(IdOf(vertex), StringComparison.Ordinal) & (_entries.Length - 1);
        while (_entries[slot].VertexPlusOne != vertex + 1)
            slot = (slot + 1) & (_entries.Length - 1);
        _entries[slot] = default;
        _ids.RemoveLast(_rows[vertex].Id);
        _latestId = null;
        Count--;
    }

    public void EnsureCapacity(int capacity)
    {
        if (capacity <= _rows.Length)
            return;
        Array.Resize(ref _rows, capacity);

        // In the order in which they came, so that the last is again the last in its run.
        int[] hashes = new int[Count];
        foreach (Entry entry in _entries)
        {
            if (entry.VertexPlusOne > 0)
                hashes[entry.VertexPlusOne - 1] = entry.Hash;
        }

        Entry[] entries = new Entry[(int)BitOperations.RoundUpToPowerOf2((uint)capacity * 2)];
        for (int vertex = 0; vertex < hashes.Length; vertex++)
        {
            int slot = hashes[vertex] & (entries.Length - 1);
            while (entries[slot].VertexPlusOne != 0)
                slot = (slot + 1) & (entries.Length - 1);
            entries[slot] = new Entry(vertex + 1, hashes[vertex]);
        }

        _entries = entries;
    }

    /// <summary>Writes the ids; the creations are those of the moves.</summary>
    public void Write(ByteWriter writer)
    {
        writer.Write((ulong)Count);
        long[] lengths = new long[Count];
        for (int vertex = 0; vertex < Count; vertex++)
            lengths[vertex] = _rows[vertex].Id.Length;
        writer.WriteColumn(lengths);
        writer.Write((ulong)lengths.Sum());
        for (int vertex = 0; vertex < Count; vertex++)
            writer.WriteRaw(IdUtf8(vertex));
    }

    /// <summary>Reads the ids into a new table.</summary>
    public void Read(ref ByteReader reader)
    {
        int count = reader.ReadCount();
        EnsureCapacity(count);
        Column lengths = reader.ReadColumn(count);
        ReadOnlySpan<byte> ids = reader.ReadBytes();
        if (!Ascii.IsValid(ids))
            throw new InvalidDataException("A vertex's id has another alphabet.");
        _ids = TextHeap.Of(ids);
        Span<char> id = stackalloc char[IdLengthMax];
        int offset = 0;
        for (; Count < count; Count++)
        {
            int length = lengths.Below(Count, IdLengthMax + 1);
            if (length == 0 || length > ids.Length - offset)
                throw new InvalidDataException("A vertex's id is empty, or longer than what is there.");
            Encoding.ASCII.GetChars(ids.Slice(offset, length), id);
            int hash = string.GetHashCode(id[..length], StringComparison.Ordinal);
            if (TryFind(id[..length], hash, out _, out int slot))
                throw new InvalidDataException("A vertex is there twice.");
            _entries[slot] = new Entry(Count + 1, hash);
            _rows[Count] = new Row { FirstProperty = PropertyTable.None, Id = new TextHeap.Slot(Chunk: 0, offset, length) };
            offset += length;
        }

        if (offset != ids.Length)
            throw new InvalidDataException("There are more bytes than ids take.");
    }

    // Tells the slot of the vertex, or the one where it would be put.
    private bool TryFind(ReadOnlySpan<char> id, int hash, out int vertex, out int slot)
    {
        Entry[] entries = _entries;
        for (slot = hash & (entries.Length - 1); ; slot = (slot + 1) & (entries.Length - 1))
        {
            Entry entry = entries[slot];
            vertex = entry.VertexPlusOne - 1;
            if (vertex < 0)
                return false;
            if (entry.Hash == hash && Ascii.Equals(_ids[_rows[vertex].Id], id))
                return true;
        }
    }

    /// <summary>A vertex's creation, which is its oldest move that takes part, and the head of its list of properties.</summary>
    internal struct Row
    {
        public long CreatedClock;
        public int CreatedActor;
        public int FirstProperty;
        public TextHeap.Slot Id;
    }

    private readonly record struct Entry(int VertexPlusOne, int Hash);
}
