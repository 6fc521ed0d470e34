using System.Text.Json.Nodes;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.DependencyInjection;
using Syncline.AspNetCore.Accounts;
using Syncline.Core.Operations;
using static Syncline.Tests.Doors.TestServer;

namespace Syncline.Tests.Doors.RealTime;

/// <summary>Who may connect, and what happens to open connections when that changes.</summary>
public sealed class AccessTests
{
    [Fact]
    public async Task Who_may_not_is_refused_with_a_code()
    {
        await using TestServer server = await StartAsync("--Auth:Mode=Local");
        string ann = await server.RegisterAsync("ann");
        string mallory = await server.RegisterAsync("mallory");
        await server.MakeSpaceAsync(token: ann);
        Assert.Equal("unauthenticated", await RefusedAsync(null));
        Assert.Equal("unauthenticated", await RefusedAsync("nonsense"));
        Assert.Equal("not_found", await RefusedAsync(mallory));
        Assert.Equal("not_found", await RefusedAsync(ann, "nowhere"));
        Assert.Equal("not_found", await RefusedAsync(ann, "NO"));
        (RealTimeClient client, JsonNode ready) = await RealTimeClient.JoinAsync(server, token: ann);
        await using (client)
            Assert.Equal("owner", (string)ready["role"]!);

        async Task<string> RefusedAsync(string? token, string space = "plans")
        {
            await using RealTimeClient refused = await RealTimeClient.ConnectAsync(server, space, token);
            return (string)(await refused.NextAsync("connect_error"))!["data"]!["code"]!;
        }
    }

    [Fact]
    public async Task A_viewer_reads_and_does_not_write()
    {
        await using TestServer server = await StartAsync("--Auth:Mode=Local");
        string ann = await server.RegisterAsync("ann");
        string vera = await server.RegisterAsync("vera");
        await server.MakeSpaceAsync(token: ann);
        await server.SetRoleAsync("vera", "viewer", ann);
        (RealTimeClient client, JsonNode ready) = await RealTimeClient.JoinAsync(server, token: vera);
        await using (client)
        {
            Assert.Equal("viewer", (string)ready["role"]!);
            await client.DemandAsync("follow", """{"after":0}""");
            await client.DemandAsync("presence", """{"state":1}""");
            Assert.Equal("forbidden", await client.CodeAsync("push", $$"""{"operations":[{{Note("v", "1")}}]}"""));
            Assert.Equal("forbidden", await client.CodeAsync("ops:send", """{"treeId":"t","ops":[]}"""));
            await server.SetRoleAsync("vera", "editor", ann);
            await client.DemandAsync("push", $$"""{"operations":[{{Note("v", "1")}}]}""");
        }
    }

    [Theory]
    [InlineData("member", "not_found")]
    [InlineData("space", "not_found")]
    [InlineData("login", "unauthenticated")]
    public async Task What_takes_the_right_away_ends_an_idle_connection_and_its_presence(string what, string code)
    {
        await using TestServer server = await StartAsync("--Auth:Mode=Local");
        string ann = await server.RegisterAsync("ann");
        string bob = await server.RegisterAsync("bob");
        await server.MakeSpaceAsync(token: ann);
        await server.SetRoleAsync("bob", "editor", ann);
        (RealTimeClient anns, _) = await RealTimeClient.JoinAsync(server, token: ann);
        (RealTimeClient bobs, _) = await RealTimeClient.JoinAsync(server, token: bob);
        await using (anns)
        await using (bobs)
        {
            await bobs.DemandAsync("presence", """{"state":"here"}""");
            await anns.NextAsync("presence");
            JsonNode came = (await anns.NextAsync("presence"))!;
            string connection = (string)came["connections"]![0]!["connectionId"]!;
            switch (what)
            {
                case "member":
                    await server.SendAsync(HttpMethod.Delete, "/spaces/plans/members/bob", token: ann);
                    break;
                case "space":
                    await server.SendAsync(HttpMethod.Delete, "/spaces/plans", token: ann);
                    break;
                default:
                    await server.SendAsync(HttpMethod.Post, "/auth/logout", "{}", bob);
                    break;
            }

            Assert.Equal(code, (string)(await bobs.NextAsync("error"))!["code"]!);
            await bobs.Closed.WaitAsync(RealTimeClient.Patience);
            if (what == "space")
                await anns.Closed.WaitAsync(RealTimeClient.Patience);
            else
                Assert.Equal(connection, (string)(await anns.NextAsync("presence"))!["left"]![0]!);
        }
    }

    [Fact]
    public async Task A_token_that_runs_out_is_announced_pauses_and_is_renewed_or_ends_it()
    {
        ManualTime time = new();
        await using TestServer server = await StartAsync(
            data: null, builder => UseTime(builder, time), "--Auth:Mode=Local", "--Auth:AccessTokenLifetime=00:10:00");
        (_, JsonNode login) = await server.SendAsync(
            HttpMethod.Post, "/auth/register", """{"userName":"ann","password":"correct horse battery"}""");
        string ann = (string)login["accessToken"]!;
        await server.MakeSpaceAsync(token: ann);
        (RealTimeClient client, _) = await RealTimeClient.JoinAsync(server, token: ann);
        (RealTimeClient other, _) = await RealTimeClient.JoinAsync(server, token: ann);
        await using (client)
        await using (other)
        {
            await client.DemandAsync("follow", """{"after":0}""");
            await PassAsync(TimeSpan.FromMinutes(9));
            Assert.Equal(60, (int)(await client.NextAsync("auth:expiring"))!["expiresIn"]!);
            Assert.Equal(60, (int)(await other.NextAsync("auth:expiring"))!["expiresIn"]!);
            string refresh = (string)login["refreshToken"]!;
            (_, login) = await server.SendAsync(HttpMethod.Post, "/auth/refresh", $$"""{"refreshToken":"{{refresh}}"}""");
            await PassAsync(TimeSpan.FromSeconds(61));

            // Paused: nothing is sent, and nothing is taken, but a new token.
            await server.PushAsync(Note("a", "1"), token: (string)login["accessToken"]!);
            Assert.Equal("unauthenticated", await client.CodeAsync("push", $$"""{"operations":[{{Note("a", "2")}}]}"""));
            Assert.Equal(0, client.CountOf("operations"));
            Assert.Equal("unauthenticated", await client.CodeAsync("auth:refresh", """{"token":"nonsense"}"""));
            await client.DemandAsync("auth:refresh", $$"""{"token":"{{login["accessToken"]}}"}""");
            Assert.Equal(1, (int)(await client.NextAsync("operations"))!["cursor"]!);
            await client.DemandAsync("push", $$"""{"operations":[{{Note("a", "2")}}]}""");

            // The other one has not refreshed.
            await PassAsync(TimeSpan.FromSeconds(60));
            Assert.Equal("unauthenticated", (string)(await other.NextAsync("error"))!["code"]!);
            await other.Closed.WaitAsync(RealTimeClient.Patience);
            Assert.False(client.Closed.IsCompleted);
        }

        // In steps at which both clients have answered their pings: an answer comes behind the ping, and the next question behind its answer.
        async Task PassAsync(TimeSpan span)
        {
            TimeSpan step = TimeSpan.FromSeconds(5);
            for (TimeSpan left = span; left > TimeSpan.Zero; left -= step)
            {
                time.Advance(left < step ? left : step);
                foreach (RealTimeClient each in (RealTimeClient[])[client, other])
                {
                    if (!each.Closed.IsCompleted)
                        await Task.WhenAny(each.CodeAsync("auth:refresh", "{}"), each.Closed);
                }
            }
        }
    }

    [Fact]
    public async Task While_its_token_is_over_a_connection_sees_nobody_and_afterwards_everybody()
    {
        ManualTime time = new();
        await using TestServer server = await StartAsync(
            data: null, builder => UseTime(builder, time), "--Auth:Mode=Local", "--Auth:AccessTokenLifetime=00:10:00");
        string ann = await server.RegisterAsync("ann");
        await server.MakeSpaceAsync(token: ann);
        await server.PutAsync($"{Move("p", "1", "root", null)},{Move("p", "2", "v", "root")}", token: ann);
        (RealTimeClient anns, _) = await RealTimeClient.JoinAsync(server, token: ann);
        await using (anns)
        {
            await anns.DemandAsync("ops:state", "{}");
            await anns.NextAsync("ops:sync:done");
            await anns.NextAsync("presence");
            for (int i = 0; i < 120; i++)
            {
                time.Advance(TimeSpan.FromSeconds(5));
                await anns.CodeAsync("auth:refresh", "{}");
            }

            string bob = await server.RegisterAsync("bob");
            (_, JsonNode login) = await server.SendAsync(HttpMethod.Post, "/auth/login", """{"userName":"ann","password":"correct horse battery"}""");
            await server.SetRoleAsync("bob", "editor", (string)login["accessToken"]!);
            (RealTimeClient bobs, _) = await RealTimeClient.JoinAsync(server, token: bob);
            await using (bobs)
            {
                await bobs.DemandAsync("presence", """{"state":"here"}""");
                const string cursor = """{"id":{"counter":3,"peerId":"q"},"targetId":"v","key":"cursor","value":3,"transient":true}""";
                await bobs.DemandAsync("ops:send", $$"""{"treeId":"root","ops":[{{cursor}}]}""");
                time.Advance(TimeSpan.FromSeconds(1));
                await bobs.NextAsync("presence");
                await bobs.NextAsync("presence");
                await anns.CodeAsync("auth:refresh", "{}");
                Assert.Equal((1, 0), (anns.CountOf("presence"), anns.CountOf("ops:receive")));

                await anns.DemandAsync("auth:refresh", $$"""{"token":"{{login["accessToken"]}}"}""");
                JsonNode all = (await anns.NextAsync("presence"))!;
                Assert.Equal((true, "here"), ((bool)all["full"]!, (string)all["connections"]![0]!["state"]!));
                Assert.Equal($"[{cursor}]", (await anns.NextAsync("ops:receive"))!["ops"]!.ToJsonString());
            }
        }
    }

    [Fact]
    public async Task A_token_may_be_good_for_months()
    {
        ManualTime time = new();
        await using TestServer server = await StartAsync(data: null, builder =>
        {
            UseTime(builder, time);
            builder.Services.AddSingleton<ICallers>(new GoodUntil(time.GetUtcNow() + TimeSpan.FromDays(90)));
        });
        await server.MakeSpaceAsync();
        (RealTimeClient client, _) = await RealTimeClient.JoinAsync(server);
        await using (client)
        {
            time.AdvanceWithoutTimers(TimeSpan.FromDays(90) - TimeSpan.FromSeconds(70));
            time.Advance(TimeSpan.FromSeconds(5));
            await client.DemandAsync("presence", """{"state":1}""");
            Assert.Equal(0, client.CountOf("auth:expiring"));
            time.Advance(TimeSpan.FromSeconds(5));
            Assert.Equal(60, (int)(await client.NextAsync("auth:expiring"))!["expiresIn"]!);
        }
    }

    [Fact]
    public async Task Events_count_as_bodies_do()
    {
        await using TestServer server = await StartAsync("--Limits:BodiesPerUserBytesMax=2000");
        await server.MakeSpaceAsync();
        (RealTimeClient client, _) = await RealTimeClient.JoinAsync(server);
        await using (client)
        {
            Assert.Equal("rate_limited", await client.CodeAsync("presence", $$"""{"state":"{{new string('x', 2_000)}}"}"""));
            await client.DemandAsync("presence", $$"""{"state":"{{new string('x', 1_000)}}"}""");
            await client.DemandAsync("presence", $$"""{"state":"{{new string('x', 1_000)}}"}""");
        }
    }

    [Fact]
    public async Task Another_users_token_does_not_take_a_connection_over()
    {
        await using TestServer server = await StartAsync("--Auth:Mode=Local");
        string ann = await server.RegisterAsync("ann");
        string bob = await server.RegisterAsync("bob");
        await server.MakeSpaceAsync(token: ann);
        (RealTimeClient client, _) = await RealTimeClient.JoinAsync(server, token: ann);
        await using (client)
        {
            Assert.Equal("forbidden", await client.CodeAsync("auth:refresh", $$"""{"token":"{{bob}}"}"""));
            Assert.Equal("invalid_request", await client.CodeAsync("auth:refresh", "{}"));
        }
    }

    [Fact]
    public async Task A_user_has_so_many_connections_and_no_more()
    {
        await using TestServer server = await StartAsync("--Limits:ConnectionsPerUserMax=2");
        await server.MakeSpaceAsync();
        (RealTimeClient first, _) = await RealTimeClient.JoinAsync(server);
        (RealTimeClient second, _) = await RealTimeClient.JoinAsync(server);
        await using (second)
        {
            await using (RealTimeClient third = await RealTimeClient.ConnectAsync(server))
                Assert.Equal("quota_exceeded", (string)(await third.NextAsync("connect_error"))!["data"]!["code"]!);
            await first.DisposeAsync();
            await UntilAsync(async () =>
            {
                await using RealTimeClient again = await RealTimeClient.ConnectAsync(server);
                Task<JsonNode?> ready = again.NextAsync("ready");
                Task<JsonNode?> refused = again.NextAsync("connect_error");
                return await Task.WhenAny(ready, refused) == ready;
            });
        }
    }

    [Fact]
    public async Task Without_accounts_pages_of_other_sites_are_not_answered()
    {
        await using TestServer server = await StartAsync();
        using HttpRequestMessage request = new(HttpMethod.Get, "/socket.io/?EIO=4&transport=polling");
        request.Headers.Add("Origin", "https://example.org");
        using HttpResponseMessage answer = await server.Http.SendAsync(request);
        Assert.Equal(403, (int)answer.StatusCode);
    }

    private static async Task UntilAsync(Func<Task<bool>> condition)
    {
        using CancellationTokenSource patience = new(RealTimeClient.Patience);
        while (!await condition())
            patience.Token.ThrowIfCancellationRequested();
    }

    /// <summary>Everybody is one user, with a token that is good until then.</summary>
    private sealed class GoodUntil(DateTimeOffset end) : ICallers
    {
        public ValueTask<Caller?> FindAsync(HttpContext context) => new(new Caller(new UserId("local"), LoginId: null, end));

        public void Screen(HttpContext context)
        {
        }
    }
}
