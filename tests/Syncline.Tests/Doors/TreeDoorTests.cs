using System.Text.Json.Nodes;
using static Syncline.Tests.Doors.TestServer;

namespace Syncline.Tests.Doors;

public sealed class TreeDoorTests
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(20);
    private static readonly string Roots = $"{Move("a", "1", "0", null)},{Move("a", "2", "root", null)}";

    [Fact]
    public async Task What_a_client_puts_another_gets_in_the_order_of_ids_as_it_was_written()
    {
        await using TestServer server = await StartedAsync();
        string odd = """{"operation": { "id": {"peerId":"b","counter":3}, "targetId":"x","parentId":"root","extra":[1.0] } ,"timestamp":5}""";
        (int status, JsonNode answer) = await server.PutAsync($"{Set("a", "4", "x", "n\\u00e9", "{\"b\":1.50}", ",\"transient\":false")},{odd}");
        Assert.Equal(200, status);
        Assert.Equal("""{"success":true,"applied":2,"duplicates":0,"rejected":[],"head":4}""", answer.ToJsonString());
        (_, answer) = await server.SyncAsync("""{"stateVectors":{"root":{}}}""");
        Assert.Equal("1@a 2@a 3@b 4@a", Ids(answer));
        string text = answer["operations"]!["root"]!.ToJsonString();
        Assert.Contains("""{"id":"3@b","operation":{"id":{"peerId":"b","counter":3},"targetId":"x","parentId":"root","extra":[1.0]},"timestamp":""", text, StringComparison.Ordinal);
        Assert.Equal((4, false), (answer["cursor"]!.GetValue<int>(), answer["hasMore"]!.GetValue<bool>()));
        Assert.Empty(answer["trees"]!.AsArray());
        (_, answer) = await server.GetAsync("/spaces/plans/trees/root");
        Assert.Equal(
            """[{"id":"root","parentId":null,"properties":{}},{"id":"x","parentId":"root","properties":{"né":{"b":1.50}}}]""",
            answer["vertices"]!.ToJsonString(new() { Encoder = System.Text.Encodings.Web.JavaScriptEncoder.UnsafeRelaxedJsonEscaping }));
    }

    [Fact]
    public async Task The_second_tree_of_a_peer_that_counts_in_each_tree_by_itself_arrives_whole()
    {
        await using TestServer server = await TestServer.StartAsync();
        await server.MakeSpaceAsync();
        foreach (string tree in new[] { "one", "two" })
        {
            string operations = $"{Move("a", "1", "0", null)},{Move("a", "2", tree, null)},{Move("a", "3", "v", tree)}";
            Assert.Equal(200, (await server.PutAsync(operations, tree: tree)).Status);
        }

        JsonNode all = (await server.SyncAsync("""{"stateVectors":{"two":{}},"timeout":0}""")).Answer;
        Assert.Equal(3, all["operations"]!["two"]!.AsArray().Count);
        Assert.False(all["hasMore"]!.GetValue<bool>());
        JsonNode last = (await server.SyncAsync("""{"stateVectors":{"two":{"a":[[1,2]]}},"timeout":1000}""")).Answer;
        Assert.Equal("3@a", Assert.Single(last["operations"]!["two"]!.AsArray())!["id"]!.GetValue<string>());
    }

    [Fact]
    public async Task Every_bad_operation_is_named_and_the_good_ones_are_kept()
    {
        await using TestServer server = await StartedAsync();
        await server.PutAsync($"{Move("a", "10", "x", "root")},{Set("a", "12", "x", "k", "1")}");
        (string Operation, string? Code)[] cases =
        [
            ("null", "invalid_operation"),
            ("\"text\"", "invalid_operation"),
            ("{}", "invalid_operation"),
            ("""{"operation":null}""", "invalid_operation"),
            ("""{"operation":{"id":{"counter":20,"peerId":"b"},"targetId":"x"}}""", "invalid_operation"),
            ("""{"operation":{"id":{"counter":20,"peerId":"b"},"targetId":"x","parentId":"root","key":"k"}}""", "invalid_operation"),
            ("""{"operation":{"targetId":"x","parentId":"root"}}""", "invalid_operation"),
            ("""{"operation":{"id":{"counter":20},"targetId":"x","parentId":"root"}}""", "invalid_operation"),
            ("""{"operation":{"id":{"counter":20,"peerId":"b"},"parentId":"root"}}""", "invalid_operation"),
            (Move("b", "0", "x", "root"), "clock_out_of_range"),
            (Move("b", "-1", "x", "root"), "clock_out_of_range"),
            (Move("b", "1.5", "x", "root"), "invalid_operation"),
            (Move("b", "9007199254740992", "x", "root"), "clock_out_of_range"),
            (Move("b", "4398046511105", "x", "root"), "clock_out_of_range"),
            (Move("b", "\"20\"", "x", "root"), "invalid_operation"),
            (Move("B", "20", "x", "root"), "invalid_operation"),
            (Move("constructor", "20", "x", "root"), "invalid_operation"),
            (Move("server", "20", "x", "root"), "actor_taken"),
            (Move("b", "20", "prototype", "root"), "invalid_operation"),
            (Move("b", "20", "x", "valueOf"), "invalid_operation"),
            (Set("b", "20", "x", "__proto__", "1"), "invalid_operation"),
            (Set("b", "20", "x", "toString", "1"), "invalid_operation"),
            (Set("b", "20", "x", new string('k', 257), "1"), "invalid_operation"),
            (Set("b", "20", "x", "k", """{"a":{"__proto__":1}}"""), "invalid_operation"),
            (Set("b", "20", "x", "k", $"\"{new string('v', 256 * 1024)}\""), "payload_too_large"),
            (Set("b", "20", "x", "k", new string('[', 70) + new string(']', 70)), "payload_too_large"),
            (Move("b", "20", "root", "x"), "invalid_operation"),
            (Move("b", "20", "root", "0"), "invalid_operation"),
            (Move("b", "20", "second", null), "invalid_operation"),
            (Move("b", "20", "0", "x"), "invalid_operation"),
            (Set("b", "9", "x", "k", "1"), "not_causal"),
            (Move("b", "9", "y", "x"), "not_causal"),
            (Set("a", "12", "x", "k", "2"), "identity_reused"),
            (Set("a", "12", "x", "k", " 1.0", " , \"transient\" : false"), null),
            (Move("b", "5", "x", "root"), null),
            (Set("b", "7", "x", "", "null"), null),
            (Set("b", "8", "x", "k", null), null),
            (Move("b", "21", "0", null), null),
            (Move("b", "22", "root", null), null),
        ];
        (int status, JsonNode answer) = await server.PutAsync(string.Join(',', cases.Select(one => one.Operation)));
        Assert.Equal(200, status);
        Assert.Equal(
            cases.Select((one, i) => $"{i} {one.Code}"),
            Enumerable.Range(0, cases.Length).Select(i => $"{i} {Rejected(answer, i)}"));
        Assert.Equal((false, 5, 1, 9), (answer["success"]!.GetValue<bool>(), answer["applied"]!.GetValue<int>(), answer["duplicates"]!.GetValue<int>(), answer["head"]!.GetValue<int>()));
        Assert.Equal("20@b", answer["rejected"]!.AsArray().Single(one => one!["index"]!.GetValue<int>() == 26)!["id"]!.GetValue<string>());
        (_, JsonNode tree) = await server.GetAsync("/spaces/plans/trees/root?deleted=true");
        Assert.Equal("root x 0", string.Join(' ', tree["vertices"]!.AsArray().Select(vertex => vertex!["id"]!.GetValue<string>())));
    }

    [Theory]
    [InlineData("""{"operations":[]}""")]
    [InlineData("""{"treeId":"root"}""")]
    [InlineData("""{"treeId":7,"operations":[]}""")]
    [InlineData("""{"treeId":"constructor","operations":[]}""")]
    [InlineData("""{"treeId":"root","operations":{}}""")]
    [InlineData("""{"treeId":"root","operations":[""")]
    public async Task A_put_that_is_not_of_its_shape_is_an_invalid_request(string body)
    {
        await using TestServer server = await StartedAsync();
        (int status, JsonNode problem) = await server.SendAsync(HttpMethod.Put, "/spaces/plans/operations", body);
        Assert.Equal((400, "invalid_request"), (status, problem["code"]!.GetValue<string>()));
    }

    [Theory]
    [InlineData("{}")]
    [InlineData("""{"stateVectors":null}""")]
    [InlineData("""{"stateVectors":[]}""")]
    [InlineData("""{"stateVectors":{"root":[]}}""")]
    [InlineData("""{"stateVectors":{"root":{"a":5}}}""")]
    [InlineData("""{"stateVectors":{"root":{"a":[[5,1]]}}}""")]
    [InlineData("""{"stateVectors":{"root":{"a":[[1,1.5]]}}}""")]
    [InlineData("""{"stateVectors":{"root":{"a":[["1",2]]}}}""")]
    [InlineData("""{"stateVectors":{"root":{"a":[[1]]}}}""")]
    [InlineData("""{"stateVectors":{"root":{"a":[[1,2,3]]}}}""")]
    [InlineData("""{"stateVectors":{"root":{"__proto__":[[1,2]]}}}""")]
    [InlineData("""{"stateVectors":{"hasOwnProperty":{}}}""")]
    [InlineData("""{"stateVectors":{"root":{}},"timeout":-1}""")]
    [InlineData("""{"stateVectors":{"root":{}},"timeout":"soon"}""")]
    [InlineData("""{"stateVectors":{"root":{}},"cursor":-1}""")]
    [InlineData("""{"stateVectors":{"root":{}},"cursor":1.5}""")]
    [InlineData("""{"cursor":1}""")]
    [InlineData("""{"stateVectors":{"root":{}},"vectors":1}""")]
    [InlineData("""{"stateVectors":{"root":{""")]
    public async Task A_sync_that_is_not_of_its_shape_is_an_invalid_request(string body)
    {
        await using TestServer server = await StartedAsync();
        (int status, JsonNode problem) = await server.SyncAsync(body);
        Assert.Equal((400, "invalid_request"), (status, problem["code"]!.GetValue<string>()));
    }

    [Theory]
    [InlineData("""{"a":[[0,1]]}""", "2@a 3@a")]
    [InlineData("""{"a":[[3,3],[1,1]]}""", "2@a")]
    [InlineData("""{"a":[[1,2],[2,3],[1,3]]}""", "")]
    [InlineData("""{"a":[[2,99999999999999999999]]}""", "1@a")]
    [InlineData("""{"zz":[[1,9]],"A.B":[[1,9]]}""", "1@a 2@a 3@a")]
    public async Task A_vector_is_a_hint_in_any_order(string vector, string sent)
    {
        await using TestServer server = await StartedAsync();
        await server.PutAsync(Move("a", "3", "x", "root"));
        (_, JsonNode answer) = await server.SyncAsync($$$"""{"stateVectors":{"root":{{{vector}}} }}""");
        Assert.Equal(sent, Ids(answer));
    }

    [Fact]
    public async Task A_write_that_lost_is_not_sent_but_stands_in_the_servers_own_vector()
    {
        await using TestServer server = await StartedAsync();
        await server.PutAsync($"{Set("a", "5", "root", "k", "1")},{Set("b", "6", "root", "k", "2")},{Set("c", "4", "root", "k", "3")}");
        (_, JsonNode answer) = await server.SyncAsync("""{"stateVectors":{"root":{"a":[[1,2]]}},"vectors":true}""");
        Assert.Equal("6@b", Ids(answer));
        Assert.Equal("""{"root":{"a":[[1,2],[5,5]],"b":[[6,6]],"c":[[4,4]]}}""", answer["stateVectors"]!.ToJsonString());
    }

    [Fact]
    public async Task A_wait_parks_beside_permanent_holes_and_is_woken_by_what_is_new()
    {
        await using TestServer server = await StartedAsync();

        // Two peers that both began empty: each has its own _c of the trash, and leaves the other's, which lost, out of its vector for ever.
        await server.PutAsync($"{Set("a", "3", "0", "_c", "1")},{Move("b", "1", "0", null)},{Set("b", "2", "0", "_c", "2")}");
        string vector = """{"stateVectors":{"root":{"a":[[1,3]],"b":[[1,1]]}},"timeout":50000}""";
        Task<(int Status, JsonNode Answer)> wait = server.SyncAsync(vector);
        await server.UntilWaitingAsync(1);
        await server.PushAsync(Note("b", "1000"));
        Assert.False(wait.IsCompleted);
        await server.PutAsync(Set("b", "7", "root", "k", "1"));
        Assert.Equal("7@b", Ids((await wait.WaitAsync(Patience)).Answer));
    }

    [Fact]
    public async Task A_wait_parks_beside_an_operation_that_is_held_back_until_what_it_needs_is_there()
    {
        await using TestServer server = await StartedAsync();
        await server.PutAsync($"{Move("b", "9", "y", "x")},{Set("b", "10", "y", "k", "1")}");
        (_, JsonNode page) = await server.GetAsync("/spaces/plans/pull");
        Assert.Equal(4, page["operations"]!.AsArray().Count);
        string epoch = page["epoch"]!.GetValue<string>();
        string vector = """{"stateVectors":{"root":{"a":[[1,2]]}},"timeout":50000}""";
        Task<(int Status, JsonNode Answer)> byVector = server.SyncAsync(vector);
        Task<(int Status, JsonNode Answer)> byCursor = server.SyncAsync($$"""{"cursor":4,"epoch":"{{epoch}}","timeout":50000}""");
        await server.UntilWaitingAsync(2);

        // A vertex that is newer than what waits for it makes nothing effective.
        await server.PutAsync(Move("c", "20", "x", "root"));
        Assert.Equal("20@c", Ids((await byVector.WaitAsync(Patience)).Answer));
        Assert.Equal("20@c", Ids((await byCursor.WaitAsync(Patience)).Answer));
        byVector = server.SyncAsync("""{"stateVectors":{"root":{"a":[[1,2]],"c":[[20,20]]}},"timeout":50000}""");
        byCursor = server.SyncAsync($$"""{"cursor":5,"epoch":"{{epoch}}","timeout":50000}""");
        await server.UntilWaitingAsync(2);
        await server.PutAsync(Move("d", "8", "x", "root"));
        Assert.Equal("8@d 9@b 10@b", Ids((await byVector.WaitAsync(Patience)).Answer));
        (_, JsonNode answer) = await byCursor.WaitAsync(Patience);
        Assert.Equal("8@d 9@b 10@b", Ids(answer));
        Assert.Equal(6, answer["cursor"]!.GetValue<int>());

        // Whoever comes later by a cursor from before gets them with what released them.
        (_, answer) = await server.SyncAsync($$"""{"cursor":5,"epoch":"{{epoch}}"}""");
        Assert.Equal("8@d 9@b 10@b", Ids(answer));
        (_, answer) = await server.SyncAsync("""{"cursor":0}""");
        Assert.Equal("1@a 2@a 8@d 9@b 10@b 20@c", Ids(answer));
    }

    [Fact]
    public async Task A_client_with_a_newer_local_edit_parks_with_its_cursor()
    {
        await using TestServer server = await StartedAsync();

        // The client holds 50@v on the same key, which the server never gets: 5@a loses to it there and never enters its vector.
        await server.PutAsync(Set("a", "5", "root", "k", "1"));
        (_, JsonNode first) = await server.SyncAsync("""{"stateVectors":{"root":{"a":[[1,2]]}},"timeout":50000}""");
        Assert.Equal("5@a", Ids(first));
        string again = $$$"""{"stateVectors":{"root":{"a":[[1,2]]}},"cursor":{{{first["cursor"]}}},"epoch":"{{{first["epoch"]}}}","timeout":50000}""";
        Task<(int Status, JsonNode Answer)> wait = server.SyncAsync(again);
        await server.UntilWaitingAsync(1);
        await server.PutAsync(Set("a", "6", "root", "other", "1"));
        Assert.Equal("6@a", Ids((await wait.WaitAsync(Patience)).Answer));
    }

    [Fact]
    public async Task A_waiting_client_that_repeats_its_vector_gets_what_is_newer_at_once_and_the_old_again_only_later()
    {
        ManualTime time = new();
        await using TestServer server = await StartAsync(null, builder => UseTime(builder, time));
        await server.MakeSpaceAsync();
        await server.PutAsync(Roots);
        await server.PutAsync(Set("a", "5", "root", "k", "1"));
        string vector = """{"clientId":"v","stateVectors":{"root":{"a":[[1,2]]}},"timeout":50000}""";
        Assert.Equal("5@a", Ids((await server.SyncAsync(vector)).Answer));
        Task<(int Status, JsonNode Answer)> wait = server.SyncAsync(vector);
        await server.UntilWaitingAsync(1);
        await server.PutAsync(Set("a", "6", "root", "other", "1"));
        Assert.Equal("6@a", Ids((await wait.WaitAsync(Patience)).Answer));

        // Without a wait it is answered in full, always.
        Assert.Equal("5@a 6@a", Ids((await server.SyncAsync(vector.Replace("50000", "0", StringComparison.Ordinal))).Answer));
        wait = server.SyncAsync(vector);
        await server.UntilWaitingAsync(1);
        time.Advance(TimeSpan.FromSeconds(1));
        Assert.Equal("5@a 6@a", Ids((await wait.WaitAsync(Patience)).Answer));

        // Another client is not concerned.
        Assert.Equal("5@a 6@a", Ids((await server.SyncAsync(vector.Replace("\"v\"", "\"w\"", StringComparison.Ordinal))).Answer));
    }

    [Fact]
    public async Task What_was_sent_before_comes_again_only_after_a_second_also_to_waits_that_are_shorter()
    {
        ManualTime time = new();
        await using TestServer server = await StartAsync(null, builder => UseTime(builder, time));
        await server.MakeSpaceAsync();
        await server.PutAsync(Roots);
        await server.PutAsync(Set("a", "5", "root", "k", "1"));
        string vector = """{"clientId":"v","stateVectors":{"root":{"a":[[1,2]]}},"timeout":400}""";
        Assert.Equal("5@a", Ids((await server.SyncAsync(vector)).Answer));
        foreach (string sent in new[] { "", "" })
        {
            Task<(int Status, JsonNode Answer)> wait = server.SyncAsync(vector);
            await server.UntilWaitingAsync(1);
            time.Advance(TimeSpan.FromMilliseconds(400));
            Assert.Equal(sent, Ids((await wait.WaitAsync(Patience)).Answer));
        }

        Task<(int Status, JsonNode Answer)> last = server.SyncAsync(vector);
        await server.UntilWaitingAsync(1);
        time.Advance(TimeSpan.FromMilliseconds(200));
        Assert.Equal("5@a", Ids((await last.WaitAsync(Patience)).Answer));
    }

    [Fact]
    public async Task A_new_tree_ends_a_wait_by_vectors_and_trees_that_were_there_do_not()
    {
        await using TestServer server = await StartedAsync();
        await server.PutAsync(Move("a", "10", "old", null), tree: "old");
        Task<(int Status, JsonNode Answer)> wait = server.SyncAsync("""{"stateVectors":{"root":{"a":[[1,2]]}},"timeout":50000}""");
        await server.UntilWaitingAsync(1);
        await server.PutAsync(Set("a", "11", "old", "k", "1"), tree: "old");
        Assert.False(wait.IsCompleted);
        await server.PutAsync(Move("a", "12", "fresh", null), tree: "fresh");
        (_, JsonNode answer) = await wait.WaitAsync(Patience);
        Assert.Equal("""["fresh","old"]""", answer["trees"]!.ToJsonString());
        Assert.Equal("{}", answer["operations"]!.ToJsonString());
    }

    [Fact]
    public async Task Answers_page_at_the_limits_and_everything_comes_once()
    {
        await using TestServer server = await StartAsync("--Limits:PageOperationsMax=7");
        await server.MakeSpaceAsync();
        await server.PutAsync(Roots);
        foreach (string peer in new[] { "a", "b", "c" })
            await server.PutAsync(string.Join(',', Enumerable.Range(3, 10).Select(clock => Move(peer, $"{clock}", $"{peer}{clock}", "root"))));

        // By vectors alone: no cursor while there is more; the vector grows.
        Dictionary<string, List<int>> have = [];
        List<string> got = [];
        JsonNode answer;
        do
        {
            string ranges = string.Join(',', have.Select(one => $"\"{one.Key}\":[{string.Join(',', one.Value.Select(clock => $"[{clock},{clock}]"))}]"));
            (_, answer) = await server.SyncAsync($$$"""{"stateVectors":{"root":{ {{{ranges}}} } } }""");
            string[] ids = Ids(answer).Split(' ');
            Assert.InRange(ids.Length, 1, 7);
            Assert.Equal(answer["hasMore"]!.GetValue<bool>(), answer["cursor"] is null);
            got.AddRange(ids);
            foreach (string[] id in ids.Select(id => id.Split('@')))
            {
                have.TryAdd(id[1], []);
                have[id[1]].Add(int.Parse(id[0], System.Globalization.CultureInfo.InvariantCulture));
            }
        }
        while (answer["hasMore"]!.GetValue<bool>());
        Assert.Equal(32, got.Distinct(StringComparer.Ordinal).Count());
        Assert.Equal(32, got.Count);

        // By cursor: in seq order, always with the cursor of the page.
        string epoch = answer["epoch"]!.GetValue<string>();
        int cursor = 0;
        got.Clear();
        do
        {
            (_, answer) = await server.SyncAsync($$"""{"cursor":{{cursor}},"epoch":"{{epoch}}"}""");
            got.AddRange(Ids(answer).Split(' '));
            cursor = answer["cursor"]!.GetValue<int>();
        }
        while (answer["hasMore"]!.GetValue<bool>());
        Assert.Equal((32, 32, 32), (cursor, got.Count, got.Distinct(StringComparer.Ordinal).Count()));
    }

    [Fact]
    public async Task Operations_that_never_resolve_are_bounded_and_harm_nobody()
    {
        await using TestServer server = await StartedAsync();
        JsonNode answer = new JsonObject();
        for (int first = 100; first < 2_100; first += 500)
            (_, answer) = await server.PutAsync(string.Join(',', Enumerable.Range(first, 500).Select(clock => Move("m", $"{clock}", $"v{clock}", "nowhere"))));
        Assert.Equal((0, 500), (answer["applied"]!.GetValue<int>(), answer["rejected"]!.AsArray().Count));
        Assert.All(answer["rejected"]!.AsArray(), one => Assert.Equal("quota_exceeded", one!["code"]!.GetValue<string>()));
        (_, answer) = await server.PutAsync(Move("a", "3", "x", "root"));
        Assert.True(answer["success"]!.GetValue<bool>());
        (_, answer) = await server.SyncAsync("""{"stateVectors":{"root":{}}}""");
        Assert.Equal("1@a 2@a 3@a", Ids(answer));

        // When what they waited for is there, they count, and there is room again.
        await server.PutAsync(Move("a", "4", "nowhere", "root"));
        (_, answer) = await server.PutAsync(Move("m", "5000", "v5000", "elsewhere"));
        Assert.True(answer["success"]!.GetValue<bool>());
        Assert.Equal(1_003, (await server.GetAsync("/spaces/plans/trees")).Answer["trees"]![0]!["vertices"]!.GetValue<int>());
    }

    [Fact]
    public async Task Transient_operations_are_counted_and_leave_nothing()
    {
        await using TestServer server = await StartedAsync();
        (_, JsonNode answer) = await server.PutAsync(
            $"{Set("a", "3", "root", "draft", "1", ",\"transient\":true")},{Set("a", "1", "root", "draft", "1", ",\"transient\":true")}");
        Assert.Equal((1, 2), (answer["applied"]!.GetValue<int>(), answer["head"]!.GetValue<int>()));
        Assert.Equal("identity_reused", Rejected(answer, 1));
        Assert.Equal("1@a 2@a", Ids((await server.SyncAsync("""{"stateVectors":{"root":{}}}""")).Answer));

        // By native push it is no operation of the log.
        string payload = """{"id":{"counter":4,"peerId":"a"},"targetId":"root","key":"draft","value":1,"transient":true}""";
        (_, answer) = await server.PushAsync(Note("a", "4", payload).Replace("note", "tree", StringComparison.Ordinal).Replace("\"r\"", "\"root\"", StringComparison.Ordinal));
        Assert.Equal("invalid_operation", Result(answer, 0));
    }

    [Fact]
    public async Task What_is_pushed_natively_is_synced_and_what_is_put_is_pulled()
    {
        await using TestServer server = await StartedAsync();
        string payload = """{"id":{"counter":3,"peerId":"a"},"targetId":"x","parentId":"root"}""";
        string operation = $$"""{"scope":"tree","resourceId":"root","actor":"a","clock":3,"payload":{{payload}}}""";
        Assert.Equal("accepted", Result((await server.PushAsync(operation)).Answer, 0));
        Assert.Equal("invalid_operation", Result((await server.PushAsync(operation.Replace("\"clock\":3", "\"clock\":4", StringComparison.Ordinal))).Answer, 0));
        Assert.Equal("1@a 2@a 3@a", Ids((await server.SyncAsync("""{"stateVectors":{"root":{}}}""")).Answer));
        (_, JsonNode answer) = await server.PutAsync($$"""{"operation":{{payload}}}""");
        Assert.Equal(1, answer["duplicates"]!.GetValue<int>());
        (_, JsonNode page) = await server.GetAsync("/spaces/plans/pull?scope=tree&resourceId=root");
        Assert.Equal(3, page["operations"]!.AsArray().Count);
    }

    [Fact]
    public async Task Deleted_vertices_are_shown_on_demand_and_siblings_stand_in_one_order()
    {
        await using TestServer server = await StartedAsync();
        await server.PutAsync(string.Join(
            ',',
            Move("a", "3", "late", "root"),
            Set("a", "4", "late", "_c", "\"2026-01-01T00:00:00.002Z\""),
            Move("a", "5", "early", "root"),
            Set("a", "6", "early", "_c", "\"2026-01-01T00:00:00.001999999Z\""),
            Move("a", "7", "plain2", "root"),
            Move("a", "8", "plain1", "root"),
            Set("a", "9", "plain1", "_c", "\"yesterday\""),
            Move("a", "10", "child", "early"),
            Move("a", "11", "gone", "root"),
            Move("a", "12", "gone", "0")));
        (_, JsonNode tree) = await server.GetAsync("/spaces/plans/trees/root");
        Assert.Equal("root plain2 plain1 early child late", Order(tree));
        (_, tree) = await server.GetAsync("/spaces/plans/trees/root?deleted=true");
        Assert.Equal("root plain2 plain1 early child late 0 gone", Order(tree));
        Assert.Equal(12, tree["seq"]!.GetValue<int>());
        (_, JsonNode trees) = await server.GetAsync("/spaces/plans/trees");
        Assert.Equal("""{"trees":[{"treeId":"root","vertices":6,"head":12}]}""", trees.ToJsonString());
        Assert.Equal(404, (await server.GetAsync("/spaces/plans/trees/none")).Status);
        Assert.Equal(404, (await server.GetAsync("/spaces/plans/trees/constructor")).Status);
        Assert.Equal(400, (await server.GetAsync("/spaces/plans/trees/root?deleted=perhaps")).Status);
    }

    private static string Order(JsonNode tree) => string.Join(' ', tree["vertices"]!.AsArray().Select(vertex => vertex!["id"]!.GetValue<string>()));

    private static async Task<TestServer> StartedAsync()
    {
        TestServer server = await StartAsync();
        await server.MakeSpaceAsync();
        (_, JsonNode answer) = await server.PutAsync(Roots);
        Assert.True(answer["success"]!.GetValue<bool>());
        return server;
    }
}
