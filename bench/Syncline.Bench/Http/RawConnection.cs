using System.Buffers.Text;
using System.Net;
using System.Net.Sockets;

namespace Syncline.Bench.Http;

/// <summary>
/// One keep-alive connection that sends prepared bytes and finds the end of the answer, no more: client and server share the machine, so
/// what the client costs is taken from the server.
/// </summary>
internal sealed class RawConnection : IDisposable
{
    private readonly Socket _socket = new(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp) { NoDelay = true };
    private byte[] _buffer;

    private RawConnection(int bufferBytes) => _buffer = new byte[bufferBytes];

    public static async Task<RawConnection> OpenAsync(int port, int bufferBytes = 16 * 1024)
    {
        RawConnection connection = new(bufferBytes);
        await connection._socket.ConnectAsync(IPAddress.Loopback, port);
        return connection;
    }

    /// <summary>Sends a request and receives its answer.</summary>
    /// <returns>The body, as it came: with chunk sizes where the server sends chunks. Valid until the next call.</returns>
    public async ValueTask<ReadOnlyMemory<byte>> ExchangeAsync(ReadOnlyMemory<byte> request)
    {
        await SendAsync(request);
        return await ReceiveAsync();
    }

    public async ValueTask SendAsync(ReadOnlyMemory<byte> request)
    {
        while (!request.IsEmpty)
            request = request[await _socket.SendAsync(request)..];
    }

    public async ValueTask<ReadOnlyMemory<byte>> ReceiveAsync()
    {
        int length = 0;
        int bodyStart = -1;
        int bodyLength = -1;
        while (true)
        {
            int read = await _socket.ReceiveAsync(_buffer.AsMemory(length));
            if (read == 0)
                throw new IOException("the server closed the connection");
            length += read;
            if (bodyStart < 0 && !ReadHead(length, out bodyStart, out bodyLength))
                bodyStart = -1;
            if (bodyStart >= 0)
            {
                // Nothing that is sent here has a line feed in its JSON, so the last chunk shows by its text alone.
                if (bodyLength >= 0 ? length >= bodyStart + bodyLength : _buffer.AsSpan(0, length).EndsWith("0\r\n\r\n"u8))
                    return _buffer.AsMemory(bodyStart, length - bodyStart);
            }

            if (length == _buffer.Length)
                Array.Resize(ref _buffer, length * 2);
        }
    }

    public void Dispose() => _socket.Dispose();

    /// <summary>The number after a name in a JSON text, looked for from its end.</summary>
    public static long LastNumber(ReadOnlySpan<byte> body, ReadOnlySpan<byte> name)
    {
        int at = body.LastIndexOf(name);
        return at >= 0 && Utf8Parser.TryParse(body[(at + name.Length)..], out long value, out _)
            ? value
            : throw new InvalidDataException("an answer does not have what it should");
    }

    private bool ReadHead(int length, out int bodyStart, out int bodyLength)
    {
        ReadOnlySpan<byte> text = _buffer.AsSpan(0, length);
        int end = text.IndexOf("\r\n\r\n"u8);
        bodyStart = end + 4;
        bodyLength = -1;
        if (end < 0)
            return false;
        if (!text.StartsWith("HTTP/1.1 200"u8))
            throw new IOException($"the server answered: {System.Text.Encoding.UTF8.GetString(text[..Math.Min(length, 1_000)])}");
        ReadOnlySpan<byte> head = text[..end];
        for (int line = head.IndexOf("\r\n"u8); line >= 0;)
        {
            head = head[(line + 2)..];
            if (head.StartsWith("Content-Length: "u8) || head.StartsWith("content-length: "u8))
            {
                return Utf8Parser.TryParse(head["Content-Length: ".Length..], out bodyLength, out _);
            }

            line = head.IndexOf("\r\n"u8);
        }

        return true;
    }
}
