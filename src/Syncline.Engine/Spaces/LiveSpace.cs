using System.Collections.Frozen;
using System.Runtime.CompilerServices;
using Syncline.Core.Operations;
using Syncline.Core.Tree;
using Syncline.Engine.Accounts;
using Syncline.Engine.Compaction;
using Syncline.Engine.Following;
using Syncline.Engine.Snapshots;
using Syncline.Engine.Storage;
using Syncline.Engine.Writing;

namespace Syncline.Engine.Spaces;

/// <summary>
/// A space in use: its writer, its feed, and who may do what. Every call names the user it is for and checks their role.
/// Got from <see cref="LiveSpaces"/>, which closes it when nobody uses it.
/// </summary>
public sealed class LiveSpace
{
    internal const string RolesUncertain = "who may do what in the space is being read anew";
    private readonly EngineServices _services;
    private readonly SpaceWriter _writer;
    private readonly Generations _generations;
    private readonly SeenClients _clients;
    private readonly Action<LiveSpace> _published;
    private volatile FrozenDictionary<UserId, Role> _roles;
    private volatile SpaceAccessException? _closed;
    private volatile bool _rolesAreUncertain;
    private volatile TaskCompletionSource _accessChanged = NewSignal();
    private Task _running = Task.CompletedTask;

    // The writer's alone.
    private WeakReference<SpaceSnapshot>? _shared;

    internal LiveSpace(
        SpaceId id, LogHead head, IReadOnlyList<Member> members, EngineServices services, Action<LiveSpace> published)
    {
        Id = id;
        _services = services;
        _published = published;
        _roles = RolesOf(members);
        Feed = new Feed(head);
        _writer = new SpaceWriter(this, services, head);
        _generations = new Generations(this, _writer, services);
        _clients = new SeenClients(id, services);
    }

    /// <summary>The space's id.</summary>
    public SpaceId Id { get; }

    /// <summary>The newest part of the log.</summary>
    public Feed Feed { get; }

    /// <summary>Ends when who may do what has changed, or the space is closed. Take it before asking for a role, and then anew.</summary>
    public Task AccessChanged => _accessChanged.Task;

    /// <summary>Whether a change of members failed in the store, so that what is in memory may not be what is stored.</summary>
    internal bool RolesAreUncertain => _rolesAreUncertain;

    /// <summary>What a user may do; null for a stranger.</summary>
    public Role? RoleOf(UserId userId) => _roles.TryGetValue(userId, out Role role) ? role : null;

    /// <summary>Demands that the space is there and the user may do what <paramref name="least"/> may.</summary>
    /// <exception cref="SpaceAccessException">With the code that a stranger, or a member without the right, is answered.</exception>
    public void DemandRole(UserId userId, Role least)
    {
        DemandOpen();
        if (_rolesAreUncertain)
            throw new SpaceAccessException(ErrorCodes.Unavailable, RolesUncertain);
        switch (RoleOf(userId))
        {
            case null:
                throw new SpaceAccessException(ErrorCodes.NotFound, "no such space");
            case { } role when role < least:
                throw new SpaceAccessException(ErrorCodes.Forbidden, $"the role {RoleNames.Of(role)} does not allow it");
        }
    }

    /// <summary>Demands that the space was not closed; else says why it was.</summary>
    internal void DemandOpen()
    {
        if (_closed is { } closed)
            throw new SpaceAccessException(closed.Code, closed.Message);
    }

    /// <summary>Judges and stores operations; see <see cref="PushOutcome"/>.</summary>
    /// <param name="userId">Who pushes.</param>
    /// <param name="epoch">The epoch that the pusher knows; null for whichever it is.</param>
    /// <param name="items">The operations, in order.</param>
    /// <param name="cancellationToken">Ends the caller's wait; what was queued may still be stored.</param>
    public ValueTask<PushOutcome> PushAsync(
        UserId userId, Epoch? epoch, IReadOnlyList<PushItem> items, CancellationToken cancellationToken) =>
        _writer.PushAsync(userId, epoch, items, cancellationToken);

    /// <summary>Starts to read the log forward.</summary>
    /// <param name="userId">Who reads; checked at every page.</param>
    /// <param name="after">Exclusive. Checked by <see cref="CanServeAsync"/> before.</param>
    /// <param name="selection">What is wanted.</param>
    /// <param name="limits">Where pages are cut.</param>
    public Follower Follow(UserId userId, long after, Selection selection, PageLimits limits) =>
        new(this, _services.Store, userId, after, selection, limits);

    /// <summary>The same as an endless stream of pages that have something selected.</summary>
    public async IAsyncEnumerable<FollowPage> FollowAsync(
        UserId userId, long after, Selection selection, PageLimits limits, [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        Follower follower = Follow(userId, after, selection, limits);
        while (true)
            yield return await follower.NextAsync(wait: true, cancellationToken);
    }

    /// <summary>Whether a cursor can be served, judged on a fresh head where it is ahead of the known one; see <see cref="LogHead.CanServe"/>.</summary>
    public async ValueTask<bool> CanServeAsync(Epoch? epoch, long after, CancellationToken cancellationToken)
    {
        LogHead head = Feed.Now.Head;
        if (after > head.Seq)
        {
            // Somebody may have read what is durable and not yet published here.
            head = await _services.Store.ReadHeadAsync(Id, cancellationToken) ?? throw new SpaceAccessException(ErrorCodes.NotFound, "no such space");
        }

        return head.CanServe(epoch, after);
    }

    /// <summary>Demands that a cursor can be served.</summary>
    /// <exception cref="SpaceAccessException">It cannot: <c>resync_required</c>, with where the log stands.</exception>
    public async ValueTask DemandServableAsync(Epoch? epoch, long after, CancellationToken cancellationToken)
    {
        if (!await CanServeAsync(epoch, after, cancellationToken))
            throw SpaceAccessException.ResyncRequired(Feed.Now.Head);
    }

    /// <summary>Demands that the log in the store is of this epoch at this moment: what was read before was then read from it too, as no epoch comes back.</summary>
    /// <exception cref="SpaceAccessException">It is not: <c>resync_required</c>.</exception>
    public async ValueTask DemandEpochAsync(Epoch epoch, CancellationToken cancellationToken)
    {
        LogHead head = await _services.Store.ReadHeadAsync(Id, cancellationToken) ?? throw new SpaceAccessException(ErrorCodes.NotFound, "no such space");
        if (head.Epoch != epoch)
            throw SpaceAccessException.ResyncRequired(head);
    }

    /// <summary>The present generation of the space's data set.</summary>
    /// <param name="isFresh">Whether it is looked for in the store; else what this server knows will do.</param>
    /// <param name="cancellationToken">Ends the wait.</param>
    public ValueTask<Generation> FindGenerationAsync(bool isFresh, CancellationToken cancellationToken) =>
        _generations.FindAsync(isFresh, cancellationToken);

    /// <summary>A generation's snapshot; null when it is not the present one any more.</summary>
    public ValueTask<string?> ReadGenerationSnapshotAsync(Generation generation, CancellationToken cancellationToken) =>
        _services.Store.ReadGenerationSnapshotAsync(Id, generation.Key, cancellationToken);

    /// <summary>Begins the log anew with a client's snapshot.</summary>
    /// <param name="userId">Who does it; an owner.</param>
    /// <param name="key">The key of the new generation; null stands for the present one's.</param>
    /// <param name="snapshot">Any text.</param>
    /// <param name="expected">The key of the generation that it replaces; null for whichever it is.</param>
    /// <param name="cancellationToken">Ends the caller's wait; what was queued is still done.</param>
    public ValueTask<GenerationOutcome> ResetAsync(
        UserId userId, string? key, string snapshot, string? expected, CancellationToken cancellationToken) =>
        _generations.ResetAsync(userId, key, snapshot, expected, cancellationToken);

    /// <summary>Notes that a client reads on from a cursor, where it says which it is.</summary>
    public void NoteClient(UserId userId, string? clientId, long cursor)
    {
        if (clientId is not null)
            _clients.Note(userId, clientId, cursor);
    }

    /// <summary>How far the space's clients have read, for its owners; the one seen last first.</summary>
    public async ValueTask<IReadOnlyList<ClientCursor>> ReadClientsAsync(UserId userId, CancellationToken cancellationToken)
    {
        DemandRole(userId, Role.Owner);
        IReadOnlyList<ClientCursor> clients = await _clients.ReadAsync(cancellationToken);
        DemandRole(userId, Role.Owner);
        return clients;
    }

    /// <summary>Looks at the trees as they are committed, between two rounds of the writer. Hold nothing of them afterwards.</summary>
    public ValueTask<T> ReadTreesAsync<T>(UserId userId, Func<TreesState, LogHead, T> read, CancellationToken cancellationToken)
    {
        DemandRole(userId, Role.Viewer);
        return _writer.BetweenRoundsAsync(
            async state =>
            {
                DemandRole(userId, Role.Viewer);
                return read((TreesState)await state.LoadAsync(TreeModel.Scope, CancellationToken.None), state.Head);
            },
            cancellationToken);
    }

    /// <summary>Begins to read the whole space as of one seq; the user's role is checked as it is read.</summary>
    public ValueTask<Bootstrap> BootstrapAsync(UserId userId, CancellationToken cancellationToken)
    {
        DemandRole(userId, Role.Viewer);
        return Bootstrap.BeginAsync(_services, this, userId, cancellationToken);
    }

    /// <summary>What the models have as deleted, between two rounds of the writer.</summary>
    internal ValueTask<IReadOnlyList<(IModel Model, DeletedThing Thing)>> FindDeletedAsync(CancellationToken cancellationToken) =>
        _writer.BetweenRoundsAsync(state => state.FindDeletedAsync(), cancellationToken);

    /// <summary>Purges deleted things, between two rounds of the writer: an operation is judged before it or after it.</summary>
    internal ValueTask<int> PurgeAsync(IReadOnlyList<Purger.Purge> purges, CancellationToken cancellationToken) =>
        _writer.BetweenRoundsAsync(state => state.PurgeAsync(purges), cancellationToken);

    /// <summary>Takes a snapshot of all models that had operations, between two rounds of the writer. It checks no role.</summary>
    internal ValueTask<SpaceSnapshot> TakeSnapshotAsync(CancellationToken cancellationToken) =>
        _writer.BetweenRoundsAsync(state => state.TakeSnapshotAsync(), cancellationToken);

    /// <summary>
    /// As <see cref="TakeSnapshotAsync"/>, for readers who take the rest from the log: while somebody still reads the one taken last, the others
    /// get that one, until the log has grown by what makes a stored one due. So many slow readers hold one copy of the states in memory.
    /// </summary>
    internal ValueTask<SpaceSnapshot> ShareSnapshotAsync(CancellationToken cancellationToken) =>
        _writer.BetweenRoundsAsync(
            async state =>
            {
                if (_shared?.TryGetTarget(out SpaceSnapshot? last) == true && last.Head.Epoch == state.Head.Epoch
                    && state.Head.Seq - last.Head.Seq < _services.Options.SnapshotOperationsMin)
                {
                    return last;
                }

                SpaceSnapshot taken = await state.TakeSnapshotAsync();
                _shared = new WeakReference<SpaceSnapshot>(taken);
                return taken;
            },
            cancellationToken);

    /// <summary>Reads a page of the stored log, for readers that look at the operations themselves.</summary>
    public ValueTask<LogPage> ReadLogAsync(long after, Selection selection, PageLimits limits, CancellationToken cancellationToken) =>
        _services.Store.ReadAsync(Id, after, selection, limits, cancellationToken);

    /// <summary>Reads stored operations of a tree by actor and clock, in the order of merging.</summary>
    public ValueTask<IReadOnlyList<LoggedOperation>> ReadTreeOperationsAsync(
        ResourceId treeId, StateVector wanted, PageLimits limits, CancellationToken cancellationToken) =>
        _services.Store.ReadRangesAsync(Id, TreeModel.Scope, treeId, wanted, limits, cancellationToken);

    /// <summary>
    /// Changes who may do what, as a barrier in the writer's queue: whatever is decided afterwards is decided with the new roles, and open
    /// reads look again at theirs. The right to change it is judged there too: it may have been lost while the request was on its way.
    /// When the store fails, nobody may do anything any more, and the space must be closed.
    /// </summary>
    internal ValueTask<T> ChangeMembersAsync<T>(UserId by, Role least, Func<ValueTask<T>> change) =>
        _writer.BetweenRoundsAsync(
            async _ =>
            {
                DemandRole(by, least);
                try
                {
                    T outcome = await change();
                    _roles = RolesOf(await _services.Accounts.ReadMembersAsync(Id, CancellationToken.None));
                    return outcome;
                }
                catch
                {
                    _rolesAreUncertain = true;
                    throw;
                }
                finally
                {
                    SignalAccess();
                }
            },
            CancellationToken.None);

    internal void Publish(LogHead head, IReadOnlyList<OperationBatch> batches)
    {
        Feed.Publish(head, batches);
        _published(this);
    }

    /// <summary>Begins anew on another life of the log.</summary>
    internal void Replace(LogHead head)
    {
        Feed.Replace(head);
        _published(this);
    }

    internal ValueTask WriteClientsAsync() => _clients.WriteAsync();

    internal void Start() => _running = _writer.RunAsync();

    /// <summary>Serves what is queued, then ends: open reads are answered with <paramref name="code"/>.</summary>
    internal async ValueTask CloseAsync(string code, string reason)
    {
        _closed ??= new SpaceAccessException(code, reason);
        SignalAccess();
        _writer.Complete();
        await _running;
        await _clients.EndAsync(isDeleted: code == ErrorCodes.NotFound);
    }

    private static TaskCompletionSource NewSignal() => new(TaskCreationOptions.RunContinuationsAsynchronously);

    // Whoever reads or stands by looks again at what they may.
    private void SignalAccess()
    {
        Feed.Pulse();
        Interlocked.Exchange(ref _accessChanged, NewSignal()).TrySetResult();
    }

    private static FrozenDictionary<UserId, Role> RolesOf(IReadOnlyList<Member> members) =>
        members.ToFrozenDictionary(member => member.User.Id, member => member.Role);
}
