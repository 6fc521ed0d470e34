using System.Diagnostics;
using System.Runtime.CompilerServices;

namespace Syncline.Core.Tree;

/// <summary>
/// The known vertices of a tree, by number: those of which some move takes part. They come in order and are taken back in reverse order.
/// </summary>
/// <remarks>
/// A replay of moves looks at many vertices and at little of each, so that little stands in arrays of integers: the walk up from a parent
/// touches one of them only, and ten thousand places fit into the processor's nearest cache.
/// </remarks>
internal sealed class VertexTable
{
    /// <summary>Instead of a parent: the root, the trash.</summary>
    public const int NoParent = -1;

    /// <summary>Instead of a parent: known, and to be placed by the next settling.</summary>
    public const int Unplaced = -2;

    private readonly Dictionary<string, int> _numbers = new(StringComparer.Ordinal);
    private string[] _ids = [];
    private Row[] _rows = [];
    private int[] _parents = [];
    private int[] _childCounts = [];

    public int Count { get; private set; }

    public bool TryFind(string id, out int vertex) => _numbers.TryGetValue(id, out vertex);

    public string IdOf(int vertex) => _ids[vertex];

    public int ParentOf(int vertex) => _parents[vertex];

    /// <summary>What is looked up of a vertex for each operation that names it.</summary>
    public ref Row this[int vertex] => ref _rows[vertex];

    public int Add(string id)
    {
        if (Count == _ids.Length)
            EnsureCapacity(Math.Max(16, Count * 2));
        int vertex = Count++;
        _numbers.Add(id, vertex);
        _ids[vertex] = id;
        _rows[vertex] = new Row { FirstProperty = PropertyTable.None };
        _parents[vertex] = Unplaced;
        _childCounts[vertex] = 0;
        return vertex;
    }

    public void EnsureCapacity(int capacity)
    {
        _numbers.EnsureCapacity(capacity);
        Array.Resize(ref _ids, capacity);
        Array.Resize(ref _rows, capacity);
        Array.Resize(ref _parents, capacity);
        Array.Resize(ref _childCounts, capacity);
    }

    /// <summary>Takes back the vertex that was added last. Where it has a place, all places must be forgotten before they are used.</summary>
    public void RemoveLast(int vertex)
    {
        Debug.Assert(vertex == Count - 1, "vertices are taken back in reverse order");
        _numbers.Remove(_ids[vertex]);
        _ids[vertex] = null!;
        Count--;
    }

    public void MoveTo(int vertex, int parent)
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

    public void ForgetPlaces()
    {
        Array.Fill(_parents, Unplaced, 0, Count);
        Array.Clear(_childCounts, 0, Count);
    }

    /// <summary>Everybody's children. Made anew where it is needed: a replay would pay for it at each step, a reader pays once.</summary>
    public Children GroupByParent()
    {
        int[] firstOf = new int[Count];
        int[] next = new int[Count];
        Array.Fill(firstOf, NoParent);
        for (int vertex = Count - 1; vertex >= 0; vertex--)
        {
            int parent = _parents[vertex];
            if (parent < 0)
                continue;
            next[vertex] = firstOf[parent];
            firstOf[parent] = vertex;
        }

        return new Children(firstOf, next, _childCounts);
    }

    /// <summary>A vertex's creation, which is its oldest move that takes part, and the head of its list of properties.</summary>
    internal struct Row
    {
        public long CreatedClock;
        public int CreatedActor;
        public int FirstProperty;
    }

    /// <summary>The children of each vertex, as of one moment.</summary>
    internal readonly struct Children(int[] firstOf, int[] next, int[] counts)
    {
        /// <summary>The first child, or <see cref="NoParent"/>.</summary>
        public int FirstOf(int vertex) => firstOf[vertex];

        /// <summary>The sibling after <paramref name="vertex"/>, or <see cref="NoParent"/>.</summary>
        public int After(int vertex) => next[vertex];

        public int CountOf(int vertex) => counts[vertex];
    }
}
