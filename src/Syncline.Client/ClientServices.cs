using System.Diagnostics.CodeAnalysis;
using Syncline.Client.Replicas;
using Syncline.Client.Storage;
using Syncline.Client.Sync;
using Syncline.Core.Operations;

namespace Syncline.Client;

/// <summary>What the parts of one client share.</summary>
internal sealed class ClientServices
{
    /// <summary>So many writes may wait for a store that fails.</summary>
    private const int WritesWaitingMax = 100_000;

    private readonly Lock _lock = new();
    private long _nextNumber;
    private LocalDevice _device;

    private ServerConnection _server;

    public ClientServices(ILocalStore store, LocalDevice device, ServerConnection server, SynclineClientOptions options)
    {
        _server = server;
        Store = store;
        Options = options;
        Time = options.Time;
        Models = new Models(options.OperationLimits);
        Writer = new StoreWriter(store, Time);
        _device = device;
        _nextNumber = device.NextNumber;
    }

    public ILocalStore Store { get; }

    /// <summary>The server, under the login that there is now.</summary>
    public ServerConnection Server
    {
        get => Volatile.Read(ref _server);
        set => Volatile.Write(ref _server, value);
    }

    public StoreWriter Writer { get; }

    public Models Models { get; }

    public SynclineClientOptions Options { get; }

    public TimeProvider Time { get; }

    /// <summary>Wakes the sync loop.</summary>
    public Action Wake { get; set; } = static () => { };

    public LocalDevice Device
    {
        get
        {
            lock (_lock)
                return _device;
        }
    }

    /// <summary>Runs what may read or write files where the client's loops run, so that no caller's thread is held up.</summary>
    public Task<T> RunAsync<T>(Func<Task<T>> work) =>
        Task.Factory.StartNew(work, CancellationToken.None, TaskCreationOptions.DenyChildAttach, Options.Scheduler).Unwrap();

    /// <inheritdoc cref="RunAsync{T}"/>
    public Task RunAsync(Func<Task> work) =>
        Task.Factory.StartNew(work, CancellationToken.None, TaskCreationOptions.DenyChildAttach, Options.Scheduler).Unwrap();

    /// <summary>Cancels where the client's loops run: what hears of it goes on there, not on the caller's thread and within the caller's locks.</summary>
    public void Cancel(CancellationTokenSource? source)
    {
        if (source is null)
            return;
        _ = Task.Factory.StartNew(
            static source =>
            {
                try
                {
                    ((CancellationTokenSource)source!).Cancel();
                }
                catch (ObjectDisposedException)
                {
                    // What it was for is over.
                }
            },
            source,
            CancellationToken.None,
            TaskCreationOptions.DenyChildAttach,
            Options.Scheduler);
    }

    public long NextNumber() => Interlocked.Increment(ref _nextNumber) - 1;

    public void SetAccount(LocalAccount account)
    {
        lock (_lock)
            _device = _device with { Account = account };
    }

    public void SetRefreshToken(string? token)
    {
        lock (_lock)
            _device = _device with { RefreshToken = token };
    }

    /// <summary>Operations of this store's actor come from elsewhere: a copy of the store is in use. From now on it is another actor.</summary>
    public void ActorIsUsedElsewhere() => ReplaceActor(Device.Actor);

    /// <summary>Takes a new actor, unless <paramref name="used"/> was replaced already.</summary>
    public void ReplaceActor(ActorId used)
    {
        ActorId next;
        lock (_lock)
        {
            if (_device.Actor != used)
                return;
            next = NewActor(Options.Random);
            _device = _device with { Actor = next };
        }

        Writer.Post([new LocalWrite.SetActor(next)]);
    }

    /// <summary>An id that nobody else has: 16 characters of 36, about 82 bits.</summary>
    [SuppressMessage("Security", "CA5394:Do not use insecure randomness", Justification = "It is no secret.")]
    public static ActorId NewActor(Random random)
    {
        const string Digits = "0123456789abcdefghijklmnopqrstuvwxyz";
        char[] text = new char[16];
        lock (random)
            random.GetItems(Digits, text);
        return new ActorId(new string(text));
    }

    /// <summary>An id for something new, as RepTree makes those of vertices: a random UUID without its dashes.</summary>
    [SuppressMessage("Security", "CA5394:Do not use insecure randomness", Justification = "It is no secret.")]
    public string NewId()
    {
        Span<byte> bytes = stackalloc byte[16];
        lock (Options.Random)
            Options.Random.NextBytes(bytes);
        bytes[6] = (byte)((bytes[6] & 0x0F) | 0x40);
        bytes[8] = (byte)((bytes[8] & 0x3F) | 0x80);
        return Convert.ToHexStringLower(bytes);
    }

    /// <exception cref="LocalStoreException">Too much waits for a store that fails.</exception>
    public void DemandRoomForEdits()
    {
        if (Writer.Problem is { } problem && Writer.Waiting >= WritesWaitingMax)
            throw new LocalStoreException($"{WritesWaitingMax} edits wait for the local store, which cannot be written: {problem.Detail}");
    }
}
