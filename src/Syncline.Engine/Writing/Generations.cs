using Syncline.Core.Operations;
using Syncline.Engine.Spaces;
using Syncline.Engine.Storage;

namespace Syncline.Engine.Writing;

/// <summary>
/// The generation of a space's data set, for clients that speak <c>/sync</c>. It is of one epoch of the log, so a log that is replaced, whatever
/// the reason, has another generation, and no cursor of the old one is taken for one of the new.
/// </summary>
internal sealed class Generations(LiveSpace space, SpaceWriter writer, EngineServices services)
{
    private volatile Generation? _known;

    /// <summary>The present one; begun when there is none.</summary>
    /// <param name="isFresh">Whether it is looked for in the store; else what is known will do.</param>
    /// <param name="cancellationToken">Ends the caller's wait.</param>
    public async ValueTask<Generation> FindAsync(bool isFresh, CancellationToken cancellationToken)
    {
        if (!isFresh && _known is { } known && known.Epoch == space.Feed.Now.Head.Epoch)
            return known;
        return await writer.OnLogAsync(FindAsync, cancellationToken);
    }

    /// <summary>Begins the log anew with a client's snapshot; see <see cref="GenerationOutcome"/>.</summary>
    /// <param name="userId">Who does it; an owner.</param>
    /// <param name="key">The key of the new generation; null stands for the present one's.</param>
    /// <param name="snapshot">Any text.</param>
    /// <param name="expected">The key of the generation that it replaces; null for whichever it is.</param>
    /// <param name="cancellationToken">Ends the caller's wait; what was queued is still done.</param>
    public ValueTask<GenerationOutcome> ResetAsync(
        UserId userId, string? key, string snapshot, string? expected, CancellationToken cancellationToken) =>
        writer.OnLogAsync<GenerationOutcome>(
            async head =>
            {
                space.DemandRole(userId, Accounts.Role.Owner);
                if (await FindAsync(head) is not { } present)
                    return null;

                // First: a repeat after a lost reply names as replaced what is no more.
                if (key is null || string.Equals(key, present.Key, StringComparison.Ordinal))
                {
                    string? stored = await services.Store.ReadGenerationSnapshotAsync(space.Id, present.Key, CancellationToken.None);
                    return string.Equals(stored, snapshot, StringComparison.Ordinal)
                        ? new GenerationOutcome.Present(present)
                        : new GenerationOutcome.KeyTaken();
                }

                if (expected is not null && !string.Equals(expected, present.Key, StringComparison.Ordinal))
                    return new GenerationOutcome.Stale(present);
                return await ResetAsync(head, key, snapshot);
            },
            cancellationToken);

    private async ValueTask<GenerationOutcome?> ResetAsync(LogHead head, string key, string snapshot)
    {
        // A seq is left out: a cursor at the end of the old generation is below the new one's begin, and seen to be old also without a key.
        long after = head.Seq == 0 ? 0 : head.Seq + 1;
        DateTimeOffset now = services.TimeProvider.GetUtcMilliseconds();
        Epoch epoch = new(services.RandomBytes.NewId());
        switch (await services.Store.ResetAsync(space.Id, new LogReset(head.Epoch, head.Seq, epoch, after, key, snapshot, now)))
        {
            case ResetOutcome.HeadMoved:
                return null;
            case ResetOutcome.KeyTaken:
                return new GenerationOutcome.KeyTaken();
            default:
                writer.LogHasBegunAnew();
                _known = new Generation(key, epoch, after, System.Text.Encoding.UTF8.GetByteCount(snapshot));
                return new GenerationOutcome.Present(_known);
        }
    }

    private async ValueTask<Generation?> FindAsync(LogHead head) =>
        _known = await services.Store.FindGenerationAsync(
            space.Id, head.Epoch, services.RandomBytes.NewId(), services.TimeProvider.GetUtcMilliseconds(), CancellationToken.None);
}
