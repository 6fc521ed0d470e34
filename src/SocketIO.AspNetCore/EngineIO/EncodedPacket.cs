using System.Buffers;
using System.Buffers.Text;
using SocketIO.AspNetCore.EngineIO.WebSockets;

namespace SocketIO.AspNetCore.EngineIO;

/// <summary>
/// One or more Engine.IO packets that stay together, as they are written: encoded once, whoever gets them. The bytes are those of WebSocket frames,
/// from which polling makes its own.
/// </summary>
internal sealed class EncodedPacket
{
    /// <summary>What stands between two packets in a body.</summary>
    public const byte PollingSeparator = 0x1E;

    private readonly byte[] _bytes;
    private byte[]? _deflated;

    private EncodedPacket(byte[] bytes) => _bytes = bytes;

    public static EncodedPacket Ping { get; } = Text("2"u8);

    public static EncodedPacket Close { get; } = Text("1"u8);

    public static EncodedPacket Noop { get; } = Text("6"u8);

    public static EncodedPacket ProbeAnswer { get; } = Text("3probe"u8);

    /// <summary>The frames.</summary>
    public ReadOnlyMemory<byte> Frames => _bytes;

    public int Length => _bytes.Length;

    /// <summary>A packet of text that includes its type.</summary>
    public static EncodedPacket Text(ReadOnlySpan<byte> packet) => Whole(WebSockets.Frames.Text, packet);

    /// <summary>A binary message.</summary>
    public static EncodedPacket Binary(ReadOnlySpan<byte> message) => Whole(WebSockets.Frames.Binary, message);

    /// <summary>A control frame: only ever for a WebSocket.</summary>
    public static EncodedPacket Control(byte opcode, ReadOnlySpan<byte> payload) => Whole(opcode, payload);

    /// <summary>A text packet that includes its type, and binary messages that follow it.</summary>
    public static EncodedPacket WithAttachments(ReadOnlySpan<byte> text, IReadOnlyList<ReadOnlyMemory<byte>> attachments)
    {
        int length = WebSockets.Frames.HeaderBytes(text.Length) + text.Length;
        for (int i = 0; i < attachments.Count; i++)
            length += WebSockets.Frames.HeaderBytes(attachments[i].Length) + attachments[i].Length;
        byte[] bytes = GC.AllocateUninitializedArray<byte>(length);
        int at = Write(bytes, WebSockets.Frames.Text, text);
        for (int i = 0; i < attachments.Count; i++)
            at += Write(bytes.AsSpan(at), WebSockets.Frames.Binary, attachments[i].Span);
        return new EncodedPacket(bytes);
    }

    /// <summary>Frames that another server has encoded.</summary>
    public static EncodedPacket FromFrames(ReadOnlyMemory<byte> frames) => new(frames.ToArray());

    /// <summary>The frames, compressed.</summary>
    public ReadOnlyMemory<byte> Deflated(int threshold) =>

        // Two threads may do it at once, and then one of the results is kept.
        _deflated ??= Length < threshold ? _bytes : MessageDeflater.Deflate(_bytes, threshold);

    /// <summary>Appends the packets as polling has them.</summary>
    /// <param name="body">The body so far.</param>
    public void WriteForPolling(ArrayBufferWriter<byte> body)
    {
        ReadOnlySpan<byte> left = Frames.Span;
        while (left.Length > 0)
        {
            if (body.WrittenCount > 0)
                body.Write([PollingSeparator]);
            ReadOnlySpan<byte> payload = WebSockets.Frames.Split(ref left, out byte opcode);
            if (opcode == WebSockets.Frames.Text)
            {
                body.Write(payload);
                continue;
            }

            Span<byte> base64 = body.GetSpan(1 + Base64.GetMaxEncodedToUtf8Length(payload.Length));
            base64[0] = PacketType.Base64;
            Base64.EncodeToUtf8(payload, base64[1..], out _, out int written);
            body.Advance(1 + written);
        }
    }

    private static EncodedPacket Whole(byte opcode, ReadOnlySpan<byte> payload)
    {
        byte[] bytes = GC.AllocateUninitializedArray<byte>(WebSockets.Frames.HeaderBytes(payload.Length) + payload.Length);
        Write(bytes, opcode, payload);
        return new EncodedPacket(bytes);
    }

    private static int Write(Span<byte> destination, byte opcode, ReadOnlySpan<byte> payload)
    {
        int header = WebSockets.Frames.WriteHeader(destination, opcode, payload.Length);
        payload.CopyTo(destination[header..]);
        return header + payload.Length;
    }
}
