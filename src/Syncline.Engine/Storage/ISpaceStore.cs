using Syncline.Core.Operations;
using Syncline.Core.Tree;

namespace Syncline.Engine.Storage;

/// <summary>
/// Where the logs live. Calls for different spaces may run at once, and reads beside one append of the same space. Every method throws
/// <see cref="StoreUnavailableException"/> when the store cannot do its work, and <see cref="SpaceNotFoundException"/> where a log is
/// needed that is not there.
/// </summary>
public interface ISpaceStore : ILogCompaction, ISnapshotStore
{
    /// <summary>Makes an empty log. Nothing happens when the space has one.</summary>
    ValueTask CreateAsync(SpaceId space, Epoch epoch, DateTimeOffset createdAt, CancellationToken cancellationToken);

    /// <summary>Removes a log and all that belongs to it. Nothing happens when there is none.</summary>
    ValueTask DeleteAsync(SpaceId space, CancellationToken cancellationToken);

    /// <summary>Where the log stands; null when there is none.</summary>
    ValueTask<LogHead?> ReadHeadAsync(SpaceId space, CancellationToken cancellationToken);

    /// <summary>Looks up what is known of a batch, in one round trip.</summary>
    ValueTask<Known> FindAsync(
        SpaceId space, IReadOnlyCollection<OperationId> identities, IReadOnlyCollection<ActorId> actors, CancellationToken cancellationToken);

    /// <summary>Appends a batch in one transaction. It has returned <see cref="AppendOutcome.Appended"/> only when the batch is durable.</summary>
    /// <remarks>Not cancellable: after the commit point one finishes.</remarks>
    ValueTask<AppendOutcome> AppendAsync(SpaceId space, LogAppend append);

    /// <summary>Reads a page of the log after a seq.</summary>
    /// <param name="space">The space.</param>
    /// <param name="after">Exclusive; 0 reads from the start.</param>
    /// <param name="selection">What is wanted; the cursor moves over the rest.</param>
    /// <param name="limits">Where to cut.</param>
    /// <param name="cancellationToken">Ends a long scan.</param>
    ValueTask<LogPage> ReadAsync(SpaceId space, long after, Selection selection, PageLimits limits, CancellationToken cancellationToken);

    /// <summary>Reads the stored operations of one resource that a vector covers, in (clock, actor) order, by the identity's index.</summary>
    /// <param name="space">The space.</param>
    /// <param name="scope">The resource's scope.</param>
    /// <param name="resourceId">The resource.</param>
    /// <param name="wanted">Actors and clocks; what matches no operation is passed over.</param>
    /// <param name="limits">Where to cut. At least one operation is read where there is one.</param>
    /// <param name="cancellationToken">Ends a long read.</param>
    ValueTask<IReadOnlyList<LoggedOperation>> ReadRangesAsync(
        SpaceId space, Scope scope, ResourceId resourceId, StateVector wanted, PageLimits limits, CancellationToken cancellationToken);

    /// <summary>
    /// The generation of the log's present epoch. Where there is none yet, one is begun with <paramref name="key"/>: with the snapshot of the
    /// generation before, and nothing of the log is changed.
    /// </summary>
    /// <param name="space">The space.</param>
    /// <param name="epoch">The epoch that the log must have.</param>
    /// <param name="key">The key of a generation that is begun; one that no generation of the space has or had.</param>
    /// <param name="at">When, UTC.</param>
    /// <param name="cancellationToken">Before the commit only.</param>
    /// <returns>Null: the log has another epoch.</returns>
    ValueTask<Generation?> FindGenerationAsync(SpaceId space, Epoch epoch, string key, DateTimeOffset at, CancellationToken cancellationToken);

    /// <summary>The snapshot of the present generation; null when that has another key.</summary>
    ValueTask<string?> ReadGenerationSnapshotAsync(SpaceId space, string key, CancellationToken cancellationToken);

    /// <summary>
    /// Begins the log anew, in one durable transaction. Operations and their identities go; actors keep their users; the highest clock stays;
    /// the digest begins again; seqs go on after <see cref="LogReset.After"/>.
    /// </summary>
    /// <remarks>Not cancellable: after the commit point one finishes.</remarks>
    ValueTask<ResetOutcome> ResetAsync(SpaceId space, LogReset reset);

    /// <summary>The cursors of a space's clients, the one seen last first.</summary>
    ValueTask<IReadOnlyList<ClientCursor>> ReadClientsAsync(SpaceId space, CancellationToken cancellationToken);

    /// <summary>Puts these cursors in the place of those that their clients had, then drops what is beyond the bounds.</summary>
    /// <param name="space">The space.</param>
    /// <param name="cursors">Each client once.</param>
    /// <param name="clientsPerUserMax">How many of one user are kept: those seen last.</param>
    /// <param name="clientsMax">How many of all users are kept of these: those seen last.</param>
    /// <param name="seenSince">Those not seen since then are dropped.</param>
    /// <param name="cancellationToken">Before the commit only.</param>
    ValueTask WriteClientsAsync(
        SpaceId space,
        IReadOnlyList<ClientCursor> cursors,
        int clientsPerUserMax,
        int clientsMax,
        DateTimeOffset seenSince,
        CancellationToken cancellationToken);

    /// <summary>Does what shows that the store can write durably now; throws when it cannot.</summary>
    ValueTask CheckAsync(CancellationToken cancellationToken);
}
