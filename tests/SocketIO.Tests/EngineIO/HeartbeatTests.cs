using System.Collections.Concurrent;
using Microsoft.Extensions.DependencyInjection;
using SocketIO.AspNetCore;
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
    public async Task A_server_that_stood_still_does_not_hold_it_against_its_clients()
    {
        using WebSocketClient client = await _host.ConnectAsync("/engine.io/");
        client.AnswersPings = false;
        Assert.StartsWith("0{", await client.ReceiveAsync(), StringComparison.Ordinal);
        _time.AdvanceWithoutTimers(TimeSpan.FromMinutes(10));
        _time.Advance(TimeSpan.FromSeconds(26));
        Assert.Equal("2", await client.ReceiveRawAsync());
        _time.AdvanceWithoutTimers(TimeSpan.FromMinutes(10));
        _time.Advance(TimeSpan.FromSeconds(10));
        await client.SendAsync("3");
        await client.SendAsync("4received");
        Assert.Equal("4received", await client.ReceiveRawAsync());

        // It has the time that it always has.
        _time.Advance(TimeSpan.FromSeconds(26));
        Assert.Equal("2", await client.ReceiveRawAsync());
        _time.Advance(TimeSpan.FromSeconds(22));
        await client.ClosedAsync();
    }

    [Fact]
    public async Task An_answer_that_is_received_right_after_its_time_still_counts()
    {
        using WebSocketClient client = await _host.ConnectAsync("/engine.io/");
        client.AnswersPings = false;
        Assert.StartsWith("0{", await client.ReceiveAsync(), StringComparison.Ordinal);
        _time.Advance(TimeSpan.FromSeconds(25));
        Assert.Equal("2", await client.ReceiveRawAsync());
        _time.Advance(TimeSpan.FromSeconds(20));
        await client.SendAsync("3");
        await client.SendAsync("4received");
        Assert.Equal("4received", await client.ReceiveRawAsync());
        _time.Advance(TimeSpan.FromSeconds(10));
        await client.SendAsync("4again");
        Assert.Equal("4again", await client.ReceiveRawAsync());
    }

    [Fact]
    public async Task Nothing_runs_while_nobody_is_connected()
    {
        int timers = _time.TimersSet;
        using (WebSocketClient client = await _host.ConnectAsync("/engine.io/"))
        {
            Assert.StartsWith("0{", await client.ReceiveAsync(), StringComparison.Ordinal);
            Assert.Equal(timers + 1, _time.TimersSet);
            await client.SendAsync("1");
            await client.ClosedAsync();
        }

        // The request ends when the client has gone; whether it has is looked at once a second.
        using CancellationTokenSource patience = new(IOHost.Patience);
        while (_time.TimersSet != timers)
        {
            await Task.Delay(1, patience.Token);
            _time.Advance(TimeSpan.FromSeconds(1));
        }
    }

    [Fact]
    public async Task A_handler_that_throws_when_a_connection_ends_disturbs_no_other()
    {
        ConcurrentQueue<DisconnectReason> left = [];
        await using IOHost host = await IOHost.StartAsync(
            io => io.MapNamespace("/")
                .OnConnected(socket => socket.Disconnected.Register(() => throw new InvalidOperationException("A test's.")))
                .OnDisconnected((_, why) => left.Enqueue(why)),
            build: builder => builder.Services.AddSingleton<TimeProvider>(_time));
        using WebSocketClient first = await host.JoinAsync();
        using WebSocketClient second = await host.JoinAsync();
        (first.AnswersPings, second.AnswersPings) = (false, false);
        _time.Advance(TimeSpan.FromSeconds(60));
        await first.ClosedAsync();
        await second.ClosedAsync();
        Assert.Equal([DisconnectReason.PingTimeout, DisconnectReason.PingTimeout], left);
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
