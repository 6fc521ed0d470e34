using System.Collections.Concurrent;
using Microsoft.Extensions.Logging;
using Syncline.Core.Operations;
using Syncline.Engine.Accounts;
using Syncline.Engine.Following;
using Syncline.Engine.Storage;

namespace Syncline.Engine.Spaces;

/// <summary>
/// All spaces of a server. A space becomes live when somebody uses it and is closed again when nobody has for a while, or when another needs
/// its place; a cold one costs an entry of its head at most.
/// </summary>
public sealed partial class LiveSpaces : IAsyncDisposable
{
    private const string PersonalName = "Personal";
    private static readonly TimeSpan ClientsWrittenEvery = TimeSpan.FromMinutes(1);
    private readonly EngineServices _services;
    private readonly ILogger _logger;
    private readonly Lock _lock = new();
    private readonly SemaphoreSlim _making = new(1);
    private readonly Dictionary<SpaceId, Entry> _entries = [];

    // The live ones that nobody uses, the one idle for longest first: found without a look at all the others.
    private readonly LinkedList<KeyValuePair<SpaceId, Entry>> _idle = new();
    private readonly ConcurrentDictionary<SpaceId, LogHead> _heads = [];
    private readonly Maintenance _maintenance;
    private bool _stopping;

    /// <summary>Opens nothing yet.</summary>
    public LiveSpaces(EngineServices services)
    {
        _services = services;
        _logger = services.Loggers.CreateLogger<LiveSpaces>();
        _maintenance = new Maintenance(services, this);
    }

    /// <summary>Signals for clients that wait on many spaces.</summary>
    public ChangeWatch.Registry Watches { get; internal init; } = new();

    /// <summary>Takes a space into use, making it live where it is not. Null when there is no such space.</summary>
    /// <exception cref="SpaceAccessException">The server is stopping.</exception>
    public async ValueTask<Lease?> UseAsync(SpaceId id, CancellationToken cancellationToken)
    {
        while (true)
        {
            Entry entry;
            lock (_lock)
            {
                DemandRunning();
                if (!_entries.TryGetValue(id, out Entry? known))
                    _entries.Add(id, known = new Entry());
                entry = known;
                entry.Users++;
                LeaveIdle(entry);
            }

            LiveSpace? space;
            try
            {
                space = await OpenAsync(id, entry, cancellationToken);
            }
            catch
            {
                Release(id, entry);
                throw;
            }

            if (space is not null)
            {
                await MakeRoomAsync();
                return new Lease(this, id, entry, space);
            }

            bool wasClosed = entry.IsClosing;
            Release(id, entry);
            if (!wasClosed)
                return null;
            await entry.Closed.Task.WaitAsync(cancellationToken);
        }
    }

    /// <summary>Makes a space with its first owner, and its empty log.</summary>
    /// <exception cref="SpaceAccessException">The server is stopping, or there is no such user.</exception>
    public ValueTask<AddSpaceOutcome> CreateAsync(
        SpaceRecord space, UserId owner, int spacesMax, CancellationToken cancellationToken) =>
        CreateAsync(space, owner, spacesMax, isPersonal: false, cancellationToken);

    /// <summary>The user's personal space, made where there is none. Null: they belong to as many spaces as they may.</summary>
    /// <exception cref="SpaceAccessException">The server is stopping, or there is no such user.</exception>
    public async ValueTask<SpaceId?> FindPersonalSpaceAsync(UserId user, int spacesMax, CancellationToken cancellationToken)
    {
        while (true)
        {
            if (await _services.Accounts.FindPersonalSpaceAsync(user, cancellationToken) is { } known)
                return known;
            SpaceRecord space = new(new SpaceId(_services.RandomBytes.NewId()), PersonalName, _services.TimeProvider.GetUtcMilliseconds());
            switch (await CreateAsync(space, user, spacesMax, isPersonal: true, cancellationToken))
            {
                case AddSpaceOutcome.Added:
                    return space.Id;
                case AddSpaceOutcome.QuotaExceeded:
                    return null;
            }
        }
    }

    private async ValueTask<AddSpaceOutcome> CreateAsync(
        SpaceRecord space, UserId owner, int spacesMax, bool isPersonal, CancellationToken cancellationToken)
    {
        // The log first: a crash in between leaves a log without a space, which the next creation of that id takes away. Creations and
        // deletions go one by one, so that none takes away the log of another.
        lock (_lock)
            DemandRunning();
        await _making.WaitAsync(cancellationToken);
        AddSpaceOutcome outcome;
        Epoch epoch = new(_services.RandomBytes.NewId());
        try
        {
            if (isPersonal
                ? await _services.Accounts.FindPersonalSpaceAsync(owner, cancellationToken) is not null
                : await _services.Accounts.FindSpaceAsync(space.Id, cancellationToken) is not null)
            {
                return AddSpaceOutcome.NameTaken;
            }

            await _services.Store.DeleteAsync(space.Id, CancellationToken.None);
            await _services.Store.CreateAsync(space.Id, epoch, space.CreatedAt, CancellationToken.None);

            // Before anybody can use the space and move its head on.
            _heads[space.Id] = LogHead.Empty(epoch);
            outcome = isPersonal
                ? await _services.Accounts.AddPersonalSpaceAsync(space, owner, spacesMax, AuditBy(owner), CancellationToken.None)
                : await _services.Accounts.AddSpaceAsync(space, owner, spacesMax, AuditBy(owner), CancellationToken.None);

            // A personal space's id is random: the log is nobody else's when another server has made the user's meanwhile.
            if (outcome is AddSpaceOutcome.QuotaExceeded or AddSpaceOutcome.NoSuchUser || (isPersonal && outcome != AddSpaceOutcome.Added))
            {
                await _services.Store.DeleteAsync(space.Id, CancellationToken.None);
                _heads.TryRemove(space.Id, out _);
            }
        }
        finally
        {
            _making.Release();
        }

        if (outcome == AddSpaceOutcome.NoSuchUser)
            throw new SpaceAccessException(ErrorCodes.Unauthenticated, "the user is not there any more");
        Watches.MembershipChanged(owner);
        return outcome;
    }

    /// <summary>Deletes a space, when <paramref name="by"/> is an owner at that moment: its waits end, its log goes. False when it is not there.</summary>
    /// <exception cref="SpaceAccessException">They are not.</exception>
    public async ValueTask<bool> DeleteAsync(SpaceId id, UserId by, CancellationToken cancellationToken)
    {
        // A creation of the same id waits until the old log is gone: it would lose its own with it.
        await _making.WaitAsync(cancellationToken);
        try
        {
            IReadOnlyList<Member> members = await _services.Accounts.ReadMembersAsync(id, cancellationToken);
            if (members.Count > 0 && !members.Any(member => member.User.Id == by && member.Role == Role.Owner))
            {
                throw members.Any(member => member.User.Id == by)
                    ? new SpaceAccessException(ErrorCodes.Forbidden, "only owners delete a space")
                    : new SpaceAccessException(ErrorCodes.NotFound, "no such space");
            }

            if (!await _services.Accounts.RemoveSpaceAsync(id, AuditBy(by), cancellationToken))
                return false;
            await RemoveLogAsync(id, members);
            return true;
        }
        finally
        {
            _making.Release();
        }
    }

    /// <summary>Makes a user a member or changes their role, when <paramref name="by"/> is an owner at that moment.</summary>
    /// <exception cref="SpaceAccessException">They are not.</exception>
    public ValueTask<ChangeMemberOutcome> SetMemberAsync(
        SpaceId id, UserId member, Role role, int spacesMax, UserId by, CancellationToken cancellationToken) =>
        ChangeMemberAsync(
            id,
            member,
            by,
            Role.Owner,
            () => _services.Accounts.SetMemberAsync(id, member, role, spacesMax, AuditBy(by), CancellationToken.None),
            cancellationToken);

    /// <summary>Ends a membership, by an owner or the member; the member's open waits end with it.</summary>
    /// <exception cref="SpaceAccessException">It is somebody else's, and <paramref name="by"/> is no owner at that moment.</exception>
    public ValueTask<ChangeMemberOutcome> RemoveMemberAsync(SpaceId id, UserId member, UserId by, CancellationToken cancellationToken) =>
        ChangeMemberAsync(
            id,
            member,
            by,
            member == by ? Role.Viewer : Role.Owner,
            () => _services.Accounts.RemoveMemberAsync(id, member, AuditBy(by), CancellationToken.None),
            cancellationToken);

    /// <summary>Where a space's log stands; a cold space stays cold. Null when there is no log.</summary>
    public async ValueTask<LogHead?> HeadOfAsync(SpaceId id, CancellationToken cancellationToken)
    {
        if (_heads.TryGetValue(id, out LogHead? known))
            return known;
        if (await _services.Store.ReadHeadAsync(id, cancellationToken) is not { } head)
            return null;

        // What a live space published meanwhile is newer, and so is the head of a space that was made anew.
        return _heads.GetOrAdd(id, head);
    }

    /// <summary>Where a space's log stands in the store at this moment; null when there is no log.</summary>
    public ValueTask<LogHead?> FreshHeadOfAsync(SpaceId id, CancellationToken cancellationToken) =>
        _services.Store.ReadHeadAsync(id, cancellationToken);

    /// <summary>As <see cref="HeadOfAsync"/>, for a list of spaces: one whose log cannot be read now is null too, and harms no other.</summary>
    public async ValueTask<LogHead?> TryHeadOfAsync(SpaceId id, CancellationToken cancellationToken)
    {
        try
        {
            return await HeadOfAsync(id, cancellationToken);
        }
        catch (StoreUnavailableException e)
        {
            LogUnreadable(id, e);
            return null;
        }
    }

    /// <summary>Closes spaces that nobody uses, until cancelled. Run once by the host.</summary>
    public async Task SweepAsync(CancellationToken stoppingToken)
    {
        using PeriodicTimer timer = new(_services.Options.IdleTime / 4, _services.TimeProvider);
        while (await timer.WaitForNextTickAsync(stoppingToken))
        {
            while (OldestIdle(_services.Options.IdleTime) is { } oldest)
                await CloseIdleAsync(oldest.Key, oldest.Value);
        }
    }

    /// <summary>Compacts the logs of spaces that changed and stores snapshots of them, until cancelled. Run once by the host.</summary>
    public Task MaintainAsync(CancellationToken stoppingToken) => _maintenance.RunAsync(stoppingToken);

    /// <summary>The same once and now, for whoever has the clock in hand.</summary>
    internal Task MaintainOnceAsync() => _maintenance.RunOnceAsync(CancellationToken.None);

    /// <summary>Writes once a minute how far clients have read, until cancelled. Run once by the host.</summary>
    public async Task WriteClientsAsync(CancellationToken stoppingToken)
    {
        using PeriodicTimer timer = new(ClientsWrittenEvery, _services.TimeProvider);
        while (await timer.WaitForNextTickAsync(stoppingToken))
        {
            LiveSpace[] live;
            lock (_lock)
                live = [.. _entries.Values.Select(entry => entry.Space).OfType<LiveSpace>()];
            foreach (LiveSpace space in live)
                await space.WriteClientsAsync();
        }
    }

    /// <summary>Answers all waits with <c>unavailable</c>, finishes what is being written, and closes every space.</summary>
    public async ValueTask StopAsync()
    {
        KeyValuePair<SpaceId, Entry>[] all;
        lock (_lock)
        {
            _stopping = true;
            all = [.. _entries];
        }

        Watches.Stop();

        // All at once: a space that takes its time to write keeps nobody waiting in another.
        await Task.WhenAll(all.Select(one => CloseAsync(one.Key, one.Value, ErrorCodes.Unavailable, "the server is shutting down").AsTask()));
    }

    /// <inheritdoc />
    public async ValueTask DisposeAsync()
    {
        await StopAsync();
        _making.Dispose();
    }

    private async ValueTask<ChangeMemberOutcome> ChangeMemberAsync(
        SpaceId id, UserId member, UserId by, Role least, Func<ValueTask<ChangeMemberOutcome>> change, CancellationToken cancellationToken)
    {
        await using Lease? lease = await UseAsync(id, cancellationToken);
        if (lease is null)
            return ChangeMemberOutcome.NotFound;
        try
        {
            // Not cancelled once it is queued: what it changes must be told to the member, whether or not who asked is still there.
            return await lease.Space.ChangeMembersAsync(by, least, change);
        }
        catch (Exception e) when (e is not SpaceAccessException)
        {
            // What it changed may be stored. Whoever comes next opens the space with the roles that the store has then.
            await lease.CloseSpaceAsync("its members could not be read");
            throw;
        }
        finally
        {
            Watches.MembershipChanged(member);
        }
    }

    private async ValueTask RemoveLogAsync(SpaceId id, IReadOnlyList<Member> members)
    {
        Entry? entry;
        lock (_lock)
            _entries.TryGetValue(id, out entry);
        try
        {
            if (entry is not null)
                await CloseAsync(id, entry, ErrorCodes.NotFound, "the space was deleted");
            await _services.Store.DeleteAsync(id, CancellationToken.None);
        }
        finally
        {
            // The memberships have ended, also when the store fails and the log is left for the next creation to take away.
            _heads.TryRemove(id, out _);
            _maintenance.Forget(id);
            foreach (Member member in members)
                Watches.MembershipChanged(member.User.Id);
        }
    }

    private async ValueTask<LiveSpace?> OpenAsync(SpaceId id, Entry entry, CancellationToken cancellationToken)
    {
        await entry.Opening.WaitAsync(cancellationToken);
        try
        {
            if (entry.Space is not null || entry.IsClosing)
                return entry.IsClosing ? null : entry.Space;
            if (await _services.Accounts.FindSpaceAsync(id, cancellationToken) is null)
                return null;
            LogHead? head = await _services.Store.ReadHeadAsync(id, cancellationToken);
            if (head is null)
                return null;
            IReadOnlyList<Member> members = await _services.Accounts.ReadMembersAsync(id, cancellationToken);
            LiveSpace space = new(id, head, members, _services, OnPublished);
            _heads[id] = head;
            space.Start();
            entry.Space = space;
            _services.Meters.OpenSpaces.Add(1);
            LogOpened(id, head.Seq);
            _maintenance.Changed(id);
            return space;
        }
        finally
        {
            entry.Opening.Release();
        }
    }

    private void DemandRunning()
    {
        if (_stopping)
            throw new SpaceAccessException(ErrorCodes.Unavailable, "the server is shutting down");
    }

    private void OnPublished(LiveSpace space)
    {
        _heads[space.Id] = space.Feed.Now.Head;
        Watches.SpaceChanged(space.Id);
        _maintenance.Changed(space.Id);
    }

    private void Release(SpaceId id, Entry entry)
    {
        lock (_lock)
        {
            entry.Users--;
            entry.LastUsed = _services.TimeProvider.GetTimestamp();
            if (entry.Users > 0)
                return;
            if (entry.Space is not null && !entry.IsClosing)
                entry.IdleNode = _idle.AddLast(new KeyValuePair<SpaceId, Entry>(id, entry));
            else if (entry.Space is null && _entries.TryGetValue(id, out Entry? current) && ReferenceEquals(current, entry))
                _entries.Remove(id);
        }
    }

    private async ValueTask MakeRoomAsync()
    {
        // When all are in use, their number is bounded by the connections.
        while (OldestIdle(TimeSpan.Zero, liveMax: _services.Options.LiveSpacesMax) is { } oldest)
            await CloseIdleAsync(oldest.Key, oldest.Value);
    }

    // The space that is idle for longest, when it is for at least a time, and more spaces are live than a number.
    private KeyValuePair<SpaceId, Entry>? OldestIdle(TimeSpan idleTime, int liveMax = 0)
    {
        lock (_lock)
        {
            return _entries.Count > liveMax
                && _idle.First is { Value: var oldest }
                && _services.TimeProvider.GetElapsedTime(oldest.Value.LastUsed) >= idleTime
                    ? oldest
                    : null;
        }
    }

    private void LeaveIdle(Entry entry)
    {
        if (entry.IdleNode is { } node)
            _idle.Remove(node);
        entry.IdleNode = null;
    }

    private async ValueTask CloseIdleAsync(SpaceId id, Entry entry)
    {
        lock (_lock)
        {
            if (entry.Users > 0 || entry.IsClosing)
                return;
            entry.IsClosing = true;
            LeaveIdle(entry);
        }

        await FinishClosingAsync(id, entry, ErrorCodes.Unavailable, "the space was idle");
    }

    private async ValueTask CloseAsync(SpaceId id, Entry entry, string code, string reason)
    {
        bool isClosing;
        lock (_lock)
        {
            isClosing = entry.IsClosing;
            entry.IsClosing = true;
            LeaveIdle(entry);
        }

        if (isClosing)
            await entry.Closed.Task;
        else
            await FinishClosingAsync(id, entry, code, reason);
    }

    private async ValueTask FinishClosingAsync(SpaceId id, Entry entry, string code, string reason)
    {
        // An opening under way ends first, so that what it opened is closed.
        await entry.Opening.WaitAsync();
        entry.Opening.Release();
        if (entry.Space is { } space)
        {
            await space.CloseAsync(code, reason);
            _services.Meters.OpenSpaces.Add(-1);
            LogClosed(id, reason);
        }

        lock (_lock)
        {
            if (_entries.TryGetValue(id, out Entry? current) && ReferenceEquals(current, entry))
                _entries.Remove(id);
        }

        entry.Closed.TrySetResult();
    }

    private Audit AuditBy(UserId user) => new(user, _services.TimeProvider.GetUtcNow());

    [LoggerMessage(10, LogLevel.Debug, "Space {Space} is live at seq {Head}")]
    private partial void LogOpened(SpaceId space, long head);

    [LoggerMessage(12, LogLevel.Error, "The log of space {Space} cannot be read")]
    private partial void LogUnreadable(SpaceId space, Exception exception);

    [LoggerMessage(11, LogLevel.Debug, "Space {Space} is closed: {Reason}")]
    private partial void LogClosed(SpaceId space, string reason);

    /// <summary>A space in use; disposing gives it back.</summary>
    public sealed class Lease : IAsyncDisposable
    {
        private readonly LiveSpaces _owner;
        private readonly Entry _entry;
        private int _released;

        internal Lease(LiveSpaces owner, SpaceId id, Entry entry, LiveSpace space)
        {
            _owner = owner;
            _entry = entry;
            Id = id;
            Space = space;
        }

        /// <summary>The space's id.</summary>
        public SpaceId Id { get; }

        /// <summary>The space.</summary>
        public LiveSpace Space { get; }

        internal ValueTask CloseSpaceAsync(string reason) => _owner.CloseAsync(Id, _entry, ErrorCodes.Unavailable, reason);

        /// <inheritdoc />
        public ValueTask DisposeAsync()
        {
            if (Interlocked.Exchange(ref _released, 1) == 0)
                _owner.Release(Id, _entry);
            return ValueTask.CompletedTask;
        }
    }

    internal sealed class Entry
    {
        public SemaphoreSlim Opening { get; } = new(1);

        public TaskCompletionSource Closed { get; } = new(TaskCreationOptions.RunContinuationsAsynchronously);

        public LiveSpace? Space { get; set; }

        public int Users { get; set; }

        public long LastUsed { get; set; }

        public bool IsClosing { get; set; }

        /// <summary>Where it stands among those that nobody uses. Under the lock.</summary>
        public LinkedListNode<KeyValuePair<SpaceId, Entry>>? IdleNode { get; set; }
    }
}
