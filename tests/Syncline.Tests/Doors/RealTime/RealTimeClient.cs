using System.Net.WebSockets;
using System.Text;
using System.Text.Json.Nodes;

namespace Syncline.Tests.Doors.RealTime;

/// <summary>A Socket.IO client in one namespace, over a WebSocket: what it receives is kept until the test asks for it, each event in its order.</summary>
internal sealed class RealTimeClient : IAsyncDisposable
{
    public const string Acknowledgement = "(acknowledgement)";

    public static readonly TimeSpan Patience = TimeSpan.FromSeconds(20);

    private readonly ClientWebSocket _socket = new();
    private readonly CancellationTokenSource _patience = new(TimeSpan.FromMinutes(2));
    private readonly Lock _lock = new();
    private readonly List<(string Name, JsonNode? Argument)> _arrivals = [];
    private readonly Dictionary<string, Queue<JsonNode?>> _events = [];
    private readonly Dictionary<int, TaskCompletionSource<JsonNode>> _acks = [];
    private readonly string _namespace;
    private readonly TaskCompletionSource _closed = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private TaskCompletionSource _arrived = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private Task _running = Task.CompletedTask;
    private int _lastAck;

    private RealTimeClient(string space) => _namespace = $"/spaces/{space}";

    /// <summary>Ends when the server has ended the connection or the namespace.</summary>
    public Task Closed => _closed.Task;

    /// <summary>Everything that was received, in order: events, and the acknowledgements as <see cref="Acknowledgement"/>.</summary>
    public IReadOnlyList<(string Name, JsonNode? Argument)> Arrivals
    {
        get
        {
            lock (_lock)
                return [.. _arrivals];
        }
    }

    public static async Task<RealTimeClient> ConnectAsync(TestServer server, string space = "plans", string? token = null)
    {
        RealTimeClient client = new(space);
        await client._socket.ConnectAsync(new Uri($"ws://{server.Address.Authority}/socket.io/?EIO=4&transport=websocket"), client._patience.Token);
        client._running = client.RunAsync();
        await client.SendAsync($"40{client._namespace},{(token is null ? "" : $$"""{"token":"{{token}}"}""")}");
        return client;
    }

    /// <summary>A client that is let in.</summary>
    public static async Task<(RealTimeClient Client, JsonNode Ready)> JoinAsync(TestServer server, string space = "plans", string? token = null)
    {
        RealTimeClient client = await ConnectAsync(server, space, token);
        return (client, (await client.NextAsync("ready"))!);
    }

    public Task EmitAsync(string eventName, string json) => SendAsync($"42{_namespace},[\"{eventName}\",{json}]");

    /// <summary>Emits, and returns the acknowledgement.</summary>
    public async Task<JsonNode> RequestAsync(string eventName, string json)
    {
        TaskCompletionSource<JsonNode> answered = new(TaskCreationOptions.RunContinuationsAsynchronously);
        int ack;
        lock (_lock)
            _acks.Add(ack = ++_lastAck, answered);
        await SendAsync($"42{_namespace},{ack}[\"{eventName}\",{json}]");
        return await answered.Task.WaitAsync(Patience);
    }

    /// <summary>Emits, and demands that it is answered with ok.</summary>
    public async Task<JsonNode> DemandAsync(string eventName, string json)
    {
        JsonNode answer = await RequestAsync(eventName, json);
        Assert.True((bool)answer["ok"]!, answer.ToJsonString());
        return answer;
    }

    /// <summary>Emits, and returns the code of its refusal.</summary>
    public async Task<string> CodeAsync(string eventName, string json)
    {
        JsonNode answer = await RequestAsync(eventName, json);
        Assert.False((bool)answer["ok"]!, answer.ToJsonString());
        return (string)answer["error"]!["code"]!;
    }

    /// <summary>The first argument of the next event of a name.</summary>
    public async Task<JsonNode?> NextAsync(string eventName)
    {
        using CancellationTokenSource patience = new(Patience);
        while (true)
        {
            Task arrived;
            lock (_lock)
            {
                if (_events.TryGetValue(eventName, out Queue<JsonNode?>? queue) && queue.TryDequeue(out JsonNode? next))
                    return next;
                arrived = _arrived.Task;
            }

            try
            {
                await arrived.WaitAsync(patience.Token);
            }
            catch (OperationCanceledException)
            {
                Assert.Fail($"no event '{eventName}'; received were: {string.Join(", ", Arrivals.Select(arrival => arrival.Name))}");
            }
        }
    }

    /// <summary>How many events of a name have come.</summary>
    public int CountOf(string eventName) => Arrivals.Count(arrival => arrival.Name == eventName);

    public async ValueTask DisposeAsync()
    {
        _socket.Abort();
        await _running;
        _socket.Dispose();
        _patience.Dispose();
    }

    private Task SendAsync(string packet) => _socket.SendAsync(Encoding.UTF8.GetBytes(packet), WebSocketMessageType.Text, endOfMessage: true, _patience.Token);

    private async Task RunAsync()
    {
        byte[] buffer = new byte[16 * 1024 * 1024];
        int length = 0;
        try
        {
            while (true)
            {
                ValueWebSocketReceiveResult received = await _socket.ReceiveAsync(buffer.AsMemory(length), _patience.Token);
                length += received.Count;
                if (received.MessageType == WebSocketMessageType.Close)
                    break;
                if (!received.EndOfMessage)
                    continue;
                await TakeAsync(Encoding.UTF8.GetString(buffer, 0, length));
                length = 0;
            }
        }
        catch (Exception e) when (e is WebSocketException or OperationCanceledException)
        {
            // It is closed.
        }

        _closed.TrySetResult();
    }

    private async Task TakeAsync(string packet)
    {
        if (packet == "2")
        {
            await SendAsync("3");
            return;
        }

        string begin = packet.Length > 1 && packet[0] == '4' ? packet[..2] : packet[..1];
        if (begin is not ("42" or "43" or "44" or "41"))
            return;
        string rest = packet[(packet.IndexOf(',', StringComparison.Ordinal) + 1)..];
        if (begin == "41")
        {
            _closed.TrySetResult();
            return;
        }

        if (begin == "44")
        {
            Add("connect_error", JsonNode.Parse(rest));
            return;
        }

        int json = rest.IndexOf('[', StringComparison.Ordinal);
        JsonArray array = JsonNode.Parse(rest[json..])!.AsArray();
        if (begin == "43")
        {
            TaskCompletionSource<JsonNode>? answered;
            lock (_lock)
                _acks.Remove(int.Parse(rest[..json], System.Globalization.CultureInfo.InvariantCulture), out answered);
            Add(Acknowledgement, array[0]);
            answered!.TrySetResult(array[0]!);
            return;
        }

        Add((string)array[0]!, array.Count > 1 ? array[1] : null);
    }

    private void Add(string name, JsonNode? argument)
    {
        TaskCompletionSource arrived;
        lock (_lock)
        {
            _arrivals.Add((name, argument));
            if (!_events.TryGetValue(name, out Queue<JsonNode?>? queue))
                _events.Add(name, queue = []);
            queue.Enqueue(argument);
            (arrived, _arrived) = (_arrived, new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously));
        }

        arrived.TrySetResult();
    }
}
