using System.Net;
using System.Net.WebSockets;
using System.Text;

namespace SocketIO.Tests;

/// <summary>A WebSocket, packet by packet. Pings of Engine.IO are answered while something is received.</summary>
internal sealed class WebSocketClient : IDisposable
{
    private readonly ClientWebSocket _socket;
    private readonly HttpMessageInvoker? _invoker;
    private readonly CancellationTokenSource _patience = new(IOHost.Patience);

    private WebSocketClient(ClientWebSocket socket, HttpMessageInvoker? invoker) => (_socket, _invoker) = (socket, invoker);

    /// <summary>Whether to answer pings.</summary>
    public bool AnswersPings { get; set; } = true;

    public static async Task<WebSocketClient> OpenAsync(Uri address, Action<ClientWebSocketOptions>? configure = null)
    {
        ClientWebSocket socket = new();
        configure?.Invoke(socket.Options);
        if (socket.Options.HttpVersion == HttpVersion.Version11)
        {
            await socket.ConnectAsync(address, CancellationToken.None);
            return new WebSocketClient(socket, invoker: null);
        }

        HttpMessageInvoker invoker = new(new SocketsHttpHandler());
        await socket.ConnectAsync(address, invoker, CancellationToken.None);
        return new WebSocketClient(socket, invoker);
    }

    public Task SendAsync(string packet) => _socket.SendAsync(Encoding.UTF8.GetBytes(packet), WebSocketMessageType.Text, endOfMessage: true, _patience.Token);

    public Task SendAsync(byte[] message) => _socket.SendAsync(message, WebSocketMessageType.Binary, endOfMessage: true, _patience.Token);

    /// <summary>The next message: text as it is, bytes in hexadecimal after "b:"; "close" when the server has closed.</summary>
    public async Task<string> ReceiveAsync()
    {
        while (true)
        {
            string message = await ReceiveRawAsync();
            if (message != "2")
                return message;
            if (AnswersPings)
                await SendAsync("3");
        }
    }

    /// <summary>Reads until the server closes.</summary>
    /// <returns>With what code; null when it has broken off.</returns>
    public async Task<int?> ClosedAsync()
    {
        while (await ReceiveAsync() != "close")
        {
        }

        return (int?)_socket.CloseStatus;
    }

    public async Task<string> ReceiveRawAsync()
    {
        byte[] buffer = new byte[4 * 1024 * 1024];
        int length = 0;
        try
        {
            while (true)
            {
                ValueWebSocketReceiveResult received = await _socket.ReceiveAsync(buffer.AsMemory(length), _patience.Token);
                length += received.Count;
                if (received.MessageType == WebSocketMessageType.Close)
                    return "close";
                if (!received.EndOfMessage)
                    continue;
                return received.MessageType == WebSocketMessageType.Text
                    ? Encoding.UTF8.GetString(buffer, 0, length)
                    : "b:" + Convert.ToHexString(buffer, 0, length);
            }
        }
        catch (WebSocketException)
        {
            return "close";
        }
    }

    public Task CloseAsync() => _socket.CloseAsync(WebSocketCloseStatus.NormalClosure, null, _patience.Token);

    public void Abort() => _socket.Abort();

    public void Dispose()
    {
        _socket.Dispose();
        _invoker?.Dispose();
        _patience.Dispose();
    }
}
