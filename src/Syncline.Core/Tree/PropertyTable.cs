using System.Diagnostics;
using System.Runtime.InteropServices;
using Syncline.Core.Binary;
using Syncline.Core.Json;

namespace Syncline.Core.Tree;

/// <summary>
/// The last-writer-wins registers of a tree's properties, by number. They come in order and are taken back in reverse order.
/// </summary>
/// <remarks>
/// A vertex's registers form a list through the table, the newest first: most vertices have a few, which a walk finds fastest. Those of a
/// vertex with more than <see cref="WalkMax"/> are found through a dictionary.
/// </remarks>
internal sealed class PropertyTable
{
    /// <summary>No register: the end of a list.</summary>
    public const int None = -1;

    private const int WalkMax = 8;
    private readonly Dictionary<string, int> _keyNumbers = new(StringComparer.Ordinal);
    private readonly List<Key> _keys = [];
    private readonly List<Register> _registers = [];
    private readonly Dictionary<(int Vertex, int Key), int> _ofLongLists = [];
    private TextHeap _values = new();

    // As they stand in the snapshot that the tree was loaded from; empty once they are read.
    private ReadOnlyMemory<byte> _unread;
    private VertexTable? _vertices;

    public int Count => _registers.Count;

    public int KeyCount => _keys.Count;

    /// <summary>Bytes of all values that are kept, those that were overwritten included.</summary>
    public long ValueBytes => _values.Bytes;

    /// <summary>A register; the reference is good until one is added.</summary>
    public ref Register this[int register] => ref CollectionsMarshal.AsSpan(_registers)[register];

    public string KeyOf(int register) => _keys[_registers[register].Key].Name;

    public string KeyName(int key) => _keys[key].Name;

    /// <summary>What the winning write wrote; nothing for a removal.</summary>
    public JsonText? ValueOf(int register) =>
        _registers[register].Value.Length == 0 ? null : new JsonText(_values.MemoryOf(_registers[register].Value));

    /// <summary>Writes a register; the value that was there is kept until the next <see cref="Tidy"/>, in case the write is taken back.</summary>
    public void Write(ref Register register, long clock, int actor, JsonText? value)
    {
        _values.Drop(register.Value);
        register.Value = value is { } text ? _values.Add(text.Utf8.Span) : default;
        (register.Clock, register.Actor) = (clock, actor);
    }

    /// <summary>Takes back the write that was made last.</summary>
    public void TakeBackWrite(ref Register register, long clock, int actor, TextHeap.Slot value)
    {
        _values.RemoveLast(register.Value);
        _values.Restore(value);
        (register.Clock, register.Actor, register.Value) = (clock, actor, value);
    }

    /// <summary>Makes room where values that were overwritten take most of it. Not while anything may still be taken back.</summary>
    public void Tidy()
    {
        if (!_values.IsCrowded)
            return;
        TextHeap values = new();
        foreach (ref Register register in CollectionsMarshal.AsSpan(_registers))
            register.Value = values.Add(_values[register.Value]);
        _values = values;
    }

    /// <summary>The register of a key in the list of a vertex, which begins at <paramref name="first"/>.</summary>
    public bool TryFind(int vertex, int first, string key, out int register)
    {
        if (_keyNumbers.TryGetValue(key, out int number))
            return TryFind(vertex, first, number, out register, out _);
        register = None;
        return false;
    }

    /// <summary>The register of a key; where it is not there, it is added as the new head of the vertex's list.</summary>
    public int FindOrAdd(int vertex, ref int first, string key)
    {
        if (!_keyNumbers.TryGetValue(key, out int number))
            number = AddKey(key);
        if (TryFind(vertex, first, number, out int register, out int walked))
            return register;
        return first = Add(vertex, first, number, walked);
    }

    /// <summary>Adds a key; the next register is the first that has it.</summary>
    public int AddKey(string key)
    {
        int number = _keys.Count;
        _keyNumbers.Add(key, number);
        _keys.Add(new Key(key, FirstRegister: _registers.Count));
        return number;
    }

    /// <summary>Takes back the register that was added last, which is the head of its vertex's list.</summary>
    public void RemoveLast(int vertex, ref int first)
    {
        int register = _registers.Count - 1;
        Debug.Assert(first == register, "registers are taken back in reverse order");
        (int key, first) = (_registers[register].Key, _registers[register].Next);
        _registers.RemoveAt(register);
        _ofLongLists.Remove((vertex, key));

        // A key that came with it goes with it, or refused groups would fill the memory with keys.
        if (_keys[key].FirstRegister == register)
        {
            _keyNumbers.Remove(_keys[key].Name);
            _keys.RemoveAt(key);
        }
    }

    public void Write(ByteWriter writer, VertexTable vertices)
    {
        // A register does not name its vertex: the list that it is in does.
        int[] vertexOf = new int[_registers.Count];
        for (int vertex = 0; vertex < vertices.Count; vertex++)
        {
            for (int register = vertices[vertex].FirstProperty; register != None; register = _registers[register].Next)
                vertexOf[register] = vertex;
        }

        writer.Write((ulong)_keys.Count);
        foreach (Key key in _keys)
            writer.Write(key.Name);
        WriteColumns(writer, vertexOf);
        writer.Write((ulong)_registers.Sum(register => (long)register.Value.Length));
        foreach (Register register in _registers)
            writer.WriteRaw(_values[register.Value]);
    }

    private void WriteColumns(ByteWriter writer, int[] vertexOf)
    {
        writer.Write((ulong)_registers.Count);
        ReadOnlySpan<Register> registers = CollectionsMarshal.AsSpan(_registers);
        long[] column = Array.ConvertAll(vertexOf, vertex => (long)vertex);
        writer.WriteColumn(column);
        for (int i = 0; i < column.Length; i++)
            column[i] = registers[i].Key;
        writer.WriteColumn(column);
        for (int i = 0; i < column.Length; i++)
            column[i] = registers[i].Clock;
        writer.WriteColumn(column);
        for (int i = 0; i < column.Length; i++)
            column[i] = registers[i].Actor;
        writer.WriteColumn(column);
        for (int i = 0; i < column.Length; i++)
            column[i] = registers[i].Value.Length;
        writer.WriteColumn(column);
    }

    /// <summary>
    /// Looks registers through, for a new table: they are read when somebody wants one. Who asks for vertices and places needs none of them, and
    /// they are most of a tree.
    /// </summary>
    /// <param name="reader">Where they begin.</param>
    /// <param name="content">What the reader reads, to its end.</param>
    /// <param name="vertices">The vertices, without properties.</param>
    /// <param name="actors">How many actors there are.</param>
    public void Read(ref ByteReader reader, ReadOnlyMemory<byte> content, VertexTable vertices, int actors)
    {
        ReadOnlyMemory<byte> rows = content[^reader.Rest.Length..];
        new RegisterColumns(ref reader).LookThrough(vertices.Count, actors);
        _unread = rows[..^reader.Rest.Length];
        _vertices = vertices;
    }

    /// <summary>Reads the registers where that was put off; before anybody looks at one, or at the head of a vertex's list.</summary>
    public void ReadNow()
    {
        if (_unread.IsEmpty)
            return;
        ByteReader reader = new(_unread.Span);
        _unread = default;
        RegisterColumns rows = new(ref reader);
        _values = TextHeap.Of(rows.Values);
        _registers.EnsureCapacity(rows.Count);
        int[] firsts = new int[_vertices!.Count];
        int[] counts = new int[firsts.Length];
        firsts.AsSpan().Fill(None);
        int offset = 0;
        for (int i = 0; i < rows.Count; i++)
        {
            int vertex = (int)rows.Owners[i];
            int key = (int)rows.Keys[i];
            if (key == _keys.Count)
                AddKey(rows.Names[key]);
            firsts[vertex] = Add(vertex, firsts[vertex], key, walked: Math.Min(counts[vertex]++, WalkMax + 1));
            int length = (int)rows.Lengths[i];
            ref Register register = ref this[i];
            (register.Clock, register.Actor) = ((long)rows.Clocks[i], (int)rows.Writers[i]);
            register.Value = length == 0 ? default : new TextHeap.Slot(Chunk: 0, offset, length);
            offset += length;
        }

        for (int vertex = 0; vertex < firsts.Length; vertex++)
            _vertices[vertex].FirstProperty = firsts[vertex];
    }

    /// <summary>Adds a register before those of a vertex, of which <paramref name="walked"/> were looked at in vain.</summary>
    private int Add(int vertex, int first, int key, int walked)
    {
        if (walked == WalkMax)
        {
            for (int other = first; other != None; other = _registers[other].Next)
                _ofLongLists[(vertex, _registers[other].Key)] = other;
        }

        int register = _registers.Count;
        if (walked >= WalkMax)
            _ofLongLists[(vertex, key)] = register;
        _registers.Add(new Register { Key = key, Next = first });
        return register;
    }

    // Tells how many were walked over; one more than are walked over where the list is longer.
    private bool TryFind(int vertex, int first, int key, out int register, out int walked)
    {
        ReadOnlySpan<Register> registers = CollectionsMarshal.AsSpan(_registers);
        register = first;
        for (walked = 0; register != None && walked < WalkMax; walked++)
        {
            if (registers[register].Key == key)
                return true;
            register = registers[register].Next;
        }

        if (register == None)
            return false;
        walked++;
        return _ofLongLists.TryGetValue((vertex, key), out register);
    }

    /// <summary>The greatest write of one property of one vertex that is known, and what it wrote.</summary>
    internal struct Register
    {
        /// <summary>The winning write's clock; 0 before the first write.</summary>
        public long Clock;

        /// <summary>The winning write's actor.</summary>
        public int Actor;

        public int Key;

        /// <summary>The vertex's next register, or <see cref="None"/>.</summary>
        public int Next;

        /// <summary>What it wrote; of length 0, a tombstone, kept so that an older write cannot undo the removal.</summary>
        public TextHeap.Slot Value;
    }

    private readonly record struct Key(string Name, int FirstRegister);
}
