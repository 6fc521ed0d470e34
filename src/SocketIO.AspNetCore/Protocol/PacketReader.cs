using System.Text;
using System.Text.Json;

namespace SocketIO.AspNetCore.Protocol;

/// <summary>
/// Reads packets: <c>type [attachments "-"] [namespace ","] [ack id] [JSON]</c>. What it lets through is well-formed, as deep as allowed, and of the
/// shape that its type demands.
/// </summary>
internal static class PacketReader
{
    /// <summary>How to read again what was let through.</summary>
    public static JsonReaderOptions AnyDepth { get; } = new() { MaxDepth = int.MaxValue };

    // JavaScript's clients count so far and no further.
    private const long AckIdMax = (1L << 53) - 1;

    private static readonly byte[] Root = "/"u8.ToArray();

    // What the client library itself calls its events.
    private static readonly byte[][] ReservedEvents =
    [
        "connect"u8.ToArray(), "connect_error"u8.ToArray(), "disconnect"u8.ToArray(), "disconnecting"u8.ToArray(),
        "newListener"u8.ToArray(), "removeListener"u8.ToArray(),
    ];

    /// <exception cref="PacketException">It is no packet.</exception>
    public static SocketPacket Read(ReadOnlyMemory<byte> text, int attachmentsMax, int depthMax)
    {
        if (text.IsEmpty || text.Span[0] is < (byte)'0' or > (byte)'6')
            throw new PacketException("an unknown type of packet");
        SocketPacketType type = (SocketPacketType)(text.Span[0] - '0');
        text = text[1..];
        bool hasAttachments = type is SocketPacketType.BinaryEvent or SocketPacketType.BinaryAck;
        int attachments = hasAttachments ? ReadAttachments(ref text, attachmentsMax) : 0;
        ReadOnlyMemory<byte> name = ReadNamespace(ref text);
        long? ackId = ReadNumber(ref text, AckIdMax);
        Check(type, ackId, text.Span, hasAttachments ? attachments : null, depthMax);
        return new SocketPacket(type, attachments, name, ackId, text);
    }

    private static int ReadAttachments(ref ReadOnlyMemory<byte> text, int most)
    {
        if (ReadNumber(ref text, int.MaxValue) is not { } attachments || text.IsEmpty || text.Span[0] != '-')
            throw new PacketException("a number of attachments is missing");
        if (attachments > most)
            throw new PacketException($"there are more than {most} attachments");
        text = text[1..];
        return (int)attachments;
    }

    private static ReadOnlyMemory<byte> ReadNamespace(ref ReadOnlyMemory<byte> text)
    {
        if (text.IsEmpty || text.Span[0] != '/')
            return Root;
        int end = text.Span.IndexOf((byte)',');
        ReadOnlyMemory<byte> name = end < 0 ? text : text[..end];
        text = end < 0 ? default : text[(end + 1)..];
        return name;
    }

    private static long? ReadNumber(ref ReadOnlyMemory<byte> text, long most)
    {
        ReadOnlySpan<byte> span = text.Span;
        long number = 0;
        int length = 0;
        while (length < span.Length && span[length] is >= (byte)'0' and <= (byte)'9')
        {
            number = (number * 10) + (span[length++] - '0');
            if (number > most)
                throw new PacketException("a number is too large");
        }

        text = text[length..];
        return length == 0 ? null : number;
    }

    private static void Check(SocketPacketType type, long? ackId, ReadOnlySpan<byte> data, int? attachments, int depthMax)
    {
        switch (type)
        {
            case SocketPacketType.Connect:
                if (!data.IsEmpty)
                    ReadWhole(data, JsonTokenType.StartObject, attachments: null, depthMax);
                break;
            case SocketPacketType.Disconnect:
                if (!data.IsEmpty)
                    throw new PacketException("a disconnect has no data");
                break;
            case SocketPacketType.ConnectError:
                throw new PacketException("only servers refuse to connect");
            case SocketPacketType.Ack or SocketPacketType.BinaryAck:
                if (ackId is null)
                    throw new PacketException("an acknowledgement of nothing");
                ReadWhole(data, JsonTokenType.StartArray, attachments, depthMax);
                break;
            default:
                CheckEvent(data, attachments, depthMax);
                break;
        }
    }

    private static void CheckEvent(ReadOnlySpan<byte> data, int? attachments, int depthMax)
    {
        ReadWhole(data, JsonTokenType.StartArray, attachments, depthMax);
        Utf8JsonReader reader = new(data, AnyDepth);
        reader.Read();
        reader.Read();
        if (reader.TokenType == JsonTokenType.Number)
            return;
        if (reader.TokenType != JsonTokenType.String)
            throw new PacketException("an event without a name");
        CheckName(reader);
        foreach (byte[] reserved in ReservedEvents)
        {
            if (reader.ValueTextEquals(reserved))
                throw new PacketException($"the name of an event is reserved: {Encoding.UTF8.GetString(reserved)}");
        }
    }

    // JSON may escape what is no text: half of a surrogate pair. In an argument that is the application's matter.
    private static void CheckName(Utf8JsonReader reader)
    {
        if (!reader.ValueIsEscaped)
            return;
        try
        {
            reader.GetString();
        }
        catch (InvalidOperationException e)
        {
            throw new PacketException(e.Message);
        }
    }

    private static void ReadWhole(ReadOnlySpan<byte> data, JsonTokenType first, int? attachments, int depthMax)
    {
        try
        {
            Utf8JsonReader reader = new(data, new JsonReaderOptions { MaxDepth = depthMax });
            if (!reader.Read() || reader.TokenType != first)
                throw new PacketException("data of another kind than the packet's type has");
            while (reader.Read())
            {
                if (attachments is { } count && reader.TokenType == JsonTokenType.StartObject && Placeholder.TryRead(reader, out long number) && (ulong)number >= (ulong)count)
                    throw new PacketException("a placeholder stands for no attachment");
            }
        }
        catch (JsonException e)
        {
            throw new PacketException(e.Message);
        }
    }
}
