using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.DependencyInjection.Extensions;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;
using SocketIO.AspNetCore;
using Syncline.AspNetCore.Accounts;
using Syncline.AspNetCore.Doors;
using Syncline.AspNetCore.Doors.Lists;
using Syncline.AspNetCore.Doors.Log;
using Syncline.AspNetCore.Doors.RealTime;
using Syncline.AspNetCore.Doors.Spaces;
using Syncline.AspNetCore.Doors.Trees;
using Syncline.Core.Lists;
using Syncline.Core.Operations;
using Syncline.Core.Tree;
using Syncline.Engine;
using Syncline.Engine.Accounts;
using Syncline.Engine.Spaces;
using Syncline.Engine.Storage;
using Syncline.Engine.Writing;

namespace Syncline.AspNetCore;

/// <summary>Puts Syncline into an ASP.NET Core application.</summary>
public static class SynclineExtensions
{
    private const int BytesMax = 1_000_000_000;
    private const int OutgoingBytesMin = 1024 * 1024;

    /// <summary>Adds the server's services. A store must be added too: <c>.UseSqlite(folder)</c>.</summary>
    /// <param name="services">The application's services.</param>
    /// <param name="configuration">Where the sections <c>Auth</c>, <c>Limits</c> and <c>Engine</c> are; null for the defaults.</param>
    public static SynclineBuilder AddSyncline(this IServiceCollection services, IConfiguration? configuration = null)
    {
        Bind<LimitOptions>(services, configuration, "Limits");
        Bind<EngineOptions>(services, configuration, "Engine");
        Bind<AuthOptions>(services, configuration, "Auth");
        services.AddSingleton<IValidateOptions<EngineOptions>, EngineOptionsValidator>();

        services.TryAddSingleton(TimeProvider.System);
        services.TryAddSingleton<IRandomBytes, SystemRandomBytes>();
        services.AddMetrics();
        services.AddSingleton<EngineMeters>();
        services.AddSingleton<IModel>(provider =>
        {
            LimitOptions limits = provider.GetRequiredService<IOptions<LimitOptions>>().Value;
            return new TreeModel(new TreeLimits(limits.HeldBackPerActorMax, limits.HeldBackBytesPerUserMax));
        });
        services.AddSingleton<IModel, ListModel>();
        services.AddSingleton(provider =>
        {
            LimitOptions limits = provider.GetRequiredService<IOptions<LimitOptions>>().Value;
            return new OperationReader([.. provider.GetServices<IModel>()], new OperationLimits(limits.OperationBytesMax, limits.JsonDepthMax));
        });
        services.AddSingleton(provider => new LiveSpaces(new EngineServices(
            provider.GetRequiredService<ISpaceStore>(),
            provider.GetRequiredService<IAccountStore>(),
            provider.GetRequiredService<OperationReader>(),
            provider.GetServices<IOperationRule>().ToLookup(rule => rule.Scope),
            provider.GetRequiredService<IOptions<EngineOptions>>().Value,
            provider.GetRequiredService<TimeProvider>(),
            provider.GetRequiredService<IRandomBytes>(),
            provider.GetRequiredService<EngineMeters>(),
            provider.GetRequiredService<ILoggerFactory>())));
        services.AddSingleton<ISpaces, InProcessSpaces>();
        services.AddHostedService<SynclineLifetime>();

        services.AddSingleton<BodyBudget>();
        services.AddSingleton<WaitGate>();
        services.AddSingleton<OperationRate>();
        services.AddSingleton<SentVectors>();
        services.AddSingleton<SpaceRooms>();
        services.AddSingleton<RealTimeDoor>();
        services.AddSocketIO();
        services.AddOptions<SocketIOOptions>().Configure<IOptions<LimitOptions>, IOptions<AuthOptions>>(Configure);
        services.AddSingleton<DoorFilter>();
        services.AddSingleton<RealTimeLog>();
        services.AddSingleton<LogEndpoints>();
        services.AddSingleton<BootstrapEndpoints>();
        services.AddSingleton<ChangesEndpoints>();
        services.AddSingleton<SpaceEndpoints>();
        services.AddSingleton<ClientEndpoints>();
        services.AddSingleton<TreeEndpoints>();
        services.AddSingleton<ListEndpoints>();
        services.AddSingleton<HealthEndpoints>();
        AccountServices.Add(services);
        services.AddOpenApi("v1", options => options.AddDocumentTransformer((document, _, _) =>
        {
            document.Info.Title = "Syncline";
            document.Info.Description = "Local-first sync: operations, trees, spaces and accounts. docs/protocol.md has the whole contract.";
            return Task.CompletedTask;
        }));
        return new SynclineBuilder(services);
    }

    /// <summary>Adds all of Syncline's endpoints, and the OpenAPI document at <c>/openapi/v1.json</c>.</summary>
    /// <returns>All of them, to add conventions to: CORS, a host, a rate.</returns>
    public static IEndpointConventionBuilder MapSyncline(this IEndpointRouteBuilder routes)
    {
        IServiceProvider services = routes.ServiceProvider;
        RouteGroupBuilder all = routes.MapGroup("");
        RealTimeEndpoint.Map(all);
        RouteGroupBuilder group = all.MapGroup("");
        group.AddEndpointFilter(services.GetRequiredService<DoorFilter>());
        services.GetRequiredService<LogEndpoints>().Map(group);
        services.GetRequiredService<BootstrapEndpoints>().Map(group);
        services.GetRequiredService<ChangesEndpoints>().Map(group);
        services.GetRequiredService<SpaceEndpoints>().Map(group);
        services.GetRequiredService<ClientEndpoints>().Map(group);
        services.GetRequiredService<TreeEndpoints>().Map(group);
        services.GetRequiredService<ListEndpoints>().Map(group);
        services.GetRequiredService<HealthEndpoints>().Map(group);
        AuthEndpoints.Map(group);
        group.MapOpenApi("/openapi/{documentName}.json").WithMetadata(new DoorFilter.AnonymousEndpoint());
        return all;
    }

    /// <summary>
    /// Refuses what no endpoint may answer, paths that are not Syncline's included: without accounts, every request of a page of another site.
    /// Put it first in the program's pipeline; an application with its own authentication needs it not.
    /// </summary>
    public static IApplicationBuilder UseSynclineScreening(this IApplicationBuilder app)
    {
        ICallers callers = app.ApplicationServices.GetRequiredService<ICallers>();
        return app.Use((context, next) =>
        {
            try
            {
                callers.Screen(context);
            }
            catch (RequestException e)
            {
                return Problems.WriteAsync(context, e.Code, e.Message);
            }

            return next(context);
        });
    }

    private static void Configure(SocketIOOptions options, IOptions<LimitOptions> limits, IOptions<AuthOptions> auth)
    {
        options.MaxPayload = Math.Min(limits.Value.BodyBytesMax, BytesMax);
        options.EventBytesMax = options.MaxPayload;

        // A page is sent when what waits is little, and is no larger than what one push brings, where a group stands together.
        options.OutgoingBytesMax = (int)Math.Clamp(2L * Math.Max(limits.Value.BodyBytesMax, limits.Value.PageBytesMax), OutgoingBytesMin, BytesMax);
        options.NamespacesMax = limits.Value.SubscriptionsPerConnectionMax;

        // Deeper than an operation may be: that is then refused as any other that is not valid, and not the connection.
        options.JsonDepthMax = limits.Value.JsonDepthMax + 64;
        foreach (string origin in auth.Value.AllowedOrigins)
            options.AllowedOrigins.Add(origin);
    }

    private static void Bind<TOptions>(IServiceCollection services, IConfiguration? configuration, string section)
        where TOptions : class
    {
        OptionsBuilder<TOptions> options = services.AddOptions<TOptions>().ValidateOnStart();
        if (configuration is not null)
            options.Bind(configuration.GetSection(section));
    }
}
