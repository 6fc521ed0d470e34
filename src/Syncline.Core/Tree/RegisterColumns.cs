using Syncline.Core.Binary;

namespace Syncline.Core.Tree;

/// <summary>The registers of a tree's properties as they stand in a snapshot, in the order of their numbers.</summary>
internal readonly ref struct RegisterColumns
{
    /// <summary>The keys' names, by number. The registers brought them in this order.</summary>
    public readonly string[] Names;
    public readonly int Count;

    /// <summary>The vertices.</summary>
    public readonly Column Owners;
    public readonly Column Keys;
    public readonly Column Clocks;

    /// <summary>The actors of the winning writes.</summary>
    public readonly Column Writers;

    /// <summary>Bytes of the values.</summary>
    public readonly Column Lengths;

    /// <summary>All values, one after the other.</summary>
    public readonly ReadOnlySpan<byte> Values;

    /// <exception cref="InvalidDataException">The bytes are none of these.</exception>
    public RegisterColumns(scoped ref ByteReader reader)
    {
        Names = new string[reader.ReadCount()];
        for (int key = 0; key < Names.Length; key++)
            Names[key] = reader.ReadText();
        Count = reader.ReadCount();
        Owners = reader.ReadColumn(Count);
        Keys = reader.ReadColumn(Count);
        Clocks = reader.ReadColumn(Count);
        Writers = reader.ReadColumn(Count);
        Lengths = reader.ReadColumn(Count);
        Values = reader.ReadBytes();
    }

    /// <summary>Sees that all of it can be read later.</summary>
    /// <exception cref="InvalidDataException">It cannot.</exception>
    public void LookThrough(int vertices, int actors)
    {
        if (Names.Distinct(StringComparer.Ordinal).Count() != Names.Length)
            throw new InvalidDataException("A key is there twice.");
        KnownKeys known = new(vertices, Names.Length);
        int keys = 0;
        int offset = 0;
        for (int i = 0; i < Count; i++)
        {
            int vertex = Owners.Below(i, vertices);
            int key = Keys.Below(i, Names.Length);
            keys += key == keys ? 1 : 0;
            if (key >= keys || !known.TryAdd(vertex, key))
                throw new InvalidDataException("A property is there twice, or before its key.");
            if (Clocks[i] is 0 or > long.MaxValue)
                throw new InvalidDataException("A clock is none.");
            Writers.Below(i, actors);
            offset += Lengths.Below(i, Values.Length - offset + 1);
        }

        if (offset != Values.Length || keys != Names.Length)
            throw new InvalidDataException("There are more values or keys than properties have.");
    }

    /// <summary>Which keys the vertices have: a bit for each where that is enough.</summary>
    private readonly struct KnownKeys(int vertices, int keys)
    {
        private const int Bits = 64;
        private readonly ulong[] _few = keys <= Bits ? new ulong[vertices] : [];
        private readonly HashSet<(int Vertex, int Key)>? _many = keys <= Bits ? null : [];

        /// <summary>Takes note of a key; false when the vertex has it.</summary>
        public bool TryAdd(int vertex, int key)
        {
            if (_many is not null)
                return _many.Add((vertex, key));
            ulong bit = 1UL << key;
            bool isNew = (_few[vertex] & bit) == 0;
            _few[vertex] |= bit;
            return isNew;
        }
    }
}
