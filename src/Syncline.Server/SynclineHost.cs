using System.IO.Compression;
using Microsoft.AspNetCore.Cors.Infrastructure;
using Microsoft.AspNetCore.Hosting.Server;
using Microsoft.AspNetCore.Hosting.Server.Features;
using Microsoft.AspNetCore.ResponseCompression;
using Syncline.AspNetCore;
using Syncline.AspNetCore.Accounts;
using Syncline.AspNetCore.Doors;
using Syncline.Core.Operations;
using Syncline.Sqlite;

namespace Syncline.Server;

/// <summary>Wires the server program: the only place that knows both the doors and the stores.</summary>
public static class SynclineHost
{
    /// <summary>Where the server listens unless it is told.</summary>
    public const string DefaultUrls = "http://127.0.0.1:5080";

    /// <summary>Builds the server from command line, environment and <c>appsettings.json</c>; nothing listens yet.</summary>
    /// <param name="arguments">Configuration, as ASP.NET Core reads it.</param>
    /// <param name="configure">Called last, before the services are built.</param>
    public static WebApplication Build(string[] arguments, Action<WebApplicationBuilder>? configure = null)
    {
        WebApplicationBuilder builder = WebApplication.CreateBuilder(new WebApplicationOptions
        {
            Args = arguments,
            ContentRootPath = AppContext.BaseDirectory,
        });
        string data = DataFolder(builder.Configuration);
        if (builder.Configuration["urls"] is null && !builder.Configuration.GetSection("Kestrel:Endpoints").Exists())
            builder.WebHost.UseUrls(DefaultUrls);
        builder.WebHost.ConfigureKestrel(kestrel =>
        {
            kestrel.AddServerHeader = false;
            kestrel.Limits.MaxConcurrentConnections ??= 20_000;
        });

        builder.Services.AddSyncline(builder.Configuration).UseSqlite(options =>
        {
            builder.Configuration.GetSection("Sqlite").Bind(options);
            options.Folder = data;
        });
        builder.Services.PostConfigure<AuthOptions>(auth => auth.SigningKeyFile ??= Path.Combine(data, "signing.key"));
        builder.Services.AddResponseCompression(options => options.EnableForHttps = true);
        builder.Services.Configure<BrotliCompressionProviderOptions>(options => options.Level = CompressionLevel.Fastest);
        builder.Services.AddCors();


        // What is logged goes to the console; each further provider would cost every request scopes of its own.
        builder.Logging.ClearProviders().AddConsole();

        // Where requests are not logged, the host need not make an activity and a scope for each.
        if (!LogsRequests(builder.Configuration))
            builder.Logging.AddFilter("Microsoft.AspNetCore.Hosting.Diagnostics", LogLevel.None);
        configure?.Invoke(builder);

        WebApplication app = builder.Build();
        AuthOptions auth = app.Services.GetRequiredService<Microsoft.Extensions.Options.IOptions<AuthOptions>>().Value;
        app.UseSynclineScreening();
        app.UseResponseCompression();

        // Both stand aside where they have nothing to do, as each costs something in every request that waits: the endpoints say themselves what
        // is wrong, and only browsers send an Origin.
        app.UseWhen(context => context.GetEndpoint() is not RouteEndpoint, unmatched => unmatched.UseStatusCodePages(context => Problems.WriteAsync(
            context.HttpContext, CodeOf(context.HttpContext.Response.StatusCode), DetailOf(context.HttpContext.Response.StatusCode))));
        app.UseWhen(context => context.Request.Headers.Origin.Count > 0, browsers => browsers.UseCors(policy => Allow(policy, auth)));
        app.MapSyncline();
        return app;
    }

    /// <summary>The folder with everything the server keeps.</summary>
    public static string DataFolder(IConfiguration configuration) => Path.GetFullPath(configuration["data"] ?? "data");

    /// <summary>Where a running server listens.</summary>
    public static IReadOnlyCollection<string> AddressesOf(WebApplication app) =>
        [.. app.Services.GetRequiredService<IServer>().Features.Get<IServerAddressesFeature>()?.Addresses ?? []];

    // Nothing that a browser adds by itself lets anybody in here, so any origin may ask; in mode None only pages of this machine.
    private static void Allow(CorsPolicyBuilder policy, AuthOptions auth)
    {
        policy.AllowAnyHeader().AllowAnyMethod().WithExposedHeaders("Retry-After", "X-Correlation-Id").SetPreflightMaxAge(TimeSpan.FromHours(1));
        if (auth.Mode == AuthMode.None)
            policy.SetIsOriginAllowed(origin => Uri.TryCreate(origin, UriKind.Absolute, out Uri? uri) && uri.IsLoopback);
        else if (auth.AllowedOrigins.Count > 0)
            policy.WithOrigins([.. auth.AllowedOrigins]);
        else
            policy.AllowAnyOrigin();
    }

    private static bool LogsRequests(ConfigurationManager configuration)
    {
        const string Levels = "Logging:LogLevel";
        const string Host = "Microsoft.AspNetCore";
        string? level = configuration[$"{Levels}:{Host}.Hosting.Diagnostics"]
            ?? configuration[$"{Levels}:{Host}.Hosting"]
            ?? configuration[$"{Levels}:{Host}"]
            ?? configuration[$"{Levels}:Default"];
        return Enum.TryParse(level ?? nameof(LogLevel.Information), ignoreCase: true, out LogLevel least) && least <= LogLevel.Information;
    }

    private static string CodeOf(int status) => status switch
    {
        StatusCodes.Status404NotFound => ErrorCodes.NotFound,
        StatusCodes.Status405MethodNotAllowed => ErrorCodes.MethodNotAllowed,
        StatusCodes.Status415UnsupportedMediaType => ErrorCodes.UnsupportedMediaType,
        StatusCodes.Status413PayloadTooLarge => ErrorCodes.PayloadTooLarge,
        >= 500 => ErrorCodes.Internal,
        _ => ErrorCodes.InvalidRequest,
    };

    private static string DetailOf(int status) => status switch
    {
        StatusCodes.Status404NotFound => "no such path",
        StatusCodes.Status405MethodNotAllowed => "the path knows no such method",
        _ => "the request cannot be served",
    };
}
