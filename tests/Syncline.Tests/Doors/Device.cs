using System.Globalization;
using System.Text.Json.Nodes;

namespace Syncline.Tests.Doors;

/// <summary>
/// A device that follows the protocol by hand: it keeps what it received, an outbox, and its own operations with the seq that each was stored at.
/// </summary>
internal sealed class Device(string actor, string space = "plans", string? token = null)
{
    // Own operations that are stored, by clock: where.
    private readonly SortedDictionary<long, long> _stored = [];
    private readonly SortedSet<long> _outbox = [];
    private readonly SortedDictionary<long, string> _received = [];
    private readonly Dictionary<string, string> _payloads = [];
    private string? _epoch;
    private long _after;
    private long _clock;

    /// <summary>How often it was told to start anew, and with which words.</summary>
    public List<JsonNode> Resyncs { get; } = [];

    public int OutboxCount => _outbox.Count;

    public (string? Epoch, long After) Cursor => (_epoch, _after);

    public string Digest { get; private set; } = "";

    /// <summary>What it shows: the log that it received, and its outbox. Identities and payloads, in an order of its own.</summary>
    public IReadOnlyList<string> State =>
        [.. _received.Values.Concat(_outbox.Select(IdOf)).Distinct().Order(StringComparer.Ordinal).Select(id => $"{id} {_payloads[id]}")];

    public void Write(int count)
    {
        for (int i = 0; i < count; i++)
        {
            _outbox.Add(++_clock);
            _payloads[IdOf(_clock)] = string.Create(CultureInfo.InvariantCulture, $$"""{"by":"{{actor}}","n":{{_clock}}}""");
        }
    }

    /// <summary>Pushes the outbox; every result is expected to be as said, or a duplicate.</summary>
    public async Task PushAsync(TestServer server)
    {
        if (_outbox.Count == 0) return;
        long[] clocks = [.. _outbox];
        string operations = string.Join(',', clocks.Select(OperationOf));
        string epoch = _epoch is null ? "" : $"\"epoch\":\"{_epoch}\",";
        (int status, JsonNode answer) = await server.SendAsync(
            HttpMethod.Post, $"/spaces/{space}/push", $$"""{"clientId":"{{actor}}",{{epoch}}"operations":[{{operations}}]}""", token);
        if (status == 410)
        {
            StartAnew(answer);
            return;
        }

        Assert.Equal(200, status);
        for (int i = 0; i < clocks.Length; i++)
        {
            JsonNode result = answer["results"]![i]!;
            Assert.Contains(result["status"]!.GetValue<string>(), (string[])["accepted", "duplicate"]);
            _stored[clocks[i]] = result["seq"]!.GetValue<long>();
            _outbox.Remove(clocks[i]);
        }
    }

    /// <summary>Pulls all there is, or so many pages.</summary>
    public async Task PullAsync(TestServer server, int limit = 1000, int pages = int.MaxValue)
    {
        for (bool more = true; more && pages > 0; pages--)
        {
            string epoch = _epoch is null ? "" : $"&epoch={_epoch}";
            (int status, JsonNode answer) = await server.GetAsync($"/spaces/{space}/pull?after={_after}&limit={limit}{epoch}", token);
            if (status == 410)
            {
                StartAnew(answer);
                continue;
            }

            Assert.Equal(200, status);
            string answered = answer["epoch"]!.GetValue<string>();

            // The cursor was served, but the log is another: what was stored above the cursor may not be in it.
            if (_epoch is not null && answered != _epoch) PutBack(above: _after);
            foreach (JsonNode? operation in answer["operations"]!.AsArray())
                Receive(operation!);
            (_epoch, _after) = (answered, answer["cursor"]!.GetValue<long>());
            Digest = answer["digest"]!.GetValue<string>();
            more = answer["hasMore"]!.GetValue<bool>();
        }
    }

    private static string IdOf(JsonNode operation) =>
        $"{operation["scope"]}/{operation["resourceId"]}/{operation["actor"]}/{operation["clock"]}";

    private void Receive(JsonNode operation)
    {
        string id = IdOf(operation);
        _payloads[id] = operation["payload"]!.ToJsonString();
        _received.Add(operation["seq"]!.GetValue<long>(), id);
        _clock = Math.Max(_clock, operation["clock"]!.GetValue<long>());
    }

    private void StartAnew(JsonNode problem)
    {
        Assert.Equal("resync_required", problem["code"]!.GetValue<string>());
        Resyncs.Add(problem);
        JsonNode? previous = problem["previous"];
        bool isPrevious = previous?["epoch"]!.GetValue<string>() == _epoch;
        PutBack(above: isPrevious ? previous!["sharedUpTo"]!.GetValue<long>() : 0);
        _received.Clear();
        (_epoch, _after) = (null, 0);
    }

    private void PutBack(long above)
    {
        foreach (long clock in _stored.Where(stored => stored.Value > above).Select(stored => stored.Key).ToList())
        {
            _stored.Remove(clock);
            _outbox.Add(clock);
        }
    }

    private string OperationOf(long clock) =>
        TestServer.Note(actor, clock.ToString(CultureInfo.InvariantCulture), _payloads[IdOf(clock)]);

    private string IdOf(long clock) => string.Create(CultureInfo.InvariantCulture, $"note/r/{actor}/{clock}");
}
