using System.Net.Sockets;
using System.Text;
using System.Text.Json.Nodes;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;
using Syncline.AspNetCore;
using Syncline.AspNetCore.Doors;
using Syncline.Tests.Accounts;
using static Syncline.Tests.Doors.TestServer;

namespace Syncline.Tests.Doors;

public sealed class HostileClientTests
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(20);
    private static readonly string Roots = $"{Move("a", "1", "0", null)},{Move("a", "2", "root", null)}";

    [Theory]
    [InlineData("pull", false)]
    [InlineData("sync", false)]
    [InlineData("changes", false)]
    [InlineData("pull", true)]
    public async Task A_wait_of_a_login_that_has_ended_delivers_nothing(string door, bool byRefreshTwice)
    {
        await using TestServer server = await StartAsync("--Auth:Mode=Local");
        const string Name = """{"userName":"ann","password":"ten characters"}""";
        (int status, JsonNode copied) = await server.SendAsync(HttpMethod.Post, "/auth/register", Name);
        Assert.Equal(201, status);
        string token = copied["accessToken"]!.GetValue<string>();
        string own = (await server.SendAsync(HttpMethod.Post, "/auth/login", Name)).Answer["accessToken"]!.GetValue<string>();
        await server.MakeSpaceAsync(token: own);
        Task<(int Status, JsonNode Answer)> wait = door switch
        {
            "pull" => server.GetAsync("/spaces/plans/pull?wait=50", token),
            "sync" => server.SyncAsync("""{"stateVectors":{"root":{}},"timeout":50000}""", token: token),
            _ => server.SendAsync(HttpMethod.Post, "/changes", """{"cursors":{"plans":{"after":0}},"wait":50}""", token),
        };
        await server.UntilWaitingAsync(1);
        if (byRefreshTwice)
        {
            string refresh = $$"""{"refreshToken":{{copied["refreshToken"]!.ToJsonString()}}}""";
            Assert.Equal(200, (await server.SendAsync(HttpMethod.Post, "/auth/refresh", refresh)).Status);
            Assert.Equal(401, (await server.SendAsync(HttpMethod.Post, "/auth/refresh", refresh)).Status);
        }
        else
        {
            Assert.Equal(204, (await server.SendAsync(HttpMethod.Post, "/auth/logout", token: token)).Status);
        }

        // At once, not when something comes or the time is over; and what comes now is not delivered.
        (status, JsonNode problem) = await wait.WaitAsync(Patience);
        Assert.Equal(200, (await server.PutAsync(Roots, token: own)).Status);
        Assert.Equal((401, "unauthenticated"), (status, problem["code"]?.GetValue<string>()));
    }

    [Fact]
    public async Task Bodies_under_way_hold_no_more_than_they_may_and_give_it_back()
    {
        await using TestServer server = await StartAsync("--Limits:BodiesPerUserBytesMax=200000");
        await server.MakeSpaceAsync();
        string push = $$"""{"operations":[{{Note("a", "1", $"\"{new string('x', 100_000)}\"")}}]}""";
        using TcpClient slow = new();
        await slow.ConnectAsync(server.Address.Host, server.Address.Port);
        NetworkStream stream = slow.GetStream();
        string head = $"POST /spaces/plans/push HTTP/1.1\r\nHost: {server.Address.Authority}\r\nContent-Type: application/json\r\nContent-Length: {push.Length}\r\n\r\n";
        await stream.WriteAsync(Encoding.ASCII.GetBytes(head + push[..^1]));

        // What the slow one holds is not there for another.
        await UntilAsync(() => Task.FromResult(server.Get<BodyBudget>().Held), held => held > push.Length);
        (int status, JsonNode problem) = await server.SendAsync(HttpMethod.Post, "/spaces/plans/push", push);
        Assert.Equal((429, "rate_limited"), (status, problem["code"]!.GetValue<string>()));
        await stream.WriteAsync(Encoding.ASCII.GetBytes(push[^1..]));
        byte[] answered = new byte[12];
        await stream.ReadExactlyAsync(answered).AsTask().WaitAsync(Patience);
        Assert.Equal("HTTP/1.1 200", Encoding.ASCII.GetString(answered));
        await UntilAsync(() => server.SendAsync(HttpMethod.Post, "/spaces/plans/push", push), answer => answer.Status == 200);
        for (int i = 0; i < 5; i++)
        {
            // A request ends a moment after its answer has arrived.
            await UntilAsync(() => Task.FromResult(server.Get<BodyBudget>().Held), held => held == 0);
            Assert.Equal(200, (await server.SendAsync(HttpMethod.Post, "/spaces/plans/push", push)).Status);
        }

        Assert.Equal(413, (await server.SendAsync(HttpMethod.Post, "/spaces", $$"""{"name":"{{new string('n', 70_000)}}"}""")).Status);
    }

    [Fact]
    public async Task What_a_waiting_sync_holds_counts_in_the_budget_of_bodies()
    {
        await using TestServer server = await StartAsync();
        await server.MakeSpaceAsync();
        string ranges = string.Join(',', Enumerable.Range(0, 100_000).Select(n => $"[{(2 * n) + 1},{(2 * n) + 1}]"));
        string body = $$$"""{"stateVectors":{"root":{"a":[{{{ranges}}}]}},"timeout":50000}""";
        _ = server.SyncAsync(body);
        await server.UntilWaitingAsync(1);
        Assert.InRange(server.Get<BodyBudget>().Held, body.Length, 3 * body.Length);
    }

    [Fact]
    public async Task A_space_whose_log_cannot_be_read_is_listed_and_harms_no_other()
    {
        string data = Directory.CreateTempSubdirectory("syncline-test-").FullName;
        try
        {
            await using (TestServer server = await StartAsync(data, configure: null))
            {
                await server.MakeSpaceAsync("good");
                await server.MakeSpaceAsync("hurt");
                await server.PushAsync(Note("a", "1"), "good");
            }

            string file = Directory.GetFiles(data, "hurt.db", SearchOption.AllDirectories).Single();
            await File.WriteAllBytesAsync(file, Enumerable.Repeat((byte)7, 8192).ToArray());
            await using TestServer again = await StartAsync(data, configure: null);
            Assert.Equal(503, (await again.GetAsync("/spaces/hurt/pull")).Status);
            (_, JsonNode spaces) = await again.GetAsync("/spaces");
            Assert.Equal(["good 1", "hurt "], spaces["spaces"]!.AsArray().Select(space => $"{space!["id"]} {space["head"]}"));
            (int status, JsonNode changes) = await again.SendAsync(HttpMethod.Post, "/changes", """{"cursors":{"good":{"after":0},"hurt":{"after":0}}}""");
            Assert.Equal((200, """[{"spaceId":"good","head":1}]"""), (status, changes["changed"]!.ToJsonString()));
        }
        finally
        {
            Directory.Delete(data, recursive: true);
        }
    }

    [Fact]
    public async Task Cursors_of_more_spaces_than_one_may_belong_to_are_too_many()
    {
        await using TestServer server = await StartAsync("--Limits:SpacesPerUserMax=3");
        string cursors = string.Join(',', Enumerable.Range(0, 4).Select(i => $"\"s-{i}\":{{\"after\":0}}"));
        (int status, JsonNode problem) = await server.SendAsync(HttpMethod.Post, "/changes", $$$"""{"cursors":{ {{{cursors}}} }}""");
        Assert.Equal((413, "payload_too_large"), (status, problem["code"]!.GetValue<string>()));
        Assert.Contains("3", problem["detail"]!.GetValue<string>(), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("NaN")]
    [InlineData("Infinity")]
    [InlineData("-Infinity")]
    public async Task A_wait_that_is_no_number_of_seconds_is_an_invalid_request(string wait)
    {
        await using TestServer server = await StartAsync();
        await server.MakeSpaceAsync();
        (int status, JsonNode problem) = await server.GetAsync($"/spaces/plans/pull?wait={wait}");
        Assert.Equal((400, "invalid_request"), (status, problem["code"]!.GetValue<string>()));
    }

    [Fact]
    public async Task A_body_that_only_says_it_is_large_costs_little()
    {
        RecordingStream body = new();
        BodyBudget budget = new(Options.Create(new LimitOptions()));
        await using ServiceProvider services = new ServiceCollection().AddSingleton(budget).BuildServiceProvider();
        DefaultHttpContext context = new() { RequestServices = services };
        context.Request.Body = body;
        context.Request.ContentLength = 8_000_000;
        await RequestBody.ReadAsync(context, new LimitOptions());
        Assert.InRange(body.LargestBuffer, 1, 64 * 1024);
    }

    [Fact]
    public async Task A_wait_is_answered_by_a_page_of_what_comes()
    {
        await using TestServer server = await StartAsync("--Limits:PageOperationsMax=7");
        string epoch = await server.MakeSpaceAsync();
        await server.PutAsync(Roots);
        Task<(int Status, JsonNode Answer)> byVectors = server.SyncAsync("""{"stateVectors":{"root":{"a":[[1,2]]}},"timeout":50000}""");
        Task<(int Status, JsonNode Answer)> byCursor = server.SyncAsync($$"""{"cursor":2,"epoch":"{{epoch}}","timeout":50000}""");
        await server.UntilWaitingAsync(2);
        await server.PutAsync(string.Join(',', Enumerable.Range(3, 20).Select(clock => Move("b", $"{clock}", $"v{clock}", "root"))));
        (_, JsonNode answer) = await byVectors.WaitAsync(Patience);
        Assert.Equal(7, answer["operations"]!["root"]!.AsArray().Count);
        Assert.True(answer["hasMore"]!.GetValue<bool>());
        Assert.Null(answer["cursor"]);

        (_, answer) = await byCursor.WaitAsync(Patience);
        List<string> got = [.. Ids(answer).Split(' ')];
        Assert.Equal((7, 9, true), (got.Count, answer["cursor"]!.GetValue<int>(), answer["hasMore"]!.GetValue<bool>()));
        while (answer["hasMore"]!.GetValue<bool>())
        {
            (_, answer) = await server.SyncAsync($$"""{"cursor":{{answer["cursor"]}},"epoch":"{{epoch}}"}""");
            got.AddRange(Ids(answer).Split(' '));
        }

        Assert.Equal(Enumerable.Range(3, 20).Select(clock => $"{clock}@b"), got);
    }

    [Fact]
    public async Task An_answer_by_cursor_is_cut_where_many_operations_had_waited()
    {
        await using TestServer server = await StartAsync("--Limits:PageOperationsMax=7");
        string epoch = await server.MakeSpaceAsync();
        await server.PutAsync(Roots);
        string waiting = string.Join(
            ',', Enumerable.Range(0, 20).Select(i => Set("b", $"{100 + i}", $"v{i / 4}", $"k{i}", "1")));
        await server.PutAsync(waiting);
        await server.PutAsync(string.Join(',', Enumerable.Range(0, 5).Select(i => Move("c", $"{10 + i}", $"v{i}", "root"))));
        List<string> got = [];
        long cursor = 22;
        JsonNode answer;
        do
        {
            (_, answer) = await server.SyncAsync($$"""{"cursor":{{cursor}},"epoch":"{{epoch}}"}""");
            string[] ids = Ids(answer).Split(' ');
            Assert.InRange(ids.Length, 1, 10);
            got.AddRange(ids);
            Assert.True(answer["cursor"]!.GetValue<long>() > cursor);
            cursor = answer["cursor"]!.GetValue<long>();
        }
        while (answer["hasMore"]!.GetValue<bool>());
        Assert.Equal((25, 25, 27L), (got.Count, got.Distinct(StringComparer.Ordinal).Count(), cursor));
    }

    [Fact]
    public async Task A_client_that_goes_away_in_the_middle_of_its_body_is_no_fault_of_the_servers()
    {
        using LogLines logs = new();
        await using TestServer server = await StartAsync(
            null,
            builder => builder.Logging.ClearProviders().AddProvider(logs),
            "--Logging:LogLevel:Default=Information",
            "--Logging:LogLevel:Microsoft.AspNetCore=Information");
        await server.MakeSpaceAsync();
        logs.Lines.Clear();
        foreach (bool reset in new[] { false, true })
        {
            using TcpClient client = new();
            await client.ConnectAsync(server.Address.Host, server.Address.Port);
            await client.GetStream().WriteAsync(Encoding.ASCII.GetBytes(
                $"POST /spaces/plans/push HTTP/1.1\r\nHost: {server.Address.Authority}\r\nContent-Type: application/json\r\nContent-Length: 100\r\n\r\n{{"));
            using CancellationTokenSource begun = new(Patience);
            while (!logs.Lines.Any(line => line.Contains("Executing endpoint", StringComparison.Ordinal)))
            {
                begun.Token.ThrowIfCancellationRequested();
                await Task.Yield();
            }

            client.LingerState = new LingerOption(reset, 0);
            client.Close();
            using CancellationTokenSource ended = new(Patience);
            while (!logs.Lines.Any(line => line.Contains("Request finished", StringComparison.Ordinal)))
            {
                ended.Token.ThrowIfCancellationRequested();
                await Task.Yield();
            }

            Assert.DoesNotContain(logs.Lines, line => line.StartsWith("Critical", StringComparison.Ordinal) || line.StartsWith("Error", StringComparison.Ordinal));
            logs.Lines.Clear();
        }
    }

    [Fact]
    public async Task Another_tree_is_no_repetition_of_the_last_vectors_although_the_client_has_nothing_of_either()
    {
        ManualTime time = new();
        await using TestServer server = await StartAsync(null, builder => UseTime(builder, time));
        await server.MakeSpaceAsync();
        await server.PutAsync(Roots);
        await server.PutAsync(Move("a", "3", "other", null), tree: "other");
        const string Body = """{"clientId":"v","stateVectors":{"root":{}},"timeout":50000}""";
        Assert.Equal("1@a 2@a", Ids((await server.SyncAsync(Body)).Answer));
        (_, JsonNode answer) = await server.SyncAsync(Body.Replace("root", "other", StringComparison.Ordinal)).WaitAsync(Patience);
        Assert.Equal("3@a", Ids(answer, "other"));
    }

    /// <summary>An empty body that notes how much room was made for it.</summary>
    private sealed class RecordingStream : MemoryStream
    {
        public int LargestBuffer { get; private set; }

        public override ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken = default)
        {
            LargestBuffer = Math.Max(LargestBuffer, buffer.Length);
            return ValueTask.FromResult(0);
        }
    }

    private static async Task<T> UntilAsync<T>(Func<Task<T>> ask, Func<T, bool> enough)
    {
        using CancellationTokenSource patience = new(Patience);
        T answer = await ask();
        while (!enough(answer))
        {
            patience.Token.ThrowIfCancellationRequested();
            await Task.Yield();
            answer = await ask();
        }

        return answer;
    }
}
