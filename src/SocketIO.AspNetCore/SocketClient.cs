using System.Diagnostics.CodeAnalysis;
using System.Text;
using System.Text.Json;
using SocketIO.AspNetCore.Protocol;

namespace SocketIO.AspNetCore;

/// <summary>A connection that speaks Socket.IO: the namespaces that it has joined, and the packet whose attachments are due.</summary>
internal sealed class SocketClient(SocketIOServer server, EngineConnection connection) : EngineIOHandler
{
    private readonly Lock _lock = new();

    // Few; looked through by name. Joining and leaving replace it.
    private Socket[] _sockets = [];
    private readonly HashSet<string> _joining = new(StringComparer.Ordinal);

    // The server has ended these; what the client sent before it heard of that is no fault of its.
    private readonly HashSet<string> _ended = new(StringComparer.Ordinal);
    private DisconnectReason? _closed;

    private PartialPacket? _partial;

    /// <summary>Ends a namespace, and tells the client.</summary>
    public void End(Socket socket)
    {
        if (!Remove(socket, isEnded: true))
            return;
        connection.TrySend(PacketWriter.Write(SocketPacketType.Disconnect, socket.Namespace.NameUtf8, default));
        socket.End(DisconnectReason.EndedByServer);
    }

    public override void OnOpened() => connection.DemandUseWithin(server.Options.ConnectTimeout);

    public override ValueTask OnTextAsync(ReadOnlyMemory<byte> message)
    {
        if (_partial is not null)
            throw new PacketException("text where an attachment is due");
        SocketPacket packet = PacketReader.Read(message, server.Options.AttachmentsMax, server.Options.JsonDepthMax);
        if (packet.Type == SocketPacketType.Connect)
        {
            Join(packet);
            return ValueTask.CompletedTask;
        }

        if (Find(packet.Namespace.Span) is not { } socket)
        {
            DemandEnded(packet.Namespace.Span);
            if (packet.Attachments > 0)
                _partial = new PartialPacket(null, packet);
            return ValueTask.CompletedTask;
        }

        if (packet.Type == SocketPacketType.Disconnect)
        {
            if (Remove(socket, isEnded: false))
                socket.End(DisconnectReason.LeftByClient);
            return ValueTask.CompletedTask;
        }

        // The bytes are the connection's; an event's handler may keep them.
        if (packet.Attachments == 0)
            return Take(socket, packet, packet.Data.ToArray(), []);
        _partial = new PartialPacket(socket, packet);
        return ValueTask.CompletedTask;
    }

    public override ValueTask OnBinaryAsync(ReadOnlyMemory<byte> message)
    {
        if (_partial is not { } partial)
            throw new PacketException("a binary message that belongs to no packet");
        partial.Add(message, server.Options.EventBytesMax);
        if (!partial.IsComplete)
            return ValueTask.CompletedTask;
        _partial = null;
        return partial.Socket is { } socket ? Take(socket, partial.Packet, partial.Data, partial.Attachments) : ValueTask.CompletedTask;
    }

    public override void OnClosed(DisconnectReason reason)
    {
        Socket[] sockets;
        lock (_lock)
        {
            _closed = reason;
            (sockets, _sockets) = (_sockets, []);
        }

        foreach (Socket socket in sockets)
            socket.End(reason);
    }

    private static ValueTask Take(Socket socket, in SocketPacket packet, byte[] data, IReadOnlyList<ReadOnlyMemory<byte>> attachments)
    {
        bool isEvent = packet.Type is SocketPacketType.Event or SocketPacketType.BinaryEvent;
        EventArguments arguments = new(data, attachments, socket.JsonOptions, hasName: isEvent);
        if (isEvent)
            return socket.HandleAsync(new SocketEvent(socket, EventName.In(data, socket.Handlers), arguments, packet.AckId));
        socket.TakeAcknowledgement(packet.AckId!.Value, arguments);
        return ValueTask.CompletedTask;
    }

    private Socket? Find(ReadOnlySpan<byte> name)
    {
        foreach (Socket socket in Volatile.Read(ref _sockets))
        {
            if (name.SequenceEqual(socket.Namespace.NameUtf8))
                return socket;
        }

        return null;
    }

    private void DemandEnded(ReadOnlySpan<byte> name)
    {
        lock (_lock)
        {
            if (!_ended.Contains(Encoding.UTF8.GetString(name)))
                throw new PacketException("a packet for a namespace that was not joined");
        }
    }

    private bool Remove(Socket socket, bool isEnded)
    {
        lock (_lock)
        {
            if (!_sockets.Contains(socket))
                return false;
            _sockets = [.. _sockets.Where(other => other != socket)];
            if (isEnded)
                _ended.Add(socket.Namespace.Name);
            return true;
        }
    }

    private void Join(in SocketPacket packet)
    {
        string name = Encoding.UTF8.GetString(packet.Namespace.Span);
        bool isOneTooMany;
        lock (_lock)
        {
            if (Find(packet.Namespace.Span) is not null || !_joining.Add(name))
                throw new PacketException("a namespace is joined twice");
            isOneTooMany = _sockets.Length + _joining.Count > server.Options.NamespacesMax;
        }

        if (isOneTooMany)
            Refuse(name, new ConnectRefusedException("Too many namespaces"));
        else if (server.FindHandlers(name, out IReadOnlyDictionary<string, string> parameters) is { } handlers)
            _ = JoinAsync(name, handlers, parameters, new Handshake(connection, packet.Data, server.JsonOptions));
        else
            Refuse(name, new ConnectRefusedException("Invalid namespace"));
    }

    [SuppressMessage("Design", "CA1031:Do not catch general exception types", Justification = "Middleware may throw anything; the client is refused.")]
    private async Task JoinAsync(string name, SocketHandlers handlers, IReadOnlyDictionary<string, string> parameters, Handshake handshake)
    {
        Socket socket = new(connection, server.Hold(name), handlers, handshake, RandomId.New(), parameters);
        try
        {
            await handlers.RunMiddlewareAsync(socket);
        }
        catch (ConnectRefusedException e)
        {
            server.Log.ConnectRefused(name, e.Message);
            Refuse(name, e);
            socket.End(DisconnectReason.EndedByServer);
            return;
        }
        catch (Exception e)
        {
            server.Log.HandlerFailed(e, "connect", name);
            Refuse(name, new ConnectRefusedException("Internal server error"));
            socket.End(DisconnectReason.EndedByServer);
            return;
        }

        DisconnectReason? closed;
        lock (_lock)
        {
            _joining.Remove(name);
            _ended.Remove(name);
            closed = _closed;
            if (closed is null)
                _sockets = [.. _sockets, socket];
        }

        if (closed is { } reason)
        {
            socket.End(reason);
            return;
        }

        connection.IsUsed();

        // First the answer: then broadcasts may come.
        connection.TrySend(PacketWriter.Write(SocketPacketType.Connect, socket.Namespace.NameUtf8, Encoding.UTF8.GetBytes($$"""{"sid":"{{socket.Id}}"}""")));
        socket.Connected();
    }

    private void Refuse(string name, ConnectRefusedException refusal)
    {
        lock (_lock)
            _joining.Remove(name);
        string data = refusal.DataJson is null ? "" : $",\"data\":{refusal.DataJson}";
        string message = JsonEncodedText.Encode(refusal.Message).ToString();
        connection.TrySend(PacketWriter.Write(
            SocketPacketType.ConnectError, Encoding.UTF8.GetBytes(name), Encoding.UTF8.GetBytes($"{{\"message\":\"{message}\"{data}}}")));
    }

    /// <summary>A packet whose attachments are not all there.</summary>
    private sealed class PartialPacket(Socket? socket, in SocketPacket packet)
    {
        private readonly List<ReadOnlyMemory<byte>> _attachments = [];
        private long _bytes;

        public Socket? Socket => socket;

        public SocketPacket Packet { get; } = packet with { Data = default, Namespace = default };

        public byte[] Data { get; } = packet.Data.ToArray();

        public IReadOnlyList<ReadOnlyMemory<byte>> Attachments => _attachments;

        public bool IsComplete => _attachments.Count == Packet.Attachments;

        public void Add(ReadOnlyMemory<byte> attachment, int bytesMax)
        {
            _bytes += attachment.Length;
            if (_bytes > bytesMax)
                throw new PacketException($"an event is larger than {bytesMax} bytes");
            _attachments.Add(attachment.ToArray());
        }
    }
}
