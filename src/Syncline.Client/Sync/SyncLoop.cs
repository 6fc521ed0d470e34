using System.Threading.Channels;
using Syncline.Client.Storage;
using Syncline.Core.Operations;

namespace Syncline.Client.Sync;

/// <summary>
/// The one loop that talks to the server, whatever wakes it: a local change, the end of a wait, a timer, the network. It goes round the spaces,
/// a step each, until none has anything to do; then one wait, or one question at intervals, stands for all of them. Pushes do not wait for a wait
/// that is under way.
/// </summary>
internal sealed class SyncLoop : IAsyncDisposable
{
    private static readonly TimeSpan FailureFirst = TimeSpan.FromMilliseconds(500);
    private static readonly TimeSpan FailureMost = TimeSpan.FromSeconds(15);
    private static readonly TimeSpan ForgettingTime = TimeSpan.FromDays(1);

    private readonly ClientServices _services;
    private readonly Channel<bool> _wake = Channel.CreateBounded<bool>(new BoundedChannelOptions(1) { FullMode = BoundedChannelFullMode.DropWrite, SingleReader = true });
    private readonly CancellationTokenSource _stopping = new();
    private readonly Backoff _backoff;
    private readonly ChangeWait _wait;
    private readonly RealTimeLink _link;
    private readonly ITimer _timer;
    private readonly Lock _lock = new();
    private readonly List<SpaceSync> _spaces = [];
    private bool _networkIsBack;
    private bool _hasAnswered;
    private ServerConnection? _known;
    private long _tries;
    private long _tryUnderWay;
    private Problem? _problem;
    private long _problemTry;
    private DateTimeOffset _forgotAt;
    private Task? _running;

    public SyncLoop(ClientServices services)
    {
        _services = services;
        _backoff = new Backoff(services.Time, services.Options.Random, FailureFirst, FailureMost);
        _wait = new ChangeWait(services, Wake);
        _link = new RealTimeLink(services, Wake);
        _timer = services.Time.CreateTimer(static loop => ((SyncLoop)loop!).Wake(), this, Timeout.InfiniteTimeSpan, Timeout.InfiniteTimeSpan);
    }

    /// <summary>Called when <see cref="Status"/> may have changed.</summary>
    public Action StatusChanged { get; set; } = static () => { };

    /// <summary>How changes of others are learned of now.</summary>
    public SyncTransport Transport
    {
        get => _wait.Transport;
        set
        {
            _wait.Transport = value;
            if (value != SyncTransport.SocketIO)
                _link.Drop();
            Wake();
        }
    }

    /// <summary>Whether the link carries all spaces.</summary>
    public bool IsLinked => Spaces.All(_link.Carries);

    /// <summary>How often this device found that it did not hold what the server holds, and began anew.</summary>
    public int RepairCount => Spaces.Sum(space => space.RepairCount);

    public SyncStatus Status
    {
        get
        {
            SpaceSync[] spaces = Spaces;
            int pending = 0;
            int refused = 0;
            long behind = 0;
            DateTimeOffset? oldest = null;
            bool isPulling = false;
            foreach (SpaceSync space in spaces)
            {
                (int Pending, int Refused, DateTimeOffset? Oldest) outbox =
                    space.Replica.ReadOutbox(outbox => (outbox.PendingCount, outbox.RefusedCount, outbox.OldestPending));
                pending += outbox.Pending;
                refused += outbox.Refused;
                oldest = oldest is null || outbox.Oldest < oldest ? outbox.Oldest ?? oldest : oldest;
                behind += Math.Max(0, space.Head - (space.Replica.Cursor?.Seq ?? 0));
                isPulling |= space.HasToReceive;
            }

            Problem? problem = _problem ?? _services.Writer.Problem ?? spaces.Select(space => space.Problem).FirstOrDefault(problem => problem is not null);
            DateTimeOffset? lastSuccess = spaces.Length == 0 || spaces.Any(space => space.Replica.LastSuccess is null)
                ? null
                : spaces.Min(space => space.Replica.LastSuccess);
            return new SyncStatus(StateOf(pending, refused, isPulling, problem), pending, refused, behind, oldest, lastSuccess, problem);
        }
    }

    private SpaceSync[] Spaces
    {
        get
        {
            lock (_lock)
                return [.. _spaces];
        }
    }

    public void Start() =>
        _running = Task.Factory.StartNew(RunAsync, CancellationToken.None, TaskCreationOptions.DenyChildAttach, _services.Options.Scheduler).Unwrap();

    public void Add(SpaceSync space)
    {
        lock (_lock)
            _spaces.Add(space);
        Wake();
    }

    public void Remove(SpaceSync space)
    {
        lock (_lock)
            _spaces.Remove(space);
    }

    /// <summary>There may be something to do.</summary>
    public void Wake() => _wake.Writer.TryWrite(true);

    /// <summary>The network is back, or the user has logged in: what has failed is tried at once.</summary>
    /// <returns>What is tried, for <see cref="ProblemSince"/>.</returns>
    public long TryNow()
    {
        long tried = Interlocked.Increment(ref _tries);
        Volatile.Write(ref _networkIsBack, true);
        Wake();
        return tried;
    }

    /// <summary>Why a login is needed, as the server has said to a try, or later; null when it has not.</summary>
    public Problem? ProblemSince(long tried) => Volatile.Read(ref _problemTry) >= tried && _problem is { } problem && NeedsLogin(problem) ? problem : null;

    /// <summary>There is another login: what waits at the server under the one before is given up.</summary>
    public void LoginChanged()
    {
        _wait.GiveUp();
        _link.Drop();
        TryNow();
    }

    public async ValueTask DisposeAsync()
    {
        await _stopping.CancelAsync();
        _wake.Writer.TryComplete();
        if (_running is not null)
            await _running;
        await _link.DisposeAsync();
        await _wait.StopAsync();
        await _timer.DisposeAsync();
        _stopping.Dispose();
    }

    private SyncState StateOf(int pending, int refused, bool isPulling, Problem? problem)
    {
        if (problem is not null && NeedsLogin(problem))
            return SyncState.Unauthorized;
        if (problem?.Code is Problem.Unreachable or Problem.InvalidAnswer)
            return SyncState.Offline;
        if (!_hasAnswered)
            return SyncState.Connecting;
        if (pending > 0 || isPulling)
            return SyncState.Syncing;
        return refused > 0 ? SyncState.Refused : SyncState.UpToDate;
    }

    private async Task RunAsync()
    {
        CancellationToken stopping = _stopping.Token;
        try
        {
            while (!stopping.IsCancellationRequested)
            {
                await TryWorkAsync(stopping);
                ScheduleNext();
                if (!await _wake.Reader.WaitToReadAsync(CancellationToken.None))
                    break;
                _wake.Reader.TryRead(out _);
            }
        }
        catch (OperationCanceledException) when (stopping.IsCancellationRequested)
        {
            // The client is being closed.
        }
    }

    // Once a day, as long as the client is open: what was received so long ago will not be asked for again.
    private void ForgetReceivedOwn()
    {
        DateTimeOffset now = _services.Time.GetUtcNow();
        if (now - _forgotAt < ForgettingTime)
            return;
        _forgotAt = now;
        _services.Writer.Post([new LocalWrite.ForgetReceivedOwn(now - _services.Options.OwnOperationsTime)]);
    }

    private async Task TryWorkAsync(CancellationToken stopping)
    {
        try
        {
            ForgetReceivedOwn();
            await WorkAsync(stopping);
        }
        catch (LocalStoreException e)
        {
            Take(new Problem(Problem.LocalStore, e.Message));
        }
        catch (Exception e) when (e is not OperationCanceledException)
        {
            // A fault of ours. It is told, and everything is kept and tried again, rather than that nothing is synced any more without a word.
            Take(new Problem(ErrorCodes.Internal, $"{e.GetType().Name}: {e.Message}"));
        }
    }

    private static bool NeedsLogin(Problem problem) => problem.Code is ErrorCodes.Unauthenticated or Problem.OtherUser;

    // Goes round until there is nothing to do, or the connection is of no use. All of it is under the login that it began with.
    private async Task WorkAsync(CancellationToken stopping)
    {
        if (Interlocked.Exchange(ref _networkIsBack, false))
        {
            _backoff.Reset();
            _wait.DropFailure();
            foreach (SpaceSync space in Spaces)
                space.Backoff.Reset();
        }

        if (_backoff.Left > TimeSpan.Zero)
        {
            _wait.DropFailure();
            return;
        }

        _tryUnderWay = Volatile.Read(ref _tries);
        ServerConnection server = _services.Server;
        if (!await KnowsAccountAsync(server, stopping))
            return;
        for (bool isBusy = true; isBusy && !stopping.IsCancellationRequested;)
        {
            isBusy = false;
            foreach (SpaceSync space in Spaces)
            {
                if (!space.IsDue)
                    continue;
                isBusy = true;
                Problem? problem = await space.StepAsync(server, stopping);
                if (server != _services.Server || !Take(problem))
                    return;
                NoteSuccess(space);
                StatusChanged();
            }

            if (!isBusy && _wait.TakeResult() is { } result)
            {
                isBusy = true;
                if (!result.IsAnswered && Volatile.Read(ref _networkIsBack))
                    continue;
                if (!Take(TakeChanges(result)))
                    return;
            }
        }

        Wait(stopping);
    }

    // What the link carries needs no other wait.
    private void Wait(CancellationToken stopping)
    {
        SpaceSync[] spaces = Spaces;
        if (_wait.Transport == SyncTransport.SocketIO)
        {
            _link.Want(spaces, stopping);
            SpaceSync[] carried = [.. spaces.Where(_link.Carries)];
            if (_link.TakeHeard())
            {
                foreach (SpaceSync space in carried)
                    NoteSuccess(space);
            }

            if (carried.Length == spaces.Length)
            {
                _wait.GiveUp();
                return;
            }

            spaces = [.. spaces.Except(carried)];
        }

        _wait.Begin(spaces, stopping);
    }

    private void NoteSuccess(SpaceSync space)
    {
        if (space.Replica.IsForgotten || space.Problem is not null || !space.Agrees)
            return;
        DateTimeOffset now = _services.Time.GetUtcNow();
        if (space.Replica.Succeeded(now))
            _services.Writer.Post([new LocalWrite.SetLastSuccess(space.Replica.Id, now)]);
    }

    private Problem? TakeChanges(Reply<ChangesAnswer> result)
    {
        if (!result.IsAnswered)
            return result.Problem;
        Dictionary<string, ChangedSpace> changed = result.Answer.Changed.ToDictionary(space => space.SpaceId, StringComparer.Ordinal);
        foreach (SpaceSync space in Spaces)
        {
            if (changed.TryGetValue(space.Replica.Id.Value, out ChangedSpace? news))
            {
                space.Head = Math.Max(space.Head, news.Head);
                if (news.Code is not null || news.Head > (space.Replica.Cursor?.Seq ?? 0))
                    space.AskForPull();
            }
            else if (result.Answer.Removed.Contains(space.Replica.Id.Value, StringComparer.Ordinal))
            {
                // The next pull says so.
                space.AskForPull();
            }
            else
            {
                NoteSuccess(space);
            }
        }

        foreach (RemoteSpace added in result.Answer.Added)
        {
            foreach (SpaceSync space in Spaces.Where(space => space.Replica.Id.Value == added.Id))
            {
                space.Backoff.Reset();
                space.AskForPull();
            }
        }

        StatusChanged();
        return null;
    }

    // A store belongs to one user: what waits in it must not be sent as somebody else's.
    private async Task<bool> KnowsAccountAsync(ServerConnection server, CancellationToken stopping)
    {
        if (server == _known)
            return true;
        Reply<MeAnswer> me = await server.WhoAmIAsync(stopping);
        if (server != _services.Server)
            return false;
        if (!me.IsAnswered)
            return Take(me.Problem);
        LocalAccount account = new(server.Address, new UserId(me.Answer.User.Id));
        if (_services.Device.Account is { } known && known.UserId != account.UserId)
        {
            return Take(new Problem(
                Problem.OtherUser, $"this store belongs to the user {known.UserId}, and the login is of {account.UserId}: log in as the other, or use another file"));
        }

        if (_services.Device.Account is null)
        {
            await _services.Writer.WriteAsync(new LocalWrite.SetAccount(account));
            _services.SetAccount(account);
        }

        _known = server;
        return Take(null);
    }

    private bool Take(Problem? problem)
    {
        _problem = problem;
        Volatile.Write(ref _problemTry, _tryUnderWay);
        if (problem is null)
        {
            _hasAnswered = true;
            _backoff.Reset();
            return true;
        }

        // Nothing helps but a login, which wakes the loop; it is asked for now and then all the same, in case it was the server's mistake.
        _hasAnswered = false;
        _backoff.Failed(NeedsLogin(problem) ? TimeSpan.FromMinutes(1) : problem.RetryAfter);
        StatusChanged();
        return false;
    }

    // The timer wakes the loop for what nobody else would wake it for.
    private void ScheduleNext()
    {
        TimeSpan next = Timeout.InfiniteTimeSpan;
        if (_backoff.HasFailed)
        {
            next = _backoff.Left;
        }
        else
        {
            foreach (SpaceSync space in Spaces.Where(space => space.Backoff.HasFailed))
            {
                if (next == Timeout.InfiniteTimeSpan || space.Backoff.Left < next)
                    next = space.Backoff.Left;
            }
        }

        if (next != Timeout.InfiniteTimeSpan)
            next += TimeSpan.FromMilliseconds(1);
        _timer.Change(next, Timeout.InfiniteTimeSpan);
        StatusChanged();
    }
}
