using System.Collections.Concurrent;
using Microsoft.Extensions.Logging;
using Syncline.Core.Operations;
using Syncline.Engine.Spaces;
using Syncline.Engine.Storage;

namespace Syncline.Engine.Compaction;

/// <summary>
/// Looks after the logs of spaces that changed, in the background, one space at a time. It needs no space to be live: a space costs an entry
/// here from its first change until all of its log was old enough to be looked through.
/// </summary>
internal sealed partial class Maintenance(EngineServices services)
{
    private readonly Compactor _compactor = new(services);
    private readonly ConcurrentDictionary<SpaceId, DateTimeOffset> _due = [];
    private readonly ILogger _logger = services.Loggers.CreateLogger<Maintenance>();

    /// <summary>Says that operations were appended. What was appended before is due earlier.</summary>
    public void Changed(SpaceId space)
    {
        if (!_due.ContainsKey(space))
            _due.TryAdd(space, DateTimeOffset.MinValue);
    }

    /// <summary>Says that the space is gone.</summary>
    public void Forget(SpaceId space) => _due.TryRemove(space, out _);

    /// <summary>Looks after what is due, at intervals, until cancelled. Run once by the host.</summary>
    public async Task RunAsync(CancellationToken stoppingToken)
    {
        using PeriodicTimer timer = new(services.Options.CompactionInterval, services.TimeProvider);
        while (await timer.WaitForNextTickAsync(stoppingToken))
            await RunDueAsync(stoppingToken);
    }

    private async Task RunDueAsync(CancellationToken stoppingToken)
    {
        foreach ((SpaceId space, DateTimeOffset due) in _due)
        {
            if (due <= services.TimeProvider.GetUtcNow())
                await RunOneAsync(space, stoppingToken);
        }
    }

    private async Task RunOneAsync(SpaceId space, CancellationToken stoppingToken)
    {
        // Taken out before the look: what is appended meanwhile is due again.
        _due.TryRemove(space, out _);
        try
        {
            if (await _compactor.RunAsync(space, stoppingToken) is { } next)
                _due[space] = next;
        }
        catch (Exception e) when (e is StoreUnavailableException or SpaceNotFoundException)
        {
            LogPutOff(space, e);
            if (e is StoreUnavailableException)
                Changed(space);
        }
    }

    [LoggerMessage(21, LogLevel.Warning, "The log of space {Space} cannot be looked after now")]
    private partial void LogPutOff(SpaceId space, Exception exception);
}
