using System.Runtime.CompilerServices;
using Syncline.Core.Binary;

namespace Syncline.Core.Tree;

/// <summary>Where the vertices of a tree stand.</summary>
/// <remarks>
/// A replay of moves looks at many vertices and at little of each, so that little stands in arrays of integers: the walk up from a parent
/// touches one of them only, and ten thousand places fit into the processor's nearest cache. Nobody's children are kept: a replay would pay
/// for them at each step, and a reader makes them once.
/// </remarks>
internal sealed class Places
{
    /// <summary>Instead of a parent: the root, the trash.</summary>
    public const int NoParent = -1;

    /// <summary>Instead of a parent: known, and to be placed by the next settling.</summary>
    public const int Unplaced = -2;

    private int[] _parents = [];
    private int[] _childCounts = [];

    public int ParentOf(int vertex) => _parents[vertex];

    /// <summary>Makes room for vertices up to <paramref name="capacity"/>.</summary>
    public void EnsureCapacity(int capacity)
    {
        if (capacity <= _parents.Length)
            return;
        Array.Resize(ref _parents, capacity);
        Array.Resize(ref _childCounts, capacity);
    }

    /// <summary>A vertex that is new, or whose number is used again.</summary>
    public void Add(int vertex)
    {
        _parents[vertex] = Unplaced;
        _childCounts[vertex] = 0;
    }

    public void Move(int vertex, int parent)
    {
        int before = _parents[vertex];
        if (before >= 0)
            _childCounts[before]--;
        _parents[vertex] = parent;
        if (parent >= 0)
            _childCounts[parent]++;
    }

    /// <summary>Whether <paramref name="vertex"/> is <paramref name="other"/> or stands above it.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public bool IsAtOrAbove(int vertex, int other)
    {
        // A leaf is above nothing: no walk up a deep tree.
        if (_childCounts[vertex] == 0)
            return vertex == other;
        int[] parents = _parents;
        for (; (uint)other < (uint)parents.Length; other = parents[other])
        {
            if (other == vertex)
                return true;
        }

        return false;
    }

    public void Forget()
    {
        Array.Fill(_parents, Unplaced);
        Array.Clear(_childCounts);
    }

    public void Write(ByteWriter writer, int count)
    {
        long[] places = new long[count];
        for (int vertex = 0; vertex < count; vertex++)
            places[vertex] = _parents[vertex] - NoParent;
        writer.WriteColumn(places);
    }

    public void Read(ref ByteReader reader, int count)
    {
        EnsureCapacity(count);
        Column places = reader.ReadColumn(count);
        for (int vertex = 0; vertex < count; vertex++)
        {
            int parent = ReadPlace(places, vertex, count);
            _parents[vertex] = parent;
            if (parent >= 0)
                _childCounts[parent]++;
        }

        DemandNoCycle(count);
    }

    /// <summary>Reads a vertex's number, or <see cref="NoParent"/>.</summary>
    public static int ReadPlace(Column places, int index, int count) => places.Below(index, count - NoParent) + NoParent;

    // A walk up would never end. Each vertex is passed once: a walk ends where an earlier one came by.
    private void DemandNoCycle(int count)
    {
        int[] walks = new int[count];
        for (int vertex = 0; vertex < count; vertex++)
        {
            int above = vertex;
            for (; above >= 0 && walks[above] == 0; above = _parents[above])
                walks[above] = vertex + 1;
            if (above >= 0 && walks[above] == vertex + 1)
                throw new InvalidDataException("Vertices stand under themselves.");
        }
    }

    /// <summary>The parents of the first <paramref name="count"/> vertices, as of now.</summary>
    public ReadOnlySpan<int> Parents(int count) => _parents.AsSpan(0, count);

    /// <summary>The children of each of the first <paramref name="count"/> vertices, as of now.</summary>
    public Children GroupByParent(int count)
    {
        int[] firstOf = new int[count];
        int[] next = new int[count];
        Array.Fill(firstOf, NoParent);
        for (int vertex = count - 1; vertex >= 0; vertex--)
        {
            int parent = _parents[vertex];
            if (parent < 0)
                continue;
            next[vertex] = firstOf[parent];
            firstOf[parent] = vertex;
        }

        return new Children(firstOf, next, _childCounts);
    }

    /// <summary>The children of each vertex.</summary>
    internal readonly struct Children(int[] firstOf, int[] next, int[] counts)
    {
        /// <summary>The first child, or <see cref="NoParent"/>.</summary>
        public int FirstOf(int vertex) => firstOf[vertex];

        /// <summary>The sibling after <paramref name="vertex"/>, or <see cref="NoParent"/>.</summary>
        public int After(int vertex) => next[vertex];

        public int CountOf(int vertex) => counts[vertex];
    }
}
