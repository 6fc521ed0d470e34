using System.Buffers;
using System.Diagnostics.CodeAnalysis;
using System.Net;
using System.Runtime.CompilerServices;
using System.Security.Claims;
using SocketIO.AspNetCore.EngineIO;
using SocketIO.AspNetCore.EngineIO.WebSockets;

namespace SocketIO.AspNetCore;

/// <summary>
/// An Engine.IO connection: messages both ways, whatever transport carries them. Whoever sends only puts a packet into the connection's queue. A WebSocket
/// is written by one work item of the thread pool at a time, which takes all that waits with one write, so a connection that has fallen behind costs
/// less and not more; a waiting poll takes what there is when there is something.
/// </summary>
public sealed class EngineConnection : IThreadPoolWorkItem
{
    private const int WriteBytesMax = 64 * 1024;
    private const int PollingBytesMax = 1024 * 1024;

    // Below it a client counts as one that keeps up.
    private const int LowBytes = 64 * 1024;

    // A client that has not been let in yet has a token to send, and nothing large.
    private const int UnusedMessageBytesMax = 64 * 1024;

    // How long a closed WebSocket is waited for until it is broken off.
    private static readonly TimeSpan LingerTime = TimeSpan.FromSeconds(5);

    private readonly EngineServer _server;
    private readonly Lock _lock = new();
    private PacketQueue _outgoing;

    // What waits and what is being written.
    private int _outgoingBytes;
    private int _writingBytes;
    private byte[]? _rented;
    private ValueTaskAwaiter _write;
    private Action? _goOn;
    private bool _isFlushing;
    private bool _isTooSlow;

    // What this thread sends while it receives is written by it afterwards: an answer need not wait for another thread.
    private int _receivingThread;
    private bool _flushesAfterwards;
    private TaskCompletionSource? _drained;
    private TaskCompletionSource? _flushed;

    private WebSocketTransport? _webSocket;
    private bool _isProbing;
    private bool _isProbed;

    private TaskCompletionSource? _arrival;
    private bool _isPolling;
    private bool _isPosting;

    private DisconnectReason? _closed;
    private bool _closedByPacket;
    private MessageRate _rate;

    // When the next ping or its answer is due, and what is done if nothing was done until then; timestamps.
    private long _dueAt;

    // By the time that passes also while the server stands still: the client waits for it.
    private long _pingAt;
    private bool _awaitsPong;
    private bool _isSuspected;
    private long _useBy;
    private long _breakAt;

    internal EngineConnection(EngineServer server, string id, IPAddress? remoteAddress, ClaimsPrincipal user, WebSocketTransport? webSocket)
    {
        (_server, Id, RemoteAddress, User, _webSocket) = (server, id, remoteAddress, user, webSocket);
        _rate = new MessageRate(server.Options.MessagesPerSecondMax);
        _dueAt = server.Now + server.PingInterval;
        _pingAt = Time.GetTimestamp() + server.PingInterval;
        Handler = null!;
    }

    /// <summary>Its id, which whoever knows can use the connection: a secret between client and server.</summary>
    public string Id { get; }

    /// <summary>From where it was opened.</summary>
    public IPAddress? RemoteAddress { get; }

    /// <summary>Who opened it, as far as the request that did so was authenticated.</summary>
    public ClaimsPrincipal User { get; }

    /// <summary>Whether it has ended.</summary>
    public bool IsClosed
    {
        get
        {
            lock (_lock)
                return _closed is not null;
        }
    }

    /// <summary>How many bytes wait for the client, or are being written to it.</summary>
    public int OutgoingBytes => Volatile.Read(ref _outgoingBytes);

    internal EngineIOHandler Handler { get; set; }

    internal bool IsOverWebSocket
    {
        get
        {
            lock (_lock)
                return _webSocket is not null;
        }
    }

    /// <summary>How large a message may be now.</summary>
    internal int MessageBytesMax => Volatile.Read(ref _useBy) == 0 ? _server.Options.MaxPayload : Math.Min(_server.Options.MaxPayload, UnusedMessageBytesMax);

    /// <summary>Whether a poll waits for something to send.</summary>
    internal bool IsPollWaiting
    {
        get
        {
            lock (_lock)
                return _arrival is not null;
        }
    }

    internal TimeProvider Time => _server.Time;

    /// <summary>Sends text; never waits.</summary>
    /// <param name="utf8">UTF-8.</param>
    /// <returns>False when the connection has ended.</returns>
    public bool Send(ReadOnlySpan<byte> utf8)
    {
        byte[] packet = ArrayPool<byte>.Shared.Rent(1 + utf8.Length);
        packet[0] = PacketType.Message;
        utf8.CopyTo(packet.AsSpan(1));
        EncodedPacket encoded = EncodedPacket.Text(packet.AsSpan(0, 1 + utf8.Length));
        ArrayPool<byte>.Shared.Return(packet);
        return TrySend(encoded);
    }

    /// <summary>Sends bytes; never waits.</summary>
    /// <returns>False when the connection has ended.</returns>
    public bool SendBinary(ReadOnlySpan<byte> message) => TrySend(EncodedPacket.Binary(message));

    /// <summary>
    /// Returns when the client keeps up: when less waits for it than it takes in a moment. Who has much to send sends a part, waits here, and goes on,
    /// and so needs no more memory for a slow client than for a quick one.
    /// </summary>
    /// <returns>False when the connection has ended.</returns>
    public async ValueTask<bool> DrainAsync(CancellationToken cancellationToken = default)
    {
        Task drained;
        lock (_lock)
        {
            if (_closed is not null)
                return false;
            if (_outgoingBytes <= LowBytes)
                return true;
            drained = (_drained ??= new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously)).Task;
        }

        await drained.WaitAsync(cancellationToken);
        return !IsClosed;
    }

    /// <summary>Ends the connection. What was sent before still goes out.</summary>
    public void Close() => Close(DisconnectReason.EndedByServer);

    void IThreadPoolWorkItem.Execute() => Flush();

    /// <summary>Queues a packet.</summary>
    /// <param name="packet">What to send.</param>
    /// <param name="isVolatile">Whether it is left out for a client that does not keep up.</param>
    /// <returns>False when the connection has ended, or it was left out.</returns>
    internal bool TrySend(EncodedPacket packet, bool isVolatile = false)
    {
        lock (_lock)
        {
            if (_closed is not null || _isTooSlow || (isVolatile && _outgoingBytes > LowBytes))
                return false;

            // One that is larger than the bound is the application's decision, as long as nothing else waits.
            if (_outgoingBytes == 0 || _outgoingBytes + packet.Length <= _server.Options.OutgoingBytesMax)
            {
                Enqueue(packet);
                return true;
            }

            _isTooSlow = true;
        }

        // Not here: whoever sends may be going through the members of a room, which this one is about to leave.
        ThreadPool.UnsafeQueueUserWorkItem(static connection => connection.CloseTooSlow(), this, preferLocal: false);
        return false;
    }

    /// <summary>Ends the connection.</summary>
    /// <param name="reason">Why.</param>
    /// <param name="closeCode">What a WebSocket says.</param>
    /// <param name="byPacket">Whether the client said so itself: it needs no telling.</param>
    internal void Close(DisconnectReason reason, ushort closeCode = 1000, bool byPacket = false)
    {
        WebSocketTransport? abort = null;
        TaskCompletionSource? drained;
        lock (_lock)
        {
            if (_closed is not null)
                return;
            _breakAt = _server.Now + _server.ToTimestamps(LingerTime);
            if (reason is DisconnectReason.TooSlow or DisconnectReason.PingTimeout)
            {
                // Nobody reads what waits.
                _outgoing.Clear();
                abort = _webSocket;
            }

            if (_webSocket is not null)
                Enqueue(EncodedPacket.Control(Frames.Close, [(byte)(closeCode >> 8), (byte)closeCode]));
            (_closed, _closedByPacket) = (reason, byPacket);
            WakePoll();
            (drained, _drained) = (_drained, null);
        }

        drained?.TrySetResult();
        abort?.Abort();
        _server.Closed(this, reason);
        TellHandler(reason);
    }

    /// <summary>The connection is closed if it is still not used after that time.</summary>
    internal void DemandUseWithin(TimeSpan time) => Volatile.Write(ref _useBy, _server.Now + _server.ToTimestamps(time));

    /// <summary>The connection is used.</summary>
    internal void IsUsed() => Volatile.Write(ref _useBy, 0);

    /// <summary>Does what is due: a ping, or the end.</summary>
    internal void Sweep(long now)
    {
        DisconnectReason? end = null;
        WebSocketTransport? abort = null;
        bool flushes = false;
        lock (_lock)
        {
            if (_closed is not null)
            {
                abort = now >= _breakAt ? _webSocket : null;
            }
            else if (IsOverdue(now))
            {
                // Its answer may be here and wait to be received.
                if (_isSuspected)
                    end = DisconnectReason.PingTimeout;
                _isSuspected = true;
            }
            else if (_useBy != 0 && now >= _useBy)
            {
                end = DisconnectReason.ConnectTimeout;
            }
            else if (!_awaitsPong && Time.GetTimestamp() >= _pingAt)
            {
                // As planned, but for a client that we could not ask in time.
                _awaitsPong = true;
                _dueAt = Math.Max(_dueAt + _server.PingTimeout, now + (_server.PingTimeout / 2));
                Enqueue(EncodedPacket.Ping, out flushes);
            }
        }

        // Here: a work item for each ping of thousands of connections costs more than the pings.
        if (flushes)
            Flush();
        abort?.Abort();
        if (end is { } reason)
            Close(reason);
    }

    /// <summary>Whether a request for the connection may be answered: a timer that ends it may be late.</summary>
    internal bool IsAlive()
    {
        lock (_lock)
        {
            if (_closed is not null)
                return false;
            if (!IsOverdue(_server.Now))
                return true;
        }

        Close(DisconnectReason.PingTimeout);
        return false;
    }

    /// <summary>Takes in a packet of text.</summary>
    /// <param name="packet">UTF-8, with its type.</param>
    /// <exception cref="PacketException">It is none.</exception>
    internal ValueTask ReceiveTextAsync(ReadOnlyMemory<byte> packet)
    {
        if (packet.IsEmpty)
            throw new PacketException("an empty packet");
        switch (packet.Span[0])
        {
            case PacketType.Message:
                return ReceiveMessageAsync(packet[1..], isText: true);
            case PacketType.Pong:
                TakePong();
                return ValueTask.CompletedTask;
            case PacketType.Close:
                Close(DisconnectReason.TransportClosed, byPacket: true);
                return ValueTask.CompletedTask;
            case PacketType.Ping:
                throw new PacketException("a ping, which is the server's to send");
            case PacketType.Upgrade or PacketType.Noop:
                return ValueTask.CompletedTask;
            default:
                throw new PacketException("an unknown type of packet");
        }
    }

    /// <summary>Takes in a message.</summary>
    internal ValueTask ReceiveMessageAsync(ReadOnlyMemory<byte> message, bool isText)
    {
        TimeSpan wait = _rate.Take(_server.Time);
        _server.Metrics.MessagesReceived.Add(1);
        if (wait > TimeSpan.Zero)
            return ReceiveLaterAsync(wait, message, isText);
        return isText ? Handler.OnTextAsync(message) : Handler.OnBinaryAsync(message);
    }

    /// <summary>Takes what waits for a poll; waits for it.</summary>
    /// <returns>The body; null when another poll waits already.</returns>
    internal async ValueTask<ArrayBufferWriter<byte>?> PollAsync(CancellationToken requestAborted)
    {
        Task? arrival = null;
        lock (_lock)
        {
            if (_isPolling)
                return null;
            if (_outgoing.Count == 0 && _closed is null && !_isProbed && _webSocket is null)
            {
                _isPolling = true;
                arrival = (_arrival = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously)).Task;
            }
        }

        if (arrival is not null)
        {
            using CancellationTokenRegistration aborted = requestAborted.UnsafeRegister(
                static connection => ((EngineConnection)connection!).PollIsAborted(), this);
            await arrival;
        }

        return TakeForPoll();
    }

    /// <summary>A poll's request was cancelled by the client: nobody knows what it received.</summary>
    internal void PollIsAborted()
    {
        if (!IsOverWebSocket)
            Close(DisconnectReason.TransportClosed);
    }

    /// <summary>Whether a body may be received: one at a time.</summary>
    internal bool TryBeginPost()
    {
        lock (_lock)
            return !_isPosting && (_isPosting = true);
    }

    internal void EndPost()
    {
        lock (_lock)
            _isPosting = false;
    }

    /// <summary>A WebSocket has been opened for the connection, which is to be changed over to it.</summary>
    internal bool TryBeginProbe()
    {
        lock (_lock)
            return _closed is null && _webSocket is null && !_isProbing && (_isProbing = true);
    }

    /// <summary>The WebSocket works: polls do not wait any more.</summary>
    internal void Probed()
    {
        lock (_lock)
        {
            _isProbed = true;
            WakePoll();
        }
    }

    /// <summary>It goes on without the WebSocket.</summary>
    internal void EndProbe()
    {
        lock (_lock)
            _isProbing = _isProbed = false;
    }

    /// <summary>Changes over to a WebSocket.</summary>
    internal bool TryChangeOver(WebSocketTransport webSocket)
    {
        lock (_lock)
        {
            if (_closed is not null)
                return false;
            _webSocket = webSocket;
            WakePoll();
            if (_outgoing.Count > 0)
            {
                _isFlushing = true;
                FlushSoon();
            }

            return true;
        }
    }

    /// <summary>Begins: the first packet goes out, and the handler is told.</summary>
    internal void Open(EncodedPacket first)
    {
        _receivingThread = Environment.CurrentManagedThreadId;
        try
        {
            TrySend(first);
            Handler.OnOpened();
        }
        finally
        {
            FlushAfterwards();
        }
    }

    /// <summary>Receives from a WebSocket until one side closes it.</summary>
    internal async Task RunAsync(WebSocketTransport webSocket)
    {
        try
        {
            while (await ReadAsync(webSocket) is { } opcode)
            {
                if (IsClosed && opcode != Frames.Close)
                    continue;
                switch (opcode)
                {
                    case Frames.Text or Frames.Binary:
                        await ReceiveAsync(webSocket.Reader.Message, isText: opcode == Frames.Text);
                        break;
                    case Frames.Ping:
                        TrySend(EncodedPacket.Control(Frames.Pong, webSocket.Reader.Message.Span));
                        break;
                    case Frames.Close:
                        return;
                    default:
                        break;
                }
            }
        }
        catch (PacketException e)
        {
            _server.Log.NoPacket(Id, e.Message);
            Close(DisconnectReason.ParseError, closeCode: 1002);
        }
        catch (WebSocketException e)
        {
            _server.Log.NoPacket(Id, e.Message);
            Close(DisconnectReason.TransportError, e.CloseCode);
        }
        catch (Exception e) when (IsLostConnection(e))
        {
            Close(DisconnectReason.TransportClosed);
        }
        finally
        {
            Close(DisconnectReason.TransportClosed);
            await FlushedAsync();
            webSocket.Dispose();
        }
    }

    private ValueTask<byte?> ReadAsync(WebSocketTransport webSocket)
    {
        webSocket.Reader.MessageBytesMax = MessageBytesMax;
        return webSocket.Reader.ReadAsync(CancellationToken.None);
    }

    private ValueTask ReceiveAsync(ReadOnlyMemory<byte> message, bool isText)
    {
        _receivingThread = Environment.CurrentManagedThreadId;
        try
        {
            return isText ? ReceiveTextAsync(message) : ReceiveMessageAsync(message, isText: false);
        }
        finally
        {
            FlushAfterwards();
        }
    }

    private void FlushAfterwards()
    {
        _receivingThread = 0;
        bool flushes;
        lock (_lock)
            (flushes, _flushesAfterwards) = (_flushesAfterwards, false);
        if (flushes)
            Flush();
    }

    // Whoever closes it, maybe with many others, has no part in what its handler does.
    [SuppressMessage("Design", "CA1031:Do not catch general exception types", Justification = "A handler may throw anything; it is logged.")]
    private void TellHandler(DisconnectReason reason)
    {
        try
        {
            Handler.OnClosed(reason);
        }
        catch (Exception e)
        {
            _server.Log.HandlerFailed(e, Id);
        }
    }

    private void CloseTooSlow()
    {
        _server.Log.TooSlow(Id, _server.Options.OutgoingBytesMax);
        Close(DisconnectReason.TooSlow);
    }

    // Within the lock.
    private void Enqueue(EncodedPacket packet)
    {
        Enqueue(packet, out bool flushes);
        if (flushes)
            FlushSoon();
    }

    // Within the lock. Whoever is told so flushes.
    private void Enqueue(EncodedPacket packet, out bool flushes)
    {
        _outgoing.Enqueue(packet);
        _outgoingBytes += packet.Length;
        flushes = _webSocket is not null && !_isFlushing;
        if (flushes)
            _isFlushing = true;
        else if (_webSocket is null)
            WakePoll();
    }

    // Within the lock.
    private void FlushSoon()
    {
        if (_receivingThread == Environment.CurrentManagedThreadId)
            _flushesAfterwards = true;
        else
            ThreadPool.UnsafeQueueUserWorkItem(this, preferLocal: false);
    }

    // Within the lock.
    private void WakePoll()
    {
        _arrival?.TrySetResult();
        _arrival = null;
    }

    // Writes until nothing waits. Where a write has to be waited for, it goes on from there: by hand, since a task for each of them would be garbage.
    private void Flush()
    {
        WebSocketTransport webSocket = _webSocket!;
        while (TryTakeForWrite(webSocket, out ReadOnlyMemory<byte> bytes))
        {
            if (!TryWrite(webSocket, bytes))
                return;
        }
    }

    // False when it is being written, and the flush goes on afterwards.
    [SuppressMessage("Reliability", "CA2012:Use ValueTasks correctly", Justification = "It is consumed once: here, or where it goes on.")]
    private bool TryWrite(WebSocketTransport webSocket, ReadOnlyMemory<byte> bytes)
    {
        try
        {
            ValueTaskAwaiter write = webSocket.Stream.WriteAsync(bytes).GetAwaiter();
            if (!write.IsCompleted)
            {
                _write = write;
                write.UnsafeOnCompleted(_goOn ??= GoOn);
                return false;
            }

            Written(write);
        }
        catch (Exception e) when (IsLostConnection(e))
        {
            Lost();
        }

        return true;
    }

    private void GoOn()
    {
        try
        {
            Written(_write);
        }
        catch (Exception e) when (IsLostConnection(e))
        {
            Lost();
        }

        Flush();
    }

    private void Written(ValueTaskAwaiter write)
    {
        if (_rented is not null)
            ArrayPool<byte>.Shared.Return(_rented);
        _rented = null;
        write.GetResult();
        _server.Metrics.BytesSent.Add(_writingBytes);
    }

    private void Lost()
    {
        Close(DisconnectReason.TransportClosed);
        lock (_lock)
            _outgoing.Clear();
    }

    // All that waits, as far as it goes into one write.
    private bool TryTakeForWrite(WebSocketTransport webSocket, out ReadOnlyMemory<byte> bytes)
    {
        bytes = default;
        TaskCompletionSource? drained = null;
        TaskCompletionSource? flushed = null;
        bool isAny;
        lock (_lock)
        {
            _outgoingBytes -= _writingBytes;
            _writingBytes = 0;
            isAny = _outgoing.Count > 0;
            if (isAny)
            {
                bytes = Take(webSocket);
            }
            else
            {
                // What was cleared is not waiting any more either.
                _outgoingBytes = 0;
                _isFlushing = false;
                (flushed, _flushed) = (_flushed, null);
            }

            if (_outgoingBytes <= LowBytes)
                (drained, _drained) = (_drained, null);
        }

        drained?.TrySetResult();
        flushed?.TrySetResult();
        return isAny;
    }

    // Within the lock.
    private ReadOnlyMemory<byte> Take(WebSocketTransport webSocket)
    {
        EncodedPacket first = _outgoing.Dequeue();
        ReadOnlyMemory<byte> bytes = FramesOf(first, webSocket);
        _writingBytes = first.Length;
        if (_outgoing.Count == 0 || bytes.Length + FramesOf(_outgoing.Peek(), webSocket).Length > WriteBytesMax)
            return bytes;
        byte[] rented = ArrayPool<byte>.Shared.Rent(Math.Min(_outgoingBytes, WriteBytesMax));
        int length = 0;
        while (true)
        {
            if (length + bytes.Length > rented.Length)
            {
                byte[] larger = ArrayPool<byte>.Shared.Rent(WriteBytesMax);
                rented.AsSpan(0, length).CopyTo(larger);
                ArrayPool<byte>.Shared.Return(rented);
                rented = larger;
            }

            bytes.CopyTo(rented.AsMemory(length));
            length += bytes.Length;
            if (_outgoing.Count == 0)
                break;
            bytes = FramesOf(_outgoing.Peek(), webSocket);
            if (length + bytes.Length > WriteBytesMax)
                break;
            _writingBytes += _outgoing.Dequeue().Length;
        }

        _rented = rented;
        return rented.AsMemory(0, length);
    }

    private ReadOnlyMemory<byte> FramesOf(EncodedPacket packet, WebSocketTransport webSocket) =>
        webSocket.IsDeflated ? packet.Deflated(_server.Options.DeflateThreshold) : packet.Frames;

    private ArrayBufferWriter<byte> TakeForPoll()
    {
        ArrayBufferWriter<byte> body = new();
        TaskCompletionSource? drained = null;
        lock (_lock)
        {
            // Before the answer is written: the next poll may be here before that has returned.
            _isPolling = false;
            while (_webSocket is null && _outgoing.Count > 0 && (body.WrittenCount == 0 || body.WrittenCount + _outgoing.Peek().Length <= PollingBytesMax))
            {
                EncodedPacket packet = _outgoing.Dequeue();
                _outgoingBytes -= packet.Length;
                packet.WriteForPolling(body);
            }

            if (_closed is not null && !_closedByPacket)
                EncodedPacket.Close.WriteForPolling(body);
            else if (body.WrittenCount == 0)
                EncodedPacket.Noop.WriteForPolling(body);
            if (_outgoingBytes <= LowBytes)
                (drained, _drained) = (_drained, null);
        }

        drained?.TrySetResult();
        _server.Metrics.BytesSent.Add(body.WrittenCount);
        return body;
    }

    private async Task FlushedAsync()
    {
        Task flushed;
        lock (_lock)
        {
            if (!_isFlushing)
                return;
            flushed = (_flushed ??= new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously)).Task;
        }

        await flushed;
    }

    private async ValueTask ReceiveLaterAsync(TimeSpan wait, ReadOnlyMemory<byte> message, bool isText)
    {
        await Task.Delay(wait, _server.Time);
        await (isText ? Handler.OnTextAsync(message) : Handler.OnBinaryAsync(message));
    }

    private void TakePong()
    {
        lock (_lock)
        {
            if (!_awaitsPong)
                return;
            _awaitsPong = _isSuspected = false;
            _dueAt = _server.Now + _server.PingInterval;
            _pingAt = Time.GetTimestamp() + _server.PingInterval;
        }
    }

    // Within the lock. A ping that could not be sent in time does not give the client more of it.
    private bool IsOverdue(long now) => now >= (_awaitsPong ? _dueAt : _dueAt + _server.PingTimeout);

    private static bool IsLostConnection(Exception exception) => exception is IOException or OperationCanceledException or ObjectDisposedException or InvalidOperationException;
}
