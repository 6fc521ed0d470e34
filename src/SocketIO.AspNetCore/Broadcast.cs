using SocketIO.AspNetCore.Protocol;

namespace SocketIO.AspNetCore;

/// <summary>To whom an event goes. Events are encoded once, and a slow receiver keeps no other waiting.</summary>
public readonly struct Broadcast : IEquatable<Broadcast>
{
    private readonly SocketNamespace _namespace;
    private readonly string? _room;
    private readonly string[]? _moreRooms;
    private readonly string? _exceptSocketId;
    private readonly bool _isVolatile;

    internal Broadcast(SocketNamespace @namespace, string? room, string[]? moreRooms, string? exceptSocketId, bool isVolatile)
    {
        (_namespace, _room, _moreRooms, _exceptSocketId, _isVolatile) = (@namespace, room, moreRooms, exceptSocketId, isVolatile);
    }

    /// <summary>The same, left out for clients that do not keep up: for what the next one makes worthless.</summary>
    public Broadcast Volatile => new(_namespace, _room, _moreRooms, _exceptSocketId, isVolatile: true);

    /// <summary>To this room as well; nobody gets it twice.</summary>
    public Broadcast To(string room) => _room is null
        ? new Broadcast(_namespace, room, moreRooms: null, _exceptSocketId, _isVolatile)
        : new Broadcast(_namespace, _room, [.. _moreRooms ?? [], room], _exceptSocketId, _isVolatile);

    /// <summary>Not to this socket.</summary>
    public Broadcast Except(Socket socket) => new(_namespace, _room, _moreRooms, socket.Id, _isVolatile);

    /// <summary>Sends an event without arguments.</summary>
    public void Emit(string eventName) => Send(_namespace.BeginEvent(eventName));

    /// <summary>Sends an event.</summary>
    public void Emit<T>(string eventName, T argument) => Send(_namespace.BeginEvent(eventName).Add(argument));

    /// <summary>Sends an event.</summary>
    public void Emit<T1, T2>(string eventName, T1 first, T2 second) => Send(_namespace.BeginEvent(eventName).Add(first).Add(second));

    /// <summary>Sends an event.</summary>
    public void Emit<T1, T2, T3>(string eventName, T1 first, T2 second, T3 third) => Send(_namespace.BeginEvent(eventName).Add(first).Add(second).Add(third));

    /// <summary>Sends an event with arguments that were received.</summary>
    public void Emit(string eventName, EventArguments arguments) => Send(_namespace.BeginEvent(eventName).Add(arguments));

    /// <summary>Sends an event with arguments that are JSON already.</summary>
    /// <param name="eventName">Its name.</param>
    /// <param name="utf8">Values, with commas between them. Not checked.</param>
    public void EmitJson(string eventName, ReadOnlySpan<byte> utf8) => Send(_namespace.BeginEvent(eventName).AddJson(utf8));

    /// <summary>Whether both go to the same.</summary>
    public bool Equals(Broadcast other) =>
        (_namespace, _room, _exceptSocketId, _isVolatile) == (other._namespace, other._room, other._exceptSocketId, other._isVolatile)
        && (_moreRooms ?? []).SequenceEqual(other._moreRooms ?? []);

    /// <inheritdoc/>
    public override bool Equals(object? obj) => obj is Broadcast other && Equals(other);

    /// <inheritdoc/>
    public override int GetHashCode() => HashCode.Combine(_namespace, _room, _exceptSocketId, _isVolatile);

    /// <summary>Whether both go to the same.</summary>
    public static bool operator ==(Broadcast left, Broadcast right) => left.Equals(right);

    /// <summary>Whether they do not.</summary>
    public static bool operator !=(Broadcast left, Broadcast right) => !left.Equals(right);

    private void Send(PacketWriter packet) =>
        _namespace.Send(packet.End(ackId: null), _room, _moreRooms, _exceptSocketId, _isVolatile);
}
