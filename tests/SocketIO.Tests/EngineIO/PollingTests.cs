using System.Net;
using System.Threading.RateLimiting;
using Microsoft.AspNetCore.Http;

namespace SocketIO.Tests.EngineIO;

/// <summary>Engine.IO over HTTP long-polling, as its protocol's page and test suite have it.</summary>
public sealed class PollingTests : IAsyncLifetime
{
    private IOHost _host = null!;

    public async Task InitializeAsync() => _host = await IOHost.StartAsync(
        _ => { },
        configureEngine: options => options.MaxPayload = 10_000);

    public async Task DisposeAsync() => await _host.DisposeAsync();

    [Fact]
    public async Task A_session_is_opened_with_what_the_client_has_to_know()
    {
        PollingClient client = await _host.PollAsync("/engine.io/");
        Assert.Equal(["sid", "upgrades", "pingInterval", "pingTimeout", "maxPayload"], client.Open.AsObject().Select(member => member.Key));
        Assert.Equal("""["websocket"]""", client.Open["upgrades"]!.ToJsonString());
        Assert.Equal((25_000, 20_000, 10_000), ((int)client.Open["pingInterval"]!, (int)client.Open["pingTimeout"]!, (int)client.Open["maxPayload"]!));
        Assert.True(client.Id.Length >= 20);
    }

    [Theory]
    [InlineData("GET", "EIO=4", 400, 0)]
    [InlineData("GET", "EIO=4&transport=abc", 400, 0)]
    [InlineData("GET", "transport=polling", 400, 5)]
    [InlineData("GET", "EIO=3&transport=polling", 400, 5)]
    [InlineData("GET", "EIO=abc&transport=polling", 400, 5)]
    [InlineData("GET", "EIO=4&transport=polling&sid=unknown", 400, 1)]
    [InlineData("POST", "EIO=4&transport=polling", 400, 2)]
    [InlineData("PUT", "EIO=4&transport=polling", 400, 2)]
    [InlineData("GET", "EIO=4&transport=websocket", 400, 3)]
    public async Task A_bad_request_is_refused_with_the_protocols_code(string method, string query, int status, int code)
    {
        using HttpRequestMessage request = new(new HttpMethod(method), $"/engine.io/?{query}");
        using HttpResponseMessage answer = await _host.Http.SendAsync(request);
        Assert.Equal(status, (int)answer.StatusCode);
        Assert.StartsWith($"{{\"code\":{code},\"message\":\"", await answer.Content.ReadAsStringAsync(), StringComparison.Ordinal);
        Assert.Equal("application/json", answer.Content.Headers.ContentType?.MediaType);
    }

    [Fact]
    public async Task Text_and_bytes_come_back_several_in_a_body_and_in_order()
    {
        PollingClient client = await _host.PollAsync("/engine.io/");
        Assert.Equal((200, "ok"), await client.PostAsync("4hello\u001e4wörld ☃\u001ebAQIDBA==\u001e4"));
        List<string> received = [];
        while (received.Count < 4)
            received.AddRange(await client.ReceiveAsync());
        Assert.Equal(["4hello", "4wörld ☃", "bAQIDBA==", "4"], received);
    }

    [Theory]
    [InlineData("abc")]
    [InlineData("")]
    [InlineData("7")]
    [InlineData("2")]
    [InlineData("4a\u001e")]
    [InlineData("b###")]
    public async Task What_is_no_packet_closes_the_session(string body)
    {
        PollingClient client = await _host.PollAsync("/engine.io/");
        Assert.Equal(400, (await client.PostAsync(body)).Status);
        Assert.Equal(400, (await client.GetAsync()).Status);
    }

    [Fact]
    public async Task Text_that_is_not_UTF8_closes_the_session()
    {
        PollingClient client = await _host.PollAsync("/engine.io/");
        Assert.Equal(400, (await client.PostAsync([(byte)'4', 0xC3, 0x28])).Status);
        Assert.Equal(400, (await client.GetAsync()).Status);
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task A_body_that_is_too_large_is_refused_and_closes_the_session(bool isChunked)
    {
        PollingClient client = await _host.PollAsync("/engine.io/");
        using HttpRequestMessage request = new(HttpMethod.Post, $"/engine.io/?{client.Query}") { Content = new ByteArrayContent(new byte[10_001]) };
        request.Headers.TransferEncodingChunked = isChunked;
        using HttpResponseMessage answer = await _host.Http.SendAsync(request);
        Assert.Equal(413, (int)answer.StatusCode);
        Assert.Equal(400, (await client.GetAsync()).Status);
    }

    [Fact]
    public async Task Two_polls_at_once_close_the_session()
    {
        PollingClient client = await _host.PollAsync("/engine.io/");
        Task<(int Status, string Body)> first = client.GetAsync();
        await _host.PollWaitsAsync(client);
        Assert.Equal(400, (await client.GetAsync()).Status);
        Assert.Equal((200, "1"), await first);
        Assert.Equal(400, (await client.GetAsync()).Status);
    }

    [Fact]
    public async Task A_poll_that_the_client_cancels_closes_the_session()
    {
        PollingClient client = await _host.PollAsync("/engine.io/");
        using CancellationTokenSource cancelled = new();
        Task poll = client.GetAsync(cancelled.Token);
        await _host.PollWaitsAsync(client);
        await cancelled.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => poll);

        // The server hears of it a moment later.
        (int Status, string Body) answer;
        do
            answer = await client.PostAsync("3");
        while (answer.Status == 200);
        Assert.Equal(400, answer.Status);
    }

    [Fact]
    public async Task A_client_closes_and_its_poll_ends()
    {
        PollingClient client = await _host.PollAsync("/engine.io/");
        Task<(int Status, string Body)> poll = client.GetAsync();
        await _host.PollWaitsAsync(client);
        Assert.Equal((200, "ok"), await client.PostAsync("1"));
        Assert.Equal((200, "6"), await poll);
        Assert.Equal(400, (await client.GetAsync()).Status);
    }

    [Fact]
    public async Task Two_bodies_at_once_close_the_session()
    {
        PollingClient client = await _host.PollAsync("/engine.io/");
        SlowBody slow = new();
        Task<HttpResponseMessage> first = _host.Http.PostAsync($"/engine.io/?{client.Query}", slow);
        await slow.Begun;
        int status;
        do
            status = (await client.PostAsync("3")).Status;
        while (status == 200);
        Assert.Equal(400, status);
        slow.End();
        (await first).Dispose();
        Assert.Equal(400, (await client.GetAsync()).Status);
    }

    [Fact]
    public async Task An_origin_that_is_not_allowed_is_refused()
    {
        await using IOHost host = await IOHost.StartAsync(_ => { }, configureEngine: options => options.AllowedOrigins.Add("https://example.org"));
        Assert.Equal(200, await StatusOf("https://example.org"));
        Assert.Equal(200, await StatusOf(null));
        Assert.Equal(403, await StatusOf("https://example.com"));

        async Task<int> StatusOf(string? origin)
        {
            using HttpRequestMessage request = new(HttpMethod.Get, "/engine.io/?EIO=4&transport=polling");
            if (origin is not null)
                request.Headers.Add("Origin", origin);
            using HttpResponseMessage answer = await host.Http.SendAsync(request);
            return (int)answer.StatusCode;
        }
    }

    [Fact]
    public async Task More_connections_than_there_may_be_are_refused_until_one_has_gone()
    {
        await using IOHost host = await IOHost.StartAsync(_ => { }, configureEngine: options => options.ConnectionsMax = 2);
        PollingClient first = await host.PollAsync("/engine.io/");
        await host.PollAsync("/engine.io/");
        using HttpResponseMessage refused = await host.Http.GetAsync("/engine.io/?EIO=4&transport=polling");
        Assert.Equal(503, (int)refused.StatusCode);
        await first.PostAsync("1");
        await host.PollAsync("/engine.io/");
    }

    [Fact]
    public async Task Too_many_handshakes_at_once_are_refused()
    {
        using PartitionedRateLimiter<HttpContext> limiter = PartitionedRateLimiter.Create<HttpContext, string>(static _ =>
            RateLimitPartition.GetConcurrencyLimiter("all", static _ => new ConcurrencyLimiterOptions { PermitLimit = 1 }));
        await using IOHost host = await IOHost.StartAsync(_ => { }, configureEngine: options => options.HandshakeLimiter = limiter);
        PollingClient client = await host.PollAsync("/engine.io/");
        using RateLimitLease taken = limiter.AttemptAcquire(new DefaultHttpContext());
        using HttpResponseMessage refused = await host.Http.GetAsync("/engine.io/?EIO=4&transport=polling");
        Assert.Equal(429, (int)refused.StatusCode);
        Assert.Equal((200, "ok"), await client.PostAsync("4still there"));
    }

    /// <summary>A body of which the end is long in coming.</summary>
    private sealed class SlowBody : HttpContent
    {
        private readonly TaskCompletionSource _begun = new(TaskCreationOptions.RunContinuationsAsynchronously);
        private readonly TaskCompletionSource _end = new(TaskCreationOptions.RunContinuationsAsynchronously);

        public Task Begun => _begun.Task;

        public void End() => _end.TrySetResult();

        protected override async Task SerializeToStreamAsync(Stream stream, TransportContext? context)
        {
            await stream.WriteAsync("4begun"u8.ToArray());
            await stream.FlushAsync();
            _begun.TrySetResult();
            await _end.Task;
        }

        protected override bool TryComputeLength(out long length)
        {
            length = 0;
            return false;
        }
    }
}
