namespace SocketIO.AspNetCore;

/// <summary>What was received is no packet: the connection is closed.</summary>
internal sealed class PacketException(string message) : Exception(message);
