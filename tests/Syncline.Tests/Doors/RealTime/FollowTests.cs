using System.Text.Json.Nodes;
using Syncline.Core.Operations;
using Syncline.Engine.Spaces;
using Syncline.Engine.Writing;
using static Syncline.Tests.Doors.TestServer;

namespace Syncline.Tests.Doors.RealTime;

/// <summary>Following and pushing over Socket.IO: the same log, in the same order, with the same judgement as over HTTP.</summary>
public sealed class FollowTests
{
    [Fact]
    public async Task A_connection_is_told_where_it_is_and_gets_the_log_from_its_cursor_and_on()
    {
        await using TestServer server = await StartAsync();
        string epoch = await server.MakeSpaceAsync();
        await server.PushAsync($"{Note("a", "1")},{Note("a", "2")},{Note("a", "3")}");
        (RealTimeClient client, JsonNode ready) = await RealTimeClient.JoinAsync(server);
        await using (client)
        {
            Assert.Equal($$"""{"spaceId":"plans","epoch":"{{epoch}}","head":3,"role":"owner","userId":"local","presence":"local"}""", ready.ToJsonString());
            await client.DemandAsync("follow", $$"""{"after":1,"epoch":"{{epoch}}","clientId":"c1"}""");
            JsonNode page = (await client.NextAsync("operations"))!;
            Assert.Equal((2, 3, 3), (page["operations"]!.AsArray().Count, (int)page["cursor"]!, (int)page["head"]!));
            (_, JsonNode pulled) = await server.GetAsync($"/spaces/plans/pull?after=1&epoch={epoch}");
            Assert.Equal(pulled["operations"]!.ToJsonString(), page["operations"]!.ToJsonString());
            Assert.Equal((string)pulled["digest"]!, (string)page["digest"]!);
            await server.PushAsync(Note("a", "4"));
            page = (await client.NextAsync("operations"))!;
            Assert.Equal((4, 4), ((int)page["operations"]![0]!["seq"]!, (int)page["cursor"]!));
            (_, JsonNode clients) = await server.GetAsync("/spaces/plans/clients");
            Assert.Equal("c1", (string)clients["clients"]![0]!["clientId"]!);
        }
    }

    [Fact]
    public async Task Operations_and_the_acknowledgements_of_own_pushes_come_in_seq_order_and_without_a_gap()
    {
        await using TestServer server = await StartAsync();
        await server.MakeSpaceAsync();
        (RealTimeClient client, _) = await RealTimeClient.JoinAsync(server);
        await using (client)
        {
            await client.DemandAsync("follow", """{"after":0}""");
            Task others = Task.Factory.StartNew(
                async () =>
                {
                    for (int i = 1; i <= 50; i++)
                        await server.PushAsync(Note("b", $"{i}"));
                },
                CancellationToken.None, TaskCreationOptions.None, TaskScheduler.Default).Unwrap();
            for (int i = 1; i <= 50; i++)
                await client.DemandAsync("push", $$"""{"operations":[{{Note("a", $"{i}")}},{{Note("a", $"{1000 + i}")}}]}""");
            await others;
            List<int> seen = [];
            while (seen.Count < 150)
                seen.AddRange(SeqsOf((await client.NextAsync("operations"))!));
            Assert.Equal(Enumerable.Range(1, 150), seen);

            // Everything up to an answer was there before it.
            int last = 0;
            foreach ((string name, JsonNode? argument) in client.Arrivals)
            {
                if (name == "operations")
                    last = SeqsOf(argument!).Last();
                else if (name == RealTimeClient.Acknowledgement && argument!["results"] is JsonArray results)
                    Assert.InRange((int)results[1]!["seq"]!, 2, last);
            }
        }
    }

    [Fact]
    public async Task A_push_is_judged_as_over_HTTP()
    {
        await using TestServer server = await StartAsync();
        string epoch = await server.MakeSpaceAsync();
        (RealTimeClient client, _) = await RealTimeClient.JoinAsync(server);
        await using (client)
        {
            JsonNode answer = await client.DemandAsync("push", $$"""{"epoch":"{{epoch}}","operations":[{{Note("a", "1")}},{{Note("a", "0")}},null,{{Note("a", "1")}}]}""");
            Assert.Equal(
                ["accepted", "clock_out_of_range", "invalid_operation", "duplicate"],
                Enumerable.Range(0, 4).Select(i => Result(answer, i)));
            Assert.Equal((epoch, 1), ((string)answer["epoch"]!, (int)answer["head"]!));
            Assert.Equal("invalid_request", await client.CodeAsync("push", "{}"));
            Assert.Equal("invalid_request", await client.CodeAsync("push", "[]"));
            Assert.Equal("invalid_request", await client.CodeAsync("push", """{"operations":{}}"""));
            Assert.Equal("resync_required", await client.CodeAsync("push", """{"epoch":"other","operations":[]}"""));
            Assert.Equal("payload_too_large", await client.CodeAsync("push", $$"""{"operations":[{{string.Join(',', Enumerable.Repeat("null", 1_001))}}]}"""));
            string deep = new string('[', 70) + new string(']', 70);
            Assert.Equal("payload_too_large", Result(await client.DemandAsync("push", $$"""{"operations":[{{Note("a", "2", deep)}}]}"""), 0));

            // Who wants no acknowledgement hears of a failure by an event.
            await client.EmitAsync("push", "{}");
            JsonNode error = (await client.NextAsync("error"))!;
            Assert.Equal(("invalid_request", "push"), ((string)error["code"]!, (string)error["event"]!));
        }
    }

    [Fact]
    public async Task A_second_follow_takes_the_place_of_the_first_and_may_select()
    {
        await using TestServer server = await StartAsync();
        string epoch = await server.MakeSpaceAsync();
        (RealTimeClient client, _) = await RealTimeClient.JoinAsync(server);
        await using (client)
        {
            await client.DemandAsync("follow", """{"after":0}""");
            await server.PushAsync(Note("a", "1"));
            await client.NextAsync("operations");
            await client.DemandAsync("follow", """{"after":0,"scopes":["task"]}""");
            JsonNode pushed = await client.DemandAsync("push", $$"""{"operations":[{{Note("a", "2")}}]}""");
            Assert.Equal(2, (int)pushed["head"]!);
            await server.PushAsync($"{Note("a", "3")},{Note("a", "4").Replace("\"note\"", "\"task\"", StringComparison.Ordinal)}");
            JsonNode page = (await client.NextAsync("operations"))!;
            Assert.Equal((4, 1), ((int)page["operations"]![0]!["seq"]!, page["operations"]!.AsArray().Count));
            Assert.Null(page["digest"]);
            Assert.Equal(2, client.CountOf("operations"));

            Assert.Equal("invalid_request", await client.CodeAsync("follow", "{}"));
            Assert.Equal("invalid_request", await client.CodeAsync("follow", """{"after":-1}"""));
            Assert.Equal("invalid_request", await client.CodeAsync("follow", """{"after":1}"""));
            Assert.Equal("invalid_request", await client.CodeAsync("follow", """{"after":0,"scopes":["A"]}"""));
            JsonNode refused = await client.RequestAsync("follow", $$"""{"after":99,"epoch":"{{epoch}}"}""");
            Assert.Equal(("resync_required", epoch, 4), ((string)refused["error"]!["code"]!, (string)refused["error"]!["epoch"]!, (int)refused["error"]!["head"]!));
        }
    }

    [Fact]
    public async Task A_long_log_is_read_page_by_page_by_a_client_that_is_slow()
    {
        await using TestServer server = await StartAsync();
        await server.MakeSpaceAsync();
        string payload = $"\"{new string('x', 10_000)}\"";
        for (int i = 0; i < 20; i++)
            await server.PushAsync(string.Join(',', Enumerable.Range(1 + (i * 50), 50).Select(clock => Note("a", $"{clock}", payload))));
        (RealTimeClient client, _) = await RealTimeClient.JoinAsync(server);
        await using (client)
        {
            await client.DemandAsync("follow", """{"after":0}""");
            List<int> seqs = [];
            while (seqs.Count < 1_000)
                seqs.AddRange(SeqsOf((await client.NextAsync("operations"))!));
            Assert.Equal(Enumerable.Range(1, 1_000), seqs);
        }
    }

    [Fact]
    public async Task A_log_that_begins_anew_is_told_of_and_followed_anew()
    {
        await using TestServer server = await StartAsync();
        string epoch = await server.MakeSpaceAsync();
        await server.PushAsync(Note("a", "1"));
        (RealTimeClient client, _) = await RealTimeClient.JoinAsync(server);
        await using (client)
        {
            await client.DemandAsync("follow", $$"""{"after":1,"epoch":"{{epoch}}"}""");
            await client.DemandAsync("ops:state", "{}");
            await client.NextAsync("ops:sync:done");
            await using (LiveSpaces.Lease lease = (await server.Get<LiveSpaces>().UseAsync(new SpaceId("plans"), CancellationToken.None))!)
            {
                Assert.IsType<GenerationOutcome.Present>(
                    await lease.Space.ResetAsync(new UserId("local"), key: "mine", "{}", expected: null, CancellationToken.None));
            }

            JsonNode first = (await client.NextAsync("error"))!;
            Assert.Equal("resync_required", (string)first["code"]!);
            Assert.NotEqual(epoch, (string)first["epoch"]!);
            await client.DemandAsync("follow", """{"after":0}""");
            await server.PushAsync(Note("a", "2"));
            Assert.Equal("a", (string)(await client.NextAsync("operations"))!["operations"]![0]!["actor"]!);
        }
    }

    private static IEnumerable<int> SeqsOf(JsonNode page) => page["operations"]!.AsArray().Select(operation => (int)operation!["seq"]!);
}
