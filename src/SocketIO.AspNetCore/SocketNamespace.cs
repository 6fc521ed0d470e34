using System.Collections.Concurrent;
using System.Text;
using System.Text.Json;
using SocketIO.AspNetCore.EngineIO;
using SocketIO.AspNetCore.Protocol;

namespace SocketIO.AspNetCore;

/// <summary>A namespace: its sockets, and the rooms that they are in.</summary>
public sealed class SocketNamespace
{
    private readonly SocketIOServer _server;
    private readonly bool _isKept;
    private readonly Lock _lock = new();
    private readonly Room _all;
    private readonly ConcurrentDictionary<string, Room> _rooms = new(StringComparer.Ordinal);
    private int _holders;
    private bool _isGone;

    internal SocketNamespace(SocketIOServer server, string name, bool isKept)
    {
        (_server, Name, NameUtf8, _isKept) = (server, name, Encoding.UTF8.GetBytes(name), isKept);
        _all = new Room(name, isKept: true);
    }

    /// <summary>Its name, with the slash.</summary>
    public string Name { get; }

    /// <summary>The sockets that are in it now.</summary>
    public IReadOnlyList<Socket> Sockets => _all.Members;

    /// <summary>To all of its sockets.</summary>
    public Broadcast All => new(this, room: null, moreRooms: null, exceptSocketId: null, isVolatile: false);

    internal byte[] NameUtf8 { get; }

    internal JsonSerializerOptions JsonOptions => _server.JsonOptions;

    internal SocketIOServer Server => _server;

    /// <summary>Encodes an event whose arguments are JSON already.</summary>
    /// <param name="eventName">Its name.</param>
    /// <param name="utf8">Values, with commas between them. Not checked.</param>
    public PreparedEvent Prepare(string eventName, ReadOnlySpan<byte> utf8) => new(BeginEvent(eventName).AddJson(utf8).End(ackId: null));

    /// <summary>To the sockets of a room. A room is there when somebody is in it.</summary>
    public Broadcast To(string room) => All.To(room);

    /// <summary>The sockets of this server that are in a room now.</summary>
    public IReadOnlyList<Socket> SocketsIn(string room) => _rooms.TryGetValue(room, out Room? found) ? found.Members : [];

    internal PacketWriter BeginEvent(string eventName)
    {
        ArgumentNullException.ThrowIfNull(eventName);
        return PacketWriter.Begin(NameUtf8, JsonOptions, eventName);
    }

    internal PacketWriter BeginAcknowledgement() => PacketWriter.Begin(NameUtf8, JsonOptions, eventName: null);

    /// <summary>Keeps it as long as somebody is in it or about to be.</summary>
    /// <returns>False when it is not to be used any more.</returns>
    internal bool TryHold()
    {
        lock (_lock)
        {
            if (_isGone)
                return false;
            _holders++;
            return true;
        }
    }

    /// <returns>Whether nobody holds it any more, and it is not to be used.</returns>
    internal bool Release()
    {
        lock (_lock)
            return _isGone = --_holders == 0 && !_isKept;
    }

    internal void Add(Socket socket) => _all.TryAdd(socket);

    internal void Remove(Socket socket) => _all.Remove(socket);

    internal Room Join(Socket socket, string room)
    {
        while (true)
        {
            Room joined = _rooms.GetOrAdd(room, static name => new Room(name));
            if (joined.TryAdd(socket))
                return joined;
            _rooms.TryRemove(new KeyValuePair<string, Room>(room, joined));
        }
    }

    internal void Leave(Socket socket, Room room)
    {
        if (room.Remove(socket))
            _rooms.TryRemove(new KeyValuePair<string, Room>(room.Name, room));
    }

    internal void Send(EncodedPacket packet, string? room, string[]? moreRooms, string? exceptSocketId, bool isVolatile)
    {
        SendHere(packet, room, moreRooms, exceptSocketId, isVolatile);
        if (_server.Backplane is not null)
            _server.Publish(new BackplaneMessage(Name, room is null ? [] : [room, .. moreRooms ?? []], exceptSocketId, isVolatile, packet.Frames));
    }

    internal void SendHere(EncodedPacket packet, string? room, string[]? moreRooms, string? exceptSocketId, bool isVolatile)
    {
        if (room is null)
            _all.Send(packet, exceptSocketId, isVolatile);
        else if (moreRooms is not null)
            SendToMany(packet, [room, .. moreRooms], exceptSocketId, isVolatile);
        else if (_rooms.TryGetValue(room, out Room? found))
            found.Send(packet, exceptSocketId, isVolatile);
    }

    private void SendToMany(EncodedPacket packet, string[] rooms, string? exceptSocketId, bool isVolatile)
    {
        HashSet<Socket> receivers = [];
        foreach (string room in rooms)
            receivers.UnionWith(SocketsIn(room));
        foreach (Socket receiver in receivers.Where(receiver => receiver.Id != exceptSocketId))
            receiver.Connection.TrySend(packet, isVolatile);
    }
}
