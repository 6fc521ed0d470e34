using Syncline.Core.Operations;
using Syncline.Core.Tree;
using Syncline.Engine.Compaction;
using Syncline.Engine.Snapshots;
using Syncline.Engine.Spaces;
using Syncline.Engine.Storage;

namespace Syncline.Engine.Writing;

/// <summary>
/// The states of a space's models, each loaded from snapshot and log when it is first needed: a space that is only relayed holds none.
/// Used by the space's writer alone.
/// </summary>
internal sealed class SpaceState(SpaceId space, EngineServices services)
{
    private static readonly PageLimits LoadPage = new(2_000, 4 * 1024 * 1024);
    private readonly ISpaceStore _store = services.Store;
    private readonly OperationReader _reader = services.Reader;
    private readonly SnapshotReader _snapshots = new(services);
    private readonly Dictionary<IModel, IModelState> _states = [];

    // Read with the first model's state.
    private PurgedThings? _purged;

    /// <summary>Where the loaded states stand.</summary>
    public required LogHead Head { get; set; }

    /// <summary>The trees; null while they are not loaded.</summary>
    public TreesState? Trees { get; private set; }

    /// <summary>The state of the scope's model, loaded up to <see cref="Head"/>.</summary>
    public async ValueTask<IModelState> LoadAsync(Scope scope, CancellationToken cancellationToken)
    {
        IModel model = _reader.ModelOf(scope);
        if (_states.TryGetValue(model, out IModelState? state))
            return state;
        if (model.Scopes.Count == 0)
        {
            state = model.CreateState();
        }
        else
        {
            (state, long after) = await _snapshots.TryLoadAsync(space, model, Head, cancellationToken) ?? (model.CreateState(), 0);
            await ReplayAsync(state, after, new Selection(model.Scopes, []), cancellationToken);
            await RecallAsync(state, after, model.Scopes, cancellationToken);
            _purged ??= new PurgedThings(await _store.ReadPurgedAsync(space, cancellationToken));
            PurgeAgain(model, state);
        }

        _states.Add(model, state);
        Trees ??= state as TreesState;
        return state;
    }

    /// <summary>The state of a scope whose model was loaded before.</summary>
    public IModelState Of(Scope scope) => _states[_reader.ModelOf(scope)];

    /// <summary>Whether an operation writes to something that was purged.</summary>
    public bool IsPurged(Operation operation) =>
        _purged is { IsEmpty: false } purged && purged.AreWrittenBy(_reader.ModelOf(operation.Id.Scope), operation);

    /// <summary>What the models that had operations have as deleted.</summary>
    public async ValueTask<IReadOnlyList<(IModel Model, DeletedThing Thing)>> FindDeletedAsync()
    {
        List<(IModel, DeletedThing)> deleted = [];
        IReadOnlyList<Scope> used = await _store.ReadScopesAsync(space, CancellationToken.None);
        foreach (IModel model in used.Select(_reader.ModelOf).Distinct().Where(model => model.Scopes.Count > 0))
        {
            IModelState state = await LoadAsync(model.Scopes.First(), CancellationToken.None);
            deleted.AddRange(state.FindDeleted().Select(thing => (model, thing)));
        }

        return deleted;
    }

    /// <summary>Purges those things to which nothing was written since they were found.</summary>
    /// <returns>How many.</returns>
    public async ValueTask<int> PurgeAsync(IReadOnlyList<Purger.Purge> purges)
    {
        List<Purger.Purge> unchanged = [];
        foreach (Purger.Purge purge in purges)
        {
            IModelState state = await LoadAsync(purge.Model.Scopes.First(), CancellationToken.None);
            if (purge.Thing.IsUnchanged(state.FindDeleted(purge.Thing.Register)))
                unchanged.Add(purge);
        }

        PurgeStep step = new(
            Head.Epoch,
            [.. unchanged.Select(purge => purge.Key)],
            [.. unchanged.SelectMany(purge => purge.Registers)],
            [.. unchanged.SelectMany(purge => purge.Dropped)],
            services.TimeProvider.GetUtcNow());
        try
        {
            if (unchanged.Count == 0 || !await _store.PurgeAsync(space, step))
                return 0;
        }
        catch (StoreUnavailableException)
        {
            // It may be purged or not; only the store can tell.
            Forget(Head);
            throw;
        }

        foreach (Purger.Purge purge in unchanged)
            _states[purge.Model].Purge(purge.Thing);
        _purged!.Add(step.Things);
        return unchanged.Count;
    }

    /// <summary>
    /// Takes an operation in that its state has not seen; content is read where the log does not keep it. Those that no model claims mean
    /// nothing to any state.
    /// </summary>
    public void Apply(LoggedOperation logged)
    {
        IModel model = _reader.ModelOf(logged.Operation.Id.Scope);
        if (model.Scopes.Count > 0 && _states.TryGetValue(model, out IModelState? state))
            Take(state, logged);
    }

    /// <summary>A point of all states to return to.</summary>
    public (IModelState State, int Mark)[] Mark()
    {
        (IModelState State, int Mark)[] marks = new (IModelState, int)[_states.Count];
        int i = 0;
        foreach (IModelState state in _states.Values)
            marks[i++] = (state, state.Mark());
        return marks;
    }

    public static void RollbackTo((IModelState State, int Mark)[] marks)
    {
        foreach ((IModelState state, int mark) in marks)
            state.RollbackTo(mark);
    }

    public void Commit(LogHead head)
    {
        foreach (IModelState state in _states.Values)
            state.Commit();
        Head = head;
    }

    /// <summary>Throws all states away: what they hold may not be what the log holds.</summary>
    public void Forget(LogHead head)
    {
        _states.Clear();
        _purged = null;
        Trees = null;
        Head = head;
    }

    /// <summary>The states of all models that had operations, as they are committed.</summary>
    public async ValueTask<SpaceSnapshot> TakeSnapshotAsync()
    {
        List<Scope> scopes = [];
        List<Scope> beside = [];
        List<(ResourceSnapshot, int)> parts = [];
        IReadOnlyList<Scope> used = await _store.ReadScopesAsync(space, CancellationToken.None);
        foreach (IModel model in used.Select(_reader.ModelOf).Distinct().Where(model => model.SnapshotFormat > 0))
        {
            IModelState state = await LoadAsync(model.Scopes.First(), CancellationToken.None);
            scopes.AddRange(model.Scopes);
            if (state.HasOperationsBeside)
                beside.AddRange(model.Scopes);
            parts.AddRange(state.WriteSnapshots().Select(snapshot => (snapshot, model.SnapshotFormat)));
        }

        return new SpaceSnapshot(Head, scopes, beside, parts);
    }

    private async ValueTask ReplayAsync(IModelState state, long after, Selection selection, CancellationToken cancellationToken)
    {
        while (after < Head.Seq)
        {
            LogPage page = await _store.ReadAsync(space, after, selection, LoadPage, cancellationToken);
            foreach (LoggedOperation logged in page.Operations)
            {
                if (logged.Seq <= Head.Seq)
                    Take(state, logged);
            }

            state.Commit();
            after = page.Cursor;
        }
    }

    // What compaction dropped of what was replayed; the snapshot knows of what is before it.
    private async ValueTask RecallAsync(IModelState state, long after, IEnumerable<Scope> scopes, CancellationToken cancellationToken)
    {
        if (!state.TellsWhatIsStored || await _store.ReadCompactedUpToAsync(space, cancellationToken) <= after)
            return;
        foreach (Scope scope in scopes)
        {
            foreach ((ResourceId resourceId, StateVector dropped) in await _store.ReadDroppedAsync(space, scope, after, cancellationToken))
                state.Recall(resourceId, dropped);
        }
    }

    // What had come to a purged thing before, had lost, and was not dropped yet, is not to come back.
    private void PurgeAgain(IModel model, IModelState state)
    {
        if (_purged is not { IsEmpty: false } purged)
            return;
        foreach (DeletedThing thing in state.FindDeleted().Where(thing => purged.Has(model, thing.Register)).ToArray())
            state.Purge(thing);
    }

    private void Take(IModelState state, LoggedOperation logged)
    {
        _reader.ReadContent(logged.Operation);
        state.Apply(logged);
    }
}
