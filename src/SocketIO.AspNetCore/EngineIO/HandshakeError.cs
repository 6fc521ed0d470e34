namespace SocketIO.AspNetCore.EngineIO;

/// <summary>Why a request is refused, as the reference implementation numbers and words it.</summary>
internal sealed record HandshakeError(int Code, string Message, int Status = 400)
{
    public static HandshakeError UnknownTransport { get; } = new(0, "Transport unknown");

    public static HandshakeError UnknownId { get; } = new(1, "Session ID unknown");

    public static HandshakeError BadMethod { get; } = new(2, "Bad handshake method");

    public static HandshakeError BadRequest { get; } = new(3, "Bad request");

    public static HandshakeError TooLarge { get; } = new(3, "Payload too large", Status: 413);

    public static HandshakeError Forbidden { get; } = new(4, "Forbidden", Status: 403);

    public static HandshakeError TooManyConnections { get; } = new(4, "Too many connections", Status: 503);

    public static HandshakeError TooManyHandshakes { get; } = new(4, "Too many handshakes", Status: 429);

    public static HandshakeError UnsupportedVersion { get; } = new(5, "Unsupported protocol version");
}
