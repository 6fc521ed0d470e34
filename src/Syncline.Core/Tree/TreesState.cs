using System.Diagnostics;
using Syncline.Core.Operations;

namespace Syncline.Core.Tree;

/// <summary>All trees of a space. Every change is written into a journal first, so that it can be taken back to a mark.</summary>
public sealed class TreesState : IModelState
{
    // Two changes for each of 2,000 operations.
    private const int JournalKept = 4_096;

    private readonly Dictionary<ResourceId, Tree> _trees = [];
    private readonly HeldBackQuota _heldBack;
    private readonly List<Change> _journal = [];
    private readonly List<Candidate> _candidates = [];
    private readonly List<(long Seq, LoggedOperation Operation)> _newlySendable = [];
    private readonly List<Tree> _newTrees = [];

    // Operations come in runs of one tree.
    private Tree? _latest;

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
    }

    /// <summary>The trees that have at least one operation.</summary>
    public IReadOnlyDictionary<ResourceId, Tree> Trees => _trees;

    /// <summary>
    /// Operations that became worth sending with the last commit, each with the seq at which it did: its own, or that of the operation which
    /// it had waited for.
    /// </summary>
    public IReadOnlyList<(long Seq, LoggedOperation Operation)> NewlySendable => _newlySendable;

    /// <summary>Trees whose first operation came with the last commit.</summary>
    public IReadOnlyList<Tree> NewTrees { get; private set; } = [];

    /// <summary>
    /// What changed since the last commit, some of it again and again: the vertices whose properties were written; no vertex for a move, after which
    /// others may stand elsewhere too (<see cref="Tree.TakeMoved"/>).
    /// </summary>
    public IEnumerable<(Tree Tree, string? VertexId)> ChangedSinceCommit => _journal
        .Where(change => change.Kind is ChangeKind.Written or ChangeKind.Moved)
        .Select(change => (change.Tree, change.Kind == ChangeKind.Written ? change.Tree.IdOf(change.Vertex) : null));

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
        Tree tree = FindOrAdd(operation);
        Stamp stamp = operation.Operation.Id.Stamp;
        TreeActor actor = tree.Store(stamp);
        _journal.Add(new Change(ChangeKind.Logged, tree) { Clock = stamp.Clock, Actor = actor.Number, Number = tree.Head });
        tree.Head = operation.Seq;
        if (TryTakeIn(tree, actor, operation, operation.Seq, out int created))
        {
            if (created >= 0)
                ReleaseWhatWaits(tree, operation);
            return;
        }

        tree.HoldBack(operation);
        _heldBack.Add(operation);
        _journal.Add(new Change(ChangeKind.HeldBack, tree) { Subject = operation });
    }

    /// <inheritdoc />
    public bool Contains(in OperationId id) => _trees.TryGetValue(id.ResourceId, out Tree? tree) && tree.Stored.Contains(id.Stamp);

    /// <inheritdoc />
    public string? MadeBy(Operation operation) =>
        operation.Content is TreeOperation.Move creation ? NameOf(operation.Id.ResourceId, creation.TargetId) : null;

    /// <inheritdoc />
    public IEnumerable<string> MissingFor(Operation operation)
    {
        if (operation.Content is not TreeOperation content)
            yield break;
        ResourceId treeId = operation.Id.ResourceId;
        if (IsMissing(treeId, content.TargetId))
            yield return NameOf(treeId, content.TargetId);
        if (content.NeededId is { } needed && needed != content.TargetId && IsMissing(treeId, needed))
            yield return NameOf(treeId, needed);
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
        FindNewlySendable();
        NewTrees = _newTrees.Count == 0 ? [] : [.. _newTrees];
        _newTrees.Clear();
        _journal.Clear();

        // The room for a batch is kept for the next; that for a greater one would be kept for ever, in each space that is live.
        if (_journal.Capacity > JournalKept)
            (_journal.Capacity, _candidates.Capacity) = (JournalKept, JournalKept / 2);
    }

    /// <inheritdoc />
    public bool TellsWhatIsStored => true;

    /// <inheritdoc />
    public void Recall(ResourceId resourceId, StateVector dropped)
    {
        if (_trees.TryGetValue(resourceId, out Tree? tree))
            tree.Recall(dropped);
    }

    /// <inheritdoc />
    public IEnumerable<ResourceSnapshot> WriteSnapshots() => _trees.Values
        .OrderBy(tree => tree.Id.Value, StringComparer.Ordinal)
        .Select(tree => new ResourceSnapshot(TreeModel.Scope, tree.Id, TreeSnapshot.Write(tree)));

    /// <inheritdoc />
    public bool TryLoad(ReadOnlyMemory<byte> snapshot, out string? problem)
    {
        if (TreeSnapshot.Read(snapshot, out problem) is not { } tree)
            return false;

        if (!_trees.TryAdd(tree.Id, tree))
        {
            problem = $"the tree {tree.Id} has operations already";
            return false;
        }

        foreach (LoggedOperation logged in tree.HeldBack)
            _heldBack.Add(logged);
        problem = null;
        return true;
    }

    private static string NameOf(ResourceId treeId, string vertexId) => $"{treeId}/{vertexId}";

    private bool IsMissing(ResourceId treeId, string vertexId) =>
        !_trees.TryGetValue(treeId, out Tree? tree) || tree.CreationOf(vertexId) is null;

    private static string? RefuseMove(TreeOperation.Move move, string treeId)
    {
        bool isTop = move.TargetId == treeId || move.TargetId == TreeModel.TrashId;
        if (move.ParentId is null)
            return isTop ? null : "only the root and the trash have no parent";
        if (!isTop)
            return null;
        return move.TargetId == treeId ? "the root cannot be moved" : "the trash cannot be moved";
    }

    private Tree FindOrAdd(LoggedOperation operation)
    {
        ResourceId id = operation.Operation.Id.ResourceId;
        if (_latest is { } latest && string.Equals(latest.Id.Value, id.Value, StringComparison.Ordinal))
            return latest;
        if (!_trees.TryGetValue(id, out Tree? tree))
        {
            tree = new Tree(id, operation.Seq);
            _trees.Add(id, tree);
            _newTrees.Add(tree);
            _journal.Add(new Change(ChangeKind.TreeAdded, tree));
        }

        return _latest = tree;
    }

    // Lets an operation take part when what it needs is known and older; false when it is not. Tells the vertex that it made known, or known
    // from earlier on.
    private bool TryTakeIn(Tree tree, TreeActor actor, LoggedOperation logged, long seq, out int created)
    {
        created = -1;
        long clock = logged.Operation.Id.Clock;
        TreeOperation content = (TreeOperation)logged.Operation.Content!;
        int needed = Places.NoParent;
        if (content.NeededId is { } neededId && !tree.TryFindOlder(neededId, clock, actor.Number, out needed))
            return false;
        if (content is TreeOperation.SetProperty set)
        {
            if (!tree.Write(clock, actor, needed, set, out int register, out Tree.Held before))
                return true;
            _journal.Add(new Change(ChangeKind.Written, tree) { Index = register, Vertex = needed, Clock = before.Clock, Actor = before.Actor, Value = before.Value });
            _candidates.Add(new Candidate(tree, logged, seq, register, actor.Number));
            return true;
        }

        bool creates = tree.AddMove(clock, actor, content.TargetId, needed, out int vertex, out Tree.Creation beforeIt);
        _journal.Add(new Change(ChangeKind.Moved, tree) { Clock = clock, Actor = actor.Number });
        _candidates.Add(new Candidate(tree, logged, seq, Register: PropertyTable.None, actor.Number));
        if (creates)
        {
            _journal.Add(new Change(ChangeKind.Created, tree) { Vertex = vertex, Clock = beforeIt.Clock, Actor = beforeIt.Actor });
            created = vertex;
        }

        return true;
    }

    // A vertex that becomes known, or known from earlier on, lets operations take part that waited for it, and those may do the same.
    private void ReleaseWhatWaits(Tree tree, LoggedOperation arrived)
    {
        IReadOnlyList<LoggedOperation> released = tree.Release(arrived);
        if (released.Count == 0)
            return;
        Queue<LoggedOperation> ready = new(released);
        while (ready.TryDequeue(out LoggedOperation? logged))
        {
            Stamp stamp = logged.Operation.Id.Stamp;
            tree.Sendable.AddLate(stamp, arrived.Seq);
            _heldBack.Remove(logged);
            _journal.Add(new Change(ChangeKind.Released, tree) { Subject = logged });
            bool takesPart = TryTakeIn(tree, tree.ActorOf(stamp.Actor), logged, arrived.Seq, out int created);
            Debug.Assert(takesPart, "what is released is newer than what it needs");
            if (created < 0)
                continue;
            foreach (LoggedOperation next in tree.Release(logged))
                ready.Enqueue(next);
        }
    }

    private void FindNewlySendable()
    {
        _newlySendable.Clear();
        Tree? tidied = null;
        foreach (Candidate candidate in _candidates)
        {
            if (candidate.IsLive)
                _newlySendable.Add((candidate.Seq, candidate.Operation));
            if (!ReferenceEquals(tidied, candidate.Tree))
                candidate.Tree.Tidy();
            tidied = candidate.Tree;
        }

        _candidates.Clear();
    }

    private void TakeBack(in Change change)
    {
        Tree tree = change.Tree;
        switch (change.Kind)
        {
            case ChangeKind.TreeAdded:
                _trees.Remove(tree.Id);
                _newTrees.Remove(tree);
                _latest = null;
                break;
            case ChangeKind.Logged:
                tree.TakeBackStored(change.Clock, change.Actor);
                tree.Head = change.Number;
                break;
            case ChangeKind.HeldBack:
                tree.TakeBackHeld(change.Subject!);
                _heldBack.Remove(change.Subject!);
                break;
            case ChangeKind.Released:
                tree.Sendable.RemoveLastLate(change.Subject!.Operation.Id.Stamp);
                tree.HoldBack(change.Subject);
                _heldBack.Add(change.Subject);
                break;
            case ChangeKind.Moved:
                tree.TakeBackMove(change.Clock, change.Actor);
                _candidates.RemoveAt(_candidates.Count - 1);
                break;
            case ChangeKind.Created:
                tree.TakeBackCreation(change.Vertex, new Tree.Creation(change.Clock, change.Actor));
                break;
            case ChangeKind.Written:
                tree.TakeBackWrite(change.Vertex, change.Index, new Tree.Held(change.Clock, change.Actor, change.Value));
                _candidates.RemoveAt(_candidates.Count - 1);
                break;
            default:
                throw new UnreachableException();
        }
    }

    /// <summary>One change, with what is needed to take it back: each kind has its own use for the numbers.</summary>
    private readonly record struct Change(ChangeKind Kind, Tree Tree)
    {
        public LoggedOperation? Subject { get; init; }

        public TextHeap.Slot Value { get; init; }

        public long Clock { get; init; }

        public long Number { get; init; }

        public int Actor { get; init; }

        public int Vertex { get; init; }

        public int Index { get; init; }
    }

    /// <summary>An operation that may be worth sending once the batch is committed: a later write of the batch may supersede it.</summary>
    private readonly record struct Candidate(Tree Tree, LoggedOperation Operation, long Seq, int Register, int Actor)
    {
        public bool IsLive => Register == PropertyTable.None || Tree.IsWinner(Register, Operation.Operation.Id.Clock, Actor);
    }
}
