namespace SocketIO.AspNetCore.Protocol;

/// <summary>A Socket.IO packet as received, without its attachments, which follow it. It leads into the bytes that it was read from.</summary>
/// <param name="Type">What it is.</param>
/// <param name="Attachments">How many binary messages follow and belong to it.</param>
/// <param name="Namespace">UTF-8, with the slash.</param>
/// <param name="AckId">Under which the sender wants an answer, or gives one.</param>
/// <param name="Data">JSON; empty when there is none.</param>
internal readonly record struct SocketPacket(
    SocketPacketType Type, int Attachments, ReadOnlyMemory<byte> Namespace, long? AckId, ReadOnlyMemory<byte> Data);
