using System.Diagnostics;
using Syncline.Core.Json;
using Syncline.Core.Operations;

namespace Syncline.Core.Tree;

/// <summary>All trees of a space. Every change is written into a journal first, so that it can be taken back to a mark.</summary>
public sealed class TreesState : IModelState
{
    private readonly Dictionary<ResourceId, Tree> _trees = [];
    private readonly HeldBackQuota _heldBack;
    private readonly List<Change> _journal = [];
    private readonly List<(Tree Tree, LoggedOperation Operation, long Seq)> _newlySendable = [];
    private readonly List<Tree> _newTrees = [];

    internal TreesState(TreeLimits limits) => _heldBack = new HeldBackQuota(limits);

    private enum ChangeKind
    {
        TreeAdded,
        Logged,
        HeldBack,
        Released,
        Moved,
        Created,
        Written,
        Sendable,
    }

    /// <summary>The trees that have at least one operation.</summary>
    public IReadOnlyDictionary<ResourceId, Tree> Trees => _trees;

    /// <summary>
    /// Operations that became worth sending with the last commit, each with the seq at which it did: its own, or that of the operation which
    /// it had waited for.
    /// </summary>
    public IReadOnlyList<(long Seq, LoggedOperation Operation)> NewlySendable { get; private set; } = [];

    /// <summary>Trees whose first operation came with the last commit.</summary>
    public IReadOnlyList<Tree> NewTrees { get; private set; } = [];

    /// <inheritdoc />
    public Decision Decide(Operation operation, in DecisionContext context)
    {
        TreeOperation content = (TreeOperation)operation.Content!;
        string treeId = operation.Id.ResourceId.Value;
        if (content is TreeOperation.Move move && RefuseMove(move, treeId) is { } rule)
            return Decision.Refuse(ErrorCodes.InvalidOperation, rule);
        if (content.NeededId is not { } needed)
            return Decision.Accept;

        Stamp? creation = _trees.TryGetValue(operation.Id.ResourceId, out Tree? tree) ? tree.CreationOf(needed) : null;
        if (creation is { } oldest)
        {
            return oldest < operation.Id.Stamp
                ? Decision.Accept
                : Decision.Refuse(ErrorCodes.NotCausal, $"the operation is not newer than the creation of vertex {needed}, {oldest}");
        }

        return !operation.IsTransient
            && _heldBack.Refuse(operation.Id.Actor, context.UserId, operation.Payload.Utf8.Length) is { } quota
                ? Decision.Refuse(ErrorCodes.QuotaExceeded, quota)
                : Decision.Accept;
    }

    /// <inheritdoc />
    public void Apply(LoggedOperation operation)
    {
        Stamp stamp = operation.Operation.Id.Stamp;
        if (!_trees.TryGetValue(operation.Operation.Id.ResourceId, out Tree? tree))
        {
            tree = new Tree(operation.Operation.Id.ResourceId, operation.Seq);
            _trees.Add(tree.Id, tree);
            _newTrees.Add(tree);
            _journal.Add(new Change(ChangeKind.TreeAdded, tree));
        }

        _journal.Add(new Change(ChangeKind.Logged, tree, Stamp: stamp, Number: tree.Head));
        tree.Stored.Add(stamp);
        tree.Head = operation.Seq;
        if (tree.TakesPart(stamp, (TreeOperation)operation.Operation.Content!))
        {
            TakeIn(tree, operation);
            return;
        }

        tree.HoldBack(operation);
        _heldBack.Add(operation);
        _journal.Add(new Change(ChangeKind.HeldBack, tree, operation));
    }

    /// <inheritdoc />
    public int Mark() => _journal.Count;

    /// <inheritdoc />
    public void RollbackTo(int mark)
    {
        for (int i = _journal.Count - 1; i >= mark; i--)
            TakeBack(_journal[i]);
        _journal.RemoveRange(mark, _journal.Count - mark);
    }

    /// <inheritdoc />
    public void Commit()
    {
        NewlySendable = _newlySendable
            .Where(candidate => candidate.Tree.Sendable.Contains(candidate.Operation.Operation.Id.Stamp))
            .Select(candidate => (candidate.Seq, candidate.Operation))
            .ToArray();
        foreach ((Tree tree, _, _) in _newlySendable)
            tree.Sendable.Tidy();
        NewTrees = [.. _newTrees];
        _newTrees.Clear();
        _newlySendable.Clear();
        _journal.Clear();
    }

    private static string? RefuseMove(TreeOperation.Move move, string treeId)
    {
        bool isTop = move.TargetId == treeId || move.TargetId == TreeModel.TrashId;
        if (move.ParentId is null)
            return isTop ? null : "only the root and the trash have no parent";
        if (!isTop)
            return null;
        return move.TargetId == treeId ? "the root cannot be moved" : "the trash cannot be moved";
    }

    // A vertex that becomes known, or known from earlier on, lets operations take part that waited for it, and those may do the same.
    private void TakeIn(Tree tree, LoggedOperation arrived)
    {
        Queue<LoggedOperation> ready = new();
        ready.Enqueue(arrived);
        while (ready.TryDequeue(out LoggedOperation? logged))
        {
            Stamp stamp = logged.Operation.Id.Stamp;
            if (!ReferenceEquals(logged, arrived))
            {
                tree.Sendable.AddLate(stamp, arrived.Seq);
                _heldBack.Remove(logged);
                _journal.Add(new Change(ChangeKind.Released, tree, logged));
            }

            if (logged.Operation.Content is TreeOperation.Move move)
            {
                bool creates = tree.AddMove(stamp, move, out Vertex vertex, out Stamp before);
                _journal.Add(new Change(ChangeKind.Moved, tree, Stamp: stamp));
                if (creates)
                {
                    _journal.Add(new Change(ChangeKind.Created, tree, vertex, before));
                    foreach (LoggedOperation released in tree.Release(vertex))
                        ready.Enqueue(released);
                }

                MakeSendable(tree, logged, property: null, arrived.Seq);
            }
            else
            {
                Write(tree, logged, (TreeOperation.SetProperty)logged.Operation.Content!, arrived.Seq);
            }
        }
    }

    private void Write(Tree tree, LoggedOperation logged, TreeOperation.SetProperty set, long seq)
    {
        Stamp stamp = logged.Operation.Id.Stamp;
        Property property = tree.PropertyOf(set);
        if (property.Stamp >= stamp)
            return;
        _journal.Add(new Change(ChangeKind.Written, tree, property, property.Stamp, property.Value, VertexId: set.TargetId));
        tree.Sendable.CountDead(property.Stamp, 1);
        property.Stamp = stamp;
        property.Value = set.Value;
        MakeSendable(tree, logged, property, seq);
    }

    private void MakeSendable(Tree tree, LoggedOperation logged, Property? property, long seq)
    {
        tree.Sendable.Add(logged.Operation.Id.Stamp, property);
        _newlySendable.Add((tree, logged, seq));
        _journal.Add(new Change(ChangeKind.Sendable, tree, logged));
    }

    private void TakeBack(in Change change)
    {
        Tree tree = change.Tree;
        switch (change.Kind)
        {
            case ChangeKind.TreeAdded:
                _trees.Remove(tree.Id);
                _newTrees.Remove(tree);
                break;
            case ChangeKind.Logged:
                tree.Stored.Remove(change.Stamp);
                tree.Head = change.Number;
                break;
            case ChangeKind.HeldBack:
                tree.TakeBackHeld((LoggedOperation)change.Subject!);
                _heldBack.Remove((LoggedOperation)change.Subject!);
                break;
            case ChangeKind.Released:
                tree.Sendable.RemoveLastLate(((LoggedOperation)change.Subject!).Operation.Id.Stamp);
                tree.HoldBack((LoggedOperation)change.Subject!);
                _heldBack.Add((LoggedOperation)change.Subject!);
                break;
            case ChangeKind.Moved:
                tree.TakeBackMove(change.Stamp);
                break;
            case ChangeKind.Created:
                tree.TakeBackCreation((Vertex)change.Subject!, change.Stamp);
                break;
            case ChangeKind.Written:
                Property property = (Property)change.Subject!;
                tree.Sendable.CountDead(change.Stamp, -1);
                tree.TakeBackWrite(change.VertexId!, property, change.Stamp, change.Value);
                break;
            case ChangeKind.Sendable:
                tree.Sendable.Remove(((LoggedOperation)change.Subject!).Operation.Id.Stamp);
                _newlySendable.RemoveAt(_newlySendable.Count - 1);
                break;
            default:
                throw new UnreachableException();
        }
    }

    /// <summary>One change, with what is needed to take it back.</summary>
    private readonly record struct Change(
        ChangeKind Kind, Tree Tree, object? Subject = null, Stamp Stamp = default, JsonText? Value = null, long Number = 0, string? VertexId = null);
}
