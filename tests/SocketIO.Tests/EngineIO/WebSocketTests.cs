using System.Net;
using System.Net.WebSockets;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http.Features;
using Microsoft.AspNetCore.Server.Kestrel.Core;
using Microsoft.Extensions.DependencyInjection;

namespace SocketIO.Tests.EngineIO;

/// <summary>Engine.IO over a WebSocket from the beginning, and changed over to from polling.</summary>
public sealed class WebSocketTests : IAsyncLifetime
{
    private IOHost _host = null!;

    public async Task InitializeAsync() => _host = await IOHost.StartAsync(
        _ => { },
        configureEngine: options => options.MaxPayload = 100_000);

    public async Task DisposeAsync() => await _host.DisposeAsync();

    [Fact]
    public async Task A_session_is_opened_and_text_and_bytes_come_back()
    {
        using WebSocketClient client = await ConnectAsync();
        string open = await client.ReceiveAsync();
        Assert.StartsWith("0{\"sid\":\"", open, StringComparison.Ordinal);
        Assert.EndsWith("\",\"upgrades\":[],\"pingInterval\":25000,\"pingTimeout\":20000,\"maxPayload\":100000}", open, StringComparison.Ordinal);
        await client.SendAsync("4hällo ☃");
        Assert.Equal("4hällo ☃", await client.ReceiveAsync());
        await client.SendAsync([1, 2, 3]);
        Assert.Equal("b:010203", await client.ReceiveAsync());
    }

    [Theory]
    [InlineData(125)]
    [InlineData(126)]
    [InlineData(65_535)]
    [InlineData(65_536)]
    [InlineData(99_999)]
    public async Task Messages_of_all_sizes_come_back(int length)
    {
        using WebSocketClient client = await OpenAsync();
        string text = "4" + new string('x', length - 1);
        await client.SendAsync(text);
        Assert.Equal(text, await client.ReceiveAsync());
        byte[] bytes = new byte[length];
        new Random(length).NextBytes(bytes);
        await client.SendAsync(bytes);
        Assert.Equal("b:" + Convert.ToHexString(bytes), await client.ReceiveAsync());
    }

    [Fact]
    public async Task A_WebSocket_may_be_a_stream_of_an_HTTP_2_connection()
    {
        await using IOHost host = await IOHost.StartAsync(
            io => io.MapNamespace("/").On("echo", e => e.Socket.Emit("echo", e.Arguments)),
            build: builder => builder.WebHost.ConfigureKestrel(kestrel => kestrel.ConfigureEndpointDefaults(endpoint => endpoint.Protocols = HttpProtocols.Http2)));
        using WebSocketClient engine = await host.ConnectAsync("/engine.io/", configure: OverHttp2);
        Assert.StartsWith("0{", await engine.ReceiveAsync(), StringComparison.Ordinal);
        string large = "4" + new string('x', 300_000);
        await engine.SendAsync(large);
        Assert.Equal(large, await engine.ReceiveAsync());
        await engine.SendAsync([1, 2, 3]);
        Assert.Equal("b:010203", await engine.ReceiveAsync());
        await engine.SendAsync("1");
        Assert.Equal(1000, await engine.ClosedAsync());

        using WebSocketClient client = await host.ConnectAsync(configure: OverHttp2);
        await client.ReceiveAsync();
        await client.SendAsync("40");
        Assert.StartsWith("40{", await client.ReceiveAsync(), StringComparison.Ordinal);
        await client.SendAsync("42[\"echo\",1]");
        Assert.Equal("42[\"echo\",1]", await client.ReceiveAsync());
        Assert.Single(host.Server.Namespace("/").Sockets).Disconnect(closeConnection: true);
        Assert.Equal("41", await client.ReceiveAsync());
        Assert.Equal(1000, await client.ClosedAsync());

        static void OverHttp2(ClientWebSocketOptions options) =>
            (options.HttpVersion, options.HttpVersionPolicy) = (HttpVersion.Version20, HttpVersionPolicy.RequestVersionExact);
    }

    [Theory]
    [InlineData("abc")]
    [InlineData("")]
    [InlineData("2")]
    [InlineData("9x")]
    public async Task What_is_no_packet_closes_the_connection(string packet)
    {
        using WebSocketClient client = await OpenAsync();
        await client.SendAsync(packet);
        Assert.Equal(1002, await client.ClosedAsync());
    }

    [Fact]
    public async Task A_message_that_is_too_large_closes_the_connection()
    {
        using WebSocketClient client = await OpenAsync();
        await client.SendAsync(new byte[100_001]);
        Assert.Equal((int)WebSocketCloseStatus.MessageTooBig, await client.ClosedAsync() ?? (int)WebSocketCloseStatus.MessageTooBig);
    }

    [Fact]
    public async Task A_client_closes_by_packet_and_by_frame()
    {
        using WebSocketClient first = await OpenAsync();
        await first.SendAsync("1");
        Assert.Equal(1000, await first.ClosedAsync());
        using WebSocketClient second = await OpenAsync();
        await second.CloseAsync();
    }

    [Fact]
    public async Task A_session_is_changed_over_from_polling_and_nothing_is_lost()
    {
        PollingClient polling = await _host.PollAsync("/engine.io/");
        Task<(int Status, string Body)> poll = polling.GetAsync();
        await _host.PollWaitsAsync(polling);
        using WebSocketClient client = await ConnectAsync(polling.Id);
        await client.SendAsync("2probe");
        Assert.Equal("3probe", await client.ReceiveAsync());
        Assert.Equal((200, "6"), await poll);

        // What is sent between the two waits for the change.
        Assert.Equal((200, "ok"), await polling.PostAsync("4before\u001e4and"));
        await client.SendAsync("5");
        await client.SendAsync("4after");
        Assert.Equal(["4before", "4and", "4after"], [await client.ReceiveAsync(), await client.ReceiveAsync(), await client.ReceiveAsync()]);
        Assert.Equal(400, (await polling.GetAsync()).Status);
        Assert.Equal(400, (await polling.PostAsync("4more")).Status);
        await Assert.ThrowsAsync<WebSocketException>(() => ConnectAsync(polling.Id));
    }

    [Theory]
    [InlineData("4hello")]
    [InlineData("5")]
    [InlineData("2probe 5x")]
    public async Task A_probe_that_is_none_leaves_the_session_as_it_is(string packets)
    {
        PollingClient polling = await _host.PollAsync("/engine.io/");
        using WebSocketClient client = await ConnectAsync(polling.Id);
        foreach (string packet in packets.Split(' '))
        {
            await client.SendAsync(packet);
            if (packet == "2probe")
                Assert.Equal("3probe", await client.ReceiveAsync());
        }

        if (packets == "5")
        {
            // It has changed over without asking, which is the client's own affair.
            await client.SendAsync("4there");
            Assert.Equal("4there", await client.ReceiveAsync());
            return;
        }

        await client.ClosedAsync();
        Assert.Equal((200, "ok"), await polling.PostAsync("4still"));
        Assert.Contains("4still", await polling.ReceiveAsync());
    }

    [Fact]
    public async Task A_client_that_does_not_change_over_in_time_keeps_polling()
    {
        await using IOHost patient = await IOHost.StartAsync(_ => { }, configureEngine: options => options.UpgradeTimeout = TimeSpan.FromMilliseconds(50));
        PollingClient polling = await patient.PollAsync("/engine.io/");
        using WebSocketClient client = await patient.ConnectAsync("/engine.io/", $"EIO=4&transport=websocket&sid={polling.Id}");
        await client.SendAsync("2probe");
        Assert.Equal("3probe", await client.ReceiveAsync());
        await client.ClosedAsync();
        Assert.Equal((200, "ok"), await polling.PostAsync("4still"));
        Assert.Equal(["4still"], await polling.ReceiveAsync());
    }

    [Fact]
    public async Task A_connection_that_breaks_when_it_is_accepted_leaves_the_change_to_the_next()
    {
        FailingUpgrade failing = new();
        await using IOHost host = await IOHost.StartAsync(_ => { }, build: builder => builder.Services.AddSingleton<IStartupFilter>(failing));
        PollingClient polling = await host.PollAsync("/engine.io/");
        string query = $"EIO=4&transport=websocket&sid={polling.Id}";
        failing.IsDue = true;
        await Assert.ThrowsAsync<WebSocketException>(() => host.ConnectAsync("/engine.io/", query));
        Assert.False(failing.IsDue);
        using WebSocketClient client = await host.ConnectAsync("/engine.io/", query);
        await client.SendAsync("2probe");
        Assert.Equal("3probe", await client.ReceiveAsync());
    }

    [Fact]
    public async Task A_session_that_is_not_known_cannot_be_changed_over() =>
        await Assert.ThrowsAsync<WebSocketException>(() => ConnectAsync("unknown"));

    [Fact]
    public async Task Messages_are_compressed_where_both_sides_want_that()
    {
        await using IOHost host = await IOHost.StartAsync(_ => { }, configureEngine: options => options.PerMessageDeflate = true);
        using WebSocketClient client = await host.ConnectAsync("/engine.io/", configure: options => options.DangerousDeflateOptions = new WebSocketDeflateOptions());
        Assert.StartsWith("0{", await client.ReceiveAsync(), StringComparison.Ordinal);
        foreach (int length in (int[])[10, 5_000, 200_000])
        {
            string text = "4" + string.Concat(Enumerable.Range(0, length / 5).Select(i => $"{i:00000}"));
            await client.SendAsync(text);
            Assert.Equal(text, await client.ReceiveAsync());
            byte[] bytes = new byte[length];
            new Random(length).NextBytes(bytes);
            await client.SendAsync(bytes);
            Assert.Equal("b:" + Convert.ToHexString(bytes), await client.ReceiveAsync());
        }
    }

    [Fact]
    public async Task A_message_that_inflates_beyond_the_limit_closes_the_connection()
    {
        await using IOHost host = await IOHost.StartAsync(_ => { }, configureEngine: options =>
        {
            options.PerMessageDeflate = true;
            options.MaxPayload = 10_000;
        });
        using WebSocketClient client = await host.ConnectAsync("/engine.io/", configure: options => options.DangerousDeflateOptions = new WebSocketDeflateOptions());
        await client.SendAsync("4" + new string('x', 100_000));
        Assert.Equal((int)WebSocketCloseStatus.MessageTooBig, await client.ClosedAsync());
    }

    [Fact]
    public async Task A_server_that_stops_closes_its_connections()
    {
        PollingClient polling = await _host.PollAsync("/engine.io/");
        Task<(int Status, string Body)> poll = polling.GetAsync();
        await _host.PollWaitsAsync(polling);
        using WebSocketClient client = await OpenAsync();
        Task stopping = _host.StopAsync();
        Assert.Equal((int)WebSocketCloseStatus.EndpointUnavailable, await client.ClosedAsync());
        await client.CloseAsync();
        Assert.Equal((200, "1"), await poll);
        await stopping;
    }

    private Task<WebSocketClient> ConnectAsync(string? id = null) =>
        _host.ConnectAsync("/engine.io/", "EIO=4&transport=websocket" + (id is null ? "" : $"&sid={id}"));

    private async Task<WebSocketClient> OpenAsync()
    {
        WebSocketClient client = await ConnectAsync();
        Assert.StartsWith("0{", await client.ReceiveAsync(), StringComparison.Ordinal);
        return client;
    }

    /// <summary>Breaks a connection at the moment at which it becomes a WebSocket.</summary>
    private sealed class FailingUpgrade : IStartupFilter, IHttpUpgradeFeature
    {
        public bool IsDue { get; set; }

        bool IHttpUpgradeFeature.IsUpgradableRequest => true;

        public Action<IApplicationBuilder> Configure(Action<IApplicationBuilder> next) => app =>
        {
            app.Use(async (http, rest) =>
            {
                if (IsDue)
                    http.Features.Set<IHttpUpgradeFeature>(this);
                await rest(http);
            });
            next(app);
        };

        Task<Stream> IHttpUpgradeFeature.UpgradeAsync()
        {
            IsDue = false;
            throw new IOException("the connection was reset");
        }
    }
}
