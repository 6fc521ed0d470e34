using Microsoft.Extensions.Logging;
using Syncline.Core.Operations;
using Syncline.Engine.Spaces;
using Syncline.Engine.Storage;

namespace Syncline.Engine.Compaction;

/// <summary>
/// Takes what is in things that were deleted long ago out of the log for good, where the operator wants that: their last texts go too, and whoever
/// still writes to them is refused. The deletion itself stays, so that a device that was away for longer still learns of it.
/// </summary>
internal sealed partial class Purger(EngineServices services)
{
    private const int ThingsAtOnce = 50;
    private readonly ILogger _logger = services.Loggers.CreateLogger<Purger>();

    /// <summary>Purges what was deleted for longer than a time.</summary>
    /// <returns>When the next thing will be; null when there is none.</returns>
    public async Task<DateTimeOffset?> RunAsync(LiveSpace space, TimeSpan purgeTime, CancellationToken cancellationToken)
    {
        DateTimeOffset oldEnough = services.TimeProvider.GetUtcNow() - purgeTime;
        DateTimeOffset? nextDeletion = null;
        int purged = 0;
        foreach ((IModel model, DeletedThing thing)[] some in (await space.FindDeletedAsync(cancellationToken)).Chunk(ThingsAtOnce))
        {
            List<Purge> purges = [];
            foreach ((IModel model, DeletedThing thing) in some)
            {
                (Purge? purge, DateTimeOffset? deletedAt) = await PlanAsync(space.Id, model, thing, oldEnough, cancellationToken);
                if (purge is not null)
                    purges.Add(purge);
                else if (deletedAt is { } at && !(nextDeletion < at))
                    nextDeletion = at;
            }

            if (purges.Count > 0)
                purged += await space.PurgeAsync(purges, cancellationToken);
        }

        if (purged > 0)
        {
            // It has what is purged.
            if (await services.Store.FindSnapshotAsync(space.Id, cancellationToken) is { } snapshot)
                await services.Store.DropSnapshotAsync(space.Id, snapshot.Id);
            LogPurged(space.Id, purged);
        }

        return nextDeletion + purgeTime;
    }

    // Only where compaction has looked through all there is of the thing, and so knows which operations are the last of it.
    private async Task<(Purge? Purge, DateTimeOffset? DeletedAt)> PlanAsync(
        SpaceId space, IModel model, DeletedThing thing, DateTimeOffset oldEnough, CancellationToken cancellationToken)
    {
        RegisterKey key = RegisterKey.Of(model, thing.Register);
        Dictionary<RegisterKey, Stamp> others = thing.Others.ToDictionary(other => RegisterKey.Of(model, other.Key), other => other.Value);
        IReadOnlyDictionary<RegisterKey, LoggedOperation> winners = await services.Store.FindWinnersAsync(space, [key, .. others.Keys], cancellationToken);
        bool isLookedThrough = winners.TryGetValue(key, out LoggedOperation? deletion) && deletion.Operation.Id.Stamp == thing.Deletion
            && others.All(other => winners.TryGetValue(other.Key, out LoggedOperation? winner) && winner.Operation.Id.Stamp == other.Value);
        if (!isLookedThrough)
            return (null, null);
        if (deletion!.ReceivedAt > oldEnough)
            return (null, deletion.ReceivedAt);
        long[] dropped = [.. others.Keys.Select(other => winners[other].Seq).Distinct().Where(seq => seq != deletion.Seq)];
        return (new Purge(model, thing, key, [.. others.Keys], dropped), null);
    }

    [LoggerMessage(23, LogLevel.Information, "Purged {Count} deleted things of space {Space}")]
    private partial void LogPurged(SpaceId space, int count);

    /// <summary>A thing to purge, and what that drops.</summary>
    public sealed record Purge(IModel Model, DeletedThing Thing, RegisterKey Key, IReadOnlyList<RegisterKey> Registers, IReadOnlyList<long> Dropped);
}
