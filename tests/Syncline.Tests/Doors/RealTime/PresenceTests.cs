using System.Text.Json.Nodes;
using static Syncline.Tests.Doors.TestServer;

namespace Syncline.Tests.Doors.RealTime;

/// <summary>Who is there, and what they show of themselves.</summary>
public sealed class PresenceTests
{
    [Fact]
    public async Task Newcomers_are_told_of_all_and_then_of_changes()
    {
        await using TestServer server = await StartAsync();
        await server.MakeSpaceAsync();
        (RealTimeClient first, _) = await RealTimeClient.JoinAsync(server);
        await using (first)
        {
            Assert.Equal("""{"connections":[],"left":[],"full":true}""", (await first.NextAsync("presence"))!.ToJsonString());
            await first.DemandAsync("presence", """{"state":{"cursor":[1,2]}}""");
            JsonNode own = (await first.NextAsync("presence"))!;
            (RealTimeClient second, _) = await RealTimeClient.JoinAsync(server);
            JsonNode all = (await second.NextAsync("presence"))!;
            Assert.Equal(own["connections"]!.ToJsonString(), all["connections"]!.ToJsonString());
            JsonNode there = all["connections"]![0]!;
            Assert.Equal(["connectionId", "userId", "displayName", "color", "state", "lastSeen"], there.AsObject().Select(member => member.Key));
            Assert.Equal(("local", """{"cursor":[1,2]}"""), ((string)there["userId"]!, there["state"]!.ToJsonString()));

            // Two connections of one user are two, of one colour; when one goes, the other stays.
            await second.DemandAsync("presence", """{"state":"second"}""");
            JsonNode came = (await first.NextAsync("presence"))!["connections"]![0]!;
            Assert.NotEqual((string)there["connectionId"]!, (string)came["connectionId"]!);
            Assert.Equal((string)there["color"]!, (string)came["color"]!);
            await second.DisposeAsync();
            JsonNode left = (await first.NextAsync("presence"))!;
            Assert.Equal(((string)came["connectionId"]!, 0), ((string)left["left"]![0]!, left["connections"]!.AsArray().Count));

            await first.DemandAsync("presence", """{"state":null}""");
            Assert.Equal((string)there["connectionId"]!, (string)(await first.NextAsync("presence"))!["left"]![0]!);
        }
    }

    [Fact]
    public async Task Many_changes_become_few_and_the_last_one_counts()
    {
        ManualTime time = new();
        await using TestServer server = await StartAsync(data: null, builder => UseTime(builder, time));
        await server.MakeSpaceAsync();
        (RealTimeClient mover, _) = await RealTimeClient.JoinAsync(server);
        (RealTimeClient watcher, _) = await RealTimeClient.JoinAsync(server);
        await using (mover)
        await using (watcher)
        {
            await watcher.NextAsync("presence");
            for (int i = 0; i < 200; i++)
                await mover.DemandAsync("presence", $$"""{"state":{{i}}}""");
            time.Advance(TimeSpan.FromMilliseconds(50));
            Assert.Equal(199, (int)(await watcher.NextAsync("presence"))!["connections"]![0]!["state"]!);
            await mover.DemandAsync("presence", """{"state":"next"}""");
            time.Advance(TimeSpan.FromMilliseconds(50));
            Assert.Equal("next", (string)(await watcher.NextAsync("presence"))!["connections"]![0]!["state"]!);
        }
    }

    [Fact]
    public async Task Bad_presence_is_refused_and_changes_nothing()
    {
        await using TestServer server = await StartAsync();
        await server.MakeSpaceAsync();
        (RealTimeClient client, _) = await RealTimeClient.JoinAsync(server);
        await using (client)
        {
            await client.NextAsync("presence");
            Assert.Equal("invalid_request", await client.CodeAsync("presence", "{}"));
            Assert.Equal("invalid_request", await client.CodeAsync("presence", "7"));
            Assert.Equal("payload_too_large", await client.CodeAsync("presence", $$"""{"state":"{{new string('x', 4_096)}}"}"""));
            await client.DemandAsync("presence", $$"""{"state":"{{new string('x', 4_094)}}"}""");
            Assert.Equal(4_094, ((string)(await client.NextAsync("presence"))!["connections"]![0]!["state"]!).Length);
        }
    }

    [Fact]
    public async Task Users_have_colours_of_their_own_while_there_are_enough()
    {
        await using TestServer server = await StartAsync("--Auth:Mode=Local");
        string owner = await server.RegisterAsync("owner");
        await server.MakeSpaceAsync(token: owner);
        List<RealTimeClient> clients = [];
        for (int i = 0; i < 16; i++)
        {
            string token = await server.RegisterAsync($"user{i}");
            await server.SendAsync(HttpMethod.Put, $"/spaces/plans/members/user{i}", """{"role":"viewer"}""", owner);
            clients.Add((await RealTimeClient.JoinAsync(server, token: token)).Client);
            await clients[i].DemandAsync("presence", """{"state":1}""");
        }

        (RealTimeClient last, _) = await RealTimeClient.JoinAsync(server, token: owner);
        clients.Add(last);
        JsonArray there = (await last.NextAsync("presence"))!["connections"]!.AsArray();
        Assert.Equal(16, there.Select(connection => (string)connection!["color"]!).Distinct().Count());
        Assert.All(there, connection => Assert.Matches("^#[0-9a-f]{6}$", (string)connection!["color"]!));
        foreach (RealTimeClient client in clients)
            await client.DisposeAsync();
    }
}
