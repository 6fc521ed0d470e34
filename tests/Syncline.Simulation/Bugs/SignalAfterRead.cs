using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.DependencyInjection.Extensions;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;
using Syncline.Core.Operations;
using Syncline.Engine;
using Syncline.Engine.Accounts;
using Syncline.Engine.Following;
using Syncline.Engine.Spaces;
using Syncline.Engine.Storage;
using Syncline.Engine.Writing;
using Syncline.Simulation.Scheduling;

namespace Syncline.Simulation.Bugs;

/// <summary>A wait takes its signal after it has looked, so that what happens in between wakes nobody.</summary>
internal sealed class SignalAfterRead : Bug
{
    // As long as a look takes.
    private static readonly TimeSpan Look = TimeSpan.FromMilliseconds(100);

    public override string Name => "signal-after-read";

    public override int FoundWithin => 100;

    public override void InServer(IServiceCollection services, Process process)
    {
        services.RemoveAll<LiveSpaces>();
        services.AddSingleton(provider => new LiveSpaces(new EngineServices(
            provider.GetRequiredService<ISpaceStore>(),
            provider.GetRequiredService<IAccountStore>(),
            provider.GetRequiredService<OperationReader>(),
            provider.GetServices<IOperationRule>().ToLookup(rule => rule.Scope),
            provider.GetRequiredService<IOptions<EngineOptions>>().Value,
            provider.GetRequiredService<TimeProvider>(),
            provider.GetRequiredService<IRandomBytes>(),
            provider.GetRequiredService<EngineMeters>(),
            provider.GetRequiredService<ILoggerFactory>()))
        {
            Watches = new ChangeWatch.Registry { SignalOf = watch => TakeLateAsync(watch, process.Time) },
        });
    }

    private static async Task TakeLateAsync(ChangeWatch watch, TimeProvider time)
    {
        await Task.Delay(Look, time);
        await watch.SignalNow;
    }
}
