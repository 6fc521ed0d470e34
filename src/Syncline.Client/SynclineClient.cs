using Syncline.Client.Replicas;
using Syncline.Client.Storage;
using Syncline.Client.Sync;
using Syncline.Core.Operations;

namespace Syncline.Client;

/// <summary>
/// A device: everything that it works on is in a local file, whether there is a network or not, and is brought into agreement with a server
/// whenever that can be reached. One client has a file open at a time.
/// </summary>
/// <example>
/// <code>
/// await using SynclineClient client = await SynclineClient.OpenAsync("tasks.db", new Uri("http://localhost:5080"));
/// Space home = await client.OpenSpaceAsync("home");
/// home.Changed += (_, changes) => Show(home);
/// </code>
/// </example>
public sealed class SynclineClient : IAsyncDisposable
{
    private static readonly TimeSpan StopPatience = TimeSpan.FromSeconds(5);

    private readonly ClientServices _services;
    private readonly ServerConnection _server;
    private readonly SyncLoop _loop;
    private readonly EventPost _events;
    private readonly CancellationTokenSource _stopping = new();
    private readonly Lock _lock = new();
    private readonly Dictionary<SpaceId, Space> _spaces = [];
    private readonly List<TaskCompletionSource> _agreementWaits = [];
    private readonly Task _writing;
    private LoginTokens? _login;
    private SyncStatus _status;
    private bool _isDisposed;

    private SynclineClient(ClientServices services, ServerConnection server)
    {
        _services = services;
        _server = server;
        _events = new EventPost(services.Options) { Failed = HandlerHasFailed };
        _loop = new SyncLoop(services, server) { StatusChanged = NoteStatus };
        services.Wake = _loop.Wake;
        services.Writer.ProblemChanged = NoteStatus;
        _status = _loop.Status;
        _writing = Task.Factory.StartNew(
            () => services.Writer.RunAsync(_stopping.Token), CancellationToken.None, TaskCreationOptions.DenyChildAttach, services.Options.Scheduler).Unwrap();
    }

    /// <summary>Raised when <see cref="Status"/> is another, in <see cref="SynclineClientOptions.EventContext"/>.</summary>
    public event EventHandler<SyncStatusChangedEventArgs>? StatusChanged;

    /// <summary>
    /// Raised when a handler of an event of this client or its spaces has thrown, where that was. All other handlers and later events go on. Where nobody
    /// handles it, the exception is thrown into <see cref="SynclineClientOptions.EventContext"/>, as if the application had raised the event, and
    /// without a context it goes to <see cref="TaskScheduler.UnobservedTaskException"/>.
    /// </summary>
    public event EventHandler<HandlerFailedEventArgs>? HandlerFailed;

    /// <summary>How far this device and the server are in agreement.</summary>
    public SyncStatus Status => _loop.Status;

    /// <summary>Who numbers the operations of this device.</summary>
    public ActorId Actor => _services.Device.Actor;

    /// <summary>How the client learns of others' changes; can be changed at any moment.</summary>
    public SyncTransport Transport
    {
        get => _loop.Transport;
        set => _loop.Transport = value;
    }

    /// <summary>Whether the server sends what happens in all spaces over <see cref="SyncTransport.SocketIO"/> now.</summary>
    internal bool IsLinked => _loop.IsLinked;

    /// <summary>How often this device found that it did not hold what the server holds, and began anew. Always 0 as long as nothing is broken.</summary>
    public int RepairCount => _loop.RepairCount;

    /// <summary>The spaces of this device, opened or not. All of them are kept in agreement with the server.</summary>
    public IReadOnlyList<SpaceId> Spaces
    {
        get
        {
            lock (_lock)
                return [.. _spaces.Keys];
        }
    }

    /// <summary>Opens a local file, which is made when it is not there, and begins to sync it. No network is needed.</summary>
    /// <param name="path">The file.</param>
    /// <param name="server">The server's address.</param>
    /// <param name="options">How to behave; null for the defaults.</param>
    /// <param name="cancellationToken">Ends the call.</param>
    /// <exception cref="LocalStoreInUseException">Another client has the file open.</exception>
    /// <exception cref="LocalStoreException">The file cannot be opened.</exception>
    public static Task<SynclineClient> OpenAsync(
        string path, Uri server, SynclineClientOptions? options = null, CancellationToken cancellationToken = default)
    {
        options ??= new SynclineClientOptions();

        // Opening reads files, so not on the caller's thread.
        return Task.Factory.StartNew(
            () => OpenAsync(SqliteLocalStore.Open(path, options.Time, options.Random), server, options, cancellationToken),
            cancellationToken,
            TaskCreationOptions.DenyChildAttach,
            options.Scheduler).Unwrap();
    }

    internal static async Task<SynclineClient> OpenAsync(
        ILocalStore store, Uri server, SynclineClientOptions options, CancellationToken cancellationToken)
    {
        try
        {
            ClientServices services = new(store, await store.ReadDeviceAsync(cancellationToken), options);
            bool isOwnHandler = options.HttpHandler is null;
            ServerConnection connection = new(server, options.HttpHandler ?? DefaultHandler(server), isOwnHandler, options.Time);
            SynclineClient client = new(services, connection);
            await client.BeginAsync(cancellationToken);
            return client;
        }
        catch
        {
            await store.DisposeAsync();
            throw;
        }
    }

    /// <summary>Opens a space, which is made on this device when it is not there: the server hears of it when it can be reached.</summary>
    /// <param name="id">The space's id: <c>[0-9a-z][0-9a-z_-]{1,63}</c>.</param>
    /// <param name="cancellationToken">Ends the call.</param>
    /// <exception cref="FormatException">It is no id.</exception>
    /// <exception cref="LocalStoreException">The local store cannot be read.</exception>
    public async Task<Space> OpenSpaceAsync(string id, CancellationToken cancellationToken = default)
    {
        SpaceId spaceId = SpaceId.Parse(id, provider: null);
        Space space;
        bool isNew;
        lock (_lock)
        {
            ObjectDisposedException.ThrowIf(_isDisposed, this);
            isNew = !_spaces.TryGetValue(spaceId, out Space? known);
            space = known ?? Make(new LocalSpace(spaceId, Cursor: null, ClockMax: 0, SnapshotSeq: 0, LastSuccess: null), []);
            _spaces[spaceId] = space;
        }

        if (isNew)
            await _services.Writer.WriteAsync(new LocalWrite.AddSpace(spaceId));
        try
        {
            await _services.RunAsync(() => space.Sync.LoadAsync(cancellationToken));
        }
        finally
        {
            // It is on this device from now on, whether this call has waited for its end or not.
            if (isNew)
                _loop.Add(space.Sync);
        }

        return space;
    }

    /// <summary>Removes a space from this device, with everything that was not sent. The server's copy stays.</summary>
    public async Task ForgetSpaceAsync(string id, CancellationToken cancellationToken = default)
    {
        Space? space;
        lock (_lock)
            _spaces.Remove(SpaceId.Parse(id, provider: null), out space);
        if (space is null)
            return;
        _loop.Remove(space.Sync);

        // What was numbered here is forgotten too: who opens the space again must not give the same numbers.
        _services.ReplaceActor(_services.Device.Actor);
        await _services.Writer.WriteAsync(new LocalWrite.RemoveSpace(space.Id)).WaitAsync(cancellationToken);
    }

    /// <summary>The spaces that the user is a member of; needs the server.</summary>
    /// <exception cref="SynclineException">The server cannot be reached, or does not allow it.</exception>
    public async Task<IReadOnlyList<RemoteSpace>> ListSpacesAsync(CancellationToken cancellationToken = default) =>
        AnswerOf(await _server.ListSpacesAsync(cancellationToken)).Spaces;

    /// <summary>Logs in with an account of the server; the login is kept in the local file. Everything that waits is sent then.</summary>
    /// <exception cref="SynclineException">The server cannot be reached, or the user name or password is wrong.</exception>
    public Task LogInAsync(string userName, string password, CancellationToken cancellationToken = default) =>
        LogInAsync(new CredentialsRequest(userName, password), register: false, cancellationToken);

    /// <summary>Makes an account on the server and logs in with it.</summary>
    /// <exception cref="SynclineException">The server cannot be reached, or does not allow it.</exception>
    public Task RegisterAsync(string userName, string password, string? invite = null, CancellationToken cancellationToken = default) =>
        LogInAsync(new CredentialsRequest(userName, password, Invite: invite), register: true, cancellationToken);

    /// <summary>Takes access tokens from the application: its own authentication, or an authority.</summary>
    /// <param name="get">Is given the token that the server refused, or null, and returns the one to send; null when the user has to log in.</param>
    public void UseTokens(Func<string?, CancellationToken, ValueTask<string?>> get)
    {
        ArgumentNullException.ThrowIfNull(get);
        _login = null;
        _server.Tokens = new GivenTokens(get);
        _loop.AccountMayBeAnother();
        _loop.TryNow();
    }

    /// <summary>Tries at once what failed before: the application knows that the network is back.</summary>
    public void TryNow() => _loop.TryNow();

    /// <summary>Returns when everything that was made before is in the local file.</summary>
    /// <exception cref="LocalStoreException">It could not be written; it is kept in memory, and tried again.</exception>
    public Task SaveAsync(CancellationToken cancellationToken = default) => _services.Writer.FlushAsync(cancellationToken);

    /// <summary>
    /// Returns when this device and the server are in agreement: nothing is pending, and everything that the server had is here. It does not return
    /// while the server cannot be reached or refuses a space: give it a token with a time-out, or look at <see cref="Status"/>.
    /// </summary>
    /// <exception cref="ObjectDisposedException">The client was closed.</exception>
    public async Task SyncAsync(CancellationToken cancellationToken = default)
    {
        TaskCompletionSource agreed = new(TaskCreationOptions.RunContinuationsAsynchronously);
        lock (_lock)
        {
            ObjectDisposedException.ThrowIf(_isDisposed, this);
            _agreementWaits.Add(agreed);
        }

        try
        {
            foreach (Space space in OpenSpaces)
                space.Sync.AskForPull();
            _loop.TryNow();
            NoteStatus();
            await agreed.Task.WaitAsync(cancellationToken);
        }
        finally
        {
            lock (_lock)
                _agreementWaits.Remove(agreed);
        }
    }

    /// <summary>Writes what was made, and closes the file. What was not sent is sent the next time.</summary>
    public async ValueTask DisposeAsync()
    {
        lock (_lock)
        {
            if (_isDisposed)
                return;
            _isDisposed = true;
            foreach (TaskCompletionSource wait in _agreementWaits)
                wait.TrySetException(new ObjectDisposedException(nameof(SynclineClient)));
        }

        await StopLoopAsync();
        if (_login is { } login)
            await login.StopAsync();
        _services.Writer.Complete();
        await _stopping.CancelAsync();
        await _writing;
        await _services.Store.DisposeAsync();
        _server.Dispose();
        _stopping.Dispose();
    }

    // The loop may wait for the local store, which, while it cannot be written, would be without an end.
    private async Task StopLoopAsync()
    {
        Task stopped = _loop.DisposeAsync().AsTask();
        using CancellationTokenSource inTime = new();
        bool isLate = _services.Writer.Problem is not null
            || await Task.WhenAny(stopped, Task.Delay(StopPatience, _services.Time, inTime.Token)) != stopped;
        await inTime.CancelAsync();
        if (isLate)
        {
            _services.Writer.Complete();
            await _stopping.CancelAsync();
        }

        await stopped;
    }

    private Space[] OpenSpaces
    {
        get
        {
            lock (_lock)
                return [.. _spaces.Values];
        }
    }

    private static SocketsHttpHandler DefaultHandler(Uri server) => new()
    {
        AutomaticDecompression = server.IsLoopback ? System.Net.DecompressionMethods.None : System.Net.DecompressionMethods.All,
        PooledConnectionLifetime = TimeSpan.FromMinutes(10),
        ConnectTimeout = TimeSpan.FromSeconds(10),
        UseCookies = false,
        AllowAutoRedirect = false,
    };

    private static T AnswerOf<T>(Reply<T> reply)
        where T : class =>
        reply.IsAnswered ? reply.Answer : throw new SynclineException(reply.Problem);

    private async Task BeginAsync(CancellationToken cancellationToken)
    {
        if (_services.Device.RefreshToken is not null)
            _server.Tokens = _login = new LoginTokens(_services, _server);
        _services.Writer.Post([new LocalWrite.ForgetReceivedOwn(_services.Time.GetUtcNow() - _services.Options.OwnOperationsTime)]);
        foreach (LocalSpace stored in await _services.Store.ReadSpacesAsync(cancellationToken))
        {
            Space space = Make(stored, await _services.Store.ReadOutboxAsync(stored.Id, cancellationToken));
            _spaces.Add(stored.Id, space);
            _loop.Add(space.Sync);
        }

        _loop.Start();
    }

    private Space Make(LocalSpace stored, IReadOnlyList<OwnOperation> outbox)
    {
        SpaceReplica replica = new(_services, stored, outbox);
        return new Space(_services, replica, new SpaceSync(_services, _server, replica), _events);
    }

    private async Task LogInAsync(CredentialsRequest credentials, bool register, CancellationToken cancellationToken)
    {
        LoginAnswer login = AnswerOf(await _server.LogInAsync(credentials, register, cancellationToken));
        LoginTokens tokens = _login ?? new LoginTokens(_services, _server);
        await tokens.UseAsync(login);
        _server.Tokens = _login = tokens;
        _loop.AccountMayBeAnother();
        _loop.TryNow();
    }

    private void NoteStatus()
    {
        SyncStatus status;
        bool isNews;
        lock (_lock)
        {
            // Within the lock: a thread that is late must not tell what was before.
            status = _loop.Status;
            isNews = status != _status;
            _status = status;
            if (status.State is SyncState.UpToDate or SyncState.Refused)
            {
                foreach (TaskCompletionSource wait in _agreementWaits)
                    wait.TrySetResult();
            }
        }

        if (isNews)
            _events.Post(() => _events.Invoke(StatusChanged, this, new SyncStatusChangedEventArgs(status)));
    }

    private bool HandlerHasFailed(Exception exception)
    {
        if (HandlerFailed is not { } handlers)
            return false;
        handlers(this, new HandlerFailedEventArgs(exception));
        return true;
    }
}
