using System.Text.Json;
using System.Text.Json.Nodes;
using static Syncline.Tests.Doors.TestServer;

namespace Syncline.Tests.Doors;

/// <summary>The task-list protocol, as docs/protocol.md says it, through the whole program.</summary>
public sealed class ListDoorTests
{
    [Fact]
    public async Task Everything_begins_with_an_empty_data_set_of_a_random_key()
    {
        await using TestServer server = await StartAsync("--Auth:Mode=Local");
        string ann = await server.RegisterAsync("ann");
        string ben = await server.RegisterAsync("ben");
        (int status, JsonNode first) = await server.GetAsync("/sync/bootstrap", ann);
        Assert.Equal(200, status);
        string key = Key(first);
        Assert.Matches("^[0-9a-f]{32}$", key);
        Assert.Equal($$"""{"datasetGenerationKey":"{{key}}","snapshot":"","serverSeq":0,"ops":[]}""", first.ToJsonString());
        Assert.Equal(key, Key((await server.GetAsync("/sync/bootstrap", ann)).Answer));
        Assert.NotEqual(key, Key((await server.GetAsync("/sync/bootstrap", ben)).Answer));
        Assert.Equal(401, (await server.GetAsync("/sync/bootstrap")).Status);
    }

    [Fact]
    public async Task What_one_device_pushes_another_pulls_and_a_third_finds_in_its_bootstrap()
    {
        await using TestServer server = await StartAsync();
        string key = Key((await server.GetAsync("/sync/bootstrap")).Answer);
        string payload = """{"type":"insert","actor":"a","clock":2,"itemId":"t1","payload":{"text":"Bü\u00e4 milk","pos":[{"digit":1,"actor":"a"}]}}""";
        (int status, JsonNode pushed) = await PushAsync(server, $"{Op("a", 1, scope: "registry")},{Op("a", 2, payload)}", key);
        Assert.Equal(200, status);
        Assert.Equal(
            $$"""{"serverSeq":2,"datasetGenerationKey":"{{key}}","results":[{"status":"accepted","seq":1},{"status":"accepted","seq":2}]}""",
            pushed.ToJsonString());

        string operations =
            $$$"""[{"scope":"registry","resourceId":"l1","actor":"a","clock":1,"payload":{},"serverSeq":1},{"scope":"list","resourceId":"l1","actor":"a","clock":2,"payload":{{{payload}}},"serverSeq":2}]""";
        Assert.Equal(
            $$"""{"serverSeq":2,"datasetGenerationKey":"{{key}}","ops":{{operations}},"hasMore":false}""",
            await server.Http.GetStringAsync($"/sync/pull?since=0&clientId=phone&datasetGenerationKey={key}"));
        Assert.Equal(
            $$"""{"datasetGenerationKey":"{{key}}","snapshot":"","serverSeq":2,"ops":{{operations}}}""",
            await server.Http.GetStringAsync("/sync/bootstrap"));
        Assert.Equal(
            $$"""{"serverSeq":2,"datasetGenerationKey":"{{key}}","ops":[],"hasMore":false}""",
            (await server.GetAsync("/sync/pull?since=2&clientId=phone")).Answer.ToJsonString());
    }

    private static Task<(int Status, JsonNode Answer)> PushAsync(TestServer server, string operations, string? key = null, string? token = null) =>
        server.SendAsync(
            HttpMethod.Post,
            "/sync/push",
            $$"""{"clientId":"laptop",{{(key is null ? "" : $"\"datasetGenerationKey\":{JsonSerializer.Serialize(key)},")}}"ops":[{{operations}}]}""",
            token);

    private static string Op(string actor, long clock, string payload = "{}", string scope = "list", string more = "") =>
        $$"""{"scope":"{{scope}}","resourceId":"l1","actor":"{{actor}}","clock":{{clock}},"payload":{{payload}}{{more}}}""";

    private static string Key(JsonNode answer) => answer["datasetGenerationKey"]!.GetValue<string>();
}
