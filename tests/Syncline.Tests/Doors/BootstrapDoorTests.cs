using System.Net.Http.Headers;
using System.Text.Json.Nodes;
using Microsoft.Extensions.DependencyInjection;
using Syncline.AspNetCore.Doors;
using Syncline.Conformance.InMemory;
using Syncline.Core.Operations;
using Syncline.Core.Tree;
using Syncline.Engine.Storage;
using Syncline.Tests.Engine;
using Syncline.Tests.Trees;
using static Syncline.Tests.Doors.TestServer;

namespace Syncline.Tests.Doors;

public sealed class BootstrapDoorTests
{
    private const int PropertyCharacters = 200_000;
    private static readonly SpaceId Plans = new("plans");

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task It_brings_what_a_pull_from_0_brings(bool isStored)
    {
        await using TestServer server = await StartAsync(
            isStored ? ["--Engine:SnapshotOperationsMin=10", "--Engine:MaintenanceInterval=00:00:01"] : []);
        await server.MakeSpaceAsync();
        await FillAsync(server, 1, 12);
        StoredSnapshot? stored = isStored ? await UntilStoredAsync(server) : null;
        await FillAsync(server, 13, 15);

        (JsonNode header, List<JsonNode> lines) = await BootstrapAsync(server);

        (_, JsonNode pulled) = await server.GetAsync("/spaces/plans/pull?after=0");
        long cursor = header["cursor"]!.GetValue<long>();
        Assert.Equal(stored?.Seq ?? 30, cursor);
        Assert.Equal(pulled["epoch"]!.GetValue<string>(), header["epoch"]!.GetValue<string>());
        (_, JsonNode page) = await server.GetAsync($"/spaces/plans/pull?after=0&limit={cursor}");
        Assert.Equal(page["digest"]!.GetValue<string>(), header["digest"]!.GetValue<string>());

        // What has no state comes as it is, up to that seq and in its order.
        Assert.Equal(
            page["operations"]!.AsArray().Where(one => one!["scope"]!.GetValue<string>() == "note" || one["payload"]!["unknown"] is not null)
                .Select(one => one!.ToJsonString()),
            lines.Where(line => line["seq"] is not null).Select(line => line.ToJsonString()));

        Assert.Equal(2, lines.Count(line => line["state"] is not null));
        Assert.Equal("list", Assert.Single(lines, line => line["resourceId"]!.GetValue<string>() == "l" && line["state"] is not null)["scope"]!.GetValue<string>());
        JsonNode state = Assert.Single(lines, line => line["state"] is not null && line["scope"]!.GetValue<string>() == "tree");
        Assert.Equal(("tree", "root", TreeSnapshot.FormatVersion), (state["scope"]!.GetValue<string>(), state["resourceId"]!.GetValue<string>(), state["format"]!.GetValue<int>()));
        TreesState loaded = new(new TreeLimits());
        Assert.True(loaded.TryLoad(Convert.FromBase64String(state["state"]!.GetValue<string>()), out string? problem), problem);
        OperationReader reader = new([new TreeModel(new TreeLimits())], OperationLimits.Default);
        TreesState replayed = new(new TreeLimits());
        foreach (JsonNode? one in page["operations"]!.AsArray().Where(one => one!["scope"]!.GetValue<string>() == "tree"))
        {
            Operation operation = reader.Read(System.Text.Encoding.UTF8.GetBytes(one!.ToJsonString())).Operation!;
            replayed.Apply(TreeOp.Log(operation, one["seq"]!.GetValue<long>()));
        }

        replayed.Commit();
        ResourceId root = new("root");
        Assert.Equal(TreeText.Of(replayed.Trees[root].Read(includeDeleted: true)), TreeText.Of(loaded.Trees[root].Read(includeDeleted: true)));
    }

    [Fact]
    public async Task A_space_of_which_nothing_was_written_is_a_header()
    {
        await using TestServer server = await StartAsync();
        string epoch = await server.MakeSpaceAsync();

        (JsonNode header, List<JsonNode> lines) = await BootstrapAsync(server);

        Assert.Equal($$"""{"epoch":"{{epoch}}","cursor":0,"digest":"{{OperationDigest.Empty}}","clock":0}""", header.ToJsonString());
        Assert.Empty(lines);
    }

    [Fact]
    public async Task A_stranger_learns_nothing_and_a_viewer_reads()
    {
        await using TestServer server = await StartAsync("--Auth:Mode=Local");
        string alice = await server.RegisterAsync("alice");
        string bob = await server.RegisterAsync("bob");
        await server.MakeSpaceAsync(token: alice);
        Assert.Equal(404, (await server.GetAsync("/spaces/plans/bootstrap", bob)).Status);
        Assert.Equal(401, (await server.GetAsync("/spaces/plans/bootstrap")).Status);
        await server.SendAsync(HttpMethod.Put, "/spaces/plans/members/bob", """{"role":"viewer"}""", alice);
        Assert.Equal(200, (await server.GetAsync("/spaces/plans/bootstrap", bob)).Status);
    }

    [Fact]
    public async Task One_during_which_the_log_begins_anew_is_seen_to_fail()
    {
        StoreAround store = new(new InMemorySpaceStore());
        await using TestServer server = await StartAsync(null, builder => builder.Services.AddSingleton<ISpaceStore>(store), "--Limits:PageOperationsMax=2");
        await server.GetAsync("/sync/bootstrap");
        string space = (await server.GetAsync("/spaces")).Answer["spaces"]![0]!["id"]!.GetValue<string>();
        await server.PushAsync(string.Join(',', Enumerable.Range(1, 5).Select(clock => Note("n", $"{clock}"))), space);
        int reads = 0;
        store.AfterRead = async _ =>
        {
            if (++reads == 1)
                Assert.Equal(200, (await server.SendAsync(HttpMethod.Post, "/sync/reset", """{"clientId":"c","datasetGenerationKey":"next"}""")).Status);
        };
        await Assert.ThrowsAnyAsync<Exception>(() => server.Http.GetStringAsync($"/spaces/{space}/bootstrap"));
    }

    [Fact]
    public async Task States_that_slow_readers_hold_in_memory_count_in_the_budget_of_bodies()
    {
        await using TestServer server = await StartAsync("--Limits:BodiesPerUserBytesMax=16000000");
        await server.MakeSpaceAsync();
        await FillTreeAsync(server, properties: 49);
        BodyBudget budget = server.Get<BodyBudget>();
        using (HttpResponseMessage slow = await server.Http.GetAsync("/spaces/plans/bootstrap", HttpCompletionOption.ResponseHeadersRead))
        {
            Assert.Equal(200, (int)slow.StatusCode);
            Assert.InRange(budget.Held, 49 * PropertyCharacters, 16_000_000);
            (int status, JsonNode problem) = await server.GetAsync("/spaces/plans/bootstrap");
            Assert.Equal((429, "rate_limited"), (status, problem["code"]!.GetValue<string>()));
        }

        // The slow one has gone away: what it held is there again.
        using CancellationTokenSource patience = new(TimeSpan.FromSeconds(20));
        while (budget.Held > 0)
        {
            patience.Token.ThrowIfCancellationRequested();
            await Task.Yield();
        }

        Assert.InRange((await server.Http.GetStringAsync("/spaces/plans/bootstrap")).Length, 49 * PropertyCharacters, int.MaxValue);
    }

    [Fact]
    public async Task Who_loses_their_role_in_the_middle_of_it_gets_no_more()
    {
        await using TestServer server = await StartAsync("--Auth:Mode=Local");
        string alice = await server.RegisterAsync("alice");
        string bob = await server.RegisterAsync("bob");
        await server.MakeSpaceAsync(token: alice);

        // More than the buffers of the connection hold.
        await FillTreeAsync(server, properties: 80, alice);
        Assert.Equal(200, (await server.SendAsync(HttpMethod.Put, "/spaces/plans/members/bob", """{"role":"viewer"}""", alice)).Status);
        using HttpRequestMessage request = new(HttpMethod.Get, "/spaces/plans/bootstrap");
        request.Headers.Authorization = new AuthenticationHeaderValue("Bearer", bob);
        using HttpResponseMessage slow = await server.Http.SendAsync(request, HttpCompletionOption.ResponseHeadersRead);
        Assert.Equal(200, (int)slow.StatusCode);

        Assert.Equal(204, (await server.SendAsync(HttpMethod.Delete, "/spaces/plans/members/bob", token: alice)).Status);

        await Assert.ThrowsAnyAsync<Exception>(() => slow.Content.ReadAsByteArrayAsync());
    }

    // Of texts that compress to nothing much.
    private static async Task FillTreeAsync(TestServer server, int properties, string? token = null)
    {
        Random random = new(7);
        byte[] bytes = new byte[PropertyCharacters / 4 * 3];
        await server.PutAsync(Move("a", "1", "root", null), token: token);
        for (int i = 2; i <= properties + 1; i++)
        {
            random.NextBytes(bytes);
            (_, JsonNode answer) = await server.PutAsync(Set("a", $"{i}", "root", $"k{i}", $"\"{Convert.ToBase64String(bytes)}\""), token: token);
            Assert.True(answer["success"]!.GetValue<bool>());
        }
    }

    // Each makes a vertex, and a note.
    private static async Task FillAsync(TestServer server, int first, int last)
    {
        for (int i = first; i <= last; i++)
        {
            await server.PutAsync(i == 1 ? Move("a", "1", "root", null) : Move("a", $"{i}", $"v{i}", "root"));
            await server.PushAsync(i % 3 == 0
                ? Note("n", $"{i}", $$"""{"text":"{{i}}"}""")
                : $$"""
                  {"scope":"list","resourceId":"l","actor":"n","clock":{{i}},"payload":{"type":"insert","itemId":"t{{i}}"{{(i % 3 == 1 ? ",\"payload\":{\"text\":\"x\"}" : ",\"payload\":7,\"unknown\":1")}}} }
                  """);
        }
    }

    private static async Task<StoredSnapshot> UntilStoredAsync(TestServer server)
    {
        using CancellationTokenSource patience = new(TimeSpan.FromSeconds(20));
        while (true)
        {
            if (await server.Get<ISpaceStore>().FindSnapshotAsync(Plans, patience.Token) is { } stored)
                return stored;
            await Task.Delay(50, patience.Token);
        }
    }

    private static async Task<(JsonNode Header, List<JsonNode> Lines)> BootstrapAsync(TestServer server)
    {
        using HttpResponseMessage response = await server.Http.GetAsync("/spaces/plans/bootstrap");
        Assert.Equal("application/x-ndjson", response.Content.Headers.ContentType!.MediaType);
        string[] lines = (await response.Content.ReadAsStringAsync()).Split('\n', StringSplitOptions.RemoveEmptyEntries);
        return (JsonNode.Parse(lines[0])!, [.. lines.Skip(1).Select(line => JsonNode.Parse(line)!)]);
    }
}
