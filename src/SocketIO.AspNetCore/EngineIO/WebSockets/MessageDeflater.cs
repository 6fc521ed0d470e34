using System.Buffers;
using System.IO.Compression;

namespace SocketIO.AspNetCore.EngineIO.WebSockets;

/// <summary>
/// Compresses messages so that each stands alone (RFC 7692 with <c>server_no_context_takeover</c>): compressed once, a message is for all connections.
/// </summary>
internal static class MessageDeflater
{
    private const int TailBytes = 4;

    /// <summary>Writes frames anew, compressed where that makes them smaller.</summary>
    /// <param name="frames">Whole messages, each one frame.</param>
    /// <param name="threshold">Messages of fewer bytes are left as they are.</param>
    public static byte[] Deflate(ReadOnlySpan<byte> frames, int threshold)
    {
        ArrayBufferWriter<byte> output = new(frames.Length);
        ReadOnlySpan<byte> left = frames;
        while (left.Length > 0)
        {
            ReadOnlySpan<byte> before = left;
            ReadOnlySpan<byte> payload = Frames.Split(ref left, out byte opcode);
            if (opcode is not (Frames.Text or Frames.Binary) || payload.Length < threshold || !TryWrite(output, opcode, payload))
                output.Write(before[..^left.Length]);
        }

        return output.WrittenSpan.ToArray();
    }

    private static bool TryWrite(ArrayBufferWriter<byte> output, byte opcode, ReadOnlySpan<byte> payload)
    {
        using MemoryStream compressed = new();
        using (DeflateStream deflate = new(compressed, CompressionLevel.Fastest, leaveOpen: true))
        {
            deflate.Write(payload);
            deflate.Flush();

            // What the stream writes when it is closed comes after the end of the block, and is left out.
            int length = (int)compressed.Length - TailBytes;
            if (length >= payload.Length || length <= 0)
                return false;
            Span<byte> frame = output.GetSpan(Frames.HeaderBytesMax + length);
            int header = Frames.WriteHeader(frame, opcode, length, isCompressed: true);
            compressed.GetBuffer().AsSpan(0, length).CopyTo(frame[header..]);
            output.Advance(header + length);
            return true;
        }
    }
}
