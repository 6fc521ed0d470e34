using System.Net.Http.Json;
using System.Security.Claims;
using System.Text.Encodings.Web;
using System.Text.Json.Nodes;
using Microsoft.AspNetCore.Authentication;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;
using Syncline.AspNetCore;
using Syncline.AspNetCore.Accounts;
using Syncline.Core.Json;
using Syncline.Core.Operations;
using Syncline.Core.Tree;
using Syncline.Engine.Accounts;
using Syncline.Engine.Spaces;
using Syncline.Engine.Writing;
using Syncline.Sqlite;

namespace Syncline.Tests;

/// <summary>Syncline inside an application with its own authentication, and its spaces from code in the same process.</summary>
public sealed class EmbeddedTests
{
    private static readonly SpaceId Plans = new("plans");
    private static readonly UserId Ann = new("demo|ann");
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(20);

    [Fact]
    public async Task Code_in_the_process_and_clients_outside_share_a_space()
    {
        await using Application application = await Application.StartAsync();
        Assert.Equal(AddSpaceOutcome.Added, await application.Spaces.CreateAsync(Plans, "Plans", Ann));
        await using IAsyncEnumerator<LoggedOperation> follower =
            application.Spaces.FollowAsync(Plans, Ann, 0, new Scope("note")).GetAsyncEnumerator();
        Assert.IsType<PushOutcome.Judged>(await application.Spaces.PushAsync(Plans, Ann, [New("app", 1, """{"n":1}""")]));
        Assert.True(await follower.MoveNextAsync().AsTask().WaitAsync(Patience));
        Assert.Equal(1, follower.Current.Seq);

        Task<bool> next = follower.MoveNextAsync().AsTask();
        using HttpResponseMessage pushed = await application.PushAsync("ann", """{"scope":"note","resourceId":"r","actor":"laptop","clock":2,"payload":{}}""");
        Assert.Equal(200, (int)pushed.StatusCode);
        Assert.True(await next.WaitAsync(Patience));
        Assert.Equal((2L, Ann), (follower.Current.Seq, follower.Current.UserId));
        Assert.Equal(2, (await application.Spaces.PullAsync(Plans, Ann, 0)).Operations.Count);
    }

    [Fact]
    public async Task Code_in_the_process_obeys_the_rules_of_the_doors()
    {
        await using Application application = await Application.StartAsync();
        await application.Spaces.CreateAsync(Plans, "Plans", Ann);
        UserId mallory = new("demo|mallory");
        Assert.IsType<PushOutcome.NotFound>(await application.Spaces.PushAsync(Plans, mallory, [New("m", 1, "{}")]));
        await Assert.ThrowsAsync<SpaceAccessException>(() => application.Spaces.PullAsync(Plans, mallory, 0));
        await Assert.ThrowsAsync<SpaceAccessException>(() => application.Spaces.ReadTreeAsync(Plans, mallory, new ResourceId("root")));
        await Assert.ThrowsAsync<SpaceAccessException>(() => application.Spaces.SetMemberAsync(Plans, mallory, mallory, Role.Owner));
        await Assert.ThrowsAsync<SpaceAccessException>(() => application.Spaces.PullAsync(new SpaceId("none"), Ann, 0));
        SpaceAccessException ahead = await Assert.ThrowsAsync<SpaceAccessException>(() => application.Spaces.PullAsync(Plans, Ann, 7));
        Assert.Equal(ErrorCodes.ResyncRequired, ahead.Code);
        Assert.Equal(ChangeMemberOutcome.Changed, await application.Spaces.SetMemberAsync(Plans, Ann, mallory, Role.Viewer));
        Assert.IsType<PushOutcome.Forbidden>(await application.Spaces.PushAsync(Plans, mallory, [New("m", 1, "{}")]));
        Assert.Equal(ChangeMemberOutcome.Changed, await application.Spaces.SetMemberAsync(Plans, Ann, mallory, role: null));
        await Assert.ThrowsAsync<SpaceAccessException>(() => application.Spaces.PullAsync(Plans, mallory, 0));

        PushOutcome.Judged judged = Assert.IsType<PushOutcome.Judged>(await application.Spaces.PushAsync(
            Plans,
            Ann,
            [New("a b", 1, "{}"), New("a", 1, "{"), New("server", 1, "{}"), New("a", 1, "[\"forbidden\"]"), New("a", 2, "{}")]));
        Assert.Equal(
            [ErrorCodes.InvalidOperation, ErrorCodes.InvalidOperation, ErrorCodes.ActorTaken, "no_such_word"],
            judged.Results.Take(4).Select(result => Assert.IsType<OperationResult.Rejected>(result).Refusal.Code));
        Assert.Equal(new OperationResult.Accepted(1), judged.Results[4]);
    }

    [Fact]
    public async Task A_rule_of_the_application_judges_what_clients_push()
    {
        await using Application application = await Application.StartAsync();
        await application.Spaces.CreateAsync(Plans, "Plans", Ann);
        using HttpResponseMessage pushed = await application.PushAsync(
            "ann", """{"scope":"note","resourceId":"r","actor":"laptop","clock":1,"payload":"forbidden"}""");
        JsonNode answer = (await pushed.Content.ReadFromJsonAsync<JsonNode>())!;
        Assert.Equal("no_such_word", answer["results"]![0]!["code"]!.GetValue<string>());
        Assert.Equal(0, answer["head"]!.GetValue<int>());
    }

    [Fact]
    public async Task The_applications_own_authentication_says_who_is_who()
    {
        await using Application application = await Application.StartAsync();
        await application.Spaces.CreateAsync(Plans, "Plans", Ann);
        using HttpResponseMessage nobody = await application.Http.GetAsync("/spaces/plans");
        Assert.Equal(401, (int)nobody.StatusCode);
        using HttpResponseMessage stranger = await application.GetAsync("mallory", "/spaces/plans");
        Assert.Equal(404, (int)stranger.StatusCode);
        using HttpResponseMessage ann = await application.GetAsync("ann", "/spaces/plans");
        Assert.Equal(200, (int)ann.StatusCode);
        using HttpResponseMessage login = await application.Http.PostAsJsonAsync("/auth/login", new { userName = "ann", password = "ten characters" });
        Assert.Equal(404, (int)login.StatusCode);
    }

    [Fact]
    public async Task A_filter_of_the_application_stands_before_every_endpoint()
    {
        List<string> seen = [];
        await using Application application = await Application.StartAsync(syncline => syncline.AddEndpointFilter((context, next) =>
        {
            seen.Add(context.HttpContext.Request.Path);
            return seen.Count < 3 ? next(context) : ValueTask.FromResult<object?>(Results.StatusCode(418));
        }));
        await application.Spaces.CreateAsync(Plans, "Plans", Ann);
        using HttpResponseMessage pushed = await application.PushAsync("ann", """{"scope":"note","resourceId":"r","actor":"laptop","clock":1,"payload":{}}""");
        using HttpResponseMessage pulled = await application.GetAsync("ann", "/spaces/plans/pull");
        using HttpResponseMessage stopped = await application.GetAsync("ann", "/spaces/plans/pull");
        Assert.Equal((200, 200, 418), ((int)pushed.StatusCode, (int)pulled.StatusCode, (int)stopped.StatusCode));
        Assert.Equal(["/spaces/plans/push", "/spaces/plans/pull", "/spaces/plans/pull"], seen);
    }

    [Fact]
    public async Task A_tree_is_read_in_process()
    {
        await using Application application = await Application.StartAsync();
        await application.Spaces.CreateAsync(Plans, "Plans", Ann);
        await application.Spaces.PushAsync(Plans, Ann, [Move(1, "root", null), Move(2, "x", "root")]);
        IReadOnlyList<VertexState>? tree = await application.Spaces.ReadTreeAsync(Plans, Ann, new ResourceId("root"));
        Assert.Equal(["root", "x"], tree!.Select(vertex => vertex.Id));
        Assert.Null(await application.Spaces.ReadTreeAsync(Plans, Ann, new ResourceId("none")));
    }

    private static NewOperation New(string actor, long clock, string payload) =>
        new(new OperationId(new Scope("note"), new ResourceId("r"), new ActorId(actor), clock), JsonText.From(payload));

    private static NewOperation Move(long clock, string target, string? parent) => new(
        new OperationId(TreeModel.Scope, new ResourceId("root"), new ActorId("app"), clock),
        JsonText.From(
            $$"""{"id":{"counter":{{clock}},"peerId":"app"},"targetId":"{{target}}","parentId":{{(parent is null ? "null" : $"\"{parent}\"")}}}"""));

    private sealed class Application : IAsyncDisposable
    {
        private readonly WebApplication _app;
        private readonly string _data;

        private Application(WebApplication app, string data)
        {
            _app = app;
            _data = data;
            Http = new HttpClient { BaseAddress = new Uri(app.Urls.Single()) };
        }

        public HttpClient Http { get; }

        public ISpaces Spaces => _app.Services.GetRequiredService<ISpaces>();

        public static async Task<Application> StartAsync(Action<IEndpointConventionBuilder>? configure = null)
        {
            string data = Directory.CreateTempSubdirectory("syncline-test-").FullName;
            WebApplicationBuilder builder = WebApplication.CreateSlimBuilder();
            builder.WebHost.UseUrls("http://127.0.0.1:0");
            builder.Logging.ClearProviders();
            builder.Services.AddAuthentication("demo").AddScheme<AuthenticationSchemeOptions, ByHeader>("demo", configureOptions: null);
            builder.Services.Configure<AuthOptions>(auth => auth.Mode = AuthMode.Application);
            builder.Services.AddSyncline().UseSqlite(data).AddRule(new Scope("note"), (operation, _) =>
                operation.Payload.ToString().Contains("forbidden", StringComparison.Ordinal)
                    ? new Refusal("no_such_word", "the word is forbidden")
                    : null);
            WebApplication app = builder.Build();
            app.UseAuthentication();
            IEndpointConventionBuilder syncline = app.MapSyncline();
            configure?.Invoke(syncline);
            await app.StartAsync();
            return new Application(app, data);
        }

        public Task<HttpResponseMessage> GetAsync(string user, string path) => SendAsync(user, HttpMethod.Get, path, content: null);

        public Task<HttpResponseMessage> PushAsync(string user, string operation) =>
            SendAsync(user, HttpMethod.Post, "/spaces/plans/push", new StringContent($$"""{"operations":[{{operation}}]}""", null, "application/json"));

        public async ValueTask DisposeAsync()
        {
            Http.Dispose();
            await _app.DisposeAsync();
            Directory.Delete(_data, recursive: true);
        }

        private async Task<HttpResponseMessage> SendAsync(string user, HttpMethod method, string path, HttpContent? content)
        {
            using HttpRequestMessage request = new(method, path) { Content = content };
            request.Headers.Add("X-Demo-User", user);
            return await Http.SendAsync(request);
        }
    }

    private sealed class ByHeader(IOptionsMonitor<AuthenticationSchemeOptions> options, ILoggerFactory loggers, UrlEncoder encoder)
        : AuthenticationHandler<AuthenticationSchemeOptions>(options, loggers, encoder)
    {
        protected override Task<AuthenticateResult> HandleAuthenticateAsync()
        {
            if (Request.Headers["X-Demo-User"].ToString() is not { Length: > 0 } user)
                return Task.FromResult(AuthenticateResult.NoResult());
            ClaimsIdentity identity = new([new Claim("sub", $"demo|{user}"), new Claim("preferred_username", user)], Scheme.Name);
            return Task.FromResult(AuthenticateResult.Success(new AuthenticationTicket(new ClaimsPrincipal(identity), Scheme.Name)));
        }
    }
}
