using System.Diagnostics.Metrics;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Routing;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.DependencyInjection.Extensions;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;
using SocketIO.AspNetCore.EngineIO;

namespace SocketIO.AspNetCore;

/// <summary>Socket.IO and Engine.IO in an ASP.NET Core application.</summary>
public static class SocketIOExtensions
{
    /// <summary>Adds the services of <see cref="SocketIOServer"/>.</summary>
    public static IServiceCollection AddSocketIO(this IServiceCollection services, Action<SocketIOOptions>? configure = null)
    {
        services.AddMetrics();
        services.TryAddSingleton(TimeProvider.System);
        services.TryAddSingleton<SocketIOServer>();
        services.TryAddEnumerable(ServiceDescriptor.Singleton<IValidateOptions<SocketIOOptions>, SocketIOOptionsValidator>());
        OptionsBuilder<SocketIOOptions> options = services.AddOptions<SocketIOOptions>().ValidateOnStart();
        if (configure is not null)
            options.Configure(configure);
        return services;
    }

    /// <summary>Serves Socket.IO at a path; <c>/socket.io</c> is where clients look for it.</summary>
    /// <param name="endpoints">The application.</param>
    /// <param name="path">The path.</param>
    /// <param name="configure">Makes namespaces and sets their handlers; they may be made elsewhere too, before the application runs.</param>
    /// <returns>The endpoint, to add conventions to: CORS, authorisation, a host, a rate.</returns>
    public static IEndpointConventionBuilder MapSocketIO(this IEndpointRouteBuilder endpoints, string path, Action<SocketIOServer>? configure = null)
    {
        ArgumentNullException.ThrowIfNull(endpoints);
        SocketIOServer server = endpoints.ServiceProvider.GetService<SocketIOServer>()
            ?? throw new InvalidOperationException("Socket.IO's services are missing: call services.AddSocketIO() first");
        configure?.Invoke(server);
        return endpoints.Map(path, server.HandleAsync).WithDisplayName($"Socket.IO {path}");
    }

    /// <summary>Serves bare Engine.IO at a path: messages, without events, namespaces and acknowledgements.</summary>
    /// <param name="endpoints">The application.</param>
    /// <param name="path">The path.</param>
    /// <param name="makeHandler">Makes what handles a connection.</param>
    /// <param name="options">How the connections behave; null for the defaults.</param>
    /// <returns>The endpoint, to add conventions to.</returns>
    public static IEndpointConventionBuilder MapEngineIO(
        this IEndpointRouteBuilder endpoints, string path, Func<EngineConnection, EngineIOHandler> makeHandler, EngineIOOptions? options = null)
    {
        ArgumentNullException.ThrowIfNull(endpoints);
        ArgumentNullException.ThrowIfNull(makeHandler);
        IServiceProvider services = endpoints.ServiceProvider;
        IHostApplicationLifetime lifetime = services.GetRequiredService<IHostApplicationLifetime>();
        EngineServer server = new(
            options ?? new EngineIOOptions(),
            services.GetService<TimeProvider>() ?? TimeProvider.System,
            new EngineMetrics(services.GetRequiredService<IMeterFactory>()),
            new EngineLog(services.GetRequiredService<ILoggerFactory>().CreateLogger("SocketIO.AspNetCore.EngineIO")),
            makeHandler);
        lifetime.ApplicationStopping.Register(server.Stop);
        lifetime.ApplicationStopped.Register(server.Dispose);
        return endpoints.Map(path, server.HandleAsync).WithDisplayName($"Engine.IO {path}");
    }
}
