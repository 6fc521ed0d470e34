using System.Text.Json.Nodes;
using Syncline.Core.Operations;
using Syncline.Core.Tree;
using Syncline.Engine.Storage;
using Syncline.Tests.Trees;
using static Syncline.Tests.Doors.TestServer;

namespace Syncline.Tests.Doors;

public sealed class BootstrapDoorTests
{
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

        Assert.Equal($$"""{"epoch":"{{epoch}}","cursor":0,"digest":"{{OperationDigest.Empty}}"}""", header.ToJsonString());
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
