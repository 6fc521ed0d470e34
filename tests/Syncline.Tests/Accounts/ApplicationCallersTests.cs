using System.Security.Claims;
using System.Text.Encodings.Web;
using Microsoft.AspNetCore.Authentication;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;
using Syncline.AspNetCore.Accounts;
using Syncline.Core.Operations;
using static Syncline.Tests.Accounts.AccountServer;

namespace Syncline.Tests.Accounts;

public sealed class ApplicationCallersTests
{
    [Fact]
    public async Task The_applications_user_is_made_at_first_sight()
    {
        await using AccountServer server = await StartAsync(Embedded);

        Answer me = await MeAsync(server, ("sub", "auth0|7"), (ClaimTypes.NameIdentifier, "other"), ("preferred_username", "Alice"), ("name", "Alice Ü"));
        Assert.Equal("auth0|7", me.Body!["user"]!["id"]!.GetValue<string>());
        Assert.Equal("alice", me.Body["user"]!["userName"]!.GetValue<string>());
        Assert.Equal("Alice Ü", me.Body["user"]!["displayName"]!.GetValue<string>());

        // Later claims change nothing: spaces know the user by the name of the first sight.
        Answer again = await MeAsync(server, ("sub", "auth0|7"), ("preferred_username", "renamed"));
        Assert.Equal("alice", again.Body!["user"]!["userName"]!.GetValue<string>());
    }

    [Theory]
    [InlineData("not a name", "bob", "bob")]
    [InlineData(null, "bob", "bob")]
    [InlineData("taken", "bob", "bob")]
    [InlineData("taken", "Bo B", "u-")]
    [InlineData("constructor", null, "u-")]
    [InlineData(null, null, "u-")]
    public async Task A_name_that_does_not_fit_or_is_taken_gives_way_to_the_next(string? preferred, string? name, string expected)
    {
        await using AccountServer server = await StartAsync(Embedded);
        await MeAsync(server, ("sub", "first"), ("preferred_username", "taken"));
        List<(string, string)> claims = [(ClaimTypes.NameIdentifier, "second")];
        if (preferred is not null)
            claims.Add(("preferred_username", preferred));
        if (name is not null)
            claims.Add(("name", name));

        Answer me = await MeAsync(server, [.. claims]);

        Assert.Equal("second", me.Body!["user"]!["id"]!.GetValue<string>());
        string userName = me.Body["user"]!["userName"]!.GetValue<string>();
        Assert.StartsWith(expected, userName, StringComparison.Ordinal);
        Assert.Equal(expected == "u-" ? 18 : expected.Length, userName.Length);
        Assert.Equal(name ?? preferred ?? userName, me.Body["user"]!["displayName"]!.GetValue<string>());
    }

    [Fact]
    public async Task First_sights_at_once_make_one_user()
    {
        await using AccountServer server = await StartAsync(Embedded);
        Answer[] answers = await Task.WhenAll(Enumerable.Range(0, 16).Select(_ => MeAsync(server, ("sub", "u1"), ("name", "alice"))));
        Assert.All(answers, answer => Assert.Equal("alice", answer.Body!["user"]!["userName"]!.GetValue<string>()));
    }

    [Fact]
    public async Task Who_is_not_known_to_the_application_is_nobody()
    {
        await using AccountServer server = await StartAsync(Embedded);
        Assert.Equal(401, (await server.GetAsync("/auth/me")).Status);
        Assert.Equal(401, (await MeAsync(server, ("name", "no id"))).Status);
        Assert.Equal(401, (await MeAsync(server, ("sub", ""))).Status);
        Answer tooLong = await MeAsync(server, ("sub", new string('x', 257)));
        Assert.Equal((403, ErrorCodes.Forbidden), (tooLong.Status, tooLong.Code));

        await using AccountServer bare = await StartAsync(setup => setup.Auth = auth => auth.Mode = AuthMode.Application);
        Assert.Equal(401, (await bare.GetAsync("/auth/me")).Status);
        Assert.Equal(404, (await bare.PostAsync("/auth/login", new { userName = "alice", password = "0123456789" })).Status);
    }

    [Fact]
    public async Task The_right_to_ask_ends_with_the_claim_exp_where_there_is_one()
    {
        await using AccountServer server = await StartAsync(Embedded);
        Assert.Equal("2030-01-01T00:00:00+00:00", await ExpiresAtAsync(("sub", "u1"), ("exp", "1893456000")));
        Assert.Equal("9999-12-31T23:59:59.9999999+00:00", await ExpiresAtAsync(("sub", "u1")));
        Assert.Equal("9999-12-31T23:59:59.9999999+00:00", await ExpiresAtAsync(("sub", "u1"), ("exp", "99999999999999")));

        async Task<string> ExpiresAtAsync(params (string Type, string Value)[] claims) =>
            (await SendAsync(server, "/whoami", claims)).Body!["expiresAt"]!.GetValue<string>();
    }

    [Fact]
    public async Task A_user_whom_the_application_has_set_is_taken_as_it_is()
    {
        KnownUsers users = new(new Conformance.InMemory.InMemoryAccountStore(), new ManualTime());
        await using ServiceProvider services = new ServiceCollection().BuildServiceProvider();
        DefaultHttpContext context = new()
        {
            RequestServices = services,
            User = new ClaimsPrincipal(new ClaimsIdentity([new Claim("sub", "u1")], "Test")),
        };
        Assert.Equal(new Caller(new UserId("u1"), null, DateTimeOffset.MaxValue), await new ApplicationCallers(users).FindAsync(context));
        context.User = new ClaimsPrincipal(new ClaimsIdentity([new Claim("sub", "u1")]));
        Assert.Null(await new ApplicationCallers(users).FindAsync(context));
    }

    [Fact]
    public async Task The_default_scheme_is_asked_where_no_middleware_has_done_it()
    {
        KnownUsers users = new(new Conformance.InMemory.InMemoryAccountStore(), new ManualTime());
        ServiceCollection collection = new();
        collection.AddLogging();
        collection.AddAuthentication("Test").AddScheme<AuthenticationSchemeOptions, HeaderHandler>("Test", null);
        await using ServiceProvider services = collection.BuildServiceProvider();
        await using AsyncServiceScope first = services.CreateAsyncScope();
        Assert.Null(await new ApplicationCallers(users).FindAsync(new DefaultHttpContext { RequestServices = first.ServiceProvider }));

        await using AsyncServiceScope second = services.CreateAsyncScope();
        DefaultHttpContext context = new() { RequestServices = second.ServiceProvider };
        context.Request.Headers["X-Claims"] = "sub=u1";
        Assert.Equal(new Caller(new UserId("u1"), null, DateTimeOffset.MaxValue), await new ApplicationCallers(users).FindAsync(context));
        Assert.True(context.User.Identity!.IsAuthenticated);
    }

    private static void Embedded(Setup setup)
    {
        setup.Auth = auth => auth.Mode = AuthMode.Application;
        setup.Services = services => services.AddAuthentication("Test").AddScheme<AuthenticationSchemeOptions, HeaderHandler>("Test", null);
    }

    private static Task<Answer> MeAsync(AccountServer server, params (string Type, string Value)[] claims) => SendAsync(server, "/auth/me", claims);

    private static Task<Answer> SendAsync(AccountServer server, string path, (string Type, string Value)[] claims) => server.SendAsync(
        HttpMethod.Get,
        path,
        with: request =>
        {
            if (claims.Length > 0)
                request.Headers.Add("X-Claims", string.Join('&', claims.Select(claim => $"{Uri.EscapeDataString(claim.Type)}={Uri.EscapeDataString(claim.Value)}")));
        });

    /// <summary>An application's authentication that believes whatever the request says.</summary>
    private sealed class HeaderHandler(IOptionsMonitor<AuthenticationSchemeOptions> options, ILoggerFactory logger, UrlEncoder encoder)
        : AuthenticationHandler<AuthenticationSchemeOptions>(options, logger, encoder)
    {
        protected override Task<AuthenticateResult> HandleAuthenticateAsync()
        {
            if (Request.Headers["X-Claims"].Count == 0)
                return Task.FromResult(AuthenticateResult.NoResult());
            IEnumerable<Claim> claims = Request.Headers["X-Claims"].ToString().Split('&')
                .Select(pair => pair.Split('='))
                .Select(parts => new Claim(Uri.UnescapeDataString(parts[0]), Uri.UnescapeDataString(parts[1])));
            ClaimsPrincipal principal = new(new ClaimsIdentity(claims, Scheme.Name));
            return Task.FromResult(AuthenticateResult.Success(new AuthenticationTicket(principal, Scheme.Name)));
        }
    }
}
