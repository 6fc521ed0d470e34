using Microsoft.Extensions.DependencyInjection;
using Syncline.Tests;

namespace SocketIO.Tests.EngineIO;

/// <summary>Who says in time that it is there stays, and who does not is closed.</summary>
public sealed class HeartbeatTests : IAsyncLifetime
{
    private readonly ManualTime _time = new();
    private IOHost _host = null!;

    public async Task InitializeAsync() => _host = await IOHost.StartAsync(
        _ => { }, options => options.ConnectTimeout = TimeSpan.FromSeconds(20), build: builder => builder.Services.AddSingleton<TimeProvider>(_time));

    public async Task DisposeAsync() => await _host.DisposeAsync();

    [Fact]
    public async Task A_poll_is_pinged_and_a_client_that_answers_stays()
    {
        PollingClient client = await _host.PollAsync("/engine.io/");
        for (int i = 0; i < 3; i++)
        {
            Task<(int Status, string Body)> poll = client.GetAsync();
            await _host.PollWaitsAsync(client);
            _time.Advance(TimeSpan.FromSeconds(24));
            Assert.False(poll.IsCompleted);
            _time.Advance(TimeSpan.FromSeconds(2));
            Assert.Equal((200, "2"), await poll);
            _time.Advance(TimeSpan.FromSeconds(18));
            Assert.Equal((200, "ok"), await client.PostAsync("3"));
        }
    }

    [Fact]
    public async Task A_client_that_does_not_answer_is_closed()
    {
        PollingClient client = await _host.PollAsync("/engine.io/");
        _time.Advance(TimeSpan.FromSeconds(26));
        Assert.Equal((200, "2"), await client.GetAsync());
        Task<(int Status, string Body)> poll = client.GetAsync();
        await _host.PollWaitsAsync(client);
        _time.Advance(TimeSpan.FromSeconds(20));
        Assert.Equal((200, "1"), await poll);
        Assert.Equal(400, (await client.GetAsync()).Status);
    }

    [Fact]
    public async Task A_request_that_comes_too_late_finds_nothing_though_no_timer_has_looked_yet()
    {
        PollingClient client = await _host.PollAsync("/engine.io/");
        _time.AdvanceWithoutTimers(TimeSpan.FromSeconds(46));
        Assert.Equal(400, (await client.PostAsync("3")).Status);
    }

    [Fact]
    public async Task A_WebSocket_is_pinged_and_closed_when_the_client_does_not_answer()
    {
        using WebSocketClient client = await _host.ConnectAsync("/engine.io/");
        Assert.StartsWith("0{", await client.ReceiveAsync(), StringComparison.Ordinal);
        for (int i = 0; i < 3; i++)
        {
            _time.Advance(TimeSpan.FromSeconds(26));
            Assert.Equal("2", await client.ReceiveRawAsync());
            await client.SendAsync("3");
            await client.SendAsync("4received");
            Assert.Equal("4received", await client.ReceiveRawAsync());
        }

        client.AnswersPings = false;
        _time.Advance(TimeSpan.FromSeconds(26));
        _time.Advance(TimeSpan.FromSeconds(20));
        await client.ClosedAsync();
    }

    [Fact]
    public async Task A_connection_that_joins_no_namespace_is_closed()
    {
        using WebSocketClient client = await _host.ConnectAsync();
        Assert.StartsWith("0{", await client.ReceiveAsync(), StringComparison.Ordinal);
        _time.Advance(TimeSpan.FromSeconds(20));
        Assert.Equal(1000, await client.ClosedAsync());
    }
}
