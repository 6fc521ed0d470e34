using SocketIO.AspNetCore.EngineIO;

namespace SocketIO.AspNetCore;

/// <summary>An event that is encoded, to be sent to as many sockets of its namespace as one likes, whenever one likes.</summary>
public sealed class PreparedEvent
{
    internal PreparedEvent(EncodedPacket packet) => Packet = packet;

    internal EncodedPacket Packet { get; }
}
