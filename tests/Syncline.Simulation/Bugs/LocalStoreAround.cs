using Syncline.Client.Storage;
using Syncline.Core.Operations;

namespace Syncline.Simulation.Bugs;

/// <summary>Stands around a device's store and passes everything on.</summary>
internal abstract class LocalStoreAround(ILocalStore inner) : ILocalStore
{
    public ValueTask<LocalDevice> ReadDeviceAsync(CancellationToken cancellationToken) => inner.ReadDeviceAsync(cancellationToken);

    public ValueTask<IReadOnlyList<LocalSpace>> ReadSpacesAsync(CancellationToken cancellationToken) => inner.ReadSpacesAsync(cancellationToken);

    public IAsyncEnumerable<LocalSnapshot> ReadSnapshotsAsync(SpaceId space, CancellationToken cancellationToken) =>
        inner.ReadSnapshotsAsync(space, cancellationToken);

    public ValueTask<IReadOnlyList<LoggedOperation>> ReadOperationsAsync(
        SpaceId space, long after, int limit, CancellationToken cancellationToken) =>
        inner.ReadOperationsAsync(space, after, limit, cancellationToken);

    public ValueTask<IReadOnlyList<OwnOperation>> ReadOutboxAsync(SpaceId space, CancellationToken cancellationToken) =>
        inner.ReadOutboxAsync(space, cancellationToken);

    public virtual ValueTask WriteAsync(IReadOnlyList<LocalWrite> writes, CancellationToken cancellationToken) => inner.WriteAsync(writes, cancellationToken);

    public ValueTask DisposeAsync() => inner.DisposeAsync();
}
