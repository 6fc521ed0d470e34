using System.Collections.Concurrent;
using Microsoft.Extensions.Logging;
using Syncline.Core.Operations;
using Syncline.Engine.Compaction;
using Syncline.Engine.Snapshots;
using Syncline.Engine.Storage;

namespace Syncline.Engine.Spaces;

/// <summary>
/// Looks after the spaces that changed, in the background and one at a time: compacts their logs, and stores snapshots of them. A space costs
/// an entry here from its first use until all of its log was old enough to be looked through.
/// </summary>
internal sealed partial class Maintenance(EngineServices services, LiveSpaces spaces)
{
    private readonly Compactor _compactor = new(services);
    private readonly Purger _purger = new(services);
    private readonly SnapshotWriter _snapshots = new(services);
    private readonly ConcurrentDictionary<SpaceId, bool> _changed = [];

    // When the first operation that compaction has not looked at will be old enough.
    private readonly ConcurrentDictionary<SpaceId, DateTimeOffset> _due = [];
    private readonly ILogger _logger = services.Loggers.CreateLogger<Maintenance>();

    /// <summary>Says that operations were appended, or that a space is live of which an earlier process may have left something to do.</summary>
    public void Changed(SpaceId space)
    {
        if (!_changed.ContainsKey(space))
            _changed.TryAdd(space, true);
    }

    /// <summary>Says that the space is gone.</summary>
    public void Forget(SpaceId space)
    {
        _changed.TryRemove(space, out _);
        _due.TryRemove(space, out _);
    }

    /// <summary>Looks after what is due, at intervals, until cancelled. Run once by the host.</summary>
    public async Task RunAsync(CancellationToken stoppingToken)
    {
        using PeriodicTimer timer = new(services.Options.MaintenanceInterval, services.TimeProvider);
        while (await timer.WaitForNextTickAsync(stoppingToken))
            await RunOnceAsync(stoppingToken);
    }

    /// <summary>Looks after what is due now, in the order of ids: that of a hash table is another one in each process.</summary>
    public async Task RunOnceAsync(CancellationToken stoppingToken)
    {
        foreach (SpaceId space in _changed.Keys.OrderBy(id => id.Value, StringComparer.Ordinal))
            await RunOneAsync(space, stoppingToken);
        foreach ((SpaceId space, DateTimeOffset due) in _due.OrderBy(one => one.Key.Value, StringComparer.Ordinal))
        {
            if (due <= services.TimeProvider.GetUtcNow())
                await RunOneAsync(space, stoppingToken);
        }
    }

    private async Task RunOneAsync(SpaceId space, CancellationToken stoppingToken)
    {
        // Taken out before the look: what is appended meanwhile is looked at again.
        bool hasChanged = _changed.TryRemove(space, out _);
        try
        {
            if (hasChanged && await _snapshots.IsDueAsync(space, stoppingToken))
                await StoreSnapshotAsync(space, stoppingToken);

            // What is new is younger than what is waited for.
            if (!_due.TryGetValue(space, out DateTimeOffset due) || due <= services.TimeProvider.GetUtcNow())
                await CompactAsync(space, stoppingToken);
        }
        catch (SpaceNotFoundException)
        {
            Forget(space);
        }
        catch (Exception e) when (e is StoreUnavailableException or SpaceAccessException)
        {
            LogPutOff(space, e);
            Changed(space);
        }
        catch (Exception e) when (!stoppingToken.IsCancellationRequested)
        {
            // Not again before it changes; the others are looked after all the same.
            _due.TryRemove(space, out _);
            LogFailed(space, e);
        }
    }

    private async Task StoreSnapshotAsync(SpaceId space, CancellationToken stoppingToken)
    {
        await using LiveSpaces.Lease? lease = await spaces.UseAsync(space, stoppingToken);
        try
        {
            if (lease is not null)
                await _snapshots.WriteAsync(lease.Space, stoppingToken);
        }
        finally
        {
            // Also the pieces of one that failed: they may be what fills the disk.
            await _compactor.TidyAsync(space, stoppingToken);
        }
    }

    private async Task CompactAsync(SpaceId space, CancellationToken stoppingToken)
    {
        DateTimeOffset? next = await _compactor.RunAsync(space, stoppingToken);
        if (services.Options.PurgeTime is { } purgeTime && await PurgeAsync(space, purgeTime, stoppingToken) is { } nextPurge && !(next < nextPurge))
            next = nextPurge;
        if (next is { } due)
            _due[space] = due;
        else
            _due.TryRemove(space, out _);
    }

    private async Task<DateTimeOffset?> PurgeAsync(SpaceId space, TimeSpan purgeTime, CancellationToken stoppingToken)
    {
        await using LiveSpaces.Lease? lease = await spaces.UseAsync(space, stoppingToken);
        return lease is null ? null : await _purger.RunAsync(lease.Space, purgeTime, stoppingToken);
    }

    [LoggerMessage(21, LogLevel.Warning, "Space {Space} cannot be looked after now")]
    private partial void LogPutOff(SpaceId space, Exception exception);

    [LoggerMessage(22, LogLevel.Error, "Looking after space {Space} failed by a fault of the server's or of its log")]
    private partial void LogFailed(SpaceId space, Exception exception);
}
