namespace SocketIO.AspNetCore.EngineIO;

/// <summary>The first byte of an Engine.IO packet.</summary>
internal static class PacketType
{
    public const byte Open = (byte)'0';
    public const byte Close = (byte)'1';
    public const byte Ping = (byte)'2';
    public const byte Pong = (byte)'3';
    public const byte Message = (byte)'4';
    public const byte Upgrade = (byte)'5';
    public const byte Noop = (byte)'6';

    /// <summary>What polling has before a binary message.</summary>
    public const byte Base64 = (byte)'b';
}
