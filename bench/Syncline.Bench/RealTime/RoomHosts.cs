using System.Collections.Concurrent;
using System.Net.WebSockets;
using System.Threading.Channels;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.SignalR;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using SocketIO.AspNetCore;

namespace Syncline.Bench.RealTime;

/// <summary>Servers in which what one sends goes to all others of a room, and nothing else happens.</summary>
internal static class RoomHosts
{
    /// <summary>SocketIO.AspNetCore at <c>/socket.io/</c>.</summary>
    public static WebApplication BuildSocketIO(string url)
    {
        WebApplicationBuilder builder = Builder(url);
        builder.Services.AddSocketIO(options => options.MessagesPerSecondMax = 0);
        WebApplication app = builder.Build();
        app.MapSocketIO("/socket.io", io => io.MapNamespace("/")
            .On<string>("join", (socket, room) => socket.Join(room))
            .On("msg", e => e.Socket.To(e.Arguments.Get<string>(0)!).Emit("msg", e.Arguments.Skip(1))));
        return app;
    }

    /// <summary>SignalR at <c>/hub</c>.</summary>
    public static WebApplication BuildSignalR(string url)
    {
        WebApplicationBuilder builder = Builder(url);
        builder.Services.AddSignalR();
        WebApplication app = builder.Build();
        app.MapHub<RoomHub>("/hub");
        return app;
    }

    /// <summary>The limit: Kestrel's WebSockets at <c>/ws</c>, without a protocol.</summary>
    public static WebApplication BuildWebSockets(string url)
    {
        WebApplicationBuilder builder = Builder(url);
        WebApplication app = builder.Build();
        app.UseWebSockets();
        ConcurrentDictionary<WebSocket, Channel<byte[]>> room = new();
        app.Map("/ws", async (HttpContext http) =>
        {
            using WebSocket socket = await http.WebSockets.AcceptWebSocketAsync();
            Channel<byte[]> queue = room[socket] = Channel.CreateUnbounded<byte[]>(new UnboundedChannelOptions { SingleReader = true });
            await Task.WhenAll(ReadAsync(socket, queue.Writer, room, http.RequestAborted), WriteAsync(socket, queue.Reader));
        });
        return app;
    }

    private static async Task ReadAsync(
        WebSocket socket, ChannelWriter<byte[]> queue, ConcurrentDictionary<WebSocket, Channel<byte[]>> room, CancellationToken aborted)
    {
        byte[] buffer = new byte[4_096];
        try
        {
            while (await socket.ReceiveAsync(buffer.AsMemory(), aborted) is { MessageType: not WebSocketMessageType.Close } received)
            {
                byte[] message = buffer.AsSpan(0, received.Count).ToArray();
                foreach ((WebSocket other, Channel<byte[]> others) in room)
                {
                    if (other != socket)
                        others.Writer.TryWrite(message);
                }
            }
        }
        finally
        {
            room.TryRemove(socket, out _);
            queue.Complete();
        }
    }

    private static async Task WriteAsync(WebSocket socket, ChannelReader<byte[]> queue)
    {
        await foreach (byte[] message in queue.ReadAllAsync())
            await socket.SendAsync(message.AsMemory(), WebSocketMessageType.Text, endOfMessage: true, CancellationToken.None);
    }

    private static WebApplicationBuilder Builder(string url)
    {
        WebApplicationBuilder builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders();
        builder.WebHost.UseUrls(url);
        return builder;
    }

    private sealed class RoomHub : Hub
    {
        public Task Join(string room) => Groups.AddToGroupAsync(Context.ConnectionId, room);

        public Task Msg(string room, object message) => Clients.OthersInGroup(room).SendAsync("Msg", message);
    }
}
