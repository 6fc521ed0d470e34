using System.Collections.Concurrent;
using System.Diagnostics.CodeAnalysis;
using System.Text.Json;
using SocketIO.AspNetCore.EngineIO;
using SocketIO.AspNetCore.Protocol;

namespace SocketIO.AspNetCore;

/// <summary>
/// A client in a namespace. Its events are handled one after the other, in the order in which they were sent; several namespaces on one connection do not
/// wait for each other. Sending never waits.
/// </summary>
[SuppressMessage("Design", "CA1001:Types that own disposable fields should be disposable", Justification = "Cancelled when it ends; without a timer there is nothing to dispose.")]
public sealed class Socket
{
    private readonly Lock _lock = new();
    private readonly EventQueue _events;
    private List<Room>? _rooms;
    private Dictionary<long, TaskCompletionSource<EventArguments>>? _acknowledgements;
    private ConcurrentDictionary<string, object?>? _items;
    private CancellationTokenSource? _aborted;
    private long _lastAckId = -1;
    private DisconnectReason? _disconnected;

    internal Socket(
        EngineConnection connection, SocketNamespace @namespace, SocketHandlers handlers, Handshake handshake, string id, IReadOnlyDictionary<string, string> parameters)
    {
        (Connection, Namespace, Handlers, Handshake, Id, Parameters) = (connection, @namespace, handlers, handshake, id, parameters);
        _events = new EventQueue(this);
    }

    /// <summary>Its id, which others may know.</summary>
    public string Id { get; }

    /// <summary>Where it is.</summary>
    public SocketNamespace Namespace { get; }

    /// <summary>What the client said when it joined.</summary>
    public Handshake Handshake { get; }

    /// <summary>What stands in the namespace's name for the parameters of its pattern.</summary>
    public IReadOnlyDictionary<string, string> Parameters { get; }

    /// <summary>What the application wants to remember with it.</summary>
    public ConcurrentDictionary<string, object?> Items =>
        Volatile.Read(ref _items) ?? Interlocked.CompareExchange(ref _items, new ConcurrentDictionary<string, object?>(StringComparer.Ordinal), null) ?? _items!;

    /// <summary>The same, where the application has an object of its own for each socket.</summary>
    public object? Data { get; set; }

    /// <summary>The connection that carries it, perhaps with other namespaces.</summary>
    public EngineConnection Connection { get; }

    /// <summary>Whether it has not ended.</summary>
    public bool IsConnected
    {
        get
        {
            lock (_lock)
                return _disconnected is null;
        }
    }

    /// <summary>Cancelled when it ends.</summary>
    public CancellationToken Disconnected
    {
        get
        {
            lock (_lock)
            {
                if (_aborted is null)
                {
                    _aborted = new CancellationTokenSource();
                    if (_disconnected is not null)
                        _aborted.Cancel();
                }

                return _aborted.Token;
            }
        }
    }

    /// <summary>To all others of its namespace.</summary>
    public Broadcast Others => new(Namespace, room: null, moreRooms: null, Id, isVolatile: false);

    internal SocketHandlers Handlers { get; }

    internal JsonSerializerOptions JsonOptions => Namespace.JsonOptions;

    /// <summary>To all others of a room.</summary>
    public Broadcast To(string room) => Others.To(room);

    /// <summary>Joins a room.</summary>
    /// <returns>False when it has ended.</returns>
    public bool Join(string room)
    {
        ArgumentNullException.ThrowIfNull(room);
        lock (_lock)
        {
            if (_disconnected is not null)
                return false;
            _rooms ??= [];
            if (!_rooms.Exists(joined => joined.Name == room))
                _rooms.Add(Namespace.Join(this, room));
            return true;
        }
    }

    /// <summary>Leaves a room.</summary>
    public void Leave(string room)
    {
        lock (_lock)
        {
            int index = _rooms?.FindIndex(joined => joined.Name == room) ?? -1;
            if (index < 0)
                return;
            Namespace.Leave(this, _rooms![index]);
            _rooms.RemoveAt(index);
        }
    }

    /// <summary>Sends an event without arguments.</summary>
    /// <returns>False when it has ended.</returns>
    public bool Emit(string eventName) => Send(Namespace.BeginEvent(eventName));

    /// <summary>Sends an event.</summary>
    /// <returns>False when it has ended.</returns>
    public bool Emit<T>(string eventName, T argument) => Send(Namespace.BeginEvent(eventName).Add(argument));

    /// <summary>Sends an event.</summary>
    /// <returns>False when it has ended.</returns>
    public bool Emit<T1, T2>(string eventName, T1 first, T2 second) => Send(Namespace.BeginEvent(eventName).Add(first).Add(second));

    /// <summary>Sends an event.</summary>
    /// <returns>False when it has ended.</returns>
    public bool Emit<T1, T2, T3>(string eventName, T1 first, T2 second, T3 third) => Send(Namespace.BeginEvent(eventName).Add(first).Add(second).Add(third));

    /// <summary>Sends an event with arguments that were received.</summary>
    /// <returns>False when it has ended.</returns>
    public bool Emit(string eventName, EventArguments arguments) => Send(Namespace.BeginEvent(eventName).Add(arguments));

    /// <summary>Sends an event with arguments that are JSON already.</summary>
    /// <param name="eventName">Its name.</param>
    /// <param name="utf8">Values, with commas between them. Not checked.</param>
    /// <returns>False when it has ended.</returns>
    public bool EmitJson(string eventName, ReadOnlySpan<byte> utf8) => Send(Namespace.BeginEvent(eventName).AddJson(utf8));

    /// <summary>Sends an event that was encoded before.</summary>
    /// <returns>False when it has ended.</returns>
    public bool Emit(PreparedEvent prepared)
    {
        ArgumentNullException.ThrowIfNull(prepared);
        return IsConnected && Connection.TrySend(prepared.Packet);
    }

    /// <summary>Sends an event that the client is to acknowledge.</summary>
    /// <typeparam name="T">What the argument is.</typeparam>
    /// <typeparam name="TResult">What the first argument of its acknowledgement is.</typeparam>
    /// <exception cref="TimeoutException">It has not done so in time.</exception>
    /// <exception cref="SocketDisconnectedException">It has gone.</exception>
    /// <exception cref="JsonException">It has said something else.</exception>
    public async Task<TResult?> EmitWithAckAsync<T, TResult>(string eventName, T argument, TimeSpan? timeout = null, CancellationToken cancellationToken = default)
    {
        PacketWriter packet = Namespace.BeginEvent(eventName).Add(argument);
        return (await SendWithAckAsync(packet, timeout, cancellationToken)).Get<TResult>(0);
    }

    /// <summary>Sends an event without arguments that the client is to acknowledge.</summary>
    /// <typeparam name="TResult">What the first argument of its acknowledgement is.</typeparam>
    /// <exception cref="TimeoutException">It has not done so in time.</exception>
    /// <exception cref="SocketDisconnectedException">It has gone.</exception>
    /// <exception cref="JsonException">It has said something else.</exception>
    public async Task<TResult?> EmitWithAckAsync<TResult>(string eventName, TimeSpan? timeout = null, CancellationToken cancellationToken = default) =>
        (await SendWithAckAsync(Namespace.BeginEvent(eventName), timeout, cancellationToken)).Get<TResult>(0);

    /// <summary>Ends it: the client leaves the namespace, and does not reconnect of itself.</summary>
    /// <param name="closeConnection">Whether to close the whole connection.</param>
    public void Disconnect(bool closeConnection = false)
    {
        ((SocketClient)Connection.Handler).End(this);
        if (closeConnection)
            Connection.Close();
    }

    internal void SendAcknowledgement(long ackId, PacketWriter packet)
    {
        EncodedPacket encoded = packet.End(ackId);
        if (IsConnected)
            Connection.TrySend(encoded);
    }

    internal void TakeAcknowledgement(long ackId, in EventArguments arguments)
    {
        TaskCompletionSource<EventArguments>? waiting = null;
        lock (_lock)
            _acknowledgements?.Remove(ackId, out waiting);
        waiting?.TrySetResult(arguments);
    }

    /// <summary>Handles it in its turn.</summary>
    /// <returns>Completes when more may be received.</returns>
    internal ValueTask HandleAsync(SocketEvent socketEvent) => new(_events.Add(socketEvent));

    /// <summary>It has joined: from now on it gets what is for all.</summary>
    internal void Connected()
    {
        lock (_lock)
        {
            if (_disconnected is null)
                Namespace.Add(this);
        }

        _events.Start();
    }

    /// <summary>It is no more.</summary>
    internal void End(DisconnectReason reason)
    {
        List<Room>? rooms;
        Dictionary<long, TaskCompletionSource<EventArguments>>? acknowledgements;
        CancellationTokenSource? aborted;
        lock (_lock)
        {
            if (_disconnected is not null)
                return;
            _disconnected = reason;
            (rooms, _rooms) = (_rooms, null);
            (acknowledgements, _acknowledgements) = (_acknowledgements, null);
            aborted = _aborted;
        }

        foreach (Room room in rooms ?? [])
            Namespace.Leave(this, room);
        Namespace.Remove(this);
        Namespace.Server.Release(Namespace);
        foreach ((_, TaskCompletionSource<EventArguments> waiting) in acknowledgements ?? [])
            waiting.TrySetException(new SocketDisconnectedException(reason));
        try
        {
            aborted?.Cancel();
        }
        catch (AggregateException e)
        {
            Namespace.Server.Log.HandlerFailed(e, "disconnect", Namespace.Name);
        }

        _events.AddDisconnected(reason);
    }

    private bool Send(PacketWriter packet)
    {
        EncodedPacket encoded = packet.End(ackId: null);
        return IsConnected && Connection.TrySend(encoded);
    }

    private async Task<EventArguments> SendWithAckAsync(PacketWriter packet, TimeSpan? timeout, CancellationToken cancellationToken)
    {
        TaskCompletionSource<EventArguments> waiting = new(TaskCreationOptions.RunContinuationsAsynchronously);
        long ackId = Interlocked.Increment(ref _lastAckId);
        EncodedPacket encoded = packet.End(ackId);
        lock (_lock)
        {
            if (_disconnected is { } reason)
                throw new SocketDisconnectedException(reason);
            (_acknowledgements ??= []).Add(ackId, waiting);
        }

        Connection.TrySend(encoded);
        try
        {
            return await waiting.Task.WaitAsync(timeout ?? Namespace.Server.Options.AcknowledgementTimeout, Connection.Time, cancellationToken);
        }
        finally
        {
            lock (_lock)
                _acknowledgements?.Remove(ackId);
        }
    }
}
