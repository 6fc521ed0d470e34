using System.Net;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Server.Kestrel.Core;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Options;
using Syncline.AspNetCore.Accounts;
using Syncline.AspNetCore.Doors;
using Syncline.Core.Operations;
using Syncline.Engine.Accounts;
using static Syncline.Tests.Accounts.AccountServer;

namespace Syncline.Tests.Accounts;

public sealed class OpenCallersTests
{
    [Theory]
    [InlineData("localhost", true)]
    [InlineData("LocalHost:5000", true)]
    [InlineData("app.localhost:5000", true)]
    [InlineData("127.0.0.1", true)]
    [InlineData("127.0.0.1:5000", true)]
    [InlineData("127.255.0.9:1", true)]
    [InlineData("[::1]", true)]
    [InlineData("[::1]:5000", true)]
    [InlineData(null, false)]
    [InlineData("", false)]
    [InlineData(":5000", false)]
    [InlineData("example.org", false)]
    [InlineData("localhost.example.org", false)]
    [InlineData("notlocalhost", false)]
    [InlineData(".localhost", false)]
    [InlineData("a b.localhost", false)]
    [InlineData("localhost.", false)]
    [InlineData("localhost:", false)]
    [InlineData("localhost:x", false)]
    [InlineData("localhost:5000:5000", false)]
    [InlineData("127.0.0.1.example.org", false)]
    [InlineData("127.1", false)]
    [InlineData("0x7f.0.0.1", false)]
    [InlineData("2130706433", false)]
    [InlineData("0.0.0.0", false)]
    [InlineData("128.0.0.1", false)]
    [InlineData("10.0.0.1:5000", false)]
    [InlineData("[::]", false)]
    [InlineData("[::2]:5000", false)]
    [InlineData("::1", false)]
    [InlineData("[::1", false)]
    [InlineData("[::1]x", false)]
    [InlineData("[::ffff:127.0.0.1]", false)]
    public void Only_hosts_of_this_machine_pass(string? host, bool passes)
    {
        Assert.Equal(passes, Passes(context => context.Request.Headers.Host = host));
        if (host is not null)
            Assert.Equal(passes, Passes(context => context.Request.Headers.Origin = "http://" + host));
    }

    [Theory]
    [InlineData("https://localhost:3000", true)]
    [InlineData("tauri://localhost", true)]
    [InlineData("null", false)]
    [InlineData("", false)]
    [InlineData("localhost", false)]
    [InlineData("://localhost", false)]
    [InlineData("http://localhost/", false)]
    [InlineData("http://localhost@example.org", false)]
    [InlineData("http://example.org#localhost", false)]
    [InlineData("https://example.org", false)]
    [InlineData("chrome-extension://abcdefgh", false)]
    public void Only_origins_of_this_machine_pass(string origin, bool passes) =>
        Assert.Equal(passes, Passes(context => context.Request.Headers.Origin = origin));

    [Theory]
    [InlineData("http://localhost:5000", true)]
    [InlineData("https://app.localhost:5001", true)]
    [InlineData("http://127.0.0.1", true)]
    [InlineData("http://127.0.0.2:0", true)]
    [InlineData("http://[::1]:5000", true)]
    [InlineData("http://localhost:5000/base", true)]
    [InlineData("http://[::]:5000", false)]
    [InlineData("http://0.0.0.0:5000", false)]
    [InlineData("http://*:5000", false)]
    [InlineData("http://+", false)]
    [InlineData("http://example.org:5000", false)]
    [InlineData("http://localhost.example.org", false)]
    [InlineData("http://unix:/run/syncline.sock", false)]
    [InlineData("localhost:5000", false)]
    [InlineData("", false)]
    public void Only_addresses_of_this_machine_count_as_loopback(string url, bool isLoopback) =>
        Assert.Equal(isLoopback, Loopback.IsListeningAddress(url));

    [Fact]
    public void Nothing_passes_that_is_said_twice_or_comes_over_a_network_or_from_another_sites_page()
    {
        Assert.True(Passes(_ => { }));
        Assert.False(Passes(context => context.Request.Headers.Host = new[] { "localhost", "localhost" }));
        Assert.False(Passes(context => context.Request.Headers.Origin = new[] { "http://localhost", "http://localhost" }));
        Assert.False(Passes(context => context.Connection.LocalIpAddress = IPAddress.Parse("10.0.0.1")));
        Assert.False(Passes(context => context.Connection.LocalIpAddress = IPAddress.Parse("fe80::1")));
        Assert.True(Passes(context => context.Connection.LocalIpAddress = IPAddress.Parse("::ffff:127.0.0.1")));
        Assert.True(Passes(context => context.Connection.LocalIpAddress = IPAddress.IPv6Loopback));
        Assert.True(Passes(context => context.Connection.LocalIpAddress = null));
        Assert.False(Passes(context => context.Request.Headers["Sec-Fetch-Site"] = "cross-site"));
        Assert.True(Passes(context => context.Request.Headers["Sec-Fetch-Site"] = "same-site"));
    }

    [Fact]
    public async Task Everybody_on_this_machine_is_the_one_user_and_there_is_nothing_to_log_in_to()
    {
        await using AccountServer server = await StartOpenAsync();

        Answer me = await server.GetAsync("/auth/me");
        Assert.Equal("""{"user":{"id":"local","userName":"local","displayName":"local"}}""", me.Body!.ToJsonString());
        Assert.Equal("9999-12-31T23:59:59.9999999+00:00", (await server.GetAsync("/whoami")).Body!["expiresAt"]!.GetValue<string>());
        foreach (string path in new[] { "register", "login", "refresh", "logout" })
        {
            Answer answer = await server.PostAsync($"/auth/{path}", new { userName = "alice", password = "0123456789" });
            Assert.Equal((404, ErrorCodes.NotFound), (answer.Status, answer.Code));
        }
    }

    [Fact]
    public async Task A_web_page_of_another_site_gets_nothing_from_any_endpoint()
    {
        await using AccountServer server = await StartOpenAsync();
        foreach ((HttpMethod method, string path) in new[] { (HttpMethod.Get, "/whoami"), (HttpMethod.Post, "/auth/login") })
        {
            Answer rebinding = await server.SendAsync(method, path, with: request => request.Headers.Host = "rebound.example.org");
            Answer crossSite = await server.SendAsync(method, path, with: request => request.Headers.Add("Origin", "https://example.org"));
            Assert.Equal((403, ErrorCodes.Forbidden), (rebinding.Status, rebinding.Code));
            Assert.Equal((403, ErrorCodes.Forbidden), (crossSite.Status, crossSite.Code));
        }

        Assert.Equal(200, (await server.SendAsync(HttpMethod.Get, "/whoami", with: request => request.Headers.Add("Origin", "http://localhost:3000"))).Status);
    }

    [Fact]
    public async Task The_one_user_takes_another_name_where_theirs_is_taken()
    {
        await using AccountServer server = await StartOpenAsync(setup => setup.Store
            .AddUserAsync(new User(new UserId("7"), "local", "Lo Cal"), null, null, default, CancellationToken.None).AsTask().GetAwaiter().GetResult());
        Assert.Equal("local", (await server.GetAsync("/whoami")).Body!["id"]!.GetValue<string>());
        Assert.StartsWith("u-", (await server.GetAsync("/auth/me")).Body!["user"]!["userName"]!.GetValue<string>(), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("http://0.0.0.0:0")]
    [InlineData("http://*:0")]
    [InlineData("http://[::]:0")]
    [InlineData("http://127.0.0.1:0;http://+:0")]
    public async Task The_server_does_not_start_where_other_machines_could_reach_it(string url)
    {
        OptionsValidationException e = await Assert.ThrowsAsync<OptionsValidationException>(() => StartOpenAsync(setup => setup.Url = url));
        Assert.StartsWith($"Auth:Mode is None, which lets everybody in, and the server is to listen on {url.Split(';')[^1]}", e.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("http_ports", "8080")]
    [InlineData("https_ports", "8443")]
    [InlineData("Kestrel:Endpoints:Public:Url", "http://192.0.2.1:80")]
    public async Task Other_settings_for_where_to_listen_are_known_too(string name, string value)
    {
        Task<AccountServer> starting = StartOpenAsync(setup =>
        {
            setup.Url = "";
            setup.Services = services => services.AddSingleton<IConfiguration>(
                new ConfigurationBuilder().AddInMemoryCollection([new(name, value)]).Build());
        });
        OptionsValidationException e = await Assert.ThrowsAsync<OptionsValidationException>(() => starting);
        Assert.Contains("the server is to listen on http", e.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Endpoints_that_code_opens_are_found_when_they_listen()
    {
        Task<AccountServer> starting = StartOpenAsync(setup =>
            setup.Services = services => services.Configure<KestrelServerOptions>(kestrel => kestrel.Listen(IPAddress.Any, 0)));
        OptionsValidationException e = await Assert.ThrowsAsync<OptionsValidationException>(() => starting);
        Assert.Contains("the server is to listen on http://0.0.0.0:", e.Message, StringComparison.Ordinal);
    }

    private static Task<AccountServer> StartOpenAsync(Action<Setup>? configure = null) => StartAsync(setup =>
    {
        setup.SigningKeyFile = null;
        setup.Auth = auth => auth.Mode = AuthMode.None;
        configure?.Invoke(setup);
    });

    private static bool Passes(Action<DefaultHttpContext> change)
    {
        DefaultHttpContext context = new();
        context.Connection.LocalIpAddress = IPAddress.Loopback;
        context.Request.Headers.Host = "localhost:5000";
        change(context);
        try
        {
            new OpenCallers().Screen(context);
            return true;
        }
        catch (RequestException e)
        {
            Assert.Equal(ErrorCodes.Forbidden, e.Code);
            return false;
        }
    }
}
