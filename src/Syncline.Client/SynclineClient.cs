using System.Diagnostics.CodeAnalysis;
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
[SuppressMessage("Usage", "CA2213:Disposable fields should be disposed", Justification = "Semaphores that are only awaited have nothing to dispose.")]
public sealed class SynclineClient : IAsyncDisposable
{
    private static readonly TimeSpan StopPatience = TimeSpan.FromSeconds(5);

    private readonly ClientServices _services;
    private readonly SyncLoop _loop;
    private readonly EventPost _events;
    private readonly CancellationTokenSource _stopping = new();
    private readonly Lock _lock = new();
    private readonly Dictionary<SpaceId, Space> _spaces = [];
    private readonly List<AgreementWait> _agreementWaits = [];

    // Opening and forgetting a space, and logging in, each one after the other.
    private readonly SemaphoreSlim _changingSpaces = new(1);
    private readonly SemaphoreSlim _loggingIn = new(1);
    private readonly Task _writing;
    private LoginTokens? _login;
    private SyncStatus _status;
    private bool _isDisposed;

    private SynclineClient(ClientServices services)
    {
        _services = services;
        _events = new EventPost(services.Options) { Failed = HandlerHasFailed };
        _loop = new SyncLoop(services) { StatusChanged = NoteStatus };
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
    /// <exception cref="ArgumentException">The address is none of http or https, or an option has a value that it cannot have.</exception>
    /// <exception cref="LocalStoreInUseException">Another client has the file open.</exception>
    /// <exception cref="LocalStoreException">The file cannot be opened.</exception>
    public static Task<SynclineClient> OpenAsync(
        string path, Uri server, SynclineClientOptions? options = null, CancellationToken cancellationToken = default)
    {
        options ??= new SynclineClientOptions();
        ArgumentException.ThrowIfNullOrEmpty(path);
        ArgumentNullException.ThrowIfNull(server);
        if (!server.IsAbsoluteUri || (server.Scheme != Uri.UriSchemeHttp && server.Scheme != Uri.UriSchemeHttps))
            throw new ArgumentException($"'{server}' is no address of a server: http://host or https://host", nameof(server));
        options.Validate();

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
        LocalDevice device;
        try
        {
            device = await store.ReadDeviceAsync(cancellationToken);
        }
        catch
        {
            await store.DisposeAsync();
            throw;
        }

        bool isOwnHandler = options.HttpHandler is null;
        ServerConnection connection = new(server, options.HttpHandler ?? DefaultHandler(server), isOwnHandler, options.Time);
        SynclineClient client = new(new ClientServices(store, device, connection, options));
        try
        {
            await client.BeginAsync(cancellationToken);
            return client;
        }
        catch
        {
            await client.CloseAsync();
            throw;
        }
    }

    /// <summary>Opens a space, which is made on this device when it is not there: the server hears of it when it can be reached.</summary>
    /// <param name="id">The space's id: <c>[0-9a-z][0-9a-z_-]{1,63}</c>.</param>
    /// <param name="cancellationToken">Ends the call.</param>
    /// <exception cref="FormatException">It is no id.</exception>
    /// <exception cref="LocalStoreException">The local store cannot be read.</exception>
    public Task<Space> OpenSpaceAsync(string id, CancellationToken cancellationToken = default)
    {
        SpaceId spaceId = SpaceId.Parse(id, provider: null);
        return _services.RunAsync(() => OpenSpaceAsync(spaceId, cancellationToken));
    }

    /// <summary>
    /// Removes a space from this device, with everything that was not sent. The server's copy stays. A <see cref="Space"/> of it that is kept can be read as it
    /// was then, and not edited.
    /// </summary>
    /// <param name="id">The space's id.</param>
    /// <param name="cancellationToken">Ends the call; the space is forgotten all the same.</param>
    public Task ForgetSpaceAsync(string id, CancellationToken cancellationToken = default)
    {
        SpaceId spaceId = SpaceId.Parse(id, provider: null);
        return _services.RunAsync(() => ForgetSpaceAsync(spaceId)).WaitAsync(cancellationToken);
    }

    /// <summary>The spaces that the user is a member of; needs the server.</summary>
    /// <exception cref="SynclineException">The server cannot be reached, or does not allow it.</exception>
    public Task<IReadOnlyList<RemoteSpace>> ListSpacesAsync(CancellationToken cancellationToken = default) =>
        _services.RunAsync(async () => AnswerOf(await _services.Server.ListSpacesAsync(cancellationToken)).Spaces);

    /// <summary>Logs in with an account of the server; the login is kept in the local file. Everything that waits is sent then.</summary>
    /// <exception cref="SynclineException">The server cannot be reached, or the user name or password is wrong.</exception>
    public Task LogInAsync(string userName, string password, CancellationToken cancellationToken = default) =>
        _services.RunAsync(() => LogInAsync(new CredentialsRequest(userName, password), register: false, cancellationToken));

    /// <summary>Makes an account on the server and logs in with it.</summary>
    /// <exception cref="SynclineException">The server cannot be reached, or does not allow it.</exception>
    public Task RegisterAsync(string userName, string password, string? invite = null, CancellationToken cancellationToken = default) =>
        _services.RunAsync(() => LogInAsync(new CredentialsRequest(userName, password, Invite: invite), register: true, cancellationToken));

    /// <summary>Takes access tokens from the application: its own authentication, or an authority.</summary>
    /// <param name="get">Is given the token that the server refused, or null, and returns the one to send; null when the user has to log in.</param>
    public void UseTokens(Func<string?, CancellationToken, ValueTask<string?>> get)
    {
        ArgumentNullException.ThrowIfNull(get);
        _services.Server = _services.Server.With(new GivenTokens(get));
        _loop.LoginChanged();
    }

    /// <summary>Tries at once what failed before: the application knows that the network is back.</summary>
    public void TryNow() => _loop.TryNow();

    /// <summary>Returns when everything that was made before is in the local file.</summary>
    /// <exception cref="LocalStoreException">It could not be written; it is kept in memory, and tried again.</exception>
    public Task SaveAsync(CancellationToken cancellationToken = default) => _services.Writer.FlushAsync(cancellationToken);

    /// <summary>
    /// Returns when this device and the server are in agreement: nothing is pending, and everything that the server had is here. While the server cannot be
    /// reached it waits: give it a token with a time-out, or look at <see cref="Status"/>.
    /// </summary>
    /// <exception cref="SynclineException">
    /// Waiting is of no use: the user has to log in, or the server does not let this user have a space of this device, does not know it, or has no room for it.
    /// </exception>
    /// <exception cref="ObjectDisposedException">The client was closed.</exception>
    public Task SyncAsync(CancellationToken cancellationToken = default) => _services.RunAsync(() => AwaitAgreementAsync(cancellationToken));

    /// <summary>Writes what was made, and closes the file. What was not sent is sent the next time.</summary>
    public ValueTask DisposeAsync()
    {
        lock (_lock)
        {
            if (_isDisposed)
                return default;
            _isDisposed = true;
            foreach (AgreementWait wait in _agreementWaits)
                wait.Agreed.TrySetException(new ObjectDisposedException(nameof(SynclineClient)));
        }

        return new ValueTask(_services.RunAsync(CloseAsync));
    }

    private async Task CloseAsync()
    {
        await StopLoopAsync();
        if (_login is { } login)
            await login.StopAsync();
        _services.Writer.Complete();
        await _stopping.CancelAsync();
        await _writing;
        await _services.Store.DisposeAsync();
        _services.Server.Dispose();
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

    private async Task<Space> OpenSpaceAsync(SpaceId id, CancellationToken cancellationToken)
    {
        Space space;
        Task written = Task.CompletedTask;
        await _changingSpaces.WaitAsync(cancellationToken);
        try
        {
            lock (_lock)
            {
                ObjectDisposedException.ThrowIf(_isDisposed, this);
                if (_spaces.TryGetValue(id, out Space? known))
                {
                    space = known;
                }
                else
                {
                    // It is on this device from now on, whether this call has waited for its end or not.
                    space = Make(new LocalSpace(id, Cursor: null, ClockMax: 0, SnapshotSeq: 0, LastSuccess: null), []);
                    written = _services.Writer.WriteAsync(new LocalWrite.AddSpace(id));
                    _spaces.Add(id, space);
                    _loop.Add(space.Sync);
                }
            }
        }
        finally
        {
            _changingSpaces.Release();
        }

        await written.WaitAsync(cancellationToken);
        await space.Sync.LoadAsync(cancellationToken);
        return space;
    }

    private async Task ForgetSpaceAsync(SpaceId id)
    {
        Task written;
        await _changingSpaces.WaitAsync(CancellationToken.None);
        try
        {
            Space? space;
            lock (_lock)
                _spaces.Remove(id, out space);
            if (space is null)
                return;
            _loop.Remove(space.Sync);
            await space.Sync.ForgetAsync();

            // What was numbered here is forgotten too: who opens the space again must not give the same numbers.
            _services.ReplaceActor(_services.Device.Actor);
            written = _services.Writer.WriteAsync(new LocalWrite.RemoveSpace(id));
        }
        finally
        {
            _changingSpaces.Release();
        }

        await written;
        NoteStatus();
    }

    private async Task AwaitAgreementAsync(CancellationToken cancellationToken)
    {
        AgreementWait wait = new();
        lock (_lock)
        {
            ObjectDisposedException.ThrowIf(_isDisposed, this);
            foreach (Space space in _spaces.Values)
                wait.Asked.Add((space.Sync, space.Sync.AskForPull()));
            wait.Tried = _loop.TryNow();
            _agreementWaits.Add(wait);
        }

        try
        {
            NoteStatus();
            await wait.Agreed.Task.WaitAsync(cancellationToken);
        }
        finally
        {
            lock (_lock)
                _agreementWaits.Remove(wait);
        }
    }

    private async Task BeginAsync(CancellationToken cancellationToken)
    {
        if (_services.Device.RefreshToken is not null)
            UseLogin(new LoginTokens(_services));
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
        return new Space(_services, replica, new SpaceSync(_services, replica), _events);
    }

    private async Task LogInAsync(CredentialsRequest credentials, bool register, CancellationToken cancellationToken)
    {
        LoginAnswer answer = AnswerOf(await _services.Server.LogInAsync(credentials, register, cancellationToken));
        await _loggingIn.WaitAsync(CancellationToken.None);
        try
        {
            if (_login is { } before)
                await before.ReplaceAsync();
            LoginTokens login = new(_services);
            await login.UseAsync(answer);
            UseLogin(login);
        }
        finally
        {
            _loggingIn.Release();
        }

        _loop.LoginChanged();
    }

    private void UseLogin(LoginTokens login)
    {
        _login = login;
        _services.Server = _services.Server.With(login);
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
            foreach (AgreementWait wait in _agreementWaits)
            {
                if (status.State is SyncState.UpToDate or SyncState.Refused)
                    wait.Agreed.TrySetResult();
                else if (_loop.ProblemSince(wait.Tried) is { } problem)
                    wait.Agreed.TrySetException(new SynclineException(problem));
                else
                    EndIfSettled(wait);
            }
        }

        if (isNews)
            _events.Post(() => _events.Invoke(StatusChanged, this, new SyncStatusChangedEventArgs(status)));
    }

    // Once every space is in agreement or will not be: one that is not allowed any more does not keep the others from it.
    private static void EndIfSettled(AgreementWait wait)
    {
        Problem? problem = null;
        foreach ((SpaceSync space, long asked) in wait.Asked)
        {
            if (space.Replica.IsForgotten)
                continue;
            Problem? answered = space.ProblemSince(asked);
            if (answered is null && !space.Agrees)
                return;
            problem ??= answered;
        }

        if (problem is not null)
            wait.Agreed.TrySetException(new SynclineException(problem));
    }

    private bool HandlerHasFailed(Exception exception)
    {
        if (HandlerFailed is not { } handlers)
            return false;
        handlers(this, new HandlerFailedEventArgs(exception));
        return true;
    }

    /// <summary>Somebody who waits until device and server agree.</summary>
    private sealed class AgreementWait
    {
        public TaskCompletionSource Agreed { get; } = new(TaskCreationOptions.RunContinuationsAsynchronously);

        /// <summary>What was asked of each space.</summary>
        public List<(SpaceSync Space, long Asked)> Asked { get; } = [];

        /// <summary>The loop's try that was asked for.</summary>
        public long Tried { get; set; }
    }
}
