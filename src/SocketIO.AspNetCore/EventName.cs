using System.Text;
using System.Text.Json;
using SocketIO.AspNetCore.Protocol;

namespace SocketIO.AspNetCore;

/// <summary>The name of an event: the first element of its array.</summary>
internal static class EventName
{
    private const int CharsOnStack = 128;

    /// <summary>Reads it, and finds what handles it; no string is made for one that has a handler.</summary>
    public static (string Name, SocketHandlers.Registration Registration) In(ReadOnlySpan<byte> array, SocketHandlers handlers)
    {
        Utf8JsonReader reader = new(array, PacketReader.AnyDepth);
        reader.Read();
        reader.Read();
        if (reader.TokenType == JsonTokenType.Number)
            return handlers.Find(Encoding.UTF8.GetString(reader.ValueSpan));
        if (reader.ValueIsEscaped || reader.ValueSpan.Length > CharsOnStack)
            return handlers.Find(reader.GetString());
        Span<char> chars = stackalloc char[CharsOnStack];
        return handlers.Find(chars[..Encoding.UTF8.GetChars(reader.ValueSpan, chars)]);
    }
}
