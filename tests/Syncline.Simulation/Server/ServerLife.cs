using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting.Server;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Logging.Abstractions;
using Syncline.AspNetCore;
using Syncline.AspNetCore.Accounts;
using Syncline.Engine;
using Syncline.Engine.Accounts;
using Syncline.Engine.Spaces;
using Syncline.Engine.Storage;
using Syncline.Simulation.Scheduling;

namespace Syncline.Simulation.Server;

/// <summary>One life of the server program, from its start to its crash: the shipped services and endpoints, on simulated stores.</summary>
internal sealed class ServerLife : IDisposable
{
    private readonly WebApplication _app;
    private readonly InMemoryServer _server = new();
    private readonly TaskCompletionSource _ended = new(TaskCreationOptions.RunContinuationsAsynchronously);

    public ServerLife(Process process, ISpaceStore spaces, IAccountStore accounts, Random random, Action<IServiceCollection> replaceParts)
    {
        Process = process;
        WebApplicationBuilder builder = WebApplication.CreateEmptyBuilder(new WebApplicationOptions());
        builder.Services.AddRouting();
        builder.Services.AddSingleton<ILoggerFactory>(NullLoggerFactory.Instance);
        builder.Services.AddSingleton<IHostLifetime, NoLifetime>();
        builder.Services.AddSingleton<IServer>(_server);
        builder.Services.AddSingleton(process.Time);
        builder.Services.AddSingleton<IRandomBytes>(new SeededBytes(random));
        builder.Services.AddSingleton(new Passwords(iterations: 1));
        builder.Services.AddSingleton(spaces);
        builder.Services.AddSingleton(accounts);
        builder.Services.AddSyncline();
        builder.Services.Configure<AuthOptions>(auth =>
        {
            auth.Registration = RegistrationMode.Open;
            auth.SigningKeyFile = KeyFile.Path;

            // So that tokens end while a world lives.
            auth.AccessTokenLifetime = TimeSpan.FromSeconds(20);
        });
        builder.Services.Configure<EngineOptions>(engine =>
        {
            // So that a short life sees many of each.
            engine.MaintenanceInterval = TimeSpan.FromSeconds(20);
            engine.HistoryTime = TimeSpan.FromSeconds(30);
            engine.CompactionStepMax = 5;
            engine.SnapshotOperationsMin = 8;
            engine.IdleTime = TimeSpan.FromSeconds(15);
        });
        replaceParts(builder.Services);
        _app = builder.Build();
        _app.UseSynclineScreening();
        _app.MapSyncline();
    }

    public Process Process { get; }

    public LiveSpaces Spaces => _app.Services.GetRequiredService<LiveSpaces>();

    /// <summary>Ends when it has crashed.</summary>
    public Task Ended => _ended.Task;

    /// <summary>Runs all of the start up to where a web server would listen.</summary>
    public Task StartAsync() => _app.StartAsync();

    /// <summary>Serves a request; ends when the application is done with it.</summary>
    public Task ServeAsync(Exchange exchange) => _server.ServeAsync(exchange);

    /// <summary>It ends between two of its steps; nothing is closed.</summary>
    public void Crash()
    {
        Process.Kill();
        _ended.TrySetResult();
    }

    /// <summary>Gives back what the runtime remembers of it, long after it has crashed. Nobody waits for it: a program that was killed ends nothing in order.</summary>
    public void Dispose()
    {
        _ = _app.DisposeAsync().AsTask();
        _server.Dispose();
    }

    private sealed class NoLifetime : IHostLifetime
    {
        public Task WaitForStartAsync(CancellationToken cancellationToken) => Task.CompletedTask;

        public Task StopAsync(CancellationToken cancellationToken) => Task.CompletedTask;
    }
}
