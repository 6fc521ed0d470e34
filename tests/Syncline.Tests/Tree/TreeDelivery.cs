using Syncline.Core.Operations;
using Syncline.Core.Tree;

namespace Syncline.Tests.Trees;

/// <summary>A state under test beside the list of what it was given, from which the reference tells what it must be.</summary>
internal sealed class TreeDelivery(int heldBackMax)
{
    private TreesState _state = new(new TreeLimits(heldBackMax));
    private readonly List<TreeOp> _applied = [];
    private readonly List<(long Seq, Stamp Stamp)> _lateWithSeq = [];
    private readonly List<HashSet<Stamp>> _takingPartAfter = [[]];
    private readonly Dictionary<string, string?> _told = new(StringComparer.Ordinal);
    private HashSet<Stamp> _sendableAtCommit = [];

    public TreesState State => _state;

    public Tree? Tree => _state.Trees.GetValueOrDefault(new ResourceId(TreeOp.TreeId));

    public int Count => _applied.Count;

    public IReadOnlyList<TreeOp> Applied => _applied;

    public bool IsKnown(TreeOp operation) => Tree?.Stored.Contains(operation.Stamp) ?? false;

    public void Apply(TreeOp operation)
    {
        _applied.Add(operation);
        _state.Apply(operation.At(_applied.Count));
        HashSet<Stamp> takingPart = ReferenceTree.Of(_applied).TakingPart;
        foreach (Stamp stamp in takingPart)
        {
            if (stamp != operation.Stamp && !_takingPartAfter[^1].Contains(stamp))
                _lateWithSeq.Add((_applied.Count, stamp));
        }

        _takingPartAfter.Add(takingPart);
    }

    /// <summary>Takes back all but the first <paramref name="count"/> operations, and gives those.</summary>
    public List<TreeOp> RollbackTo(int mark, int count)
    {
        _state.RollbackTo(mark);
        List<TreeOp> takenBack = _applied.GetRange(count, _applied.Count - count);
        _applied.RemoveRange(count, takenBack.Count);
        _takingPartAfter.RemoveRange(count + 1, takenBack.Count);
        _lateWithSeq.RemoveAll(late => late.Seq > count);
        return takenBack;
    }

    public void Commit()
    {
        _state.Commit();
        HashSet<Stamp> sendable = [.. ReferenceTree.Of(_applied).WorthSending];
        Assert.Equal(
            TreeText.Of(sendable.Except(_sendableAtCommit).Order()),
            TreeText.Of(_state.NewlySendable.Select(sent => sent.Operation.Operation.Id.Stamp).Order()));
        Assert.All(
            _state.NewlySendable,
            sent => Assert.Equal(_applied[(int)sent.Operation.Seq - 1].Stamp, sent.Operation.Operation.Id.Stamp));
        Assert.All(_state.NewlySendable, sent => Assert.True(sent.Seq >= sent.Operation.Seq));
        _sendableAtCommit = sendable;
        CheckMoved();
    }

    /// <summary>Goes on with what a snapshot of the committed state gives back.</summary>
    public void Reload()
    {
        if (Tree is not { } tree)
            return;
        byte[] snapshot = TreeSnapshot.Write(tree);
        TreesState loaded = new(new TreeLimits(heldBackMax));
        Assert.True(loaded.TryLoad(snapshot, out string? problem), problem);
        Assert.Equal(snapshot, TreeSnapshot.Write(loaded.Trees[tree.Id]));
        _state = loaded;
        _told.Clear();
    }

    public void CheckPlaces()
    {
        ReferenceTree reference = ReferenceTree.Of(_applied);
        Assert.Equal(TreeText.Of(reference.Read(includeDeleted: true)), TreeText.Of(Tree?.Read(includeDeleted: true) ?? []));
        Assert.Equal(TreeText.Of(reference.Read(includeDeleted: true)), TreeText.Of(Tops(reference).SelectMany(ReadPieces)));
    }

    public void CheckEverything(Random random)
    {
        ReferenceTree reference = ReferenceTree.Of(_applied);
        CheckHeldBack(reference);
        if (_applied.Count == 0)
        {
            Assert.Empty(_state.Trees);
            return;
        }

        Tree tree = Tree!;
        Assert.Equal(1, tree.FirstSeq);
        Assert.Equal(_applied.Count, tree.Head);
        CheckAnswers(random, tree, reference);
        CheckLate(tree, reference);
        foreach (bool includeDeleted in new[] { true, false })
        {
            VertexState[] shown = [.. reference.Read(includeDeleted)];
            Assert.Equal(TreeText.Of(shown), TreeText.Of(tree.Read(includeDeleted)));
            Assert.Equal(shown.Length, tree.CountVertices(includeDeleted));
        }

        foreach (string id in _applied.Select(operation => operation.Content.TargetId).Append("nobody").Distinct(StringComparer.Ordinal))
            CheckPieces(tree, id, reference.Find(id));
    }

    private static void CheckPieces(Tree tree, string id, VertexState? expected)
    {
        Assert.Equal(TreeText.Of(expected), TreeText.Of(tree.Find(id)));
        Assert.Equal((expected is not null, expected?.ParentId), (tree.Contains(id), tree.ParentOf(id)));
        Assert.True(expected?.ParentId is not { } parent || (tree.IsAtOrAbove(parent, id) && !tree.IsAtOrAbove(id, parent)));
        foreach ((string key, Core.Json.JsonText value) in expected?.Properties ?? [])
            Assert.Equal(value, tree.PropertyOf(id, key));
        Assert.Null(tree.PropertyOf(id, "no such key"));
    }

    // What was told of places makes them, and tells nothing that is so already.
    private void CheckMoved()
    {
        foreach ((string id, string? before, string? now) in Tree?.TakeMoved() ?? [])
        {
            Assert.True(_told.TryGetValue(id, out string? told) ? told == before && before != now : before is null);
            _told[id] = now;
        }

        foreach ((string id, string? parent) in _told)
            Assert.Equal(ReferenceTree.Of(_applied).Find(id)?.ParentId, parent);
        Assert.Empty(Tree?.TakeMoved() ?? []);
    }

    private IEnumerable<VertexState> Tops(ReferenceTree reference) =>
        new[] { TreeOp.TreeId, "0" }.Where(id => reference.Find(id) is not null).Select(id => Tree!.Find(id)!);

    private IEnumerable<VertexState> ReadPieces(VertexState vertex) =>
        Tree!.ChildrenOf(vertex.Id).SelectMany(ReadPieces).Prepend(vertex);

    private void CheckHeldBack(ReferenceTree reference)
    {
        Dictionary<ActorId, int> held = reference.HeldBack.CountBy(operation => operation.Stamp.Actor).ToDictionary();
        foreach (string peer in new[] { "p0", "p1", "p2", "p3", "p4" })
        {
            Decision decision = _state.Decide(TreeOp.Move(1_000_000, peer, "x", "nobody").ToOperation(), default);
            bool refused = decision is Decision.Refused { Refusal.Code: ErrorCodes.QuotaExceeded };
            Assert.Equal(held.GetValueOrDefault(new ActorId(peer)) >= heldBackMax, refused);
        }
    }

    private void CheckAnswers(Random random, Tree tree, ReferenceTree reference)
    {
        StateVector stored = new();
        foreach (TreeOp operation in _applied)
            stored.Add(operation.Stamp);
        Assert.Equal(TreeText.Of(stored), TreeText.Of(tree.Stored));

        Stamp[] sendable = [.. reference.WorthSending];
        Assert.Equal(TreeText.Of(sendable), TreeText.Of(tree.Sendable.WorthSending(new StateVector())));
        StateVector have = TreeWorkload.Vector(random, [.. _applied]);
        Assert.Equal(TreeText.Of(sendable.Where(stamp => !have.Contains(stamp))), TreeText.Of(tree.Sendable.WorthSending(have)));
        Assert.Equal(
            TreeText.Of(_applied.Select(operation => operation.Stamp).Where(stamp => !have.Contains(stamp)).Order()),
            TreeText.Of(TreeText.Expand(tree.Stored.Except(have))));
    }

    private void CheckLate(Tree tree, ReferenceTree reference)
    {
        HashSet<Stamp> sendable = [.. reference.WorthSending];
        HashSet<Stamp> late = [.. _lateWithSeq.Select(pair => pair.Stamp)];
        foreach (TreeOp operation in _applied)
        {
            Assert.Equal(sendable.Contains(operation.Stamp), tree.Sendable.Contains(operation.Stamp));
            Assert.Equal(sendable.Contains(operation.Stamp) && !late.Contains(operation.Stamp), tree.Sendable.ContainsOnTime(operation.Stamp));
        }

        foreach (long after in new[] { 0, _applied.Count / 2, _applied.Count - 1, _applied.Count })
        {
            Assert.Equal(
                string.Join(' ', _lateWithSeq.Where(pair => pair.Seq > after && sendable.Contains(pair.Stamp)).Order()),
                string.Join(' ', tree.Sendable.LateAfter(after).Order()));
        }
    }
}
