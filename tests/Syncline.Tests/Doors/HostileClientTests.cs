using System.Text.Json.Nodes;
using Microsoft.AspNetCore.Http;
using Syncline.AspNetCore;
using Syncline.AspNetCore.Doors;
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
        await UntilWaitingAsync(server, 1);
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

        Assert.Equal(200, (await server.PutAsync(Roots, token: own)).Status);
        (status, JsonNode problem) = await wait.WaitAsync(Patience);
        Assert.Equal((401, "unauthenticated"), (status, problem["code"]?.GetValue<string>()));
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
        DefaultHttpContext context = new();
        context.Request.Body = body;
        context.Request.ContentLength = 8_000_000;
        await RequestBody.ReadAsync(context, new LimitOptions());
        Assert.InRange(body.LargestBuffer, 1, 64 * 1024);
    }

    private static async Task UntilWaitingAsync(TestServer server, int count)
    {
        using CancellationTokenSource patience = new(Patience);
        while (server.Get<WaitGate>().Count != count)
        {
            patience.Token.ThrowIfCancellationRequested();
            await Task.Yield();
        }
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
}
