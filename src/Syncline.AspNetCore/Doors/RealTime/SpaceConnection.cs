using System.Diagnostics.CodeAnalysis;
using System.Text.Json;
using SocketIO.AspNetCore;
using Syncline.AspNetCore.Accounts;
using Syncline.Core.Json;
using Syncline.Core.Operations;
using Syncline.Engine;
using Syncline.Engine.Accounts;
using Syncline.Engine.Spaces;

namespace Syncline.AspNetCore.Doors.RealTime;

/// <summary>
/// One client's link to one space: who it is, what it is fed, and when its right to that ends. Whatever is lost, the role, the login, the space or the
/// token's time, ends or pauses it by itself; no event is needed to notice.
/// </summary>
[SuppressMessage("Design", "CA1001:Types that own disposable fields should be disposable", Justification = "Over() is its end; what is cancelled or only awaited has nothing to dispose.")]
internal sealed class SpaceConnection
{
    private const int OwnActorsMax = 1_000;

    // A timer takes no more than some weeks.
    private static readonly TimeSpan TimerMax = TimeSpan.FromDays(1);

    private readonly LiveSpaces.Lease _lease;
    private readonly ICallers _callers;
    private readonly SpaceRooms _rooms;
    private readonly TimeProvider _time;
    private readonly RealTimeLog _log;
    private readonly EngineMeters _meters;
    private readonly CancellationTokenSource _ended = new();
    private readonly CancellationTokenSource _loginEnded = new();
    private readonly Lock _lock = new();
    private readonly HashSet<ActorId> _ownActors = [];
    private readonly Queue<ActorId> _ownActorsByAge = [];
    private readonly SemaphoreSlim _changing = new(1);
    private readonly ITimer _expiry;
    private volatile Caller _caller;

    // Set while the token's time is over and no new one has come.
    private TaskCompletionSource? _pause;
    private Expiry _next = Expiry.Warning;
    private DateTimeOffset _nextAt;
    private LogFeed? _follow;
    private TreeFeed? _trees;
    private bool _isOver;

    public SpaceConnection(
        Socket socket, LiveSpaces.Lease lease, Caller caller, string displayName, ICallers callers, SpaceRooms rooms, TimeProvider time, EngineMeters meters, RealTimeLog log)
    {
        (Socket, _lease, _caller, DisplayName, _callers, _rooms, _time, _meters, _log) =
            (socket, lease, caller, displayName, callers, rooms, time, meters, log);
        Ended = _ended.Token;
        Room = rooms.Hold(Space.Id, caller.UserId, socket.Namespace);
        _expiry = time.CreateTimer(static connection => ((SpaceConnection)connection!).ExpiryIsDue(), this, Timeout.InfiniteTimeSpan, Timeout.InfiniteTimeSpan);
    }

    // What happens as the token's time runs out, one after the other.
    private enum Expiry
    {
        Warning,
        Pause,
        End,
    }

    public Socket Socket { get; }

    public LiveSpace Space => _lease.Space;

    public UserId UserId => _caller.UserId;

    public string DisplayName { get; }

    public SpaceRoom Room { get; }

    /// <summary>What is sent of trees; null when the client did not ask for them.</summary>
    public TreeFeed? Trees => Volatile.Read(ref _trees);

    /// <summary>Cancelled when it is over.</summary>
    public CancellationToken Ended { get; }

    public static TimeSpan Grace { get; } = TimeSpan.FromSeconds(60);

    private bool IsExpired => _caller.ExpiresAt <= _time.GetUtcNow();

    /// <summary>
    /// Whether something may be sent now: the token's time is not over, the login has not ended, and the user may read the space. What is not sent is made
    /// up for when it goes on.
    /// </summary>
    public bool MayReceive
    {
        get
        {
            lock (_lock)
            {
                if (_isOver || _pause is not null || IsExpired || _callers.HasEnded(_caller))
                    return false;
            }

            return Space.RoleOf(UserId) is not null;
        }
    }

    /// <summary>Begins, once the client has joined.</summary>
    public void Start()
    {
        lock (_lock)
        {
            // It may have gone before it was told of as come.
            if (_isOver)
                return;
            Room.Enter(this);
            _callers.EnterWait(_caller, _loginEnded);
            SetExpiry();
        }

        Emit("ready", writer =>
        {
            Engine.Storage.LogHead head = Space.Feed.Now.Head;
            writer.WriteStartObject();
            writer.WriteString("spaceId"u8, Space.Id.Value);
            writer.WriteString("epoch"u8, head.Epoch.Value);
            writer.WriteNumber("head"u8, head.Seq);
            writer.WriteString("role"u8, Space.RoleOf(UserId) is { } role ? RoleNames.Of(role) : "");
            writer.WriteString("userId"u8, UserId.Value);
            writer.WriteString("presence"u8, "local"u8);
            writer.WriteEndObject();
        });
        Room.Greet(Socket);
        _loginEnded.Token.UnsafeRegister(static connection => ((SpaceConnection)connection!).End(ErrorCodes.Unauthenticated, "the login has ended"), this);
        _ = WatchAccessAsync();
    }

    /// <summary>Whether operations of an actor were sent by this connection.</summary>
    public bool IsOwn(ActorId actor)
    {
        lock (_lock)
            return _ownActors.Contains(actor);
    }

    /// <summary>Notes that operations of an actor are sent by this connection. The last actors count: a client that takes very many is sent own operations, too.</summary>
    public void Own(IEnumerable<ActorId> actors)
    {
        lock (_lock)
        {
            foreach (ActorId actor in actors)
            {
                if (!_ownActors.Add(actor))
                    continue;
                _ownActorsByAge.Enqueue(actor);
                if (_ownActorsByAge.Count > OwnActorsMax)
                    _ownActors.Remove(_ownActorsByAge.Dequeue());
            }
        }
    }

    /// <summary>Notes that what was received then is delivered.</summary>
    public void Delivered(DateTimeOffset receivedAt) => _meters.DeliveryDelay.Record((_time.GetUtcNow() - receivedAt).TotalSeconds);

    /// <summary>Demands that the client is still who it was: for events, which are refused rather than delayed.</summary>
    /// <exception cref="RequestException">It is not.</exception>
    public void DemandCaller()
    {
        lock (_lock)
        {
            if (_pause is null && !_callers.HasEnded(_caller) && !IsExpired)
                return;
        }

        throw new RequestException(ErrorCodes.Unauthenticated, "the token's time is over; send auth:refresh with a new one");
    }

    /// <summary>Returns when something may be sent: at once, but for the time between a token's end and the next token.</summary>
    public ValueTask MayGoOnAsync(CancellationToken cancellationToken)
    {
        cancellationToken.ThrowIfCancellationRequested();
        lock (_lock)
        {
            // The timer that begins the pause may be late.
            if (_pause is null && IsExpired)
                BeginPause();
            return _pause is null ? ValueTask.CompletedTask : new ValueTask(_pause.Task.WaitAsync(cancellationToken));
        }
    }

    /// <summary>Goes on with a new token. What was shown while it was paused is made up for.</summary>
    /// <exception cref="RequestException">It is another user's.</exception>
    public async ValueTask RefreshAsync(Caller caller)
    {
        if (caller.UserId != UserId)
            throw new RequestException(ErrorCodes.Forbidden, "the token is another user's; connect anew with it");
        TaskCompletionSource? pause;
        bool wasPaused;
        lock (_lock)
        {
            if (_isOver)
                return;
            wasPaused = _pause is not null || IsExpired;
            _callers.LeaveWait(_caller, _loginEnded);
            _caller = caller;
            _callers.EnterWait(caller, _loginEnded);
            (pause, _pause) = (_pause, null);
            SetExpiry();
        }

        pause?.TrySetResult();
        if (!wasPaused)
            return;
        Room.Greet(Socket);
        if (Trees is { } trees)
            await Room.SendTransientsAsync(this, trees, Ended);
    }

    /// <summary>Replaces what is sent of the log.</summary>
    public ValueTask FollowAsync(LogFeed feed) => BeginAsync(feed, () => Interlocked.Exchange(ref _follow, feed));

    /// <summary>Replaces what is sent of trees.</summary>
    public ValueTask FollowTreesAsync(TreeFeed feed) => BeginAsync(feed, () => Interlocked.Exchange(ref _trees, feed));

    /// <summary>Returns when the connection has seen everything up to a seq, if it follows.</summary>
    public Task SentAsync(long seq) => _follow?.SentAsync(seq) ?? Task.CompletedTask;

    /// <summary>Shows something of itself to the others; null ends that.</summary>
    public void Show(JsonText? state)
    {
        if (state is { } shown)
            Room.Presence.Set(Socket.Id, UserId, DisplayName, shown);
        else
            Room.Presence.Leave(Socket.Id);
    }

    /// <summary>A feed has failed by a fault of the server's: that is logged, and the client told.</summary>
    public void Failed(string eventName, Exception exception)
    {
        _log.Fault(eventName, Space.Id, exception);
        new DoorError(ErrorCodes.Internal, "a fault of the server's; its log has it").Tell(Socket, eventName);
    }

    /// <summary>What is refused is the client's business, but for a store that cannot be used.</summary>
    public void LogRefused(string eventName, Exception exception) => _log.Refused(eventName, Space.Id, exception);

    /// <summary>It is over; called once, however it came.</summary>
    public void Over() => _ = OverAsync();

    private async ValueTask BeginAsync(SpaceFeed feed, Func<SpaceFeed?> takePlace)
    {
        await _changing.WaitAsync(Ended);
        try
        {
            if (takePlace() is { } before)
                await before.DisposeAsync();
            feed.Start();
        }
        finally
        {
            _changing.Release();
        }
    }

    private async Task OverAsync()
    {
        lock (_lock)
        {
            if (_isOver)
                return;
            _isOver = true;
        }

        Room.Leave(this);
        await _ended.CancelAsync();
        await _expiry.DisposeAsync();
        _callers.LeaveWait(_caller, _loginEnded);
        await _changing.WaitAsync(CancellationToken.None);
        try
        {
            if (_follow is not null)
                await _follow.DisposeAsync();
            if (_trees is not null)
                await _trees.DisposeAsync();
        }
        finally
        {
            _rooms.Release(Space.Id, UserId);
            await _lease.DisposeAsync();
        }
    }

    // Roles are also asked for at each page and each event. This is for a connection that is idle: it hears of it too, and its presence goes.
    private async Task WatchAccessAsync()
    {
        try
        {
            while (true)
            {
                Task changed = Space.AccessChanged;
                Space.DemandRole(UserId, Role.Viewer);
                await changed.WaitAsync(Ended);
            }
        }
        catch (OperationCanceledException)
        {
            // It is over already.
        }
        catch (SpaceAccessException e)
        {
            End(e.Code, e.Message);
        }
    }

    private void End(string code, string message)
    {
        new DoorError(code, message).Tell(Socket, "connection");

        // Who may come back does so of itself when the connection is lost, and does not when it was told to leave.
        if (Problems.IsRetryable(code))
            Socket.Connection.Close();
        else
            Socket.Disconnect();
    }

    // Within the lock, or before anybody else knows of it.
    private void SetExpiry()
    {
        if (_caller.ExpiresAt == DateTimeOffset.MaxValue)
        {
            _expiry.Change(Timeout.InfiniteTimeSpan, Timeout.InfiniteTimeSpan);
            return;
        }

        _next = Expiry.Warning;
        SetTimer(_caller.ExpiresAt - Grace);
    }

    private void SetTimer(DateTimeOffset due)
    {
        _nextAt = due;
        TimeSpan left = due - _time.GetUtcNow();
        _expiry.Change(TimeSpan.FromTicks(Math.Clamp(left.Ticks, 0, TimerMax.Ticks)), Timeout.InfiniteTimeSpan);
    }

    private void ExpiryIsDue()
    {
        Expiry due;
        lock (_lock)
        {
            due = _next;
            if (_isOver || (due == Expiry.End && _pause is null))
                return;
            if (_nextAt > _time.GetUtcNow())
            {
                SetTimer(_nextAt);
                return;
            }

            switch (due)
            {
                case Expiry.Warning:
                    _next = Expiry.Pause;
                    SetTimer(_caller.ExpiresAt);
                    break;
                case Expiry.Pause:
                    BeginPause();
                    _next = Expiry.End;
                    SetTimer(_caller.ExpiresAt + Grace);
                    break;
            }
        }

        switch (due)
        {
            case Expiry.Warning:
                TimeSpan left = _caller.ExpiresAt - _time.GetUtcNow();
                Emit("auth:expiring", writer =>
                {
                    writer.WriteStartObject();
                    writer.WriteNumber("expiresIn"u8, Math.Max(0, (int)left.TotalSeconds));
                    writer.WriteEndObject();
                });
                break;
            case Expiry.Pause:
                Room.Presence.Leave(Socket.Id);
                break;
            case Expiry.End:
                End(ErrorCodes.Unauthenticated, "the token's time is over");
                break;
        }
    }

    // Within the lock.
    private void BeginPause() => _pause ??= new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);

    private void Emit(string eventName, Action<Utf8JsonWriter> write) => Socket.EmitJson(eventName, RealTimeJson.ToUtf8(write));
}
