namespace SocketIO.AspNetCore;

/// <summary>
/// What an application does in a namespace. Handlers are set once, before the server starts, and serve all of its sockets. What a handler throws is
/// logged, and ends neither the connection nor the handling of what follows.
/// </summary>
public sealed class SocketHandlers
{
    private readonly Dictionary<string, Registration> _events = new(StringComparer.Ordinal);
    private readonly List<Func<Socket, ValueTask>> _middleware = [];
    private Func<Socket, ValueTask> _connected = static _ => ValueTask.CompletedTask;
    private Func<Socket, DisconnectReason, ValueTask> _disconnected = static (_, _) => ValueTask.CompletedTask;
    private Registration _any = new(static _ => ValueTask.CompletedTask, Acknowledges: false, IsForAny: true);
    private Func<SocketEvent, Exception, bool> _failed = static (_, _) => false;

    internal SocketHandlers()
    {
    }

    /// <summary>Looks at each client that wants to join, before it has; in the order in which they are added.</summary>
    /// <param name="middleware">Throws <see cref="ConnectRefusedException"/> for one that may not.</param>
    public SocketHandlers Use(Func<Socket, ValueTask> middleware)
    {
        _middleware.Add(middleware);
        return this;
    }

    /// <summary>Handles that a client has joined: its answer is sent, and its events wait for this.</summary>
    public SocketHandlers OnConnected(Func<Socket, ValueTask> handler)
    {
        _connected = handler;
        return this;
    }

    /// <summary>Handles that a client has joined.</summary>
    public SocketHandlers OnConnected(Action<Socket> handler) => OnConnected(socket => Done(() => handler(socket)));

    /// <summary>Handles that a client has gone, after all of its events.</summary>
    public SocketHandlers OnDisconnected(Func<Socket, DisconnectReason, ValueTask> handler)
    {
        _disconnected = handler;
        return this;
    }

    /// <summary>Handles that a client has gone, after all of its events.</summary>
    public SocketHandlers OnDisconnected(Action<Socket, DisconnectReason> handler) =>
        OnDisconnected((socket, reason) => Done(() => handler(socket, reason)));

    /// <summary>Handles an event as it is; only what the handler acknowledges is acknowledged.</summary>
    public SocketHandlers On(string eventName, Func<SocketEvent, ValueTask> handler) => Add(eventName, handler, acknowledges: false);

    /// <summary>Handles an event as it is; only what the handler acknowledges is acknowledged.</summary>
    public SocketHandlers On(string eventName, Action<SocketEvent> handler) => Add(eventName, e => Done(() => handler(e)), acknowledges: false);

    /// <summary>Handles an event, and acknowledges it afterwards, where the client wants that.</summary>
    public SocketHandlers On<T>(string eventName, Action<Socket, T> handler) =>
        Add(eventName, e => Done(() => handler(e.Socket, e.Arguments.Get<T>(0)!)), acknowledges: true);

    /// <summary>Handles an event, and acknowledges it afterwards, where the client wants that.</summary>
    public SocketHandlers On<T>(string eventName, Func<Socket, T, ValueTask> handler) =>
        Add(eventName, e => handler(e.Socket, e.Arguments.Get<T>(0)!), acknowledges: true);

    /// <summary>Handles an event, and acknowledges it afterwards, where the client wants that.</summary>
    public SocketHandlers On<T1, T2>(string eventName, Action<Socket, T1, T2> handler) =>
        Add(eventName, e => Done(() => handler(e.Socket, e.Arguments.Get<T1>(0)!, e.Arguments.Get<T2>(1)!)), acknowledges: true);

    /// <summary>Handles an event, and acknowledges it afterwards, where the client wants that.</summary>
    public SocketHandlers On<T1, T2>(string eventName, Func<Socket, T1, T2, ValueTask> handler) =>
        Add(eventName, e => handler(e.Socket, e.Arguments.Get<T1>(0)!, e.Arguments.Get<T2>(1)!), acknowledges: true);

    /// <summary>Handles an event, and acknowledges it with the result, where the client wants that.</summary>
    public SocketHandlers OnRequest<T, TResult>(string eventName, Func<Socket, T, ValueTask<TResult>> handler) =>
        Add(eventName, async e => e.Acknowledge(await handler(e.Socket, e.Arguments.Get<T>(0)!)), acknowledges: true);

    /// <summary>Handles an event, and acknowledges it with the result, where the client wants that.</summary>
    public SocketHandlers OnRequest<T1, T2, TResult>(string eventName, Func<Socket, T1, T2, ValueTask<TResult>> handler) =>
        Add(eventName, async e => e.Acknowledge(await handler(e.Socket, e.Arguments.Get<T1>(0)!, e.Arguments.Get<T2>(1)!)), acknowledges: true);

    /// <summary>Handles the events that nothing else handles.</summary>
    public SocketHandlers OnAny(Func<SocketEvent, ValueTask> handler)
    {
        _any = new Registration(handler, Acknowledges: false, IsForAny: true);
        return this;
    }

    /// <summary>Told what the handler of an event has thrown; arguments of another type are a <see cref="System.Text.Json.JsonException"/>.</summary>
    /// <param name="handler">Says whether that is dealt with; if not, it is logged.</param>
    public SocketHandlers OnFailed(Func<SocketEvent, Exception, bool> handler)
    {
        _failed = handler;
        return this;
    }

    internal async ValueTask RunMiddlewareAsync(Socket socket)
    {
        foreach (Func<Socket, ValueTask> middleware in _middleware)
            await middleware(socket);
    }

    internal ValueTask ConnectedAsync(Socket socket) => _connected(socket);

    internal ValueTask DisconnectedAsync(Socket socket, DisconnectReason reason) => _disconnected(socket, reason);

    internal bool TryFail(SocketEvent socketEvent, Exception exception) => _failed(socketEvent, exception);

    /// <summary>What handles an event, and its name: as the string that it was registered by, where it was.</summary>
    internal (string Name, Registration Registration) Find(ReadOnlySpan<char> eventName) =>
        _events.GetAlternateLookup<ReadOnlySpan<char>>().TryGetValue(eventName, out string? known, out Registration? registration)
            ? (known, registration)
            : (eventName.ToString(), _any);

    private static ValueTask Done(Action action)
    {
        action();
        return ValueTask.CompletedTask;
    }

    private SocketHandlers Add(string eventName, Func<SocketEvent, ValueTask> handler, bool acknowledges)
    {
        ArgumentNullException.ThrowIfNull(eventName);
        if (!_events.TryAdd(eventName, new Registration(handler, acknowledges)))
            throw new ArgumentException($"the event '{eventName}' has a handler already", nameof(eventName));
        return this;
    }

    /// <summary>What handles an event.</summary>
    /// <param name="Handler">Is given it.</param>
    /// <param name="Acknowledges">Whether it is acknowledged when that has returned, unless it was before.</param>
    /// <param name="IsForAny">Whether it handles what nothing else does.</param>
    internal sealed record Registration(Func<SocketEvent, ValueTask> Handler, bool Acknowledges, bool IsForAny = false);
}
