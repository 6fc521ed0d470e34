using System.Text.Json;
using System.Text.Json.Nodes;
using LibSqlite;
using Microsoft.Extensions.DependencyInjection;
using Syncline.Conformance.InMemory;
using Syncline.Core.Operations;
using Syncline.Engine.Spaces;
using Syncline.Engine.Storage;
using Syncline.Engine.Writing;
using Syncline.Tests.Engine;
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

    [Fact]
    public async Task The_data_set_is_a_space_like_any_of_its_owner()
    {
        await using TestServer server = await StartAsync("--Auth:Mode=Local");
        string ann = await server.RegisterAsync("ann");
        string ben = await server.RegisterAsync("ben");
        (int Status, JsonNode Answer)[] first = await Task.WhenAll(Enumerable.Range(1, 6).Select(_ => server.GetAsync("/sync/bootstrap", ann)));
        Assert.Single(first.Select(one => Key(one.Answer)).Distinct());
        string space = await PersonalSpaceAsync(server, ann);
        await PushAsync(server, Op("a", 1), token: ann);
        Assert.Equal(404, (await server.GetAsync($"/spaces/{space}/pull", ben)).Status);
        (_, JsonNode page) = await server.GetAsync($"/spaces/{space}/pull?after=0", ann);
        Assert.Equal("list", page["operations"]![0]!["scope"]!.GetValue<string>());

        // Others speak the native protocol on it, and have a data set of their own.
        await server.SendAsync(HttpMethod.Put, $"/spaces/{space}/members/ben", """{"role":"owner"}""", ann);
        Assert.Equal(200, (await server.PushAsync(Note("b", "1"), space, ben)).Status);
        Assert.Empty((await server.GetAsync("/sync/bootstrap", ben)).Answer["ops"]!.AsArray());
        Assert.Equal(2, (await server.GetAsync("/sync/bootstrap", ann)).Answer["ops"]!.AsArray().Count);
        await server.SendAsync(HttpMethod.Put, $"/spaces/{space}/members/ann", """{"role":"editor"}""", ben);
        Assert.Equal((403, "forbidden"), Code(await server.GetAsync("/sync/bootstrap", ann)));
        await server.SendAsync(HttpMethod.Put, $"/spaces/{space}/members/ann", """{"role":"owner"}""", ben);

        Assert.Equal(204, (await server.SendAsync(HttpMethod.Delete, $"/spaces/{space}", token: ann)).Status);
        (_, JsonNode anew) = await server.GetAsync("/sync/bootstrap", ann);
        Assert.NotEqual(Key(first[0].Answer), Key(anew));
        Assert.Empty(anew["ops"]!.AsArray());
    }

    [Fact]
    public async Task The_data_set_counts_as_one_of_the_users_spaces()
    {
        await using TestServer server = await StartAsync("--Limits:SpacesPerUserMax=1");
        await server.MakeSpaceAsync();
        (int status, JsonNode problem) = await server.GetAsync("/sync/bootstrap");
        Assert.Equal((429, "quota_exceeded"), (status, problem["code"]!.GetValue<string>()));
        Assert.Equal(204, (await server.SendAsync(HttpMethod.Delete, "/spaces/plans")).Status);
        Assert.Equal(200, (await server.GetAsync("/sync/bootstrap")).Status);
    }

    [Fact]
    public async Task A_push_is_limited_by_its_bytes_and_not_by_its_count_and_may_be_repeated()
    {
        await using TestServer server = await StartAsync("--Limits:PushOperationsMax=10", "--Limits:BodyBytesMax=20000");
        string operations = string.Join(',', Enumerable.Range(1, 95).Select(clock => clock % 20 == 0 ? "null" : Op("a", clock)));
        (int status, JsonNode answer) = await PushAsync(server, operations);
        Assert.Equal(200, status);
        Assert.Equal(91, answer["serverSeq"]!.GetValue<int>());
        JsonArray results = answer["results"]!.AsArray();
        Assert.Equal(95, results.Count);
        long seq = 0;
        for (int i = 0; i < results.Count; i++)
        {
            Assert.Equal((i + 1) % 20 == 0 ? "invalid_operation" : "accepted", Result(answer, i));
            if ((i + 1) % 20 != 0)
                Assert.Equal(++seq, results[i]!["seq"]!.GetValue<long>());
        }

        (_, JsonNode again) = await PushAsync(server, operations);
        Assert.Equal(
            results.Select(result => result!["seq"]?.GetValue<long>()), again["results"]!.AsArray().Select(result => result!["seq"]?.GetValue<long>()));
        Assert.Equal(91, again["results"]!.AsArray().Count(result => result!["status"]!.GetValue<string>() == "duplicate"));
        (status, JsonNode problem) = await PushAsync(server, Op("a", 200, $"\"{new string('x', 20_000)}\""));
        Assert.Equal((413, "payload_too_large"), (status, problem["code"]!.GetValue<string>()));
        Assert.Equal(problem["detail"]!.GetValue<string>(), problem["error"]!.GetValue<string>());
        (status, answer) = await PushAsync(server, "");
        Assert.Equal((200, 91, 0), (status, answer["serverSeq"]!.GetValue<int>(), answer["results"]!.AsArray().Count));
    }

    [Fact]
    public async Task Results_for_which_there_is_no_room_are_no_reason_to_lose_anything()
    {
        await using TestServer server = await StartAsync("--Limits:BodiesPerUserBytesMax=300000");
        (int status, JsonNode problem) = await PushAsync(server, string.Join(',', Enumerable.Repeat("0", 30_000)));
        Assert.Equal((429, "rate_limited"), (status, problem["code"]!.GetValue<string>()));
        Assert.Equal(200, (await PushAsync(server, Op("a", 1))).Status);
    }

    [Fact]
    public async Task Members_that_the_protocol_does_not_know_mean_nothing()
    {
        await using TestServer server = await StartAsync();
        string more = ",\"tx\":7,\"key\":[],\"serverSeq\":99,\"id\":\"x\"";
        (int status, JsonNode answer) = await server.SendAsync(
            HttpMethod.Post,
            "/sync/push",
            $$"""{"ops":[{{Op("a", 1, more: more)}},{{Op("a", 1)}}],"device":{},"clientId":"c","datasetGenerationKey":null,"lastServerSeq":5}""");
        Assert.Equal(200, status);
        Assert.Equal(["accepted", "duplicate"], [Result(answer, 0), Result(answer, 1)]);
        Assert.Equal(200, (await server.GetAsync("/sync/pull?since=0&clientId=c&device=x&datasetGenerationKey=")).Status);
        Assert.Equal(200, (await server.GetAsync("/sync/bootstrap?clientId=c&since=4")).Status);
        Assert.Equal(200, (await ResetAsync(server, """{"clientId":"c","datasetGenerationKey":"k","snapshot":"s","extra":1}""")).Status);
    }

    [Theory]
    [InlineData("POST", "/sync/push", "{\"ops\":[]}", 400)]
    [InlineData("POST", "/sync/push", "{\"clientId\":null,\"ops\":[]}", 400)]
    [InlineData("POST", "/sync/push", "{\"clientId\":\" \",\"ops\":[]}", 400)]
    [InlineData("POST", "/sync/push", "{\"clientId\":\"c\"}", 400)]
    [InlineData("POST", "/sync/push", "{\"clientId\":\"c\",\"ops\":{}}", 400)]
    [InlineData("POST", "/sync/push", "{\"clientId\":\"c\",\"ops\":[],\"datasetGenerationKey\":1}", 400)]
    [InlineData("POST", "/sync/push", "[]", 400)]
    [InlineData("POST", "/sync/push", "{\"clientId\":\"c\",\"ops\":[1,}", 400)]
    [InlineData("GET", "/sync/pull?clientId=c", null, 400)]
    [InlineData("GET", "/sync/pull?since=0", null, 400)]
    [InlineData("GET", "/sync/pull?since=-1&clientId=c", null, 400)]
    [InlineData("GET", "/sync/pull?since=&clientId=c", null, 400)]
    [InlineData("GET", "/sync/pull?since=x&clientId=c", null, 400)]
    [InlineData("GET", "/sync/pull?since=0&clientId=c&limit=-1", null, 400)]
    [InlineData("POST", "/sync/reset", "{\"datasetGenerationKey\":\"k\",\"snapshot\":\"\"}", 400)]
    [InlineData("POST", "/sync/reset", "{\"clientId\":\"c\",\"datasetGenerationKey\":\"\"}", 400)]
    [InlineData("POST", "/sync/reset", "{\"clientId\":\"c\",\"datasetGenerationKey\":\"k\",\"snapshot\":{}}", 400)]
    [InlineData("GET", "/sync/nothing", null, 404)]
    [InlineData("GET", "/sync/push", null, 405)]
    public async Task An_error_says_what_it_is_in_both_ways(string method, string path, string? body, int expected)
    {
        await using TestServer server = await StartAsync();
        (int status, JsonNode problem) = await server.SendAsync(new HttpMethod(method), path, body);
        Assert.Equal(expected, status);
        Assert.Equal(
            expected switch { 400 => "invalid_request", 404 => "not_found", _ => "method_not_allowed" }, problem["code"]!.GetValue<string>());
        Assert.Equal(problem["detail"]!.GetValue<string>(), problem["error"]!.GetValue<string>());
        Assert.Null((await server.GetAsync("/spaces/nothing")).Answer["error"]);
    }

    [Fact]
    public async Task A_key_has_128_characters_at_most()
    {
        await using TestServer server = await StartAsync();
        Assert.Equal(400, (await ResetAsync(server, $$"""{"clientId":"c","datasetGenerationKey":"{{new string('k', 129)}}"}""")).Status);
        string longest = new('é', 128);
        Assert.Equal(200, (await ResetAsync(server, $$"""{"clientId":"c","datasetGenerationKey":"{{longest}}"}""")).Status);
        Assert.Equal(200, (await server.GetAsync($"/sync/pull?since=0&clientId=c&datasetGenerationKey={Uri.EscapeDataString(longest)}")).Status);
    }

    [Fact]
    public async Task A_pull_is_cut_into_pages_whose_serverSeq_is_the_cursor_to_go_on_from()
    {
        await using TestServer server = await StartAsync("--Limits:PageOperationsMax=4");
        await PushAsync(server, string.Join(',', Enumerable.Range(1, 10).Select(clock => Op("a", clock))));
        List<long> seqs = [];
        long since = 0;
        foreach ((string limit, int count) in new[] { ("", 4), ("&limit=99", 4), ("&limit=1", 1), ("&limit=0", 1) })
        {
            (_, JsonNode page) = await server.GetAsync($"/sync/pull?since={since}&clientId=c{limit}");
            Assert.Equal(count, page["ops"]!.AsArray().Count);
            seqs.AddRange(page["ops"]!.AsArray().Select(one => one!["serverSeq"]!.GetValue<long>()));
            since = page["serverSeq"]!.GetValue<long>();
            Assert.Equal((seqs[^1], seqs.Count < 10), (since, page["hasMore"]!.GetValue<bool>()));
        }

        Assert.Equal(Enumerable.Range(1, 10).Select(seq => (long)seq), seqs);
        (_, JsonNode all) = await server.GetAsync("/sync/bootstrap");
        Assert.Equal(seqs, all["ops"]!.AsArray().Select(one => one!["serverSeq"]!.GetValue<long>()));
        Assert.Equal(10, all["serverSeq"]!.GetValue<int>());
    }

    [Fact]
    public async Task A_reset_begins_the_data_set_anew_and_the_old_key_is_stale_everywhere()
    {
        await using TestServer server = await StartAsync();
        string old = Key((await server.GetAsync("/sync/bootstrap")).Answer);
        await PushAsync(server, $"{Op("a", 5)},{Op("a", 6)}", old);
        string snapshot = """{"lists":["é😀\"/"]}""";
        (int status, JsonNode reset) = await ResetAsync(
            server, $$"""{"clientId":"c","datasetGenerationKey":"mine","snapshot":{{Quote(snapshot)}},"expectedGenerationKey":"{{old}}"}""");
        Assert.Equal(200, status);
        long begin = reset["serverSeq"]!.GetValue<long>();
        Assert.Equal(("mine", true), (Key(reset), begin >= 2));

        foreach ((int stale, JsonNode problem) in new[]
        {
            await PushAsync(server, Op("a", 7), old),
            await server.GetAsync($"/sync/pull?since=2&clientId=c&datasetGenerationKey={old}"),
            await server.GetAsync($"/sync/pull?since=0&clientId=c&datasetGenerationKey={old}"),
            await ResetAsync(server, $$"""{"clientId":"d","datasetGenerationKey":"other","snapshot":"","expectedGenerationKey":"{{old}}"}"""),
            // Without a key: cursors of the old generation, up to its end, and one ahead of everything.
            await server.GetAsync("/sync/pull?since=1&clientId=c"),
            await server.GetAsync("/sync/pull?since=2&clientId=c"),
            await server.GetAsync($"/sync/pull?since={begin + 1}&clientId=c"),
            await server.GetAsync($"/sync/pull?since={long.MaxValue}&clientId=c&datasetGenerationKey=mine"),
        })
        {
            Assert.Equal((409, "stale_generation"), (stale, problem["code"]!.GetValue<string>()));
            Assert.Equal(("mine", snapshot), (Key(problem), problem["snapshot"]!.GetValue<string>()));
            Assert.Equal(problem["detail"]!.GetValue<string>(), problem["error"]!.GetValue<string>());
        }

        // The same again, after a lost reply; its identities are forgotten, so what is pushed again is accepted anew; seqs go on rising.
        Assert.Equal(reset.ToJsonString(), (await ResetAsync(
            server, $$"""{"clientId":"c","datasetGenerationKey":"mine","snapshot":{{Quote(snapshot)}},"expectedGenerationKey":"{{old}}"}""")).Answer.ToJsonString());
        (_, JsonNode pushed) = await PushAsync(server, Op("a", 5, "\"other\""), "mine");
        Assert.Equal($$"""[{"status":"accepted","seq":{{begin + 1}}}]""", pushed["results"]!.ToJsonString());
        Assert.Equal(reset.ToJsonString(), (await ResetAsync(
            server, $$"""{"clientId":"c","datasetGenerationKey":"mine","snapshot":{{Quote(snapshot)}}}""")).Answer.ToJsonString());
        foreach (string query in new[] { "since=0", $"since={begin}", $"since={begin}&datasetGenerationKey=mine" })
        {
            (_, JsonNode page) = await server.GetAsync($"/sync/pull?clientId=c&{query}");
            Assert.Equal([begin + 1], page["ops"]!.AsArray().Select(one => one!["serverSeq"]!.GetValue<long>()));
            Assert.Equal((begin + 1, "mine"), (page["serverSeq"]!.GetValue<long>(), Key(page)));
        }

        (_, JsonNode all) = await server.GetAsync("/sync/bootstrap");
        Assert.Equal(("mine", snapshot, begin + 1), (Key(all), all["snapshot"]!.GetValue<string>(), all["serverSeq"]!.GetValue<long>()));
        Assert.Equal("other", Assert.Single(all["ops"]!.AsArray())!["payload"]!.GetValue<string>());
    }

    [Fact]
    public async Task A_key_that_was_used_before_or_has_another_snapshot_is_taken()
    {
        await using TestServer server = await StartAsync();
        string first = Key((await server.GetAsync("/sync/bootstrap")).Answer);
        await ResetAsync(server, """{"clientId":"c","datasetGenerationKey":"k1","snapshot":"one"}""");
        foreach (string body in new[]
        {
            """{"clientId":"c","datasetGenerationKey":"k1","snapshot":"two"}""",
            """{"clientId":"c","datasetGenerationKey":"k1"}""",
            """{"clientId":"c","snapshot":"two"}""",
            $$"""{"clientId":"c","datasetGenerationKey":"{{first}}","snapshot":"one"}""",
            $$"""{"clientId":"c","datasetGenerationKey":"{{first}}","snapshot":"one","expectedGenerationKey":"k1"}""",
        })
        {
            (int status, JsonNode problem) = await ResetAsync(server, body);
            Assert.Equal((409, "name_taken"), (status, problem["code"]!.GetValue<string>()));
            Assert.NotEmpty(problem["error"]!.GetValue<string>());
        }

        // An absent key is the present one.
        Assert.Equal("k1", Key((await ResetAsync(server, """{"clientId":"c","snapshot":"one"}""")).Answer));
        Assert.Equal("one", (await server.GetAsync("/sync/bootstrap")).Answer["snapshot"]!.GetValue<string>());
    }

    [Fact]
    public async Task A_reset_ends_native_waits_and_native_cursors_begin_anew()
    {
        await using TestServer server = await StartAsync();
        await PushAsync(server, $"{Op("a", 1)},{Op("a", 2)}");
        string space = await PersonalSpaceAsync(server);
        string epoch = (await server.GetAsync($"/spaces/{space}")).Answer["epoch"]!.GetValue<string>();
        Task<(int Status, JsonNode Answer)> waiting = server.GetAsync($"/spaces/{space}/pull?after=2&epoch={epoch}&wait=50");
        await server.UntilWaitingAsync(1);
        await ResetAsync(server, """{"clientId":"c","datasetGenerationKey":"k","snapshot":""}""");
        (int status, JsonNode problem) = await waiting.WaitAsync(TimeSpan.FromSeconds(20));
        Assert.Equal((410, "resync_required"), (status, problem["code"]!.GetValue<string>()));
        Assert.Equal(0, problem["previous"]!["sharedUpTo"]!.GetValue<int>());
        (_, JsonNode nothing) = await server.GetAsync($"/spaces/{space}/pull?after=0");
        Assert.Empty(nothing["operations"]!.AsArray());
        Assert.Equal(nothing["head"]!.GetValue<long>(), nothing["cursor"]!.GetValue<long>());
        await PushAsync(server, Op("a", 1));
        (_, JsonNode page) = await server.GetAsync($"/spaces/{space}/pull?after={nothing["cursor"]}&epoch={nothing["epoch"]}");
        Assert.Equal(nothing["cursor"]!.GetValue<long>() + 1, Assert.Single(page["operations"]!.AsArray())!["seq"]!.GetValue<long>());
    }

    [Fact]
    public async Task A_snapshot_of_megabytes_comes_back_as_it_was()
    {
        await using TestServer server = await StartAsync();
        string snapshot = string.Concat(Enumerable.Repeat("\"é😀\0x", 150_000));
        Assert.Equal(200, (await ResetAsync(server, $$"""{"clientId":"c","datasetGenerationKey":"k","snapshot":{{Quote(snapshot)}}}""")).Status);
        Assert.Equal(snapshot, (await server.GetAsync("/sync/bootstrap")).Answer["snapshot"]!.GetValue<string>());
        (int status, JsonNode problem) = await PushAsync(server, Op("a", 1), "stale");
        Assert.Equal((409, snapshot), (status, problem["snapshot"]!.GetValue<string>()));
    }

    [Fact]
    public async Task A_push_whose_later_part_cannot_be_stored_is_repeated_as_a_whole()
    {
        StoreAround store = new(new InMemorySpaceStore());
        await using TestServer server = await StartAsync(null, builder => builder.Services.AddSingleton<ISpaceStore>(store), "--Limits:PushOperationsMax=2");
        int appends = 0;
        store.BeforeAppend = () => ++appends == 2 ? throw new StoreUnavailableException("The test's.", outcomeUnknown: false) : Task.CompletedTask;
        string operations = string.Join(',', Enumerable.Range(1, 5).Select(clock => Op("a", clock)));
        (int status, JsonNode problem) = await PushAsync(server, operations);
        Assert.Equal((503, "unavailable", true), (status, problem["code"]!.GetValue<string>(), problem["retryable"]!.GetValue<bool>()));
        (status, JsonNode answer) = await PushAsync(server, operations);
        Assert.Equal(200, status);
        Assert.Equal(["duplicate", "duplicate", "accepted", "accepted", "accepted"], Enumerable.Range(0, 5).Select(i => Result(answer, i)));
        Assert.Equal([1, 2, 3, 4, 5], answer["results"]!.AsArray().Select(result => result!["seq"]!.GetValue<int>()));
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task A_push_is_never_taken_half_before_and_half_after_a_reset(bool withKey)
    {
        StoreAround store = new(new InMemorySpaceStore());
        await using TestServer server = await StartAsync(null, builder => builder.Services.AddSingleton<ISpaceStore>(store), "--Limits:PushOperationsMax=2");
        string key = Key((await server.GetAsync("/sync/bootstrap")).Answer);
        await using LiveSpaces.Lease lease = (await server.Get<LiveSpaces>().UseAsync(new SpaceId(await PersonalSpaceAsync(server)), default))!;
        Task<GenerationOutcome>? reset = null;
        store.BeforeAppend = () =>
        {
            // Queued behind the round that appends, before the push's next part.
            reset ??= lease.Space.ResetAsync(new UserId("local"), "next", "snapshot", expected: null, default).AsTask();
            return Task.CompletedTask;
        };
        string operations = string.Join(',', Enumerable.Range(1, 4).Select(clock => Op("a", clock)));
        (int status, JsonNode problem) = await PushAsync(server, operations, withKey ? key : null);
        Assert.IsType<GenerationOutcome.Present>(await reset!);
        if (withKey)
            Assert.Equal((409, "next", "snapshot"), (status, Key(problem), problem["snapshot"]!.GetValue<string>()));
        else
            Assert.Equal((503, true), (status, problem["retryable"]!.GetValue<bool>()));
        Assert.Empty((await server.GetAsync("/sync/bootstrap")).Answer["ops"]!.AsArray());
        Assert.Equal(200, (await PushAsync(server, operations)).Status);
        Assert.Equal(4, (await server.GetAsync("/sync/bootstrap")).Answer["ops"]!.AsArray().Count);
    }

    [Fact]
    public async Task A_bootstrap_during_which_the_data_set_begins_anew_is_seen_to_fail()
    {
        StoreAround store = new(new InMemorySpaceStore());
        await using TestServer server = await StartAsync(null, builder => builder.Services.AddSingleton<ISpaceStore>(store), "--Limits:PageOperationsMax=2");
        await PushAsync(server, string.Join(',', Enumerable.Range(1, 9).Select(clock => Op("a", clock))));
        await RestartOfFeedAsync(server);
        int reads = 0;
        store.AfterRead = async _ =>
        {
            if (++reads == 3)
                Assert.Equal(200, (await ResetAsync(server, """{"clientId":"c","datasetGenerationKey":"next","snapshot":"new"}""")).Status);
        };
        await Assert.ThrowsAnyAsync<Exception>(() => server.Http.GetStringAsync("/sync/bootstrap"));
        Assert.Equal(3, reads);
        (_, JsonNode all) = await server.GetAsync("/sync/bootstrap");
        Assert.Equal(("next", "new", 0), (Key(all), all["snapshot"]!.GetValue<string>(), all["ops"]!.AsArray().Count));
    }

    [Fact]
    public async Task A_bootstrap_is_as_of_one_head_and_what_comes_meanwhile_is_pulled_after_it()
    {
        StoreAround store = new(new InMemorySpaceStore());
        await using TestServer server = await StartAsync(null, builder => builder.Services.AddSingleton<ISpaceStore>(store), "--Limits:PageOperationsMax=2");
        await PushAsync(server, string.Join(',', Enumerable.Range(1, 4).Select(clock => Op("a", clock))));
        await RestartOfFeedAsync(server);
        int reads = 0;
        store.AfterRead = async _ =>
        {
            if (++reads == 1)
                Assert.Equal(200, (await PushAsync(server, $"{Op("b", 1)},{Op("b", 2)},{Op("b", 3)}")).Status);
        };
        (_, JsonNode all) = await server.GetAsync("/sync/bootstrap");
        Assert.Equal(4, all["serverSeq"]!.GetValue<int>());
        Assert.Equal([1, 2, 3, 4], all["ops"]!.AsArray().Select(one => one!["serverSeq"]!.GetValue<int>()));
        (_, JsonNode page) = await server.GetAsync("/sync/pull?since=4&clientId=c");
        Assert.Equal([5, 6], page["ops"]!.AsArray().Select(one => one!["serverSeq"]!.GetValue<int>()));
    }

    [Fact]
    public async Task Owners_see_how_far_clients_have_read_by_whichever_door()
    {
        ManualTime time = new();
        await using TestServer server = await StartAsync(null, builder => UseTime(builder, time));
        await PushAsync(server, string.Join(',', Enumerable.Range(1, 5).Select(clock => Op("a", clock))));
        string space = await PersonalSpaceAsync(server);
        string epoch = (await server.GetAsync($"/spaces/{space}")).Answer["epoch"]!.GetValue<string>();
        await server.GetAsync("/sync/pull?since=2&clientId=phone");
        time.Advance(TimeSpan.FromSeconds(1));
        await server.GetAsync($"/spaces/{space}/pull?after=5&epoch={epoch}&clientId=laptop");
        time.Advance(TimeSpan.FromSeconds(1));
        await server.SyncAsync($$"""{"cursor":4,"epoch":"{{epoch}}","clientId":"tablet"}""", space);
        await server.GetAsync($"/spaces/{space}/pull?after=9&epoch={epoch}&clientId=ahead");
        await server.GetAsync($"/spaces/{space}/pull?after=1&epoch={epoch}");
        (int status, JsonNode answer) = await server.GetAsync($"/spaces/{space}/clients");
        Assert.Equal(200, status);
        Assert.Equal(
            """{"clients":[{"clientId":"tablet","userId":"local","cursor":4,"lag":1,"seenAt":"2030-01-01T12:00:02.000Z"},{"clientId":"laptop","userId":"local","cursor":5,"lag":0,"seenAt":"2030-01-01T12:00:01.000Z"},{"clientId":"phone","userId":"local","cursor":2,"lag":3,"seenAt":"2030-01-01T12:00:00.000Z"}],"head":5}""",
            answer.ToJsonString());
    }

    [Fact]
    public async Task A_cursor_that_cannot_be_served_is_not_shown_whichever_door_it_came_by()
    {
        await using TestServer server = await StartAsync();
        await PushAsync(server, Op("a", 1));
        string space = await PersonalSpaceAsync(server);
        string epoch = (await server.GetAsync($"/spaces/{space}")).Answer["epoch"]!.GetValue<string>();
        Assert.Equal(410, (await server.GetAsync($"/spaces/{space}/pull?after=9&epoch={epoch}&clientId=pull")).Status);
        Assert.Equal(410, (await server.SyncAsync($$"""{"cursor":9,"epoch":"{{epoch}}","clientId":"trees"}""", space)).Status);
        Assert.Equal(410, (await server.SyncAsync("""{"cursor":1,"epoch":"another","clientId":"trees-too"}""", space)).Status);
        Assert.Equal(409, (await server.GetAsync("/sync/pull?since=9&clientId=lists")).Status);
        Assert.Empty((await server.GetAsync($"/spaces/{space}/clients")).Answer["clients"]!.AsArray());
    }

    [Fact]
    public async Task A_token_of_a_user_that_the_restored_accounts_do_not_know_is_no_good()
    {
        await using TestServer server = await StartAsync("--Auth:Mode=Local");
        string ann = await server.RegisterAsync("ann");
        using (SqliteConnection accounts = SqliteConnection.Open(Path.Combine(server.Data, "platform.sqlite"), SqliteOpenMode.ReadWrite))
            accounts.Execute("DELETE FROM users");
        Assert.Equal((401, "unauthenticated"), Code(await server.GetAsync("/sync/bootstrap", ann)));
        Assert.Equal((401, "unauthenticated"), Code(await server.SendAsync(HttpMethod.Post, "/spaces", """{"id":"plans","name":"Plans"}""", ann)));
        Assert.Null(await server.Get<ISpaceStore>().ReadHeadAsync(new SpaceId("plans"), default));
    }

    // What is read from now on comes from the store, as when the space was cold.
    private static async Task RestartOfFeedAsync(TestServer server)
    {
        LiveSpaces spaces = server.Get<LiveSpaces>();
        await using LiveSpaces.Lease lease = (await spaces.UseAsync(new SpaceId(await PersonalSpaceAsync(server)), default))!;
        lease.Space.Feed.Replace(lease.Space.Feed.Now.Head);
    }

    private static async Task<string> PersonalSpaceAsync(TestServer server, string? token = null)
    {
        JsonNode space = (await server.GetAsync("/spaces", token)).Answer["spaces"]!.AsArray().Single(one => one!["name"]!.GetValue<string>() == "Personal")!;
        Assert.Equal("owner", space["role"]!.GetValue<string>());
        return space["id"]!.GetValue<string>();
    }

    private static Task<(int Status, JsonNode Answer)> ResetAsync(TestServer server, string body) =>
        server.SendAsync(HttpMethod.Post, "/sync/reset", body);

    private static string Quote(string text) => JsonSerializer.Serialize(text);

    private static (int Status, string Code) Code((int Status, JsonNode Answer) response) =>
        (response.Status, response.Answer["code"]!.GetValue<string>());

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
