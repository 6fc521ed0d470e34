using System.Text.Json.Nodes;
using static Syncline.Tests.Doors.TestServer;

namespace Syncline.Tests.Doors.RealTime;

/// <summary>The events of RepTree clients: by state vectors, and then what others make.</summary>
public sealed class TreeEventTests
{
    private const string Root = """{"id":{"counter":1,"peerId":"p"},"targetId":"root","parentId":null}""";
    private const string Child = """{"id":{"counter":2,"peerId":"p"},"targetId":"v","parentId":"root"}""";

    [Fact]
    public async Task A_client_gets_what_it_lacks_and_then_what_others_make()
    {
        await using TestServer server = await StartAsync();
        await server.MakeSpaceAsync();
        await server.PutAsync($"{Move("p", "1", "root", null)},{Move("p", "2", "v", "root")}");
        (RealTimeClient mine, _) = await RealTimeClient.JoinAsync(server);
        (RealTimeClient theirs, _) = await RealTimeClient.JoinAsync(server);
        await using (mine)
        await using (theirs)
        {
            await mine.DemandAsync("ops:state", """{"trees":{"root":{"p":[[1,1]]},"unknown":null}}""");
            JsonNode sync = (await mine.NextAsync("ops:sync"))!;
            Assert.Equal($$"""{"treeId":"root","ops":[{{Child}}]}""", sync.ToJsonString());
            Assert.Equal("""{"treeIds":["root","unknown"],"stateVectors":{"root":{"p":[[1,2]]}}}""", (await mine.NextAsync("ops:sync:done"))!.ToJsonString());
            await theirs.DemandAsync("ops:state", "{}");
            Assert.Equal($$"""{"treeId":"root","ops":[{{Root}},{{Child}}]}""", (await theirs.NextAsync("ops:sync"))!.ToJsonString());
            await theirs.NextAsync("ops:sync:done");

            string set = """{"id":{"counter":3,"peerId":"q"},"targetId":"v","key":"name","value":"x"}""";
            JsonNode answer = await mine.DemandAsync("ops:send", $$"""{"treeId":"root","ops":[{{set}},{{Root}},{"id":1}]}""");
            Assert.Equal((1, 1, 1, 3), ((int)answer["applied"]!, (int)answer["duplicates"]!, answer["rejected"]!.AsArray().Count, (int)answer["head"]!));
            Assert.Equal($$"""{"treeId":"root","ops":[{{set}}]}""", (await theirs.NextAsync("ops:receive"))!.ToJsonString());

            // Own operations do not come back; a tree that was not named does not come to who named others.
            await server.PutAsync(Move("r", "1", "other", null), tree: "other");
            Assert.Equal("other", (string)(await theirs.NextAsync("ops:receive"))!["treeId"]!);
            await server.PutAsync(Set("r", "9", "v", "name", "\"y\""));
            Assert.Equal("""[{"id":{"counter":9,"peerId":"r"},"targetId":"v","key":"name","value":"y"}]""", (await mine.NextAsync("ops:receive"))!["ops"]!.ToJsonString());
            Assert.Equal(1, mine.CountOf("ops:receive"));
        }
    }

    [Fact]
    public async Task What_is_held_back_comes_when_what_it_waits_for_is_there()
    {
        await using TestServer server = await StartAsync();
        await server.MakeSpaceAsync();
        await server.PutAsync(Move("p", "1", "root", null));
        (RealTimeClient client, _) = await RealTimeClient.JoinAsync(server);
        await using (client)
        {
            await client.DemandAsync("ops:state", """{"trees":{"root":null}}""");
            await client.NextAsync("ops:sync:done");
            await server.PutAsync(Set("p", "5", "v", "name", "\"early\""));
            await server.PutAsync(Move("p", "2", "v", "root"));
            JsonArray received = (await client.NextAsync("ops:receive"))!["ops"]!.AsArray();
            Assert.Equal([2, 5], received.Select(operation => (int)operation!["id"]!["counter"]!));
        }
    }

    [Fact]
    public async Task Transient_properties_are_relayed_kept_while_their_connection_is_there_and_never_stored()
    {
        await using TestServer server = await StartAsync();
        await server.MakeSpaceAsync();
        await server.PutAsync($"{Move("p", "1", "root", null)},{Move("p", "2", "v", "root")}");
        (RealTimeClient mover, _) = await RealTimeClient.JoinAsync(server);
        (RealTimeClient watcher, _) = await RealTimeClient.JoinAsync(server);
        await using (watcher)
        {
            await watcher.DemandAsync("ops:state", """{"trees":{"root":null}}""");
            await watcher.NextAsync("ops:sync:done");
            for (int i = 3; i < 6; i++)
            {
                JsonNode answer = await mover.DemandAsync("ops:send", $$"""{"treeId":"root","ops":[{{Transient("q", i)}}]}""");
                Assert.Equal((1, 2), ((int)answer["applied"]!, (int)answer["head"]!));
                Assert.Equal($"[{Transient("q", i)}]", (await watcher.NextAsync("ops:receive"))!["ops"]!.ToJsonString());
            }

            // The latest only, for who comes later.
            (RealTimeClient late, _) = await RealTimeClient.JoinAsync(server);
            await late.DemandAsync("ops:state", "{}");
            Assert.Equal($$"""{"treeId":"root","ops":[{{Transient("q", 5)}}]}""", (await late.NextAsync("ops:receive"))!.ToJsonString());
            await late.DisposeAsync();
            await mover.DemandAsync("presence", """{"state":1}""");
            await mover.DisposeAsync();
            while ((await watcher.NextAsync("presence"))!["left"]!.AsArray().Count == 0)
            {
            }

            await server.PutAsync($$"""{"operation":{{Transient("h", 7)}}}""");
            Assert.Equal($"[{Transient("h", 7)}]", (await watcher.NextAsync("ops:receive"))!["ops"]!.ToJsonString());
            (RealTimeClient later, _) = await RealTimeClient.JoinAsync(server);
            await later.DemandAsync("ops:state", "{}");
            await later.NextAsync("ops:sync:done");
            await later.DemandAsync("presence", """{"state":1}""");
            Assert.Equal(0, later.CountOf("ops:receive"));
            await later.DisposeAsync();
        }

        Assert.Equal(2, (int)(await server.GetAsync("/spaces/plans")).Answer["head"]!);

        static string Transient(string peer, int counter) =>
            $$$"""{"id":{"counter":{{{counter}}},"peerId":"{{{peer}}}"},"targetId":"v","key":"cursor","value":{{{counter}}},"transient":true}""";
    }

    [Fact]
    public async Task Of_transient_properties_so_much_is_kept_and_no_more()
    {
        await using TestServer server = await StartAsync();
        await server.MakeSpaceAsync();
        await server.PutAsync($"{Move("p", "1", "root", null)},{Move("p", "2", "v", "root")}");
        (RealTimeClient mover, _) = await RealTimeClient.JoinAsync(server);
        (RealTimeClient watcher, _) = await RealTimeClient.JoinAsync(server);
        (RealTimeClient late, _) = await RealTimeClient.JoinAsync(server);
        await using (mover)
        await using (watcher)
        await using (late)
        {
            await watcher.DemandAsync("ops:state", "{}");
            await watcher.NextAsync("ops:sync:done");
            for (int i = 3; i < 8; i++)
            {
                await mover.DemandAsync("ops:send", $$"""{"treeId":"root","ops":[{{Large("q", i, $"key{i}")}}]}""");
                Assert.Equal(i, (int)(await watcher.NextAsync("ops:receive"))!["ops"]![0]!["id"]!["counter"]!);
            }

            // What is newer replaces what is there.
            await mover.DemandAsync("ops:send", $$"""{"treeId":"root","ops":[{{Large("q", 8, "key3")}}]}""");
            await late.DemandAsync("ops:state", "{}");
            JsonNode kept = (await late.NextAsync("ops:receive"))!;
            Assert.Equal([4, 5, 6, 8], kept["ops"]!.AsArray().Select(operation => (int)operation!["id"]!["counter"]!));
        }

        static string Large(string peer, int counter, string key) =>
            $$$"""{"id":{"counter":{{{counter}}},"peerId":"{{{peer}}}"},"targetId":"v","key":"{{{key}}}","value":"{{{new string('x', 60_000)}}}","transient":true}""";
    }

    [Fact]
    public async Task A_connection_owns_the_last_thousand_actors()
    {
        await using TestServer server = await StartAsync();
        await server.MakeSpaceAsync();
        await server.PutAsync($"{Move("p", "1", "root", null)},{Move("p", "2", "v", "root")}");
        (RealTimeClient client, _) = await RealTimeClient.JoinAsync(server);
        await using (client)
        {
            await client.DemandAsync("ops:state", "{}");
            await client.NextAsync("ops:sync:done");
            await client.DemandAsync("ops:send", $$"""{"treeId":"root","ops":[{{Operation(0, 3)}}]}""");
            for (int i = 1; i <= 1_000; i += 500)
            {
                string operations = string.Join(',', Enumerable.Range(i, 500).Select(actor => Operation(actor, 3)));
                await client.DemandAsync("ops:send", $$"""{"treeId":"root","ops":[{{operations}}]}""");
            }

            await server.PutAsync($$"""{"operation":{{Operation(1_000, 4)}}},{"operation":{{Operation(0, 5)}}}""");
            Assert.Equal(5, (int)(await client.NextAsync("ops:receive"))!["ops"]![0]!["id"]!["counter"]!);
        }

        static string Operation(int actor, int counter) =>
            $$$"""{"id":{"counter":{{{counter}}},"peerId":"a{{{actor}}}"},"targetId":"v","key":"k","value":{{{counter}}}}""";
    }

    [Fact]
    public async Task A_large_tree_comes_page_by_page_whole()
    {
        await using TestServer server = await StartAsync();
        await server.MakeSpaceAsync();
        await server.PutAsync(Move("p", "1", "root", null));
        for (int i = 0; i < 3; i++)
            await server.PutAsync(string.Join(',', Enumerable.Range(2 + (i * 900), 900).Select(n => Move("p", $"{n}", $"v{n}", "root"))));
        (RealTimeClient client, _) = await RealTimeClient.JoinAsync(server);
        await using (client)
        {
            await client.DemandAsync("ops:state", "{}");
            await client.NextAsync("ops:sync:done");
            HashSet<int> counters = [];
            int count = 0;
            for (int pages = client.CountOf("ops:sync"); pages > 0; pages--)
            {
                foreach (JsonNode? operation in (await client.NextAsync("ops:sync"))!["ops"]!.AsArray())
                {
                    counters.Add((int)operation!["id"]!["counter"]!);
                    count++;
                }
            }

            Assert.Equal((2_701, 2_701), (count, counters.Count));
        }
    }

    [Fact]
    public async Task Bad_events_are_refused_by_name()
    {
        await using TestServer server = await StartAsync();
        await server.MakeSpaceAsync();
        (RealTimeClient client, _) = await RealTimeClient.JoinAsync(server);
        await using (client)
        {
            Assert.Equal("invalid_request", await client.CodeAsync("ops:state", """{"trees":{"root":{"p":[[2,1]]}}}"""));
            Assert.Equal("invalid_request", await client.CodeAsync("ops:state", """{"trees":{"__proto__":null}}"""));
            Assert.Equal("invalid_request", await client.CodeAsync("ops:state", """{"trees":[]}"""));
            Assert.Equal("invalid_request", await client.CodeAsync("ops:send", """{"ops":[]}"""));
            Assert.Equal("invalid_request", await client.CodeAsync("ops:send", """{"treeId":"root"}"""));
            Assert.Equal("invalid_request", await client.CodeAsync("ops:send", """{"treeId":"a b","ops":[]}"""));
            JsonNode answer = await client.DemandAsync("ops:send", """{"treeId":"root","ops":[null,"x"]}""");
            Assert.Equal(["invalid_operation", "invalid_operation"], answer["rejected"]!.AsArray().Select(rejected => (string)rejected!["code"]!));
        }
    }
}
