using System.Collections.Concurrent;
using System.Net.Http.Headers;
using System.Net.Http.Json;
using System.Security.Cryptography;
using System.Text.Json.Nodes;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using Syncline.AspNetCore;
using Syncline.AspNetCore.Accounts;
using Syncline.AspNetCore.Doors;
using Syncline.Conformance.InMemory;
using Syncline.Engine;
using Syncline.Engine.Accounts;

namespace Syncline.Tests.Accounts;

/// <summary>A server with accounts and one more endpoint, <c>/whoami</c>, on a port of this machine.</summary>
internal sealed class AccountServer : IAsyncDisposable
{
    // As a delegate, so that no source generator of documentation takes the call over in this project.
    private static readonly Func<IServiceCollection, IServiceCollection> AddOpenApi = OpenApiServiceCollectionExtensions.AddOpenApi;

    private readonly WebApplication _app;
    private readonly Setup _setup;

    private AccountServer(WebApplication app, Setup setup)
    {
        _app = app;
        _setup = setup;
        Time = setup.Time;
        Store = setup.Store;
        Logs = setup.Logs;
        Client = new HttpClient { BaseAddress = new Uri(app.Urls.Single()) };
    }

    public HttpClient Client { get; }

    public ManualTime Time { get; }

    public IAccountStore Store { get; }

    public LogLines Logs { get; }

    public IServiceProvider Services => _app.Services;

    public static async Task<AccountServer> StartAsync(Action<Setup>? configure = null)
    {
        Setup setup = new();
        configure?.Invoke(setup);
        WebApplication app = Build(setup);
        try
        {
            await app.StartAsync();
        }
        catch
        {
            await app.DisposeAsync();
            setup.Folder.Delete(recursive: true);
            throw;
        }

        return new AccountServer(app, setup);
    }

    public async Task<Answer> SendAsync(HttpMethod method, string path, object? body = null, string? token = null, Action<HttpRequestMessage>? with = null)
    {
        using HttpRequestMessage request = new(method, path);
        if (body is not null)
            request.Content = JsonContent.Create(body);
        if (token is not null)
            request.Headers.Authorization = new AuthenticationHeaderValue("Bearer", token);
        with?.Invoke(request);
        using HttpResponseMessage response = await Client.SendAsync(request);
        string text = await response.Content.ReadAsStringAsync();
        return new Answer((int)response.StatusCode, text.Length == 0 ? null : JsonNode.Parse(text), response.Headers, response.Content.Headers);
    }

    public Task<Answer> PostAsync(string path, object body) => SendAsync(HttpMethod.Post, path, body);

    public Task<Answer> GetAsync(string path, string? token = null) => SendAsync(HttpMethod.Get, path, null, token);

    public async Task<Answer> RegisterAsync(string userName, string password = "correct horse battery")
    {
        Answer answer = await PostAsync("/auth/register", new { userName, password });
        Assert.Equal(201, answer.Status);
        return answer;
    }

    public async ValueTask DisposeAsync()
    {
        Client.Dispose();
        await _app.DisposeAsync();
        _setup.Folder.Delete(recursive: true);
    }

    private static WebApplication Build(Setup setup)
    {
        WebApplicationBuilder builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders();
        builder.Logging.SetMinimumLevel(LogLevel.Trace);
        builder.Logging.AddProvider(setup.Logs);
        builder.WebHost.UseUrls(setup.Url);
        builder.Services.AddSingleton<TimeProvider>(setup.Time);
        builder.Services.AddSingleton(setup.Store);
        builder.Services.AddSingleton<BodyBudget>();
        builder.Services.AddSingleton<IRandomBytes, SystemRandom>();
        builder.Services.AddSingleton(_ => new Passwords(iterations: 1_000));
        builder.Services.Configure<AuthOptions>(options =>
        {
            options.SigningKeyFile = setup.SigningKeyFile;
            setup.Auth(options);
        });
        builder.Services.Configure<LimitOptions>(options => setup.Limits(options));
        AccountServices.Add(builder.Services);
        AddOpenApi(builder.Services);
        setup.Services(builder.Services);

        WebApplication app = builder.Build();
        RouteGroupBuilder group = app.MapGroup("").AddEndpointFilter<RouteGroupBuilder, DoorFilter>();
        AuthEndpoints.Map(group);
        app.MapOpenApi();
        group.MapGet("/whoami", (HttpContext context) => new { id = context.Caller().UserId.Value, expiresAt = context.Caller().ExpiresAt });
        return app;
    }

    /// <summary>What a test changes of the server.</summary>
    public sealed class Setup
    {
        public Setup()
        {
            SigningKeyFile = Path.Combine(Folder.FullName, "signing.key");
        }

        public DirectoryInfo Folder { get; } = Directory.CreateTempSubdirectory("syncline-accounts-");

        public ManualTime Time { get; set; } = new();

        /// <summary>The one place that says which store these tests run on.</summary>
        public IAccountStore Store { get; set; } = new InMemoryAccountStore();

        public LogLines Logs { get; } = new();

        public string Url { get; set; } = "http://127.0.0.1:0";

        public string? SigningKeyFile { get; set; }

        public Action<AuthOptions> Auth { get; set; } = _ => { };

        public Action<LimitOptions> Limits { get; set; } = _ => { };

        public Action<IServiceCollection> Services { get; set; } = _ => { };
    }

    public sealed record Answer(int Status, JsonNode? Body, HttpResponseHeaders Headers, HttpContentHeaders ContentHeaders)
    {
        public string AccessToken => Body!["accessToken"]!.GetValue<string>();

        public string RefreshToken => Body!["refreshToken"]!.GetValue<string>();

        public string? Code => Body?["code"]?.GetValue<string>();

        public string Detail => Body!["detail"]!.GetValue<string>();

        public override string ToString() => $"{Status} {Body?.ToJsonString()}";
    }

    public sealed class SystemRandom : IRandomBytes
    {
        public void Fill(Span<byte> destination) => RandomNumberGenerator.Fill(destination);
    }
}

/// <summary>Keeps every line that is logged, at every level.</summary>
internal sealed class LogLines : ILoggerProvider, ILogger
{
    public ConcurrentQueue<string> Lines { get; } = new();

    public ILogger CreateLogger(string categoryName) => this;

    public IDisposable? BeginScope<TState>(TState state)
        where TState : notnull
    {
        Lines.Enqueue($"scope {state}");
        return null;
    }

    public bool IsEnabled(LogLevel logLevel) => true;

    public void Log<TState>(LogLevel logLevel, EventId eventId, TState state, Exception? exception, Func<TState, Exception?, string> formatter) =>
        Lines.Enqueue($"{logLevel} {eventId.Id} {formatter(state, exception)} {exception}");

    public void Dispose()
    {
        // Nothing to release.
    }
}
