namespace SocketIO.AspNetCore.EngineIO.WebSockets;

/// <summary>A client does not keep to the WebSocket protocol.</summary>
/// <param name="closeCode">What to close with (RFC 6455, section 7.4).</param>
/// <param name="message">What is wrong.</param>
internal sealed class WebSocketException(ushort closeCode, string message) : Exception(message)
{
    public const ushort ProtocolError = 1002;
    public const ushort InvalidText = 1007;
    public const ushort TooLarge = 1009;

    public ushort CloseCode => closeCode;
}
