using System.Diagnostics;
using Syncline.Core.Json;
using Syncline.Core.Operations;

namespace Syncline.Core.Tree;

/// <summary>
/// One replicated tree. Its state is a pure function of the set of its operations: sort them by (clock, actor), replay, skip what names a
/// vertex that is not there yet at its place, ignore a move that would make a cycle; the last writer wins per (vertex, key).
/// </summary>
/// <remarks>
/// What is skipped is held back, under the vertex that it needs. A vertex is known by its oldest move that takes part, and what needs it
/// takes part when it is newer than that; so a move that becomes the oldest of its vertex can release others, and those others again.
/// </remarks>
public sealed class Tree
{
    // What waits is sorted, so that a vertex which becomes known costs what it releases, however much goes on waiting.
    private static readonly Comparer<LoggedOperation> ByStamp =
        Comparer<LoggedOperation>.Create((left, right) => left.Operation.Id.Stamp.CompareTo(right.Operation.Id.Stamp));

    private readonly Dictionary<string, Vertex> _vertices = new(StringComparer.Ordinal);
    private readonly Dictionary<string, SortedSet<LoggedOperation>> _heldBack = new(StringComparer.Ordinal);
    private readonly MoveLog _moves = new();

    internal Tree(ResourceId id, long firstSeq)
    {
        Id = id;
        FirstSeq = firstSeq;
    }

    /// <summary>The tree's id, which is also that of its root vertex.</summary>
    public ResourceId Id { get; }

    /// <summary>Seq of the tree's first operation.</summary>
    public long FirstSeq { get; }

    /// <summary>Seq of the tree's last operation.</summary>
    public long Head { get; internal set; }

    /// <summary>All stored operations of the tree: winners, losers and held-back ones.</summary>
    public StateVector Stored { get; } = new();

    /// <summary>The operations that a client may need.</summary>
    public SendIndex Sendable { get; } = new();

    /// <summary>The creation of a vertex, when it is known.</summary>
    internal Stamp? CreationOf(string vertexId) => _vertices.TryGetValue(vertexId, out Vertex? vertex) ? vertex.Created : null;

    /// <summary>Whether an operation takes part, as far as is known now.</summary>
    internal bool TakesPart(Stamp stamp, TreeOperation operation) =>
        operation.NeededId is not { } needed || (CreationOf(needed) is { } creation && creation < stamp);

    internal void HoldBack(LoggedOperation logged)
    {
        string needed = ((TreeOperation)logged.Operation.Content!).NeededId!;
        if (!_heldBack.TryGetValue(needed, out SortedSet<LoggedOperation>? waiting))
            _heldBack.Add(needed, waiting = new SortedSet<LoggedOperation>(ByStamp));
        waiting.Add(logged);
    }

    internal void TakeBackHeld(LoggedOperation logged)
    {
        string needed = ((TreeOperation)logged.Operation.Content!).NeededId!;
        SortedSet<LoggedOperation> waiting = _heldBack[needed];
        waiting.Remove(logged);
        if (waiting.Count == 0)
            _heldBack.Remove(needed);
    }

    /// <summary>Takes out what waited for a vertex and is newer than its creation, oldest first.</summary>
    internal IReadOnlyList<LoggedOperation> Release(Vertex vertex)
    {
        if (!_heldBack.TryGetValue(vertex.Id, out SortedSet<LoggedOperation>? waiting))
            return [];
        List<LoggedOperation> released = [];
        while (waiting.Max is { } newest && newest.Operation.Id.Stamp > vertex.Created)
        {
            released.Add(newest);
            waiting.Remove(newest);
        }

        released.Reverse();
        if (waiting.Count == 0)
            _heldBack.Remove(vertex.Id);
        return released;
    }

    /// <summary>Adds a move that takes part. True when it is now its vertex's creation; <paramref name="before"/> is what that was.</summary>
    internal bool AddMove(Stamp stamp, TreeOperation.Move move, out Vertex vertex, out Stamp before)
    {
        Vertex? parent = move.ParentId is null ? null : _vertices[move.ParentId];
        bool creates = !_vertices.TryGetValue(move.TargetId, out Vertex? known);
        vertex = known ?? new Vertex(move.TargetId);
        before = vertex.Created;
        if (creates)
            _vertices.Add(vertex.Id, vertex);
        creates |= stamp < before;
        if (creates)
            vertex.Created = stamp;
        _moves.Add(stamp, vertex, parent);
        return creates;
    }

    internal void TakeBackMove(Stamp stamp) => _moves.RemoveLast(stamp);

    internal void TakeBackCreation(Vertex vertex, Stamp before)
    {
        vertex.Created = before;
        if (before == default)
            _vertices.Remove(vertex.Id);
    }

    /// <summary>The register of a property of a known vertex, made when it is not there.</summary>
    internal Property PropertyOf(TreeOperation.SetProperty set)
    {
        ref PropertyMap properties = ref _vertices[set.TargetId].Properties;
        Property? property = properties.Find(set.Key);
        if (property is null)
            properties.Add(property = new Property(set.Key));
        return property;
    }

    /// <summary>Takes back a write; the register too when it was its first, or refused groups would fill the memory.</summary>
    internal void TakeBackWrite(string vertexId, Property property, Stamp before, JsonText? value)
    {
        property.Stamp = before;
        property.Value = value;
        if (before == default)
            _vertices[vertexId].Properties.RemoveLast(property);
    }

    /// <summary>How many vertices <see cref="Read"/> shows.</summary>
    public int CountVertices(bool includeDeleted)
    {
        _moves.Settle(_vertices.Values);
        int count = 0;
        Stack<Vertex> open = new(Tops(includeDeleted));
        while (open.TryPop(out Vertex? vertex))
        {
            count++;
            foreach (Vertex child in vertex.Children)
                open.Push(child);
        }

        return count;
    }

    /// <summary>
    /// The vertices under the root, depth first, parents before children, siblings by <c>_c</c> time (none first), then creation.
    /// </summary>
    /// <param name="includeDeleted">Adds the trash, with parent null, and what is under it.</param>
    public IEnumerable<VertexState> Read(bool includeDeleted)
    {
        _moves.Settle(_vertices.Values);
        Stack<Vertex> open = new(Tops(includeDeleted).Reverse());
        while (open.TryPop(out Vertex? vertex))
        {
            yield return StateOf(vertex);
            foreach (Vertex child in SiblingOrder.Sort(vertex.Children).Reverse())
                open.Push(child);
        }
    }

    /// <summary>One vertex as it stands; null when it is not known.</summary>
    public VertexState? Find(string vertexId)
    {
        _moves.Settle(_vertices.Values);
        return _vertices.TryGetValue(vertexId, out Vertex? vertex) ? StateOf(vertex) : null;
    }

    private IEnumerable<Vertex> Tops(bool includeDeleted)
    {
        if (_vertices.TryGetValue(Id.Value, out Vertex? root))
            yield return root;
        if (includeDeleted && _vertices.TryGetValue(TreeModel.TrashId, out Vertex? trash))
            yield return trash;
    }

    private static VertexState StateOf(Vertex vertex)
    {
        Debug.Assert(vertex.IsPlaced, "a known vertex is placed after settling");
        List<KeyValuePair<string, JsonText>> properties = [];
        foreach (Property property in vertex.Properties.All)
        {
            if (property.Value is { } value)
                properties.Add(new KeyValuePair<string, JsonText>(property.Key, value));
        }

        properties.Sort((left, right) => string.CompareOrdinal(left.Key, right.Key));
        return new VertexState(vertex.Id, vertex.Parent?.Id, properties);
    }
}
