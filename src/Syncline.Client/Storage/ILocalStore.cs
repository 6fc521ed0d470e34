using Syncline.Core.Operations;

namespace Syncline.Client.Storage;

/// <summary>
/// Where a device keeps its spaces: of each a snapshot of what it had received at some time, the operations received since, its own operations,
/// and the cursor. One client at a time has it open. Calls may block: the client makes them on its own scheduler, one write at a time.
/// A call that fails with a <see cref="LocalStoreException"/> has changed nothing, and the next one may succeed.
/// </summary>
/// <remarks>
/// What a model has a state of is kept as snapshot and tail; operations of other scopes are all kept. Own operations are kept after they were read
/// back from the log too, because a log that was restored from a backup may have lost them.
/// </remarks>
public interface ILocalStore : IAsyncDisposable
{
    /// <summary>What the store says of itself.</summary>
    /// <exception cref="LocalStoreException">It cannot be read.</exception>
    ValueTask<LocalDevice> ReadDeviceAsync(CancellationToken cancellationToken);

    /// <summary>All spaces, by id, ordinal.</summary>
    ValueTask<IReadOnlyList<LocalSpace>> ReadSpacesAsync(CancellationToken cancellationToken);

    /// <summary>
    /// The snapshots that the tail goes on from, in the order in which they were written; none when the space is not there. Nothing is written while
    /// they are read.
    /// </summary>
    /// <exception cref="LocalSnapshotDamagedException">The space is to begin anew; its outbox is whole.</exception>
    /// <exception cref="LocalStoreException">They cannot be read.</exception>
    IAsyncEnumerable<LocalSnapshot> ReadSnapshotsAsync(SpaceId space, CancellationToken cancellationToken);

    /// <summary>
    /// Received operations after a seq, in seq order; none when the space is not there. Their content is not read. Digest and group end are not kept:
    /// they read as the empty digest and the operation's own seq.
    /// </summary>
    /// <param name="space">The space.</param>
    /// <param name="after">Exclusive.</param>
    /// <param name="limit">Most operations to return.</param>
    /// <param name="cancellationToken">Ends the call.</param>
    ValueTask<IReadOnlyList<LoggedOperation>> ReadOperationsAsync(SpaceId space, long after, int limit, CancellationToken cancellationToken);

    /// <summary>
    /// Own operations, in the order in which they were made: those that were not read back from the log, refused ones too; none when the space is not
    /// there. Their content is not read.
    /// </summary>
    ValueTask<IReadOnlyList<OwnOperation>> ReadOutboxAsync(SpaceId space, CancellationToken cancellationToken);

    /// <summary>Writes everything in one transaction, durably, in this order. The token is looked at before anything is written.</summary>
    /// <exception cref="LocalStoreException">Nothing was written.</exception>
    /// <exception cref="ArgumentException">
    /// Nothing was written: a space is not there, a number or an actor's clock is taken, or a seq is not greater than those before it or not below 2^40.
    /// </exception>
    ValueTask WriteAsync(IReadOnlyList<LocalWrite> writes, CancellationToken cancellationToken);
}
