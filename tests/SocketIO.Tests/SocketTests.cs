using System.Security.Claims;
using System.Text;
using System.Text.Json;
using Microsoft.Extensions.DependencyInjection;
using SocketIO.AspNetCore;

namespace SocketIO.Tests;

/// <summary>Socket.IO over a WebSocket: namespaces, events, acknowledgements, rooms, and what clients may not do.</summary>
public sealed class SocketTests
{
    [Fact]
    public async Task A_namespace_is_joined_with_what_the_client_says_of_itself()
    {
        await using IOHost host = await StartEchoAsync();
        using WebSocketClient client = await host.JoinAsync("/", """{"token":"123"}""");
        Assert.Equal("""42["auth",{"token":"123"}]""", await client.ReceiveAsync());
        await client.SendAsync("40/custom");
        Assert.StartsWith("40/custom,{\"sid\":\"", await client.ReceiveAsync(), StringComparison.Ordinal);
        Assert.Equal("""42/custom,["auth",{}]""", await client.ReceiveAsync());
        await client.SendAsync("40/random,{}");
        Assert.Equal("""44/random,{"message":"Invalid namespace"}""", await client.ReceiveAsync());
        await client.SendAsync("40/spaces/a1,{}");
        Assert.StartsWith("40/spaces/a1,{\"sid\":\"", await client.ReceiveAsync(), StringComparison.Ordinal);
        Assert.Equal("""42/spaces/a1,["id","a1"]""", await client.ReceiveAsync());
    }

    [Theory]
    [InlineData("""42["message",1,"2",{"3":[true]}]""", """42["message-back",1,"2",{"3":[true]}]""")]
    [InlineData("""42["message"]""", """42["message-back"]""")]
    [InlineData("""42["message","häß ☃","\ud800"]""", """42["message-back","häß ☃","\ud800"]""")]
    [InlineData("""42456["message-with-ack",1,"2",{"3":[false]}]""", """43456[1,"2",{"3":[false]}]""")]
    [InlineData("""420["message-with-ack"]""", "430[]")]
    [InlineData("""42["nobody handles it"]42""", null)]
    public async Task Events_and_acknowledgements_keep_their_arguments(string sent, string? received)
    {
        await using IOHost host = await StartEchoAsync();
        using WebSocketClient client = await host.JoinAsync();
        await client.ReceiveAsync();
        await client.SendAsync(sent);
        if (received is null)
            await client.ClosedAsync();
        else
            Assert.Equal(received, await client.ReceiveAsync());
    }

    [Fact]
    public async Task Binary_arguments_come_back_in_events_and_acknowledgements_over_both_transports()
    {
        const string Arguments = """{"_placeholder":true,"num":0},{"x":[{"_placeholder":true,"num":1}]}""";
        await using IOHost host = await StartEchoAsync();
        using WebSocketClient client = await host.JoinAsync();
        await client.ReceiveAsync();
        await client.SendAsync($"452-[\"message\",{Arguments}]");
        await client.SendAsync([1, 2, 3]);
        await client.SendAsync([]);
        Assert.Equal([$"452-[\"message-back\",{Arguments}]", "b:010203", "b:"], await ReceiveAsync(client, 3));
        await client.SendAsync($"452-789[\"message-with-ack\",{Arguments}]");
        await client.SendAsync([4]);
        await client.SendAsync([5]);
        Assert.Equal([$"462-789[{Arguments}]", "b:04", "b:05"], await ReceiveAsync(client, 3));

        PollingClient polling = await host.PollAsync();
        await polling.PostAsync("40");
        Assert.Equal(200, (await polling.PostAsync($"452-[\"message\",{Arguments}]\u001ebAQID\u001eb")).Status);
        List<string> packets = [];
        while (packets.Count < 5)
            packets.AddRange(await polling.ReceiveAsync());
        Assert.Equal([$"452-[\"message-back\",{Arguments}]", "bAQID", "b"], packets[2..]);
    }

    [Theory]
    [InlineData("4abc")]
    [InlineData("42{}")]
    [InlineData("42[\"connect\"]")]
    [InlineData("42/custom,[\"message\"]")]
    [InlineData("43/custom,1[]")]
    [InlineData("41/custom,")]
    [InlineData("40")]
    [InlineData("44{\"message\":\"x\"}")]
    [InlineData("451-[\"message\",{\"_placeholder\":true,\"num\":0}] 42[\"message\"]")]
    [InlineData("451-[\"message\",{\"_placeholder\":true,\"num\":7}]")]
    [InlineData("b:00")]
    public async Task What_is_not_allowed_closes_the_connection_and_no_other(string packets)
    {
        await using IOHost host = await StartEchoAsync();
        using WebSocketClient other = await host.JoinAsync();
        using WebSocketClient client = await host.JoinAsync();
        foreach (string packet in packets.Split(' '))
        {
            if (packet == "b:00")
                await client.SendAsync([0]);
            else
                await client.SendAsync(packet);
        }

        await client.ClosedAsync();
        Assert.StartsWith("42[\"auth\"", await other.ReceiveAsync(), StringComparison.Ordinal);
        await other.SendAsync("42[\"message\"]");
        Assert.Equal("42[\"message-back\"]", await other.ReceiveAsync());
    }

    [Fact]
    public async Task A_namespace_is_left_by_either_side_and_the_connection_stays()
    {
        List<(string, DisconnectReason)> left = [];
        await using IOHost host = await IOHost.StartAsync(io =>
        {
            foreach (string name in (string[])["/", "/custom"])
            {
                io.MapNamespace(name)
                    .OnDisconnected((socket, reason) => left.Add((socket.Namespace.Name, reason)))
                    .On("leave", e => e.Socket.Disconnect())
                    .On("echo", e => e.Socket.Emit("echo"));
            }
        });
        using WebSocketClient client = await host.JoinAsync();
        await client.SendAsync("40/custom,");
        await client.ReceiveAsync();
        await client.SendAsync("41/custom,");
        await client.SendAsync("42[\"echo\"]");
        Assert.Equal("42[\"echo\"]", await client.ReceiveAsync());
        await client.SendAsync("42[\"leave\"]");

        // What was on its way when the server ended it is no fault of the client's.
        await client.SendAsync("42[\"echo\"]");
        Assert.Equal("41", await client.ReceiveAsync());
        await client.SendAsync("40");
        Assert.StartsWith("40{", await client.ReceiveAsync(), StringComparison.Ordinal);
        await client.SendAsync("42[\"echo\"]");
        Assert.Equal("42[\"echo\"]", await client.ReceiveAsync());
        Assert.Equal([("/custom", DisconnectReason.LeftByClient), ("/", DisconnectReason.EndedByServer)], left);
    }

    [Fact]
    public async Task Middleware_lets_in_whom_it_knows_and_says_why_it_refuses()
    {
        await using IOHost host = await IOHost.StartAsync(io => io.MapNamespace("/")
            .Use(async socket =>
            {
                await Task.Yield();
                if (!socket.Handshake.GetAuth<JsonElement>().TryGetProperty("token", out JsonElement token))
                    throw new ConnectRefusedException("who are you?", """{"code":"unauthenticated"}""");
                if (token.GetString() == "throw")
                    throw new InvalidOperationException("a secret");
                socket.Items["user"] = token.GetString();
            })
            .OnConnected(socket => socket.Emit("hello", (string)socket.Items["user"]!)));
        using WebSocketClient client = await host.ConnectAsync();
        await client.ReceiveAsync();
        await client.SendAsync("40");
        Assert.Equal("""44{"message":"who are you?","data":{"code":"unauthenticated"}}""", await client.ReceiveAsync());
        await client.SendAsync("40{\"token\":\"throw\"}");
        Assert.Equal("""44{"message":"Internal server error"}""", await client.ReceiveAsync());
        await client.SendAsync("40{\"token\":\"anna\"}");
        Assert.StartsWith("40{", await client.ReceiveAsync(), StringComparison.Ordinal);
        Assert.Equal("""42["hello","anna"]""", await client.ReceiveAsync());
    }

    [Fact]
    public async Task Typed_handlers_get_their_arguments_and_give_their_answers()
    {
        await using IOHost host = await IOHost.StartAsync(io => io.MapNamespace("/")
            .On<Point>("move", (socket, point) => socket.Emit("moved", point.X + 1, point))
            .On<string, byte[]>("bytes", async (socket, name, bytes) =>
            {
                await Task.Yield();
                socket.Emit("bytes", new Named(name, [.. bytes, 9]));
            })
            .OnRequest<int, int>("double", static (_, number) => ValueTask.FromResult(2 * number))
            .OnRequest<Point, Point, Point>("add", static (_, a, b) => ValueTask.FromResult(new Point(a.X + b.X, a.Y + b.Y)))
            .OnFailed((e, exception) =>
            {
                e.Acknowledge(exception.GetType().Name);
                return true;
            }));
        using WebSocketClient client = await host.JoinAsync();
        await client.SendAsync("""42["move",{"x":1,"y":2}]""");
        Assert.Equal("""42["moved",2,{"x":1,"y":2}]""", await client.ReceiveAsync());
        await client.SendAsync("""421["move",{"x":1,"y":2}]""");
        Assert.Equal(["""42["moved",2,{"x":1,"y":2}]""", "431[]"], await ReceiveAsync(client, 2));
        await client.SendAsync("""451-["bytes","ä",{"_placeholder":true,"num":0}]""");
        await client.SendAsync([7, 8]);
        Assert.Equal(["""451-["bytes",{"name":"ä","bytes":{"_placeholder":true,"num":0}}]""", "b:070809"], await ReceiveAsync(client, 2));
        await client.SendAsync("""422["double",21]""");
        Assert.Equal("432[42]", await client.ReceiveAsync());
        await client.SendAsync("""423["add",{"x":1,"y":2},{"x":3,"y":4}]""");
        Assert.Equal("""433[{"x":4,"y":6}]""", await client.ReceiveAsync());
        await client.SendAsync("""424["double","x"]""");
        Assert.Equal("""434["JsonException"]""", await client.ReceiveAsync());
    }

    [Fact]
    public async Task Events_are_handled_one_after_the_other_and_acknowledgements_overtake_them()
    {
        List<int> handled = [];
        await using IOHost host = await IOHost.StartAsync(
            io => io.MapNamespace("/").On<int>("count", async (socket, number) =>
            {
                // The client's answer arrives behind many of its events.
                if (number % 10 == 0)
                    Assert.Equal(number, await socket.EmitWithAckAsync<int, int>("confirm", number));
                handled.Add(number);
                if (number == 49)
                    socket.Emit("all");
            }));
        using WebSocketClient client = await host.JoinAsync();
        for (int i = 0; i < 50; i++)
            await client.SendAsync($"42[\"count\",{i}]");
        while (await client.ReceiveAsync() is var packet && packet != "42[\"all\"]")
        {
            // 42<ack>["confirm",n]
            string ack = packet[2..packet.IndexOf('[', StringComparison.Ordinal)];
            string number = packet[(packet.IndexOf(',', StringComparison.Ordinal) + 1)..^1];
            await client.SendAsync($"43{ack}[{number}]");
        }

        Assert.Equal(Enumerable.Range(0, 50), handled);
    }

    [Fact]
    public async Task More_events_than_may_wait_are_not_read_and_not_lost()
    {
        TaskCompletionSource release = new();
        int begun = 0;
        await using IOHost host = await IOHost.StartAsync(
            io => io.MapNamespace("/").On<int>("count", async (socket, number) =>
            {
                Interlocked.Increment(ref begun);
                await release.Task;
                socket.Emit("counted", number);
            }),
            options => options.WaitingEventsMax = 3);
        using WebSocketClient client = await host.JoinAsync();
        for (int i = 0; i < 100; i++)
            await client.SendAsync($"42[\"count\",{i}]");
        Assert.True(begun <= 1);
        release.SetResult();
        for (int i = 0; i < 100; i++)
            Assert.Equal($"42[\"counted\",{i}]", await client.ReceiveAsync());
    }

    [Fact]
    public async Task More_bytes_of_events_than_may_wait_are_not_read_either()
    {
        TaskCompletionSource release = new();
        TaskCompletionSource all = new(TaskCreationOptions.RunContinuationsAsynchronously);
        int handled = 0;
        await using IOHost host = await IOHost.StartAsync(
            io => io.MapNamespace("/").On<string>("blob", async (_, _) =>
            {
                await release.Task;
                if (Interlocked.Increment(ref handled) == 4)
                    all.SetResult();
            }),
            options => options.WaitingEventsBytesMax = 100_000);
        EngineConnection connection = host.Server.MakeConnection(new ClaimsPrincipal());
        byte[] blob = Encoding.UTF8.GetBytes($"42[\"blob\",\"{new string('x', 60_000)}\"]");
        await connection.ReceiveTextAsync("40"u8.ToArray());
        await connection.ReceiveTextAsync(blob).AsTask().WaitAsync(IOHost.Patience);
        await connection.ReceiveTextAsync(blob).AsTask().WaitAsync(IOHost.Patience);
        Task third = connection.ReceiveTextAsync(blob).AsTask();
        Assert.False(third.IsCompleted);
        release.SetResult();
        await third.WaitAsync(IOHost.Patience);
        await connection.ReceiveTextAsync(blob).AsTask().WaitAsync(IOHost.Patience);
        await all.Task.WaitAsync(IOHost.Patience);
        connection.Close();
    }

    [Fact]
    public async Task The_server_asks_and_gets_an_answer_or_knows_why_not()
    {
        TaskCompletionSource<Socket> connected = new();
        await using IOHost host = await IOHost.StartAsync(io => io.MapNamespace("/").OnConnected(connected.SetResult));
        using WebSocketClient client = await host.JoinAsync();
        Socket socket = await connected.Task;
        Task<string?> answer = socket.EmitWithAckAsync<string, string>("question", "why?");
        Assert.Equal("""420["question","why?"]""", await client.ReceiveAsync());
        await client.SendAsync("430[\"because\"]");
        Assert.Equal("because", await answer);
        await Assert.ThrowsAsync<TimeoutException>(() => socket.EmitWithAckAsync<int>("question", TimeSpan.FromMilliseconds(1)));
        await client.ReceiveAsync();

        // Late, twice, or never asked for: nobody minds.
        await client.SendAsync("431[1]");
        await client.SendAsync("430[1]");
        await client.SendAsync("4399[1]");
        Task<int> last = socket.EmitWithAckAsync<int>("question", TimeSpan.FromMinutes(10));
        Assert.Equal("422[\"question\"]", await client.ReceiveAsync());
        client.Abort();
        Assert.Equal(DisconnectReason.TransportClosed, (await Assert.ThrowsAsync<SocketDisconnectedException>(() => last)).Reason);
        await Assert.ThrowsAsync<SocketDisconnectedException>(() => socket.EmitWithAckAsync<int>("question"));
        Assert.True(socket.Disconnected.IsCancellationRequested);
        Assert.False(socket.Emit("gone"));
        Assert.False(socket.Join("room"));
    }

    [Fact]
    public async Task Rooms_get_what_is_for_them_and_nobody_gets_it_twice()
    {
        await using IOHost host = await IOHost.StartAsync(io => io.MapNamespace("/")
            .On<string[]>("join", (socket, rooms) => rooms.ToList().ForEach(room => socket.Join(room)))
            .On<string>("leave", (socket, room) => socket.Leave(room))
            .On<string>("say", (socket, room) => socket.To(room).Emit("said", room))
            .On("others", e => e.Socket.Others.Emit("said", "others")));
        using WebSocketClient a = await host.JoinAsync();
        using WebSocketClient b = await host.JoinAsync();
        using WebSocketClient c = await host.JoinAsync();
        await AckAsync(a, """["join",["r","s"]]""");
        await AckAsync(b, """["join",["r","s","s"]]""");
        await AckAsync(c, """["join",["s"]]""");
        await AckAsync(a, """["say","r"]""");
        await AckAsync(a, """["say","s"]""");
        Assert.Equal(["42[\"said\",\"r\"]", "42[\"said\",\"s\"]"], await ReceiveAsync(b, 2));
        Assert.Equal("42[\"said\",\"s\"]", await c.ReceiveAsync());
        SocketNamespace all = host.Server.Namespace("/");
        all.To("r").To("s").Emit("both");
        Assert.Equal("42[\"both\"]", await a.ReceiveAsync());
        Assert.Equal("42[\"both\"]", await b.ReceiveAsync());
        Assert.Equal("42[\"both\"]", await c.ReceiveAsync());
        await AckAsync(b, """["leave","s"]""");
        all.To("s").Except(all.SocketsIn("r")[0]).Emit("some");
        all.To("nobody").Emit("none");
        all.All.Emit("all", 1, 2, 3);
        Assert.Equal("42[\"all\",1,2,3]", await b.ReceiveAsync());
        Assert.Equal("42[\"some\"]", await c.ReceiveAsync());
        Assert.Equal("42[\"all\",1,2,3]", await c.ReceiveAsync());
        c.Abort();
        while (all.SocketsIn("s").Count > 1)
            await Task.Yield();
        await a.ReceiveAsync();
        Assert.Equal(2, all.Sockets.Count);
    }

    [Fact]
    public async Task A_namespace_of_a_pattern_comes_with_its_first_socket_and_goes_with_its_last()
    {
        await using IOHost host = await StartEchoAsync();
        for (int i = 0; i < 3; i++)
        {
            using WebSocketClient client = await host.JoinAsync("/spaces/x");
            await client.ReceiveAsync();
            host.Server.Namespace("/spaces/x").All.Emit("there");
            Assert.Equal("42/spaces/x,[\"there\"]", await client.ReceiveAsync());
            await client.SendAsync("41/spaces/x,");
            await client.SendAsync("40");
            await client.ReceiveAsync();
            Assert.Empty(host.Server.Namespace("/spaces/x").Sockets);
        }
    }

    [Fact]
    public async Task Namespaces_beyond_the_limit_are_refused()
    {
        await using IOHost host = await IOHost.StartAsync(io => io.MapNamespace("/spaces/{id}"), options => options.NamespacesMax = 2);
        using WebSocketClient client = await host.JoinAsync("/spaces/a");
        await client.SendAsync("40/spaces/b,");
        Assert.StartsWith("40/spaces/b,", await client.ReceiveAsync(), StringComparison.Ordinal);
        await client.SendAsync("40/spaces/c,");
        Assert.Equal("""44/spaces/c,{"message":"Too many namespaces"}""", await client.ReceiveAsync());
        await client.SendAsync("41/spaces/a,");
        await client.SendAsync("40/spaces/c,");
        Assert.StartsWith("40/spaces/c,", await client.ReceiveAsync(), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task Who_has_not_been_let_in_sends_nothing_large(bool overPolling)
    {
        await using IOHost host = await StartEchoAsync();
        string large = $$"""40{"token":"{{new string('x', 70_000)}}"}""";
        if (overPolling)
        {
            PollingClient polling = await host.PollAsync();
            Assert.Equal(413, (await polling.PostAsync(large)).Status);
            return;
        }

        using WebSocketClient client = await host.ConnectAsync();
        await client.SendAsync(large);
        await client.ClosedAsync();
        using WebSocketClient joined = await host.JoinAsync();
        await joined.ReceiveAsync();
        string text = new('x', 70_000);
        await joined.SendAsync($"42[\"message\",\"{text}\"]");
        Assert.Equal($"42[\"message-back\",\"{text}\"]", await joined.ReceiveAsync());
    }

    [Fact]
    public async Task A_client_that_does_not_read_is_closed_and_the_others_get_everything()
    {
        DisconnectReason? reason = null;
        TaskCompletionSource closed = new(TaskCreationOptions.RunContinuationsAsynchronously);
        await using IOHost host = await IOHost.StartAsync(
            io => io.MapNamespace("/").OnDisconnected((_, why) =>
            {
                reason = why;
                closed.TrySetResult();
            }),
            options => options.OutgoingBytesMax = 64 * 1024);
        using WebSocketClient reads = await host.JoinAsync();
        using WebSocketClient stopped = await host.JoinAsync();
        string text = new('x', 10_000);
        Broadcast all = host.Server.Namespace("/").All;
        int sent = 0;
        while (!closed.Task.IsCompleted)
        {
            all.Emit("news", sent, text);
            Assert.Equal($"42[\"news\",{sent},\"{text}\"]", await reads.ReceiveAsync());
            sent++;
        }

        Assert.Equal(DisconnectReason.TooSlow, reason);
        Assert.Single(host.Server.Namespace("/").Sockets);
    }

    [Fact]
    public async Task Who_waits_until_a_client_keeps_up_needs_no_more_memory_for_a_slow_one()
    {
        TaskCompletionSource<Socket> connected = new();
        await using IOHost host = await IOHost.StartAsync(
            io => io.MapNamespace("/").OnConnected(connected.SetResult), options => options.OutgoingBytesMax = 256 * 1024);
        using WebSocketClient client = await host.JoinAsync();
        Socket socket = await connected.Task;
        string text = new('x', 10_000);
        int most = 0;
        Task sending = SendAsync();
        for (int i = 0; i < 2_000; i++)
            Assert.Equal($"42[\"news\",{i},\"{text}\"]", await client.ReceiveAsync());
        await sending;
        Assert.InRange(most, 1, 128 * 1024);

        async Task SendAsync()
        {
            for (int i = 0; i < 2_000; i++)
            {
                socket.Emit("news", i, text);
                most = Math.Max(most, socket.Connection.OutgoingBytes);
                Assert.True(await socket.Connection.DrainAsync());
            }
        }
    }

    [Fact]
    public async Task Servers_with_a_backplane_share_their_rooms()
    {
        Bus bus = new();
        await using IOHost first = await StartAsync();
        await using IOHost second = await StartAsync();
        using WebSocketClient a = await first.JoinAsync();
        using WebSocketClient b = await second.JoinAsync();
        using WebSocketClient c = await second.JoinAsync();
        await AckAsync(a, """["join","r"]""");
        await AckAsync(b, """["join","r"]""");
        await a.SendAsync("""42["say","r"]""");
        Assert.Equal("42[\"said\",\"r\"]", await b.ReceiveAsync());
        second.Server.Namespace("/").All.Emit("all", new byte[] { 1, 2 });
        Assert.Equal(["451-[\"all\",{\"_placeholder\":true,\"num\":0}]", "b:0102"], await ReceiveAsync(a, 2));
        Assert.Equal(["451-[\"all\",{\"_placeholder\":true,\"num\":0}]", "b:0102"], await ReceiveAsync(c, 2));

        Task<IOHost> StartAsync() => IOHost.StartAsync(
            io => io.MapNamespace("/").On<string>("join", (socket, room) => socket.Join(room)).On<string>("say", (socket, room) => socket.To(room).Emit("said", room)),
            build: builder => builder.Services.AddSingleton<IBackplane>(bus.Connect()));
    }

    [Fact]
    public async Task Messages_beyond_the_rate_are_handled_later_and_not_lost()
    {
        List<int> handled = [];
        await using IOHost host = await IOHost.StartAsync(
            io => io.MapNamespace("/").On<int>("count", (_, number) => handled.Add(number)), options => options.MessagesPerSecondMax = 100);
        using WebSocketClient client = await host.JoinAsync();
        for (int i = 0; i < 1_050; i++)
            await client.SendAsync($"42[\"count\",{i}]");
        await AckAsync(client, "[\"count\",-1]");
        Assert.Equal([.. Enumerable.Range(0, 1_050), -1], handled);
    }

    [Fact]
    public void Namespaces_and_handlers_that_cannot_be_are_refused_by_name()
    {
        SocketHandlers? handlers = null;
        Assert.Throws<ArgumentException>(() => Map(io => io.MapNamespace("chat")));
        Assert.Throws<ArgumentException>(() => Map(io => io.MapNamespace("/a,b")));
        Assert.Throws<ArgumentException>(() => Map(io =>
        {
            io.MapNamespace("/a");
            io.MapNamespace("/a");
        }));
        Assert.Contains("'x'", Assert.Throws<ArgumentException>(() => Map(io => handlers = io.MapNamespace("/a").On("x", _ => { }).On("x", _ => { }))).Message, StringComparison.Ordinal);
        Assert.Null(handlers);

        static void Map(Action<SocketIOServer> map) => IOHost.StartAsync(map).GetAwaiter().GetResult();
    }

    private static Task<IOHost> StartEchoAsync() => IOHost.StartAsync(io =>
    {
        io.MapNamespace("/")
            .OnConnected(SendAuth)
            .On("message", e => e.Socket.Emit("message-back", e.Arguments))
            .On("message-with-ack", e => e.Acknowledge(e.Arguments));
        io.MapNamespace("/custom").OnConnected(SendAuth);
        io.MapNamespace("/spaces/{id}").OnConnected(socket => socket.Emit("id", socket.Parameters["id"]));
    });

    private static void SendAuth(Socket socket) => socket.EmitJson("auth", socket.Handshake.AuthJson.Span);

    private static async Task<string[]> ReceiveAsync(WebSocketClient client, int count)
    {
        string[] packets = new string[count];
        for (int i = 0; i < count; i++)
            packets[i] = await client.ReceiveAsync();
        return packets;
    }

    private static async Task AckAsync(WebSocketClient client, string arguments)
    {
        await client.SendAsync("421" + arguments);
        Assert.Equal("431[]", await client.ReceiveAsync());
    }

    private sealed record Point(int X, int Y);

    private sealed record Named(string Name, byte[] Bytes);

    /// <summary>What joins the servers of a test.</summary>
    private sealed class Bus
    {
        private readonly List<Plane> _planes = [];

        public IBackplane Connect()
        {
            Plane plane = new(this);
            _planes.Add(plane);
            return plane;
        }

        private sealed class Plane(Bus bus) : IBackplane
        {
            private Action<BackplaneMessage> _receive = static _ => { };

            public ValueTask PublishAsync(BackplaneMessage message)
            {
                foreach (Plane other in bus._planes.Where(other => other != this))
                    other._receive(message);
                return ValueTask.CompletedTask;
            }

            public void Subscribe(Action<BackplaneMessage> receive) => _receive = receive;
        }
    }
}
