using System.Runtime.InteropServices;
using Syncline.Core.Binary;

namespace Syncline.Core.Tree;

/// <summary>
/// The places of a tree's vertices, by the algorithm of Kleppmann and others, "A highly-available move operation for replicated trees":
/// replay the moves in the order of their stamps, and let a move that would make a cycle do nothing.
/// </summary>
/// <remarks>
/// Moves are taken in unsorted and settled together when somebody looks: one undo back to the oldest, one replay, however many came.
/// A creation needs no undo and no search for cycles: nothing that is older than it names its vertex, so the vertex has no children then,
/// no place between any two vertices, and its own place may simply stay while older moves are undone and replayed around it.
/// Invariants: <c>_settled</c> is sorted; every vertex of a settled move is placed; its place is that of the replay; a settled move that is
/// a creation has <see cref="Places.Unplaced"/> as its prior place. A snapshot has no prior places: the first move that is older than one of those
/// that were loaded has all of them replayed once.
/// </remarks>
internal sealed class MoveLog
{
    private readonly VertexTable _vertices;
    private readonly Places _places;
    private readonly ActorTable _actors;
    private readonly List<Move> _settled = [];
    private readonly List<Move> _incoming = [];
    private readonly Comparison<Move> _byStamp;
    private bool _placesLost;

    // The last of the moves whose prior places are not known, after a snapshot was read; none that is newer lacks its own.
    private Move? _lastLoaded;

    public MoveLog(VertexTable vertices, Places places, ActorTable actors)
    {
        _vertices = vertices;
        _places = places;
        _actors = actors;
        _byStamp = (left, right) => Compare(left, right);
    }

    /// <summary>Takes a move in whose vertex and parent are known. It counts from the next <see cref="Settle"/>.</summary>
    public void Add(long clock, int actor, int vertex, int parent) => _incoming.Add(new Move(clock, actor, vertex, parent));

    /// <summary>Takes back the move that was added last. The vertex's creation must have been set back before the next settling.</summary>
    public void RemoveLast(long clock, int actor)
    {
        if (_incoming.Count > 0)
        {
            _incoming.RemoveAt(_incoming.Count - 1);
            return;
        }

        // Somebody looked at what is now taken back. That is rare (an application's rule in the middle of a batch), so the plain way serves.
        _settled.RemoveAt(LowerBound(new Move(clock, actor, 0, 0)));
        _placesLost = true;
    }

    /// <summary>Brings all places up to date.</summary>
    /// <returns>Whether any may be another than before.</returns>
    public bool Settle()
    {
        if (_incoming.Count == 0 && !_placesLost)
            return false;
        Span<Move> incoming = CollectionsMarshal.AsSpan(_incoming);
        if (!IsSorted(incoming))
            incoming.Sort(_byStamp);
        int oldest = 0;
        while (oldest < incoming.Length && IsNewCreation(incoming[oldest]))
            oldest++;
        Move? replayFrom = oldest < incoming.Length ? incoming[oldest] : null;
        if (_placesLost || (replayFrom is { } loaded && _lastLoaded is { } last && Compare(loaded, last) < 0))
        {
            MergeIncoming();
            ReplayAll();
            return true;
        }

        if (replayFrom is { } from)
            UndoFrom(from);
        int first = MergeIncoming();
        Replay(first, replayFrom is { } start ? LowerBound(start) : _settled.Count);
        return true;
    }

    /// <summary>Where a vertex stood before the move that put it where it stands, all moves settled; no vertex where that move made it.</summary>
    public int PlaceBefore(int vertex)
    {
        // What was loaded does not say where a move came from.
        if (_lastLoaded is not null)
            ReplayAll();
        int place = _places.ParentOf(vertex);
        ReadOnlySpan<Move> settled = CollectionsMarshal.AsSpan(_settled);
        for (int i = settled.Length - 1; i >= 0; i--)
        {
            if (settled[i].Vertex == vertex && settled[i].Parent == place && settled[i].Prior != place)
                return settled[i].Prior;
        }

        return Places.Unplaced;
    }

    /// <summary>Writes the settled moves.</summary>
    public void Write(ByteWriter writer)
    {
        writer.Write((ulong)_settled.Count);
        long[] column = new long[_settled.Count];
        ReadOnlySpan<Move> settled = CollectionsMarshal.AsSpan(_settled);
        for (int i = 0; i < column.Length; i++)
            column[i] = settled[i].Clock - (i == 0 ? 0 : settled[i - 1].Clock);
        writer.WriteColumn(column);
        for (int i = 0; i < column.Length; i++)
            column[i] = settled[i].Actor;
        writer.WriteColumn(column);
        for (int i = 0; i < column.Length; i++)
            column[i] = settled[i].Vertex;
        writer.WriteColumn(column);
        for (int i = 0; i < column.Length; i++)
            column[i] = settled[i].Parent - Places.NoParent;
        writer.WriteColumn(column);
    }

    /// <summary>Reads settled moves, into a new log, whose vertices stand where they led. The first of each vertex is its creation.</summary>
    public void Read(ref ByteReader reader)
    {
        int count = reader.ReadCount();
        Column clocks = reader.ReadColumn(count);
        Column actors = reader.ReadColumn(count);
        Column vertices = reader.ReadColumn(count);
        Column parents = reader.ReadColumn(count);
        CollectionsMarshal.SetCount(_settled, count);
        Span<Move> settled = CollectionsMarshal.AsSpan(_settled);
        long clock = 0;
        Span<bool> isCreated = new bool[_vertices.Count];
        for (int i = 0; i < count; i++)
        {
            clock = clocks[i] <= (ulong)(long.MaxValue - clock) ? clock + (long)clocks[i] : 0;
            int actor = actors.Below(i, _actors.All.Count);
            int vertex = vertices.Below(i, _vertices.Count);
            settled[i] = new Move(clock, actor, vertex, Places.ReadPlace(parents, i, _vertices.Count));
            if (clock == 0 || (i > 0 && clock == settled[i - 1].Clock && Compare(settled[i - 1], settled[i]) >= 0))
                throw new InvalidDataException("The moves are not in their order, or a clock is none.");
            if (isCreated[vertex])
                continue;
            isCreated[vertex] = true;
            ref VertexTable.Row row = ref _vertices[vertex];
            (row.CreatedClock, row.CreatedActor) = (clock, actor);
        }

        if (isCreated.Contains(false))
            throw new InvalidDataException("A vertex has no move.");
        _lastLoaded = count == 0 ? null : settled[^1];
    }

    /// <summary>Gives the actor and the clock of each settled move to <paramref name="taken"/>, in their order.</summary>
    public void ForEach(Action<int, long> taken)
    {
        foreach (ref readonly Move move in CollectionsMarshal.AsSpan(_settled))
            taken(move.Actor, move.Clock);
    }

    private void ReplayAll()
    {
        _places.Forget();
        (_placesLost, _lastLoaded) = (false, null);
        Replay(0, 0);
    }

    private void UndoFrom(Move oldest)
    {
        Span<Move> settled = CollectionsMarshal.AsSpan(_settled);
        for (int i = settled.Length - 1; i >= 0 && Compare(settled[i], oldest) > 0; i--)
        {
            ref Move move = ref settled[i];

            // What was the creation until an older move arrived leaves its vertex without a place.
            if (move.Prior != Places.Unplaced || !IsCreation(move))
                _places.Move(move.Vertex, move.Prior);
        }
    }

    /// <summary>Merges the sorted incoming moves in, from the end, and gives the index of the oldest of them.</summary>
    private int MergeIncoming()
    {
        int settled = _settled.Count - 1;
        int next = _incoming.Count - 1;
        CollectionsMarshal.SetCount(_settled, _settled.Count + _incoming.Count);
        Span<Move> moves = CollectionsMarshal.AsSpan(_settled);
        Span<Move> incoming = CollectionsMarshal.AsSpan(_incoming);
        int place = moves.Length - 1;
        while (next >= 0)
            moves[place--] = settled >= 0 && Compare(moves[settled], incoming[next]) > 0 ? moves[settled--] : incoming[next--];
        _incoming.Clear();
        return place + 1;
    }

    // Places the creations from an index on, and replays the other moves from a later one on.
    private void Replay(int first, int replayFrom)
    {
        Span<Move> settled = CollectionsMarshal.AsSpan(_settled);
        for (int i = first; i < settled.Length; i++)
        {
            ref Move move = ref settled[i];
            int place = _places.ParentOf(move.Vertex);
            if (IsCreation(move))
            {
                if (place != Places.Unplaced)
                    continue;
                move.Prior = Places.Unplaced;
                _places.Move(move.Vertex, move.Parent);
            }
            else if (i >= replayFrom)
            {
                move.Prior = place;
                if (!_places.IsAtOrAbove(move.Vertex, move.Parent))
                    _places.Move(move.Vertex, move.Parent);
            }
        }
    }

    private bool IsCreation(Move move)
    {
        ref VertexTable.Row vertex = ref _vertices[move.Vertex];
        return vertex.CreatedClock == move.Clock && vertex.CreatedActor == move.Actor;
    }

    private bool IsNewCreation(Move move) => IsCreation(move) && _places.ParentOf(move.Vertex) == Places.Unplaced;

    private bool IsSorted(ReadOnlySpan<Move> moves)
    {
        for (int i = 1; i < moves.Length; i++)
        {
            if (Compare(moves[i - 1], moves[i]) > 0)
                return false;
        }

        return true;
    }

    private int LowerBound(Move move)
    {
        ReadOnlySpan<Move> settled = CollectionsMarshal.AsSpan(_settled);
        int low = 0;
        int high = settled.Length;
        while (low < high)
        {
            int middle = (low + high) / 2;
            if (Compare(settled[middle], move) < 0)
                low = middle + 1;
            else
                high = middle;
        }

        return low;
    }

    private int Compare(Move left, Move right) => _actors.Compare(left.Clock, left.Actor, right.Clock, right.Actor);

    private struct Move(long clock, int actor, int vertex, int parent)
    {
        public readonly long Clock = clock;
        public readonly int Actor = actor;
        public readonly int Vertex = vertex;
        public readonly int Parent = parent;

        /// <summary>Where the vertex was before it.</summary>
        public int Prior = Places.Unplaced;
    }
}
