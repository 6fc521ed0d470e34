using System.ComponentModel;
using Syncline.Client.Replicas;
using Syncline.Client.Storage;
using Syncline.Client.Sync;
using Syncline.Core.Json;
using Syncline.Core.Lists;
using Syncline.Core.Operations;
using Syncline.Core.Tree;

namespace Syncline.Client;

/// <summary>
/// A space on this device. Reading and editing never wait for the network or the disk: an edit is there when its method returns, is in the local
/// file a moment later, and goes to the server when that can be reached.
/// </summary>
public sealed class Space : IReplicaObserver
{
    private readonly ClientServices _services;
    private readonly SpaceReplica _replica;
    private readonly EventPost _events;
    private readonly ChangeBatch<SpaceChangedEventArgs> _changes;
    private readonly UndoHistory _undo;
    private readonly Dictionary<string, Tree> _trees = new(StringComparer.Ordinal);

    internal Space(ClientServices services, SpaceReplica replica, SpaceSync sync, EventPost events)
    {
        _services = services;
        _replica = replica;
        _events = events;
        _changes = new ChangeBatch<SpaceChangedEventArgs>(replica, events, static _ => { }, changes => events.Invoke(Changed, this, changes));
        _undo = new UndoHistory(replica, services.Options.UndoStepsMax);
        Lists = new Lists(replica, services, events);
        Sync = sync;
        replica.Observer = this;
    }

    /// <summary>Raised after changes, own and others', several at once where they come quickly, in <see cref="SynclineClientOptions.EventContext"/>.</summary>
    public event EventHandler<SpaceChangedEventArgs>? Changed;

    /// <summary>Its id.</summary>
    public SpaceId Id => _replica.Id;

    /// <summary>Its task lists.</summary>
    public Lists Lists { get; }

    /// <summary>The ids of the trees that somebody has edited, in ordinal order.</summary>
    public IReadOnlyList<string> TreeIds => _replica.Read<IReadOnlyList<string>>(states =>
        [.. states.Of<TreesState>().Trees.Keys.Select(id => id.Value).Order(StringComparer.Ordinal)]);

    /// <summary>
    /// Whether there is a step of editing to undo. Steps are those of this device since the space was opened; what was undone or pushed out of
    /// <see cref="SynclineClientOptions.UndoStepsMax"/> is none any more.
    /// </summary>
    public bool CanUndo => _undo.CanUndo;

    /// <summary>Whether there is an undone step to make again. A new edit ends that.</summary>
    public bool CanRedo => _undo.CanRedo;

    /// <summary>What is in the way for this space; null when nothing is.</summary>
    public Problem? Problem => Sync.Problem;

    /// <summary>Bytes that were read of a first reception; null when none is under way.</summary>
    public long? BootstrapBytes => Sync.BootstrapBytes;

    /// <summary>Own operations that the log is not known to have, oldest first.</summary>
    public IReadOnlyList<OwnOperation> Pending => _replica.ReadOutbox(outbox =>
        (OwnOperation[])[.. outbox.All.Where(own => own.State is OwnOperationState.Pending or OwnOperationState.Sent)]);

    /// <summary>Own operations that were set aside, with the reason. They are not shown, and wait for a decision.</summary>
    public IReadOnlyList<OwnOperation> Refused => _replica.ReadOutbox(outbox =>
        (OwnOperation[])[.. outbox.All.Where(own => own.State == OwnOperationState.Refused)]);

    /// <summary>How far an operation of this device has come; <see cref="OwnOperationState.Received"/> when it is not waiting for anything any more.</summary>
    public OwnOperationState StateOf(OperationId id) =>
        _replica.ReadOutbox(outbox => outbox.Find(id.Stamp) is { } own && own.Operation.Id == id ? own.State : OwnOperationState.Received);

    internal SpaceSync Sync { get; }

    internal SpaceReplica Replica => _replica;

    /// <summary>
    /// Makes several edits as one: others see all or none of them, the server takes all or none, and they are undone together. When
    /// <paramref name="edits"/> throws, none is made.
    /// </summary>
    /// <exception cref="ArgumentException">Together they are more than a server takes at once: 1,000 operations or 4 MiB.</exception>
    public void Edit(Action edits)
    {
        ArgumentNullException.ThrowIfNull(edits);
        _replica.Edit<object?>(_ =>
        {
            edits();
            return null;
        });
    }

    /// <summary>Not there: an edit is whole when its method returns, and cannot wait for anything. Await first, then edit.</summary>
    [Obsolete("An edit cannot await: what came after the first await would not be part of it. Await first, then edit.", error: true)]
    [EditorBrowsable(EditorBrowsableState.Never)]
    public void Edit(Func<Task> edits) => throw new NotSupportedException();

    /// <summary>
    /// Reads several things as of one moment: what is received or edited elsewhere waits until <paramref name="read"/> returns, so that should be soon.
    /// </summary>
    public T Read<T>(Func<T> read)
    {
        ArgumentNullException.ThrowIfNull(read);
        return _replica.Locked(read);
    }

    /// <summary>Not there: what is read after an await is of another moment.</summary>
    [Obsolete("What is read after an await is of another moment. Read first, then await.", error: true)]
    [EditorBrowsable(EditorBrowsableState.Never)]
    public T Read<T>(Func<Task<T>> read) => throw new NotSupportedException();

    /// <summary>A tree. One that nobody has edited is made by its first edit: an id that the application chooses is the same tree on all devices.</summary>
    /// <param name="treeId">Its id: <c>[0-9A-Za-z_-][0-9A-Za-z._:-]{0,127}</c>, not "0".</param>
    /// <exception cref="FormatException">It is no id.</exception>
    public Tree OpenTree(string treeId)
    {
        ResourceId id = ResourceId.Parse(treeId, provider: null);
        if (treeId == TreeModel.TrashId)
            throw new FormatException($"'{treeId}' is the trash of every tree, not a tree");
        return _replica.Locked(() =>
        {
            if (!_trees.TryGetValue(treeId, out Tree? tree))
                _trees.Add(treeId, tree = new Tree(_replica, _services, _events, id));
            return tree;
        });
    }

    /// <summary>A tree that is new, with an id of its own. Its first edit makes it.</summary>
    public Tree NewTree() => OpenTree(_services.NewId());

    /// <summary>
    /// Takes back the last step: one edit of <see cref="Lists"/> or of a tree, or all that were made in one <see cref="Edit(Action)"/>. New operations write back what
    /// was there, as far as what the step wrote is still there: what others have written since is left alone. What was created is removed, what was
    /// removed restored, what was moved goes back, unless its old place is gone. Steps of which nothing is left to take back are passed over.
    /// </summary>
    /// <remarks>
    /// Steps are kept in memory while the client is open: syncing does not touch them, and they do not survive a restart.
    /// <see cref="Append"/> cannot be undone, since its meaning is the application's.
    /// </remarks>
    /// <returns>Whether anything was taken back.</returns>
    /// <exception cref="InvalidOperationException">It was called within an edit.</exception>
    public bool Undo() => _undo.Undo();

    /// <summary>Makes the step again that was undone last, as far as what the undo wrote is still there.</summary>
    /// <returns>Whether anything was made again.</returns>
    /// <exception cref="InvalidOperationException">It was called within an edit.</exception>
    public bool Redo() => _undo.Redo();

    /// <summary>Makes an operation of a scope of the application's own, whose meaning the application knows.</summary>
    /// <param name="scope">What kind of thing it changes: <c>[a-z][a-z0-9.-]{0,31}</c>.</param>
    /// <param name="resourceId">Which one.</param>
    /// <param name="payload">What to do, as JSON.</param>
    /// <param name="key">What a later operation with the same key supersedes; null when it is never dropped.</param>
    /// <exception cref="FormatException">An id is not valid.</exception>
    /// <exception cref="ArgumentException">The payload is no JSON, or larger than the limit that the message names.</exception>
    public OperationId Append(string scope, string resourceId, string payload, string? key = null)
    {
        Scope parsed = Scope.Parse(scope, provider: null);
        ResourceId resource = ResourceId.Parse(resourceId, provider: null);
        ArgumentNullException.ThrowIfNull(payload);
        if (!JsonValues.IsOne(JsonText.From(payload).Utf8.Span))
            throw new ArgumentException("the payload is no JSON", nameof(payload));
        return _replica.Edit(edit => edit.Add(parsed, resource, _ => JsonText.From(payload), key).Id);
    }

    /// <summary>What was received of the log and is kept: all operations of scopes without a model, and the latest of the others; then the own ones that were not.</summary>
    public Task<IReadOnlyList<Operation>> ReadOperationsAsync(string scope, CancellationToken cancellationToken = default)
    {
        Scope parsed = Scope.Parse(scope, provider: null);
        return _services.RunAsync(() => ReadOperationsAsync(parsed, cancellationToken));
    }

    /// <summary>Reads the whole log after a seq from the server, in seq order: who made what, and when. Needs the server.</summary>
    /// <param name="after">Exclusive; 0 reads from the start.</param>
    /// <param name="cancellationToken">Ends the reading.</param>
    /// <exception cref="SynclineException">The server cannot be reached, or does not allow it.</exception>
    public IAsyncEnumerable<LoggedOperation> ReadLogAsync(long after = 0, CancellationToken cancellationToken = default) =>
        Sync.ReadLogAsync(after, cancellationToken);

    /// <summary>Makes new operations of refused ones: whatever refused them may have changed. What was refused for their sake has to be named too.</summary>
    /// <exception cref="InvalidOperationException">The device has forgotten the space.</exception>
    public Task RetryAsync(IReadOnlyList<OwnOperation> refused, CancellationToken cancellationToken = default) =>
        DropAsync(refused, makeNew: true).WaitAsync(cancellationToken);

    /// <summary>Drops refused operations for good.</summary>
    public Task DiscardAsync(IReadOnlyList<OwnOperation> refused, CancellationToken cancellationToken = default) =>
        DropAsync(refused, makeNew: false).WaitAsync(cancellationToken);

    void IReplicaObserver.Applied(Operation operation, bool isOwn)
    {
        if (Changed is not null)
            _changes.Open().Add(operation, isOwn);
    }

    void IReplicaObserver.Committing(ModelStates states)
    {
        Lists.Committing(states.Of<ListsState>());
        if (!IsWatched())
            return;
        foreach ((Core.Tree.Tree changed, string? vertexId) in states.Of<TreesState>().ChangedSinceCommit)
        {
            if (_trees.TryGetValue(changed.Id.Value, out Tree? tree))
                tree.Committing(vertexId);
        }
    }

    void IReplicaObserver.Edited(UndoStep step) => _undo.Add(step);

    void IReplicaObserver.WasReset()
    {
        if (Changed is not null)
            _changes.Open().Reset();
        Lists.WasReset();
        foreach (Tree tree in _trees.Values)
            tree.WasReset();
    }

    // What changed in trees is gone through only for somebody who listens.
    private bool IsWatched()
    {
        foreach ((_, Tree tree) in _trees)
        {
            if (tree.IsWatched)
                return true;
        }

        return false;
    }

    private Task DropAsync(IReadOnlyList<OwnOperation> refused, bool makeNew)
    {
        ArgumentNullException.ThrowIfNull(refused);
        long[] numbers = [.. refused.Select(own => own.Number)];
        return _services.RunAsync(async () =>
        {
            await Sync.DropRefusedAsync(numbers, makeNew);
            _services.Wake();
        });
    }

    private async Task<IReadOnlyList<Operation>> ReadOperationsAsync(Scope scope, CancellationToken cancellationToken)
    {
        List<Operation> operations = [];
        long after = 0;
        while (true)
        {
            IReadOnlyList<LoggedOperation> page = await _services.Store.ReadOperationsAsync(Id, after, 1_000, cancellationToken);
            if (page.Count == 0)
                break;
            operations.AddRange(page.Select(logged => logged.Operation).Where(operation => operation.Id.Scope == scope));
            after = page[^1].Seq;
        }

        HashSet<OperationId> there = [.. operations.Select(operation => operation.Id)];
        operations.AddRange(_replica.ReadOutbox(outbox =>
            outbox.Effective.Select(own => own.Operation).Where(operation => operation.Id.Scope == scope && !there.Contains(operation.Id)).ToArray()));
        return operations;
    }
}
