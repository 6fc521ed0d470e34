using System.Buffers;
using System.Buffers.Text;
using System.IO.Pipelines;
using System.Text.Unicode;
using Microsoft.AspNetCore.Http;

namespace SocketIO.AspNetCore.EngineIO;

/// <summary>What a client posts: packets with a separator between them, binary messages in Base64.</summary>
internal static class PollingBody
{
    /// <summary>Reads a whole body.</summary>
    /// <returns>Null when it is larger than allowed.</returns>
    public static async ValueTask<byte[]?> ReadAsync(HttpRequest request, int bytesMax, CancellationToken cancellationToken)
    {
        if (request.ContentLength > bytesMax)
            return null;
        PipeReader reader = request.BodyReader;
        while (true)
        {
            ReadResult read = await reader.ReadAsync(cancellationToken);
            bool isTooLarge = read.Buffer.Length > bytesMax;
            if (!isTooLarge && !read.IsCompleted)
            {
                reader.AdvanceTo(read.Buffer.Start, read.Buffer.End);
                continue;
            }

            byte[]? body = isTooLarge ? null : read.Buffer.ToArray();
            reader.AdvanceTo(read.Buffer.End);
            return body;
        }
    }

    /// <summary>Hands the packets to a connection.</summary>
    /// <exception cref="PacketException">There is something else among them.</exception>
    public static async ValueTask ReceiveAsync(ReadOnlyMemory<byte> body, EngineConnection connection)
    {
        if (!Utf8.IsValid(body.Span))
            throw new PacketException("a body is not UTF-8");
        while (!connection.IsClosed)
        {
            int end = body.Span.IndexOf(EncodedPacket.PollingSeparator);
            ReadOnlyMemory<byte> packet = end < 0 ? body : body[..end];
            if (!packet.IsEmpty && packet.Span[0] == PacketType.Base64)
                await connection.ReceiveMessageAsync(Decode(packet.Span[1..]), isText: false);
            else
                await connection.ReceiveTextAsync(packet);
            if (end < 0)
                return;
            body = body[(end + 1)..];
        }
    }

    private static byte[] Decode(ReadOnlySpan<byte> base64)
    {
        byte[] bytes = new byte[Base64.GetMaxDecodedFromUtf8Length(base64.Length)];
        if (Base64.DecodeFromUtf8(base64, bytes, out _, out int written) != OperationStatus.Done)
            throw new PacketException("a binary message is not Base64");
        return bytes.AsSpan(0, written).ToArray();
    }
}
