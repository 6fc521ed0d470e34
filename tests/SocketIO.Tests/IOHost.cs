using System.Collections.Concurrent;
using Microsoft.AspNetCore.Builder;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using SocketIO.AspNetCore;

namespace SocketIO.Tests;

/// <summary>An application that serves Socket.IO at <c>/socket.io</c> and an echo of bare Engine.IO at <c>/engine.io</c>, on real Kestrel and a free port.</summary>
internal sealed class IOHost : IAsyncDisposable
{
    public static readonly TimeSpan Patience = TimeSpan.FromSeconds(20);

    private readonly WebApplication _app;
    private readonly ConcurrentQueue<EngineConnection> _echoes;

    private IOHost(WebApplication app, ConcurrentQueue<EngineConnection> echoes)
    {
        (_app, _echoes) = (app, echoes);
        Address = new Uri(app.Urls.First());
        Http = new HttpClient { BaseAddress = Address, Timeout = Patience };
    }

    public Uri Address { get; }

    public HttpClient Http { get; }

    public SocketIOServer Server => _app.Services.GetRequiredService<SocketIOServer>();

    public static async Task<IOHost> StartAsync(
        Action<SocketIOServer> map, Action<SocketIOOptions>? configure = null, Action<EngineIOOptions>? configureEngine = null, Action<WebApplicationBuilder>? build = null)
    {
        WebApplicationBuilder builder = WebApplication.CreateSlimBuilder(["--urls", "http://127.0.0.1:0"]);
        builder.Logging.ClearProviders();
        builder.Services.AddSocketIO(configure);
        build?.Invoke(builder);
        WebApplication app = builder.Build();
        EngineIOOptions engine = new();
        configureEngine?.Invoke(engine);
        ConcurrentQueue<EngineConnection> echoes = new();
        app.MapEngineIO("/engine.io", connection =>
        {
            echoes.Enqueue(connection);
            return new EchoHandler(connection);
        }, engine);
        app.MapSocketIO("/socket.io", map);
        await app.StartAsync();
        return new IOHost(app, echoes);
    }

    public Task StopAsync() => _app.StopAsync();

    public Task<PollingClient> PollAsync(string path = "/socket.io/") => PollingClient.OpenAsync(Http, path);

    public Task<WebSocketClient> ConnectAsync(string path = "/socket.io/", string query = "EIO=4&transport=websocket", Action<System.Net.WebSockets.ClientWebSocketOptions>? configure = null) =>
        WebSocketClient.OpenAsync(new Uri($"ws://{Address.Authority}{path}?{query}"), configure);

    /// <summary>Returns when a poll of an echo's session waits at the server.</summary>
    public async Task PollWaitsAsync(PollingClient client)
    {
        using CancellationTokenSource patience = new(Patience);
        while (!_echoes.Any(connection => connection.Id == client.Id && connection.IsPollWaiting))
            await Task.Delay(1, patience.Token);
    }

    /// <summary>A client that has joined a namespace over a WebSocket.</summary>
    public async Task<WebSocketClient> JoinAsync(string name = "/", string auth = "")
    {
        WebSocketClient client = await ConnectAsync();
        Assert.StartsWith("0{", await client.ReceiveAsync(), StringComparison.Ordinal);
        await client.SendAsync(name == "/" ? $"40{auth}" : $"40{name},{auth}");
        string answer = await client.ReceiveAsync();
        Assert.StartsWith(name == "/" ? "40{" : $"40{name},{{", answer, StringComparison.Ordinal);
        return client;
    }

    public async ValueTask DisposeAsync()
    {
        Http.Dispose();
        await _app.DisposeAsync();
    }

    private sealed class EchoHandler(EngineConnection connection) : EngineIOHandler
    {
        public override ValueTask OnTextAsync(ReadOnlyMemory<byte> message)
        {
            connection.Send(message.Span);
            return ValueTask.CompletedTask;
        }

        public override ValueTask OnBinaryAsync(ReadOnlyMemory<byte> message)
        {
            connection.SendBinary(message.Span);
            return ValueTask.CompletedTask;
        }
    }
}
