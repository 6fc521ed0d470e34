using System.IO.Compression;
using System.Net.Http.Headers;
using System.Text;
using System.Text.Json.Nodes;
using Syncline.Core.Operations;
using static Syncline.Tests.Doors.TestServer;

namespace Syncline.Tests.Doors;

public sealed class LogDoorTests
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(20);

    [Fact]
    public async Task What_is_pushed_is_pulled_as_it_was_written()
    {
        await using TestServer server = await StartAsync();
        string epoch = await server.MakeSpaceAsync();
        string payload = """{ "b" : 1.50, "a":"\u00e9\/ é", "big":123456789012345678901234567890, "nested":[{},null,true] }""";
        (int status, JsonNode answer) = await server.PushAsync($"{Note("a-1", "1", payload)},{Note("a-1", "2", "null", ",\"tx\":\"t\",\"key\":\"k\"")}");
        Assert.Equal(200, status);
        Assert.Equal("""[{"status":"accepted","seq":1},{"status":"accepted","seq":2}]""", answer["results"]!.ToJsonString());
        Assert.Equal((epoch, 2), (answer["epoch"]!.GetValue<string>(), answer["head"]!.GetValue<int>()));

        string text = await server.Http.GetStringAsync("/spaces/plans/pull?after=0");
        Assert.Contains($"\"payload\":{payload}", text, StringComparison.Ordinal);
        JsonNode page = JsonNode.Parse(text)!;
        Assert.Equal((2, 2, false), (page["cursor"]!.GetValue<int>(), page["head"]!.GetValue<int>(), page["hasMore"]!.GetValue<bool>()));
        JsonNode second = page["operations"]![1]!;
        Assert.Equal(("t", "k", "local"), (second["tx"]!.GetValue<string>(), second["key"]!.GetValue<string>(), second["userId"]!.GetValue<string>()));
        OperationDigest digest = OperationDigest.Empty.Add(Id("a-1", 1)).Add(Id("a-1", 2));
        Assert.Equal(digest.ToString(), page["digest"]!.GetValue<string>());

        (_, JsonNode rest) = await server.GetAsync($"/spaces/plans/pull?after=1&epoch={epoch}&limit=1");
        Assert.Equal("2", string.Join(' ', rest["operations"]!.AsArray().Select(one => one!["seq"]!.GetValue<int>())));
        (_, JsonNode nothing) = await server.GetAsync($"/spaces/plans/pull?after=2&epoch={epoch}");
        Assert.Empty(nothing["operations"]!.AsArray());
        Assert.Equal(digest.ToString(), nothing["digest"]!.GetValue<string>());
    }

    [Fact]
    public async Task A_wait_is_answered_by_what_comes_and_only_by_what_is_selected()
    {
        await using TestServer server = await StartAsync();
        string epoch = await server.MakeSpaceAsync();
        Task<(int, JsonNode)> all = server.GetAsync($"/spaces/plans/pull?after=0&wait=50");
        Task<(int, JsonNode)> some = server.GetAsync($"/spaces/plans/pull?after=0&wait=50&scope=wanted&scope=other&resourceId=r");
        await server.PushAsync(Note("a", "1"));
        (_, JsonNode answer) = await all.WaitAsync(Patience);
        Assert.Single(answer["operations"]!.AsArray());
        Assert.False(some.IsCompleted);
        await server.PushAsync(Note("a", "2").Replace("note", "wanted", StringComparison.Ordinal));
        (_, answer) = await some.WaitAsync(Patience);
        Assert.Equal(2, answer["operations"]![0]!["seq"]!.GetValue<int>());
        Assert.Null(answer["digest"]);
        (_, answer) = await server.GetAsync($"/spaces/plans/pull?after=2&epoch={epoch}&wait=0.05");
        Assert.Empty(answer["operations"]!.AsArray());
        Assert.Equal(2, answer["cursor"]!.GetValue<int>());
    }

    [Fact]
    public async Task A_cursor_that_cannot_be_served_says_where_the_log_stands()
    {
        await using TestServer server = await StartAsync();
        string epoch = await server.MakeSpaceAsync();
        await server.PushAsync(Note("a", "1"));
        foreach (string query in new[] { $"after=2&epoch={epoch}", "after=1&epoch=other" })
        {
            (int status, JsonNode problem) = await server.GetAsync($"/spaces/plans/pull?{query}");
            Assert.Equal((410, "resync_required"), (status, problem["code"]!.GetValue<string>()));
            Assert.Equal((epoch, 1), (problem["epoch"]!.GetValue<string>(), problem["head"]!.GetValue<int>()));
            Assert.True(problem.AsObject().ContainsKey("previous"));
        }

        (int pushStatus, JsonNode pushProblem) = await server.SendAsync(
            HttpMethod.Post, "/spaces/plans/push", $$"""{"epoch":"other","operations":[{{Note("a", "2")}}]}""");
        Assert.Equal((410, "resync_required"), (pushStatus, pushProblem["code"]!.GetValue<string>()));
    }

    [Theory]
    [InlineData("after=-1")]
    [InlineData("after=x")]
    [InlineData("after=1.5")]
    [InlineData("limit=-1")]
    [InlineData("limit=many")]
    [InlineData("wait=-1")]
    [InlineData("wait=soon")]
    [InlineData("after=1")]
    [InlineData("scope=BAD")]
    [InlineData("resourceId=constructor")]
    [InlineData("clientId=%20")]
    public async Task A_bad_parameter_of_a_pull_is_an_invalid_request(string query)
    {
        await using TestServer server = await StartAsync();
        await server.MakeSpaceAsync();
        (int status, JsonNode problem) = await server.GetAsync($"/spaces/plans/pull?{query}");
        Assert.Equal((400, "invalid_request"), (status, problem["code"]!.GetValue<string>()));
    }

    [Fact]
    public async Task Limits_above_their_most_are_lowered()
    {
        await using TestServer server = await StartAsync("--Limits:PageOperationsMax=2", "--Limits:WaitMax=00:00:00.010");
        string epoch = await server.MakeSpaceAsync();
        await server.PushAsync(string.Join(',', Enumerable.Range(1, 5).Select(clock => Note("a", $"{clock}"))));
        (_, JsonNode page) = await server.GetAsync("/spaces/plans/pull?after=0&limit=99999999999999999999");
        Assert.Equal(2, page["operations"]!.AsArray().Count);
        Assert.True(page["hasMore"]!.GetValue<bool>());
        (int status, JsonNode nothing) = await server.GetAsync($"/spaces/plans/pull?after=5&epoch={epoch}&wait=1e9").WaitAsync(Patience);
        Assert.Equal(200, status);
        Assert.Empty(nothing["operations"]!.AsArray());
    }

    [Theory]
    [InlineData("")]
    [InlineData("{")]
    [InlineData("[]")]
    [InlineData("null")]
    [InlineData("{\"operations\":{}}")]
    [InlineData("{\"operations\":null}")]
    [InlineData("{\"clientId\":\"c\"}")]
    [InlineData("{\"clientId\":7,\"operations\":[]}")]
    [InlineData("{\"clientId\":\"prototype\",\"operations\":[]}")]
    [InlineData("{\"epoch\":7,\"operations\":[]}")]
    [InlineData("{\"operations\":[]} {}")]
    [InlineData("{\"operations\":[{\"scope\":]}")]
    [InlineData("{\"operations\":[],}")]
    public async Task A_push_that_is_not_of_its_shape_is_an_invalid_request(string body)
    {
        await using TestServer server = await StartAsync();
        await server.MakeSpaceAsync();
        (int status, JsonNode problem) = await server.SendAsync(HttpMethod.Post, "/spaces/plans/push", body);
        Assert.Equal((400, "invalid_request"), (status, problem["code"]!.GetValue<string>()));
    }

    [Fact]
    public async Task Every_bad_operation_has_its_own_result_and_the_good_ones_are_kept()
    {
        await using TestServer server = await StartAsync();
        await server.MakeSpaceAsync();
        (string Operation, string Result)[] cases =
        [
            (Note("a", "1", """{"x":1}"""), "accepted"),
            ("null", "invalid_operation"),
            ("\"text\"", "invalid_operation"),
            ("7", "invalid_operation"),
            ("[]", "invalid_operation"),
            ("{}", "invalid_operation"),
            (Note("a", "0"), "clock_out_of_range"),
            (Note("a", "-1"), "clock_out_of_range"),
            (Note("a", "1.5"), "invalid_operation"),
            (Note("a", "9007199254740992"), "clock_out_of_range"),
            (Note("a", "4398046511105"), "clock_out_of_range"),
            (Note("a", "1e400"), "clock_out_of_range"),
            (Note("a", "\"5\""), "invalid_operation"),
            (Note("a", "1", """{ "x" : 1.0 }"""), "duplicate"),
            (Note("a", "1", """{"x":2}"""), "identity_reused"),
            (Note("server", "5"), "actor_taken"),
            (Note("server", "0"), "actor_taken"),
            (Note("server", "1e400"), "actor_taken"),
            (Note("hasOwnProperty", "5"), "invalid_operation"),
            (Note("a b", "5"), "invalid_operation"),
            (Note("", "5"), "invalid_operation"),
            (Note("a", "5", """{"deep":[{"__proto__":1}]}"""), "invalid_operation"),
            (Note("a", "5", """{"deep":[{"\u005f_proto__":1}]}"""), "invalid_operation"),
            (Note("a", "5", """{"x":1,"x":1}"""), "invalid_operation"),
            (Note("a", "5", Deep(64)), "accepted"),
            (Note("a", "6", Deep(65)), "payload_too_large"),
            (Note("a", "6", Deep(100_000)), "payload_too_large"),
            (Note("a", "6", $"\"{new string('x', 256 * 1024)}\""), "payload_too_large"),
            (Note("a", "6", $"\"{new string('x', (256 * 1024) - 2)}\""), "accepted"),
            (Note("a", "7").Replace("note", "Note", StringComparison.Ordinal), "invalid_operation"),
            (Note("a", "7").Replace("\"r\"", "\"toString\"", StringComparison.Ordinal), "invalid_operation"),
            (Note("a", "7").Replace("\"r\"", "7", StringComparison.Ordinal), "invalid_operation"),
            (Note("a", "7", "{}", ",\"tx\":\"\""), "invalid_operation"),
            (Note("a", "7", "{}", $",\"tx\":\"{new string('t', 129)}\""), "invalid_operation"),
            (Note("a", "7", "{}", ",\"key\":\"\""), "invalid_operation"),
            (Note("a", "7", "\"\\ud800\""), "accepted"),
        ];
        (int status, JsonNode answer) = await server.PushAsync(string.Join(',', cases.Select(one => one.Operation)));
        Assert.Equal(200, status);
        Assert.Equal(
            cases.Select((one, i) => $"{i} {one.Result}"),
            Enumerable.Range(0, cases.Length).Select(i => $"{i} {Result(answer, i)}"));
        Assert.Equal(4, answer["head"]!.GetValue<int>());
        (_, JsonNode page) = await server.GetAsync("/spaces/plans/pull");
        Assert.Equal(4, page["operations"]!.AsArray().Count);
    }

    [Fact]
    public async Task A_body_or_batch_over_its_limit_is_refused_whole_and_the_limit_is_named()
    {
        await using TestServer server = await StartAsync("--Limits:BodyBytesMax=20000", "--Limits:InflatedBytesMax=50000", "--Limits:PushOperationsMax=3");
        await server.MakeSpaceAsync();
        (int status, JsonNode problem) = await server.PushAsync(Note("a", "1", $"\"{new string('x', 20_000)}\""));
        Assert.Equal((413, "payload_too_large"), (status, problem["code"]!.GetValue<string>()));
        Assert.Contains("20000", problem["detail"]!.GetValue<string>(), StringComparison.Ordinal);
        (status, problem) = await server.PushAsync(string.Join(',', Enumerable.Range(1, 4).Select(clock => Note("a", $"{clock}"))));
        Assert.Equal((413, "payload_too_large"), (status, problem["code"]!.GetValue<string>()));
        Assert.Contains("3 operations", problem["detail"]!.GetValue<string>(), StringComparison.Ordinal);

        // Without a length in advance, the count stops it.
        using HttpRequestMessage chunked = new(HttpMethod.Post, "/spaces/plans/push") { Content = new StreamContent(new EndlessStream()) };
        chunked.Content.Headers.ContentType = new MediaTypeHeaderValue("application/json");
        chunked.Headers.TransferEncodingChunked = true;
        using HttpResponseMessage response = await server.Http.SendAsync(chunked);
        Assert.Equal(413, (await ReadAsync(response)).Status);
        Assert.Equal(0, (await server.GetAsync("/spaces/plans/pull")).Answer["head"]!.GetValue<int>());
    }

    [Theory]
    [InlineData("gzip")]
    [InlineData("br")]
    public async Task A_body_may_be_compressed_and_a_bomb_is_defused(string encoding)
    {
        await using TestServer server = await StartAsync("--Limits:InflatedBytesMax=100000");
        await server.MakeSpaceAsync();
        string operations = string.Join(',', Enumerable.Range(1, 100).Select(clock => Note("a", $"{clock}")));
        using (HttpResponseMessage good = await SendCompressedAsync(server, encoding, $$"""{"operations":[{{operations}}]}"""))
            Assert.Equal(100, (await ReadAsync(good)).Answer["head"]!.GetValue<int>());
        using (HttpResponseMessage bomb = await SendCompressedAsync(server, encoding, $$"""{"operations":["{{new string(' ', 50_000_000)}}"]}"""))
        {
            (int status, JsonNode problem) = await ReadAsync(bomb);
            Assert.Equal((413, "payload_too_large"), (status, problem["code"]!.GetValue<string>()));
            Assert.Contains("100000", problem["detail"]!.GetValue<string>(), StringComparison.Ordinal);
        }

        foreach (byte[] text in new byte[][] { [1, 2, 3, 4, 5, 6, 7, 8], [255, 255, 255], "hello world this is"u8.ToArray() })
        {
            using ByteArrayContent garbage = new(text);
            garbage.Headers.ContentType = new MediaTypeHeaderValue("application/json");
            garbage.Headers.ContentEncoding.Add(encoding);
            using HttpResponseMessage refused = await server.Http.PostAsync("/spaces/plans/push", garbage);
            Assert.Equal((400, "invalid_request"), await CodeAsync(refused));
        }
    }

    [Fact]
    public async Task Types_and_encodings_that_are_not_known_are_unsupported()
    {
        await using TestServer server = await StartAsync();
        await server.MakeSpaceAsync();
        using StringContent text = new("{\"operations\":[]}", Encoding.UTF8, "text/plain");
        using HttpResponseMessage wrongType = await server.Http.PostAsync("/spaces/plans/push", text);
        Assert.Equal((415, "unsupported_media_type"), await CodeAsync(wrongType));
        using StringContent packed = new("{\"operations\":[]}", Encoding.UTF8, "application/json");
        packed.Headers.ContentEncoding.Add("lzma");
        using HttpResponseMessage wrongEncoding = await server.Http.PostAsync("/spaces/plans/push", packed);
        Assert.Equal((415, "unsupported_media_type"), await CodeAsync(wrongEncoding));
        using ByteArrayContent notUtf8 = new([(byte)'{', (byte)'"', 0xff, (byte)'"', (byte)':', (byte)'1', (byte)'}']);
        notUtf8.Headers.ContentType = new MediaTypeHeaderValue("application/json");
        using HttpResponseMessage wrongText = await server.Http.PostAsync("/spaces/plans/push", notUtf8);
        Assert.Equal((400, "invalid_request"), await CodeAsync(wrongText));
    }

    [Fact]
    public async Task Answers_are_compressed_when_the_client_accepts_it()
    {
        await using TestServer server = await StartAsync();
        await server.MakeSpaceAsync();
        await server.PushAsync(string.Join(',', Enumerable.Range(1, 100).Select(clock => Note("a", $"{clock}"))));
        using HttpRequestMessage request = new(HttpMethod.Get, "/spaces/plans/pull");
        request.Headers.AcceptEncoding.ParseAdd("gzip");
        using HttpResponseMessage response = await server.Http.SendAsync(request);
        Assert.Equal("gzip", Assert.Single(response.Content.Headers.ContentEncoding));
        await using GZipStream inflated = new(await response.Content.ReadAsStreamAsync(), CompressionMode.Decompress);
        Assert.Equal(100, (await JsonNode.ParseAsync(inflated))!["operations"]!.AsArray().Count);
    }

    [Fact]
    public async Task A_client_that_goes_away_frees_its_wait_at_once()
    {
        await using TestServer server = await StartAsync("--Limits:WaitsPerUserMax=2");
        string epoch = await server.MakeSpaceAsync();
        for (int round = 0; round < 20; round++)
        {
            using CancellationTokenSource leave = new();
            Task<(int Status, JsonNode Answer)>[] waits =
                [.. Enumerable.Range(0, 3).Select(_ => server.SendAsync(HttpMethod.Get, "/spaces/plans/pull?wait=50", cancellationToken: leave.Token))];

            // Two wait and the third is one too many; which one that is does not matter.
            (int status, JsonNode problem) = await (await Task.WhenAny(waits).WaitAsync(Patience));
            if (status == 429 && round > 0)
                await leave.CancelAsync();
            Assert.Equal((429, "too_many_waits"), (status, problem["code"]!.GetValue<string>()));
            await leave.CancelAsync();
            await Task.WhenAll(waits.Select(wait => wait.ContinueWith(static _ => { }, TaskScheduler.Default)));

            // The server notices the closed connections; until then the places are taken.
            await UntilAsync(async () => (await server.GetAsync("/spaces/plans/pull?wait=0.001")).Status == 200);
        }

        Assert.NotEmpty(epoch);
    }

    [Fact]
    public async Task Stopping_the_server_answers_waits_with_503()
    {
        await using TestServer server = await StartAsync();
        await server.MakeSpaceAsync();
        Task<(int Status, JsonNode Answer)> pull = server.GetAsync("/spaces/plans/pull?wait=50");
        Task<(int Status, JsonNode Answer)> sync = server.SyncAsync("""{"stateVectors":{"root":{}},"timeout":50000}""");
        Task<(int Status, JsonNode Answer)> changes = server.SendAsync(HttpMethod.Post, "/changes", """{"cursors":{"plans":{"after":0}},"wait":50}""");
        await server.UntilWaitingAsync(3);
        Task stopping = server.App.StopAsync();
        foreach (Task<(int Status, JsonNode Answer)> wait in new[] { pull, sync, changes })
            Assert.Equal((503, "unavailable"), ((await wait.WaitAsync(Patience)).Status, (await wait).Answer["code"]!.GetValue<string>()));
        await stopping.WaitAsync(Patience);
    }

    [Fact]
    public async Task A_user_who_pushes_too_fast_is_told_when_to_try_again_and_others_are_not_held_up()
    {
        await using TestServer server = await StartAsync("--Auth:Mode=Local", "--Limits:OperationsPerSecond=1", "--Limits:OperationsBurst=200");
        string ann = await server.RegisterAsync("ann");
        string bob = await server.RegisterAsync("bob");
        await server.MakeSpaceAsync("anns", ann);
        await server.MakeSpaceAsync("bobs", bob);
        string Batch(int first) => string.Join(',', Enumerable.Range(first, 200).Select(clock => Note("a", $"{clock}")));
        Assert.Equal(200, (await server.PushAsync(Batch(1), "anns", ann)).Status);
        (int status, JsonNode problem) = await server.PushAsync(Batch(201), "anns", ann);
        Assert.Equal((429, "rate_limited"), (status, problem["code"]!.GetValue<string>()));
        Assert.Equal(200, (await server.GetAsync("/spaces/anns/pull", ann)).Answer["head"]!.GetValue<int>());
        Assert.Equal(200, (await server.PushAsync(Batch(1), "bobs", bob)).Status);
    }

    [Fact]
    public async Task Changes_tell_of_all_spaces_in_one_wait()
    {
        await using TestServer server = await StartAsync();
        string one = await server.MakeSpaceAsync("one");
        await server.MakeSpaceAsync("two");
        await server.PushAsync(Note("a", "1"), "one");
        (_, JsonNode answer) = await server.SendAsync(
            HttpMethod.Post, "/changes", """{"clientId":"c","cursors":{"one":{"after":0},"gone":{"after":0}},"wait":50}""");
        Assert.Equal("""[{"spaceId":"one","head":1}]""", answer["changed"]!.ToJsonString());
        Assert.Equal("two", answer["added"]![0]!["id"]!.GetValue<string>());
        Assert.Equal("""["gone"]""", answer["removed"]!.ToJsonString());

        // Nothing new: it waits, although a space is not named and one is gone, until one of the named has something.
        string cursors = $$$"""{"cursors":{"one":{"epoch":"{{{one}}}","after":1},"gone":{"after":0}},"wait":50}""";
        Task<(int Status, JsonNode Answer)> wait = server.SendAsync(HttpMethod.Post, "/changes", cursors);
        await server.UntilWaitingAsync(1);
        await server.PushAsync(Note("a", "2"), "two");
        Assert.False(wait.IsCompleted);
        await server.PushAsync(Note("a", "2"), "one");
        Assert.Equal("""[{"spaceId":"one","head":2}]""", (await wait.WaitAsync(Patience)).Answer["changed"]!.ToJsonString());

        // A space that the caller comes into ends it too.
        cursors = $$$"""{"cursors":{"one":{"epoch":"{{{one}}}","after":2}},"wait":50}""";
        wait = server.SendAsync(HttpMethod.Post, "/changes", cursors);
        await server.UntilWaitingAsync(1);
        await server.MakeSpaceAsync("three");
        Assert.Equal(["three", "two"], (await wait.WaitAsync(Patience)).Answer["added"]!.AsArray().Select(space => space!["id"]!.GetValue<string>()));

        // A cursor that cannot be served stands among the changed and fails nothing else.
        (int status, answer) = await server.SendAsync(
            HttpMethod.Post, "/changes", """{"cursors":{"one":{"epoch":"other","after":1},"two":{"after":0}}}""");
        Assert.Equal(200, status);
        Assert.Equal(
            """[{"spaceId":"one","head":2,"code":"resync_required"},{"spaceId":"two","head":1}]""", answer["changed"]!.ToJsonString());
    }

    [Fact]
    public async Task Nothing_acknowledged_is_lost_by_a_restart_and_the_epoch_stays()
    {
        string data = Directory.CreateTempSubdirectory("syncline-test-").FullName;
        try
        {
            string epoch;
            string digest;
            await using (TestServer server = await StartAsync(data, configure: null))
            {
                epoch = await server.MakeSpaceAsync();
                await server.PushAsync($"{Note("a", "1")},{Note("a", "2")}");
                digest = (await server.GetAsync("/spaces/plans/pull")).Answer["digest"]!.GetValue<string>();
            }

            await using TestServer again = await StartAsync(data, configure: null);
            (_, JsonNode page) = await again.GetAsync($"/spaces/plans/pull?after=1&epoch={epoch}");
            Assert.Equal((1, digest), (page["operations"]!.AsArray().Count, page["digest"]!.GetValue<string>()));
            Assert.Equal("duplicate", Result((await again.PushAsync(Note("a", "2"))).Answer, 0));
        }
        finally
        {
            Directory.Delete(data, recursive: true);
        }
    }

    [Theory]
    [InlineData("/spaces/..%2fplatform/pull")]
    [InlineData("/spaces/%2e%2e/pull")]
    [InlineData("/spaces/a%2fb/pull")]
    [InlineData("/spaces/nul/pull")]
    [InlineData("/spaces/com1/pull")]
    [InlineData("/spaces/constructor/pull")]
    [InlineData("/spaces/Plans/pull")]
    [InlineData("/spaces/x/pull")]
    [InlineData("/spaces/nothere/pull")]
    [InlineData("/nowhere")]
    public async Task A_bad_or_unknown_id_in_a_path_is_not_found(string path)
    {
        await using TestServer server = await StartAsync();
        await server.MakeSpaceAsync();
        (int status, JsonNode problem) = await server.GetAsync(path);
        Assert.Equal((404, "not_found"), (status, problem["code"]!.GetValue<string>()));
        Assert.Equal(["plans.db"], Directory.GetFiles(server.Data, "*.db", SearchOption.AllDirectories).Select(Path.GetFileName));
    }

    [Fact]
    public async Task A_method_that_a_path_does_not_know_is_named()
    {
        await using TestServer server = await StartAsync();
        (int status, JsonNode problem) = await server.SendAsync(HttpMethod.Delete, "/spaces");
        Assert.Equal((405, "method_not_allowed"), (status, problem["code"]!.GetValue<string>()));
    }

    [Theory]
    [InlineData("Host", "evil.example")]
    [InlineData("Host", "127.0.0.1.evil.example")]
    [InlineData("Origin", "https://evil.example")]
    [InlineData("Origin", "null")]
    public async Task Without_accounts_no_page_of_another_site_gets_an_answer(string header, string value)
    {
        await using TestServer server = await StartAsync();
        await server.MakeSpaceAsync();
        foreach (string path in new[] { "/spaces", "/spaces/plans/pull", "/healthz", "/openapi/v1.json", "/nowhere" })
        {
            using HttpRequestMessage request = new(HttpMethod.Get, path);
            request.Headers.TryAddWithoutValidation(header, value);
            using HttpResponseMessage response = await server.Http.SendAsync(request);
            Assert.Equal((403, "forbidden"), await CodeAsync(response));
            Assert.False(response.Headers.Contains("Access-Control-Allow-Origin"));
        }

        using HttpRequestMessage own = new(HttpMethod.Get, "/spaces");
        own.Headers.TryAddWithoutValidation("Origin", "http://localhost:3000");
        using HttpResponseMessage answered = await server.Http.SendAsync(own);
        Assert.Equal(200, (int)answered.StatusCode);
        Assert.Equal("http://localhost:3000", Assert.Single(answered.Headers.GetValues("Access-Control-Allow-Origin")));
    }

    [Fact]
    public async Task The_openapi_document_names_every_endpoint_and_what_it_answers()
    {
        await using TestServer server = await StartAsync();
        (_, JsonNode document) = await server.GetAsync("/openapi/v1.json");
        JsonObject paths = document["paths"]!.AsObject();
        foreach (string path in new[]
        {
            "/spaces", "/spaces/{spaceId}", "/spaces/{spaceId}/members", "/spaces/{spaceId}/members/{userName}", "/spaces/{spaceId}/push",
            "/spaces/{spaceId}/pull", "/spaces/{spaceId}/sync", "/spaces/{spaceId}/operations", "/spaces/{spaceId}/trees",
            "/spaces/{spaceId}/trees/{treeId}", "/changes", "/auth/register", "/auth/login", "/auth/refresh", "/auth/logout", "/auth/me",
            "/healthz", "/health/live", "/health/ready", "/sync/bootstrap", "/sync/push", "/sync/pull", "/sync/reset", "/spaces/{spaceId}/clients",
        })
            Assert.True(paths.ContainsKey(path), path);
        JsonNode push = paths["/spaces/{spaceId}/push"]!["post"]!;
        Assert.Equal("spaceId", push["parameters"]![0]!["name"]!.GetValue<string>());
        Assert.NotNull(push["requestBody"]!["content"]!["application/json"]!["schema"]);
        Assert.NotNull(push["responses"]!["200"]!["content"]!["application/json"]!["schema"]);
        Assert.NotNull(push["responses"]!["413"]!["content"]!["application/problem+json"]);
        Assert.Contains(
            "epoch", paths["/spaces/{spaceId}/pull"]!["get"]!["parameters"]!.AsArray().Select(parameter => parameter!["name"]!.GetValue<string>()));
    }

    private static string Deep(int levels) => new string('[', levels) + new string(']', levels);

    private static OperationId Id(string actor, long clock) => new(new Scope("note"), new ResourceId("r"), new ActorId(actor), clock);

    private static async Task<(int Status, string Code)> CodeAsync(HttpResponseMessage response)
    {
        (int status, JsonNode problem) = await ReadAsync(response);
        return (status, problem["code"]!.GetValue<string>());
    }

    private static async Task<HttpResponseMessage> SendCompressedAsync(TestServer server, string encoding, string body)
    {
        using MemoryStream packed = new();
        await using (Stream compress = encoding == "gzip"
            ? new GZipStream(packed, CompressionLevel.Optimal, leaveOpen: true)
            : new BrotliStream(packed, CompressionLevel.Optimal, leaveOpen: true))
            await compress.WriteAsync(Encoding.UTF8.GetBytes(body));
        using ByteArrayContent content = new(packed.ToArray());
        content.Headers.ContentType = new MediaTypeHeaderValue("application/json");
        content.Headers.ContentEncoding.Add(encoding);
        return await server.Http.PostAsync("/spaces/plans/push", content);
    }

    private static async Task UntilAsync(Func<Task<bool>> condition)
    {
        using CancellationTokenSource patience = new(Patience);
        while (!await condition())
        {
            patience.Token.ThrowIfCancellationRequested();
            await Task.Yield();
        }
    }

    private sealed class EndlessStream : MemoryStream
    {
        public EndlessStream()
            : base(new byte[10_000_000])
        {
        }
    }
}
