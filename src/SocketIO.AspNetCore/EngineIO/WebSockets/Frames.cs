using System.Buffers.Binary;

namespace SocketIO.AspNetCore.EngineIO.WebSockets;

/// <summary>WebSocket frames as a server writes them: unmasked, one a message (RFC 6455, section 5.2).</summary>
internal static class Frames
{
    public const byte Continuation = 0x0;
    public const byte Text = 0x1;
    public const byte Binary = 0x2;
    public const byte Close = 0x8;
    public const byte Ping = 0x9;
    public const byte Pong = 0xA;

    public const byte Final = 0x80;
    public const byte Compressed = 0x40;
    public const byte Reserved = 0x30;
    public const byte OpcodeMask = 0x0F;
    public const byte Masked = 0x80;

    /// <summary>The longest header of a frame that a server writes.</summary>
    public const int HeaderBytesMax = 10;

    private const int Length16 = 126;
    private const int Length64 = 127;

    public static int HeaderBytes(int payloadLength) => payloadLength < Length16 ? 2 : payloadLength <= ushort.MaxValue ? 4 : HeaderBytesMax;

    /// <summary>Writes the header of a whole message's only frame.</summary>
    /// <returns>How long it is.</returns>
    public static int WriteHeader(Span<byte> destination, byte opcode, int payloadLength, bool isCompressed = false)
    {
        destination[0] = (byte)(Final | opcode | (isCompressed ? Compressed : 0));
        int length = HeaderBytes(payloadLength);
        switch (length)
        {
            case 2:
                destination[1] = (byte)payloadLength;
                break;
            case 4:
                destination[1] = Length16;
                BinaryPrimitives.WriteUInt16BigEndian(destination[2..], (ushort)payloadLength);
                break;
            default:
                destination[1] = Length64;
                BinaryPrimitives.WriteInt64BigEndian(destination[2..], payloadLength);
                break;
        }

        return length;
    }

    /// <summary>Splits the first frame off bytes that <see cref="WriteHeader"/> and its payload were written to.</summary>
    public static ReadOnlySpan<byte> Split(ref ReadOnlySpan<byte> frames, out byte opcode)
    {
        opcode = (byte)(frames[0] & OpcodeMask);
        (int header, int length) = frames[1] switch
        {
            Length16 => (4, BinaryPrimitives.ReadUInt16BigEndian(frames[2..])),
            Length64 => (HeaderBytesMax, checked((int)BinaryPrimitives.ReadInt64BigEndian(frames[2..]))),
            byte length8 => (2, (int)length8),
        };
        ReadOnlySpan<byte> payload = frames.Slice(header, length);
        frames = frames[(header + length)..];
        return payload;
    }

    /// <summary>
    /// Reads the length from a client's header.
    /// </summary>
    /// <param name="bytes">What was received, from the frame's first byte.</param>
    /// <param name="headerLength">With the mask's key.</param>
    /// <param name="payloadLength">As it is named; may be anything.</param>
    /// <returns>False when more is needed.</returns>
    public static bool TryReadLength(ReadOnlySpan<byte> bytes, out int headerLength, out ulong payloadLength)
    {
        (headerLength, payloadLength) = (0, 0);
        if (bytes.Length < 2)
            return false;
        int length = bytes[1] & ~Masked;
        headerLength = (length switch { Length16 => 4, Length64 => 10, _ => 2 }) + ((bytes[1] & Masked) != 0 ? 4 : 0);
        if (bytes.Length < headerLength)
            return false;
        payloadLength = length switch
        {
            Length16 => BinaryPrimitives.ReadUInt16BigEndian(bytes[2..]),
            Length64 => BinaryPrimitives.ReadUInt64BigEndian(bytes[2..]),
            _ => (ulong)length,
        };
        return true;
    }
}
