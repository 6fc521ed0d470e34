using System.Text.Json.Nodes;
using static Syncline.Tests.Doors.TestServer;

namespace Syncline.Tests.Doors;

/// <summary>Who may do what, through the whole program in mode Local.</summary>
public sealed class RoleTests
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(20);

    [Fact]
    public async Task A_stranger_learns_of_nothing()
    {
        await using TestServer server = await StartAsync("--Auth:Mode=Local");
        string ann = await server.RegisterAsync("ann");
        string mallory = await server.RegisterAsync("mallory");
        await server.MakeSpaceAsync(token: ann);
        await server.PushAsync(Note("a", "1"), token: ann);
        foreach ((HttpMethod method, string path, string? body) in EveryEndpoint())
        {
            (int status, JsonNode problem) = await server.SendAsync(method, path, body, mallory);
            Assert.Equal((404, "not_found"), (status, problem["code"]!.GetValue<string>()));
            (status, problem) = await server.SendAsync(method, path, body);
            Assert.Equal((401, "unauthenticated"), (status, problem["code"]!.GetValue<string>()));
        }

        Assert.Equal("""{"spaces":[]}""", (await server.GetAsync("/spaces", mallory)).Answer.ToJsonString());
        (_, JsonNode changes) = await server.SendAsync(HttpMethod.Post, "/changes", """{"cursors":{"plans":{"after":0}}}""", mallory);
        Assert.Equal("""{"changed":[],"added":[],"removed":["plans"]}""", changes.ToJsonString());
        Assert.Equal(401, (await server.SendAsync(HttpMethod.Post, "/changes", """{"cursors":{}}""")).Status);
        Assert.Equal(401, (await server.GetAsync("/spaces")).Status);
        Assert.Equal(1, (await server.GetAsync("/spaces/plans", ann)).Answer["head"]!.GetValue<int>());
    }

    [Fact]
    public async Task A_viewer_reads_and_does_not_write_an_editor_does_and_neither_decides_about_members()
    {
        await using TestServer server = await StartAsync("--Auth:Mode=Local");
        string ann = await server.RegisterAsync("ann");
        string vera = await server.RegisterAsync("vera");
        string ed = await server.RegisterAsync("ed");
        await server.MakeSpaceAsync(token: ann);
        Assert.Equal(200, (await server.SetRoleAsync("vera", "viewer", ann)).Status);
        Assert.Equal(200, (await server.SetRoleAsync("Ed", "editor", ann)).Status);
        Assert.Equal((403, "forbidden"), Code(await server.PushAsync(Note("v", "1"), token: vera)));
        Assert.Equal((403, "forbidden"), Code(await server.PutAsync(Move("v", "1", "root", null), token: vera)));
        Assert.Equal(200, (await server.PushAsync(Note("e", "1"), token: ed)).Status);
        Assert.Equal("viewer", (await server.GetAsync("/spaces/plans", vera)).Answer["role"]!.GetValue<string>());
        Assert.Single((await server.GetAsync("/spaces/plans/pull", vera)).Answer["operations"]!.AsArray());
        foreach (string token in new[] { vera, ed })
        {
            Assert.Equal((403, "forbidden"), Code(await server.SetRoleAsync("ed", "owner", token)));
            Assert.Equal((403, "forbidden"), Code(await server.SendAsync(HttpMethod.Delete, "/spaces/plans/members/ann", token: token)));
            Assert.Equal((403, "forbidden"), Code(await server.SendAsync(HttpMethod.Delete, "/spaces/plans/members/nobody", token: token)));
            Assert.Equal((403, "forbidden"), Code(await server.SendAsync(HttpMethod.Patch, "/spaces/plans", """{"name":"Mine"}""", token)));
            Assert.Equal((403, "forbidden"), Code(await server.SendAsync(HttpMethod.Delete, "/spaces/plans", token: token)));
            Assert.Equal((403, "forbidden"), Code(await server.GetAsync("/spaces/plans/clients", token)));
        }

        (_, JsonNode members) = await server.GetAsync("/spaces/plans/members", vera);
        Assert.Equal(
            ["ann owner", "ed editor", "vera viewer"],
            members["members"]!.AsArray().Select(member => $"{member!["userName"]} {member["role"]}"));

        // Everybody may leave; the last owner stays.
        Assert.Equal(204, (await server.SendAsync(HttpMethod.Delete, "/spaces/plans/members/vera", token: vera)).Status);
        Assert.Equal((404, "not_found"), Code(await server.GetAsync("/spaces/plans", vera)));
        Assert.Equal((403, "forbidden"), Code(await server.SendAsync(HttpMethod.Delete, "/spaces/plans/members/ann", token: ann)));
        Assert.Equal((403, "forbidden"), Code(await server.SetRoleAsync("ann", "viewer", ann)));
        Assert.Equal(200, (await server.SetRoleAsync("ed", "owner", ann)).Status);
        Assert.Equal(200, (await server.SetRoleAsync("ann", "viewer", ed)).Status);
        Assert.Equal((403, "forbidden"), Code(await server.PushAsync(Note("a", "1"), token: ann)));
    }

    [Fact]
    public async Task An_actor_of_another_user_is_taken_and_his_operations_may_only_be_repeated()
    {
        await using TestServer server = await StartAsync("--Auth:Mode=Local");
        string ann = await server.RegisterAsync("ann");
        string ed = await server.RegisterAsync("ed");
        await server.MakeSpaceAsync(token: ann);
        await server.SetRoleAsync("ed", "editor", ann);
        await server.PushAsync(Note("a", "1"), token: ann);
        (_, JsonNode answer) = await server.PushAsync($"{Note("a", "1")},{Note("a", "2")},{Note("e", "2")}", token: ed);
        Assert.Equal(["duplicate", "actor_taken", "accepted"], [Result(answer, 0), Result(answer, 1), Result(answer, 2)]);
    }

    [Theory]
    [InlineData("remove")]
    [InlineData("delete")]
    public async Task Losing_the_right_ends_open_waits(string how)
    {
        await using TestServer server = await StartAsync("--Auth:Mode=Local");
        string ann = await server.RegisterAsync("ann");
        string vera = await server.RegisterAsync("vera");
        string epoch = await server.MakeSpaceAsync(token: ann);
        await server.SetRoleAsync("vera", "viewer", ann);
        Task<(int Status, JsonNode Answer)> pull = server.GetAsync("/spaces/plans/pull?wait=50", vera);
        Task<(int Status, JsonNode Answer)> sync = server.SyncAsync("""{"stateVectors":{"root":{}},"timeout":50000}""", token: vera);
        string cursors = """{"cursors":{"plans":{"after":0}},"wait":50}""";
        Task<(int Status, JsonNode Answer)> changes = server.SendAsync(HttpMethod.Post, "/changes", cursors, vera);
        await server.UntilWaitingAsync(3);
        if (how == "remove")
            await server.SendAsync(HttpMethod.Delete, "/spaces/plans/members/vera", token: ann);
        else
            Assert.Equal(204, (await server.SendAsync(HttpMethod.Delete, "/spaces/plans", token: ann)).Status);
        Assert.Equal((404, "not_found"), Code(await pull.WaitAsync(Patience)));
        Assert.Equal((404, "not_found"), Code(await sync.WaitAsync(Patience)));
        Assert.Equal("""["plans"]""", (await changes.WaitAsync(Patience)).Answer["removed"]!.ToJsonString());
        Assert.NotEmpty(epoch);
    }

    [Fact]
    public async Task Names_of_spaces_are_taken_once_and_their_members_are_checked()
    {
        await using TestServer server = await StartAsync("--Auth:Mode=Local", "--Limits:SpacesPerUserMax=2");
        string ann = await server.RegisterAsync("ann");
        string ed = await server.RegisterAsync("ed");
        await server.MakeSpaceAsync(token: ann);
        Assert.Equal((409, "name_taken"), Code(await server.SendAsync(HttpMethod.Post, "/spaces", """{"id":"plans","name":"X"}""", ed)));
        (int status, JsonNode made) = await server.SendAsync(HttpMethod.Post, "/spaces", """{"name":"Any"}""", ann);
        Assert.Equal((201, "owner", 0), (status, made["role"]!.GetValue<string>(), made["head"]!.GetValue<int>()));
        Assert.Matches("^[0-9a-f]{32}$", made["id"]!.GetValue<string>());
        Assert.Equal((429, "quota_exceeded"), Code(await server.SendAsync(HttpMethod.Post, "/spaces", """{"name":"Third"}""", ann)));
        Assert.Equal((404, "not_found"), Code(await server.SetRoleAsync("nobody", "viewer", ann)));
        Assert.Equal((400, "invalid_request"), Code(await server.SetRoleAsync("ed", "king", ann)));
        foreach (string body in new[]
        {
            "{}", """{"name":""}""", """{"name":7}""", """{"id":"con","name":"x"}""", """{"id":"../x","name":"x"}""", """{"id":"constructor","name":"x"}""",
            "[]", "", """{"name":"a\u0000"}""",
        })
            Assert.Equal((400, "invalid_request"), Code(await server.SendAsync(HttpMethod.Post, "/spaces", body, ed)));
        (status, JsonNode renamed) = await server.SendAsync(HttpMethod.Patch, "/spaces/plans", """{"name":"Better plans"}""", ann);
        Assert.Equal((200, "Better plans"), (status, renamed["name"]!.GetValue<string>()));
        Assert.Equal(["Any", "Better plans"], (await server.GetAsync("/spaces", ann)).Answer["spaces"]!.AsArray().Select(space => space!["name"]!.GetValue<string>()).Order(StringComparer.Ordinal));

        // A deleted space's id may be used again, by anybody, and nothing of the old one is there.
        await server.PushAsync(Note("a", "1"), token: ann);
        Assert.Equal(204, (await server.SendAsync(HttpMethod.Delete, "/spaces/plans", token: ann)).Status);
        await server.MakeSpaceAsync(token: ed);
        Assert.Equal(0, (await server.GetAsync("/spaces/plans/pull", ed)).Answer["head"]!.GetValue<int>());
        Assert.Equal((404, "not_found"), Code(await server.GetAsync("/spaces/plans", ann)));
    }

    [Fact]
    public async Task A_token_is_taken_from_its_header_and_from_nowhere_else()
    {
        await using TestServer server = await StartAsync("--Auth:Mode=Local");
        string ann = await server.RegisterAsync("ann");
        Assert.Equal(401, (await server.GetAsync($"/spaces?access_token={ann}&token={ann}")).Status);
        Assert.Equal(401, (await server.GetAsync("/spaces", ann + "x")).Status);
        Assert.Equal(401, (await server.GetAsync("/spaces", "eyJhbGciOiJub25lIn0.eyJzdWIiOiJhbm4ifQ.")).Status);
        Assert.Equal(200, (await server.GetAsync("/spaces", ann)).Status);
    }

    private static IEnumerable<(HttpMethod Method, string Path, string? Body)> EveryEndpoint() =>
    [
        (HttpMethod.Get, "/spaces/plans", null),
        (HttpMethod.Patch, "/spaces/plans", """{"name":"x"}"""),
        (HttpMethod.Delete, "/spaces/plans", null),
        (HttpMethod.Get, "/spaces/plans/members", null),
        (HttpMethod.Put, "/spaces/plans/members/mallory", """{"role":"owner"}"""),
        (HttpMethod.Delete, "/spaces/plans/members/ann", null),
        (HttpMethod.Post, "/spaces/plans/push", $$"""{"operations":[{{Note("m", "1")}}]}"""),
        (HttpMethod.Get, "/spaces/plans/pull?after=0&wait=50", null),
        (HttpMethod.Post, "/spaces/plans/sync", """{"stateVectors":{"root":{}},"timeout":50000}"""),
        (HttpMethod.Put, "/spaces/plans/operations", $$"""{"treeId":"root","operations":[{{Move("m", "1", "root", null)}}]}"""),
        (HttpMethod.Get, "/spaces/plans/trees", null),
        (HttpMethod.Get, "/spaces/plans/trees/root", null),
        (HttpMethod.Get, "/spaces/plans/clients", null),
    ];

    private static (int Status, string Code) Code((int Status, JsonNode Answer) response) =>
        (response.Status, response.Answer["code"]!.GetValue<string>());
}
