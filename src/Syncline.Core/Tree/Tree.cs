using System.Diagnostics;
using Syncline.Core.Binary;
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
/// Every operation passes through here, so vertices, actors and properties are numbers in tables, and an operation is looked up once.
/// </remarks>
public sealed class Tree
{
    // What waits is sorted, so that a vertex which becomes known costs what it releases, however much goes on waiting.
    private static readonly Comparer<LoggedOperation> ByStamp =
        Comparer<LoggedOperation>.Create((left, right) => left.Operation.Id.Stamp.CompareTo(right.Operation.Id.Stamp));

    private readonly VertexTable _vertices = new();
    private readonly Places _places = new();
    private readonly PropertyTable _properties = new();
    private readonly Dictionary<string, SortedSet<LoggedOperation>> _heldBack = new(StringComparer.Ordinal);
    private readonly ActorTable _actors;
    private readonly MoveLog _moves;

    // Only for who reads piece by piece: the children of all vertices, until places change; and the places that were told of.
    private Places.Children? _children;
    private int[] _toldParents = [];

    internal Tree(ResourceId id, long firstSeq)
    {
        Id = id;
        FirstSeq = firstSeq;
        _actors = new ActorTable(Stored);
        _moves = new MoveLog(_vertices, _places, _actors);
        Sendable = new SendIndex(_actors, _properties, _moves);
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
    public SendIndex Sendable { get; }

    /// <summary>The registers of all properties.</summary>
    internal PropertyTable Properties
    {
        get
        {
            _properties.ReadNow();
            return _properties;
        }
    }

    /// <summary>The creation of a vertex, when it is known.</summary>
    internal Stamp? CreationOf(string vertexId) =>
        _vertices.TryFind(vertexId, out int vertex) ? _actors.StampOf(_vertices[vertex].CreatedClock, _vertices[vertex].CreatedActor) : null;

    /// <summary>Takes note of a stored operation of an actor.</summary>
    internal TreeActor Store(Stamp stamp)
    {
        TreeActor actor = _actors.FindOrAdd(stamp.Actor);
        actor.Stored.Add(stamp.Clock, stamp.Clock);
        return actor;
    }

    /// <summary>Counts operations among the stored ones without having them.</summary>
    internal void Recall(StateVector dropped)
    {
        foreach ((ActorId actor, ClockRanges ranges) in dropped.Actors)
        {
            ClockRanges stored = ActorOf(actor).Stored;
            foreach (ClockRange range in ranges)
                stored.Add(range.First, range.Last);
        }
    }

    internal void TakeBackStored(long clock, int actorNumber)
    {
        TreeActor actor = _actors[actorNumber];
        actor.Stored.Remove(clock);
        if (actor.Stored.Count == 0)
            _actors.RemoveLast(actor);
    }

    /// <summary>The actor of a stored operation.</summary>
    internal TreeActor ActorOf(ActorId id) => _actors.FindOrAdd(id);

    /// <summary>Finds the vertex that an operation needs. False when it is not known, or not older than the operation.</summary>
    internal bool TryFindOlder(string vertexId, long clock, int actor, out int vertex)
    {
        if (!_vertices.TryFind(vertexId, out vertex))
            return false;
        ref VertexTable.Row row = ref _vertices[vertex];
        return _actors.Compare(row.CreatedClock, row.CreatedActor, clock, actor) < 0;
    }

    /// <summary>What waits for vertices that are not known.</summary>
    internal IEnumerable<LoggedOperation> HeldBack => _heldBack.Values.SelectMany(waiting => waiting);

    internal void HoldBack(LoggedOperation logged)
    {
        string needed = ((TreeOperation)logged.Operation.Content!).NeededId!;
        if (!_heldBack.TryGetValue(needed, out SortedSet<LoggedOperation>? waiting))
            _heldBack.Add(needed, waiting = new SortedSet<LoggedOperation>(ByStamp));
        waiting.Add(logged);
    }

    internal string IdOf(int vertex) => _vertices.IdOf(vertex);

    internal void TakeBackHeld(LoggedOperation logged)
    {
        string needed = ((TreeOperation)logged.Operation.Content!).NeededId!;
        SortedSet<LoggedOperation> waiting = _heldBack[needed];
        waiting.Remove(logged);
        if (waiting.Count == 0)
            _heldBack.Remove(needed);
    }

    /// <summary>Takes out what waited for the vertex of a move that is now its creation, and is newer than that, oldest first.</summary>
    internal IReadOnlyList<LoggedOperation> Release(LoggedOperation creation)
    {
        string vertexId = ((TreeOperation)creation.Operation.Content!).TargetId;
        Stamp created = creation.Operation.Id.Stamp;
        if (_heldBack.Count == 0 || !_heldBack.TryGetValue(vertexId, out SortedSet<LoggedOperation>? waiting))
            return [];
        List<LoggedOperation> released = [];
        while (waiting.Max is { } newest && newest.Operation.Id.Stamp > created)
        {
            released.Add(newest);
            waiting.Remove(newest);
        }

        released.Reverse();
        if (waiting.Count == 0)
            _heldBack.Remove(vertexId);
        return released;
    }

    /// <summary>Adds a move that takes part. True when it is now its vertex's creation; <paramref name="before"/> is what that was.</summary>
    internal bool AddMove(long clock, TreeActor actor, string vertexId, int parent, out int vertex, out Creation before)
    {
        Sendable.Fill();
        vertex = _vertices.FindOrAdd(vertexId);
        ref VertexTable.Row row = ref _vertices[vertex];
        before = new Creation(row.CreatedClock, row.CreatedActor);
        bool isNew = row.CreatedClock == 0;
        if (isNew)
        {
            _places.EnsureCapacity(_vertices.Capacity);
            _places.Add(vertex);
        }

        bool creates = isNew || _actors.Compare(clock, actor.Number, row.CreatedClock, row.CreatedActor) < 0;
        if (creates)
            (row.CreatedClock, row.CreatedActor) = (clock, actor.Number);
        _moves.Add(clock, actor.Number, vertex, parent);
        SendIndex.AddMove(actor, clock);
        return creates;
    }

    internal void TakeBackMove(long clock, int actor)
    {
        _moves.RemoveLast(clock, actor);
        SendIndex.Remove(_actors[actor], clock);
    }

    internal void TakeBackCreation(int vertex, Creation before)
    {
        ref VertexTable.Row row = ref _vertices[vertex];
        (row.CreatedClock, row.CreatedActor) = (before.Clock, before.Actor);
        if (before.Clock == 0)
            _vertices.RemoveLast();
    }

    /// <summary>Writes a property when the write is the greatest known. False when it is not; else <paramref name="before"/> is what was there.</summary>
    internal bool Write(long clock, TreeActor actor, int vertex, TreeOperation.SetProperty set, out int register, out Held before)
    {
        Sendable.Fill();
        register = _properties.FindOrAdd(vertex, ref _vertices[vertex].FirstProperty, set.Key);
        ref PropertyTable.Register current = ref _properties[register];
        before = new Held(current.Clock, current.Actor, current.Value);
        if (current.Clock != 0)
        {
            if (_actors.Compare(clock, actor.Number, current.Clock, current.Actor) <= 0)
                return false;
            Sendable.CountSuperseded(_actors[current.Actor]);
        }

        _properties.Write(ref current, clock, actor.Number, set.Value);
        SendIndex.AddWrite(actor, clock, register);
        return true;
    }

    /// <summary>Takes back a write; the register too when it was its first, or refused groups would fill the memory.</summary>
    internal void TakeBackWrite(int vertex, int register, Held before)
    {
        ref PropertyTable.Register current = ref _properties[register];
        SendIndex.Remove(_actors[current.Actor], current.Clock);
        _properties.TakeBackWrite(ref current, before.Clock, before.Actor, before.Value);
        if (before.Clock == 0)
            _properties.RemoveLast(vertex, ref _vertices[vertex].FirstProperty);
        else
            Sendable.TakeBackSuperseded(_actors[before.Actor]);
    }

    /// <summary>Whether a write is the winner.</summary>
    internal bool IsWinner(int register, long clock, int actor) =>
        _properties[register].Clock == clock && _properties[register].Actor == actor;

    /// <summary>Gives back what superseded writes take, where that is most. Not while anything may still be taken back.</summary>
    internal void Tidy()
    {
        Sendable.Tidy();
        _properties.Tidy();
    }

    /// <summary>Brings the vertices' places up to date, as every reader does first.</summary>
    internal void Settle()
    {
        if (_moves.Settle())
            _children = null;
    }

    /// <summary>How many vertices <see cref="Read(bool)"/> shows.</summary>
    public int CountVertices(bool includeDeleted)
    {
        Settle();
        Places.Children children = _places.GroupByParent(_vertices.Count);
        int count = 0;
        Stack<int> open = new(Tops(includeDeleted));
        while (open.TryPop(out int vertex))
        {
            count++;
            for (int child = children.FirstOf(vertex); child >= 0; child = children.After(child))
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
        Settle();
        Places.Children children = _places.GroupByParent(_vertices.Count);
        SiblingOrder order = new(_vertices, Properties, _actors);
        Stack<int> open = new(Tops(includeDeleted).Reverse());
        while (open.TryPop(out int vertex))
        {
            yield return StateOf(vertex);
            int[] sorted = order.Sort(children, vertex);
            for (int i = sorted.Length - 1; i >= 0; i--)
                open.Push(sorted[i]);
        }
    }

    /// <summary>One vertex as it stands; null when it is not known.</summary>
    public VertexState? Find(string vertexId)
    {
        Settle();
        return _vertices.TryFind(vertexId, out int vertex) ? StateOf(vertex) : null;
    }

    /// <summary>Whether a vertex is known.</summary>
    public bool Contains(string vertexId) => _vertices.TryFind(vertexId, out _);

    /// <summary>The parent of a vertex; null for the root, the trash, and what is not known.</summary>
    public string? ParentOf(string vertexId)
    {
        Settle();
        return _vertices.TryFind(vertexId, out int vertex) ? IdOrNull(_places.ParentOf(vertex)) : null;
    }

    /// <summary>Where a vertex stood before the move that put it where it stands; null where that move made it, or it is not known.</summary>
    public string? ParentBefore(string vertexId)
    {
        Settle();
        return _vertices.TryFind(vertexId, out int vertex) ? IdOrNull(_moves.PlaceBefore(vertex)) : null;
    }

    /// <summary>Whether a vertex is another, or stands above it.</summary>
    public bool IsAtOrAbove(string vertexId, string otherId)
    {
        Settle();
        return _vertices.TryFind(vertexId, out int vertex) && _vertices.TryFind(otherId, out int other) && _places.IsAtOrAbove(vertex, other);
    }

    /// <summary>A property of a vertex; null where there is none.</summary>
    public JsonText? PropertyOf(string vertexId, string key)
    {
        _properties.ReadNow();
        return _vertices.TryFind(vertexId, out int vertex) && _properties.TryFind(vertex, _vertices[vertex].FirstProperty, key, out int register)
            ? _properties.ValueOf(register)
            : null;
    }

    /// <summary>The children of a vertex in their order; none when it is not known.</summary>
    /// <remarks>For many small readings: the first one after a move costs a pass over all vertices, and their grouping stays in memory.</remarks>
    public IReadOnlyList<VertexState> ChildrenOf(string vertexId)
    {
        Settle();
        if (!_vertices.TryFind(vertexId, out int vertex))
            return [];
        Places.Children children = _children ??= _places.GroupByParent(_vertices.Count);
        return Array.ConvertAll(new SiblingOrder(_vertices, Properties, _actors).Sort(children, vertex), StateOf);
    }

    /// <summary>The vertices that stand elsewhere than the last time this was asked, new ones too, with the parents before and now.</summary>
    /// <remarks>Between two commits. A late move may change the places of others than it names. It costs a pass over all vertices.</remarks>
    public IReadOnlyList<(string VertexId, string? Before, string? Now)> TakeMoved()
    {
        Settle();
        ReadOnlySpan<int> parents = _places.Parents(_vertices.Count);
        List<(string, string?, string?)> moved = [];
        for (int vertex = parents.CommonPrefixLength(_toldParents); vertex < parents.Length; vertex++)
        {
            int before = vertex < _toldParents.Length ? _toldParents[vertex] : Places.Unplaced;
            if (before != parents[vertex])
                moved.Add((_vertices.IdOf(vertex), IdOrNull(before), IdOrNull(parents[vertex])));
        }

        if (moved.Count > 0)
            _toldParents = parents.ToArray();
        return moved;
    }

    /// <summary>Writes everything that the tree holds; see <see cref="TreeSnapshot"/>.</summary>
    internal void Write(ByteWriter writer)
    {
        Settle();
        _actors.Write(writer);
        _vertices.Write(writer);
        _places.Write(writer, _vertices.Count);
        _moves.Write(writer);
        Properties.Write(writer, _vertices);
        Sendable.Write(writer);
        writer.Write((ulong)_heldBack.Values.Sum(waiting => waiting.Count));
        foreach (LoggedOperation logged in HeldBack)
            TreeSnapshot.WriteLogged(writer, logged);
    }

    /// <summary>Reads what <see cref="Write(ByteWriter)"/> wrote, into a new tree.</summary>
    /// <param name="reader">Where it begins.</param>
    /// <param name="content">What the reader reads, to its end; it may be kept.</param>
    internal void Read(ref ByteReader reader, ReadOnlyMemory<byte> content)
    {
        _actors.Read(ref reader);
        _vertices.Read(ref reader);
        _places.Read(ref reader, _vertices.Count);
        _moves.Read(ref reader);
        _properties.Read(ref reader, content, _vertices, _actors.All.Count);
        Sendable.Read(ref reader);
        for (int count = reader.ReadCount(); count > 0; count--)
            HoldBack(TreeSnapshot.ReadLogged(ref reader, Id));
    }

    private IEnumerable<int> Tops(bool includeDeleted)
    {
        if (_vertices.TryFind(Id.Value, out int root))
            yield return root;
        if (includeDeleted && _vertices.TryFind(TreeModel.TrashId, out int trash))
            yield return trash;
    }

    private VertexState StateOf(int vertex)
    {
        Debug.Assert(_places.ParentOf(vertex) != Places.Unplaced, "a known vertex is placed after settling");
        _properties.ReadNow();
        List<KeyValuePair<string, JsonText>> properties = [];
        for (int register = _vertices[vertex].FirstProperty; register != PropertyTable.None; register = _properties[register].Next)
        {
            if (_properties.ValueOf(register) is { } value)
                properties.Add(new KeyValuePair<string, JsonText>(_properties.KeyOf(register), value));
        }

        properties.Sort((left, right) => string.CompareOrdinal(left.Key, right.Key));
        return new VertexState(_vertices.IdOf(vertex), IdOrNull(_places.ParentOf(vertex)), properties);
    }

    private string? IdOrNull(int vertex) => vertex < 0 ? null : _vertices.IdOf(vertex);

    /// <summary>A vertex's creation; clock 0 before the first.</summary>
    internal readonly record struct Creation(long Clock, int Actor);

    /// <summary>What a register held; clock 0 before its first write.</summary>
    internal readonly record struct Held(long Clock, int Actor, TextHeap.Slot Value);
}
