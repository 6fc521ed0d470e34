using System.Runtime.InteropServices;
using Syncline.Core.Operations;

namespace Syncline.Core.Tree;

/// <summary>
/// The places of a tree's vertices, by the algorithm of Kleppmann and others, "A highly-available move operation for replicated trees":
/// replay the moves in the order of their stamps, and let a move that would make a cycle do nothing.
/// </summary>
/// <remarks>
/// Moves are taken in unsorted and settled together when somebody looks: one undo back to the oldest, one replay, however many came.
/// A creation needs no undo and no search for cycles: nothing that is older than it names its vertex, so the vertex has no children then,
/// no place between any two vertices, and its own place may simply stay while older moves are undone and replayed around it.
/// Invariants: <c>_settled</c> is sorted; every vertex of a settled move is placed; its place is that of the replay.
/// </remarks>
internal sealed class MoveLog
{
    private readonly List<Move> _settled = [];
    private readonly List<Move> _incoming = [];
    private bool _placesLost;

    /// <summary>Takes a move in whose vertex and parent are known. It counts from the next <see cref="Settle"/>.</summary>
    public void Add(Stamp stamp, Vertex vertex, Vertex? parent) => _incoming.Add(new Move(stamp, vertex, parent));

    /// <summary>Takes back the move that was added last. The vertex's creation must have been set back before the next settling.</summary>
    public void RemoveLast(Stamp stamp)
    {
        if (_incoming.Count > 0)
        {
            _incoming.RemoveAt(_incoming.Count - 1);
            return;
        }

        // Somebody looked at what is now taken back. That is rare (an application's rule in the middle of a batch), so the plain way serves.
        _settled.RemoveAt(LowerBound(stamp));
        _placesLost = true;
    }

    /// <summary>Brings all places up to date.</summary>
    /// <param name="vertices">All known vertices.</param>
    public void Settle(IEnumerable<Vertex> vertices)
    {
        if (_placesLost)
        {
            foreach (Vertex vertex in vertices)
                vertex.ForgetPlace();
            _incoming.AddRange(_settled);
            _settled.Clear();
            _placesLost = false;
        }

        if (_incoming.Count == 0)
            return;
        _incoming.Sort((left, right) => left.Stamp.CompareTo(right.Stamp));
        int oldest = _incoming.FindIndex(move => !move.IsCreation || move.Vertex.IsPlaced);
        Stamp? replayFrom = oldest < 0 ? null : _incoming[oldest].Stamp;
        if (replayFrom is { } from)
            UndoAfter(from);
        Replay(MergeIncoming(), replayFrom);
    }

    private void UndoAfter(Stamp stamp)
    {
        Span<Move> settled = CollectionsMarshal.AsSpan(_settled);
        for (int i = settled.Length - 1; i >= 0 && settled[i].Stamp > stamp; i--)
        {
            ref Move move = ref settled[i];
            if (move.IsCreation)
                continue;
            move.Vertex.MoveTo(move.Prior);

            // It was the creation until an older move arrived.
            if (move.PriorIsNoPlace)
                move.Vertex.IsPlaced = false;
        }
    }

    /// <summary>Merges the sorted incoming moves in, from the end, and gives the index of the oldest of them.</summary>
    private int MergeIncoming()
    {
        int settled = _settled.Count - 1;
        int incoming = _incoming.Count - 1;
        CollectionsMarshal.SetCount(_settled, _settled.Count + _incoming.Count);
        Span<Move> moves = CollectionsMarshal.AsSpan(_settled);
        int place = moves.Length - 1;
        while (incoming >= 0)
            moves[place--] = settled >= 0 && moves[settled].Stamp > _incoming[incoming].Stamp ? moves[settled--] : _incoming[incoming--];
        _incoming.Clear();
        return place + 1;
    }

    private void Replay(int first, Stamp? from)
    {
        foreach (ref Move move in CollectionsMarshal.AsSpan(_settled)[first..])
        {
            Vertex vertex = move.Vertex;
            if (move.IsCreation)
            {
                if (vertex.IsPlaced)
                    continue;

                // The prior place of an earlier life may be a vertex that was taken back since, whose links are no longer true.
                (move.Prior, move.PriorIsNoPlace) = (null, true);
                vertex.MoveTo(move.Parent);
                vertex.IsPlaced = true;
            }
            else if (from is { } oldest && move.Stamp >= oldest)
            {
                move.Prior = vertex.Parent;
                move.PriorIsNoPlace = false;
                if (!vertex.IsAtOrAbove(move.Parent))
                    vertex.MoveTo(move.Parent);
            }
        }
    }

    private int LowerBound(Stamp stamp)
    {
        int low = 0;
        int high = _settled.Count;
        while (low < high)
        {
            int middle = (low + high) / 2;
            if (_settled[middle].Stamp < stamp)
                low = middle + 1;
            else
                high = middle;
        }

        return low;
    }

    private struct Move(Stamp stamp, Vertex vertex, Vertex? parent)
    {
        public readonly Stamp Stamp = stamp;
        public readonly Vertex Vertex = vertex;
        public readonly Vertex? Parent = parent;
        public Vertex? Prior;
        public bool PriorIsNoPlace;

        public readonly bool IsCreation => Vertex.Created == Stamp;
    }
}
