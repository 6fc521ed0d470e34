using System.Net.Sockets;
using System.Text;

namespace SocketIO.Tests;

/// <summary>
/// A client that counts what it receives and allocates nothing for it: a plain socket, read by a thread of its own. It is never used asynchronously,
/// since from then on each wait of it would allocate.
/// </summary>
internal sealed class CountingClient : IDisposable
{
    private readonly Socket _socket = new(SocketType.Stream, ProtocolType.Tcp) { NoDelay = true };
    private readonly Thread _thread;
    private readonly AutoResetEvent _progress = new(initialState: false);
    private readonly byte[] _buffer = new byte[64 * 1024];
    private int _messages;

    private CountingClient() => _thread = new Thread(Count) { IsBackground = true };

    public static CountingClient Open(IOHost host)
    {
        CountingClient client = new();
        client._socket.Connect(host.Address.Host, host.Address.Port);
        client._socket.Send(Encoding.ASCII.GetBytes(
            $"GET /socket.io/?EIO=4&transport=websocket HTTP/1.1\r\nHost: {host.Address.Authority}\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
            + "Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n"));
        client.ReadUntil("maxPayload");

        // "40", masked with zeros.
        client._socket.Send(new byte[] { 0x81, 0x82, 0, 0, 0, 0, (byte)'4', (byte)'0' });
        client.ReadUntil("40{\"sid\":\"");
        client._thread.Start();
        return client;
    }

    /// <summary>Returns when all clients have received so many messages.</summary>
    public static void WaitFor(List<CountingClient> clients, int messages)
    {
        foreach (CountingClient client in clients)
        {
            while (Volatile.Read(ref client._messages) < messages)
            {
                if (!client._progress.WaitOne(IOHost.Patience))
                    Assert.Fail($"received {client._messages} of {messages}");
            }
        }
    }

    public void Dispose()
    {
        _socket.Dispose();
        _thread.Join();
        _progress.Dispose();
    }

    private void ReadUntil(string text)
    {
        StringBuilder read = new();
        while (!read.ToString().Contains(text, StringComparison.Ordinal))
            read.Append(Encoding.ASCII.GetString(_buffer, 0, _socket.Receive(_buffer)));
    }

    // Frames of fewer than 64 KiB; none is split over the end of the buffer for long.
    private void Count()
    {
        int length = 0;
        while (true)
        {
            int read;
            try
            {
                read = _socket.Receive(_buffer.AsSpan(length));
            }
            catch (Exception e) when (e is SocketException or ObjectDisposedException)
            {
                return;
            }

            if (read == 0)
                return;
            length += read;
            int at = 0;
            int received = 0;
            while (length - at >= 2)
            {
                int size = _buffer[at + 1] == 126 ? (length - at < 4 ? int.MaxValue : 4 + ((_buffer[at + 2] << 8) | _buffer[at + 3])) : 2 + _buffer[at + 1];
                if (size > length - at)
                    break;
                at += size;
                received++;
            }

            _buffer.AsSpan(at, length - at).CopyTo(_buffer);
            length -= at;
            if (received == 0)
                continue;
            Volatile.Write(ref _messages, _messages + received);
            _progress.Set();
        }
    }
}
