using System.Diagnostics;
using System.Net;
using System.Net.Sockets;
using System.Text;

namespace Syncline.Bench.RealTime;

/// <summary>One sender and its receivers, on raw sockets: they find the mark of each message in what comes and parse nothing, since client and server share the machine.</summary>
internal sealed class Room : IDisposable
{
    private static readonly byte[] Mark = Encoding.ASCII.GetBytes(RoomProtocol.Mark);

    private readonly RoomProtocol _protocol;
    private readonly List<Socket> _receivers = [];
    private readonly SemaphoreSlim _free;
    private readonly int[] _seen = new int[64 * 1024];
    private Socket? _sender;
    private long _sent;
    private long _deliveries;

    private Room(RoomProtocol protocol, int outstanding)
    {
        _protocol = protocol;
        _free = new SemaphoreSlim(outstanding);
    }

    /// <summary>How many messages receivers have seen, together.</summary>
    public long Deliveries => Interlocked.Read(ref _deliveries);

    /// <param name="protocol">What the server understands.</param>
    /// <param name="port">Where it listens.</param>
    /// <param name="receivers">How many.</param>
    /// <param name="outstanding">So many messages are on their way at a time: the next is sent when all receivers have seen the one so many before it.</param>
    public static async Task<Room> OpenAsync(RoomProtocol protocol, int port, int receivers, int outstanding)
    {
        Room room = new(protocol, outstanding);
        for (int i = 0; i < receivers; i++)
            room._receivers.Add(await EnterAsync(protocol, port, joins: true));
        room._sender = await EnterAsync(protocol, port, joins: false);

        // Not every protocol says that somebody has joined.
        await Task.Delay(500);
        foreach (Socket receiver in room._receivers)
            _ = room.ReceiveAsync(receiver);
        _ = DrainAsync(room._sender);
        return room;
    }

    /// <summary>Sends for a while, as fast as the receivers see it.</summary>
    public async Task SendAsync(TimeSpan time)
    {
        for (long began = Stopwatch.GetTimestamp(); Stopwatch.GetElapsedTime(began) < time;)
        {
            if (!await _free.WaitAsync(TimeSpan.FromSeconds(20)))
                throw new InvalidOperationException("a message did not come to all receivers");
            ReadOnlyMemory<byte> frame = RoomProtocol.Frame(_protocol.Message(_sent++));
            while (!frame.IsEmpty)
                frame = frame[await _sender!.SendAsync(frame)..];
        }
    }

    public void Dispose()
    {
        foreach (Socket receiver in _receivers)
            receiver.Dispose();
        _sender?.Dispose();
        _free.Dispose();
    }

    private static async Task<Socket> EnterAsync(RoomProtocol protocol, int port, bool joins)
    {
        Socket socket = new(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp) { NoDelay = true };
        await socket.ConnectAsync(IPAddress.Loopback, port);
        await socket.SendAsync(Encoding.ASCII.GetBytes(
            $"GET {protocol.Path} HTTP/1.1\r\nHost: 127.0.0.1\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n"));
        StringBuilder read = new();
        byte[] buffer = new byte[4_096];
        await UntilAsync("\r\n\r\n");
        foreach ((string after, string say) in protocol.Steps)
        {
            await UntilAsync(after);
            await socket.SendAsync(RoomProtocol.Frame(say));
        }

        if (protocol.Joins is { } join)
        {
            await UntilAsync(join.After);
            if (joins)
            {
                await socket.SendAsync(RoomProtocol.Frame(join.Say));
                await UntilAsync(join.Until);
            }
        }

        return socket;

        async Task UntilAsync(string text)
        {
            while (!read.ToString().Contains(text, StringComparison.Ordinal))
            {
                int length = await socket.ReceiveAsync(buffer);
                if (length == 0)
                    throw new IOException($"the server closed the connection: {read}");
                read.Append(Encoding.UTF8.GetString(buffer, 0, length));
            }
        }
    }

    private static async Task DrainAsync(Socket sender)
    {
        byte[] buffer = new byte[16 * 1024];
        try
        {
            while (await sender.ReceiveAsync(buffer) > 0)
            {
            }
        }
        catch (Exception e) when (e is SocketException or ObjectDisposedException)
        {
            // The room is over.
        }
    }

    private async Task ReceiveAsync(Socket receiver)
    {
        byte[] buffer = new byte[32 * 1024];
        int kept = 0;
        long next = 0;
        try
        {
            while (await receiver.ReceiveAsync(buffer.AsMemory(kept)) is > 0 and int read)
            {
                int length = kept + read;
                int count = buffer.AsSpan(0, length).Count(Mark);
                for (int i = 0; i < count; i++)
                    See(next++);

                // A mark may come in two parts.
                int after = count == 0 ? 0 : buffer.AsSpan(0, length).LastIndexOf(Mark) + Mark.Length;
                kept = Math.Min(length - after, Mark.Length - 1);
                buffer.AsSpan(length - kept, kept).CopyTo(buffer);
            }
        }
        catch (Exception e) when (e is SocketException or ObjectDisposedException)
        {
            // The room is over.
        }
    }

    private void See(long number)
    {
        Interlocked.Increment(ref _deliveries);
        ref int seen = ref _seen[number % _seen.Length];
        if (Interlocked.Increment(ref seen) < _receivers.Count)
            return;
        Volatile.Write(ref seen, 0);
        _free.Release();
    }
}
