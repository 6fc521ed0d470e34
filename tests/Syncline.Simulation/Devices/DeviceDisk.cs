using System.Runtime.CompilerServices;
using Syncline.Client.Storage;
using Syncline.Core.Operations;
using Syncline.Simulation.Scheduling;
using Syncline.Simulation.World;

namespace Syncline.Simulation.Devices;

/// <summary>What one life of a client sees of its device's store: a disk that takes its time, fails, fills up, and in the middle of whose writes the device may die.</summary>
internal sealed class DeviceDisk(ILocalStore inner, Device device, Process process, Dice dice) : ILocalStore
{
    public async ValueTask<LocalDevice> ReadDeviceAsync(CancellationToken cancellationToken) =>
        await AfterPauseAsync(() => inner.ReadDeviceAsync(cancellationToken));

    public async ValueTask<IReadOnlyList<LocalSpace>> ReadSpacesAsync(CancellationToken cancellationToken) =>
        await AfterPauseAsync(() => inner.ReadSpacesAsync(cancellationToken));

    public async IAsyncEnumerable<LocalSnapshot> ReadSnapshotsAsync(SpaceId space, [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        await PauseBeforeReadAsync();
        await foreach (LocalSnapshot snapshot in inner.ReadSnapshotsAsync(space, cancellationToken))
            yield return snapshot;
    }

    public async ValueTask<IReadOnlyList<LoggedOperation>> ReadOperationsAsync(
        SpaceId space, long after, int limit, CancellationToken cancellationToken) =>
        await AfterPauseAsync(() => inner.ReadOperationsAsync(space, after, limit, cancellationToken));

    public async ValueTask<IReadOnlyList<OwnOperation>> ReadOutboxAsync(SpaceId space, CancellationToken cancellationToken) =>
        await AfterPauseAsync(() => inner.ReadOutboxAsync(space, cancellationToken));

    public async ValueTask WriteAsync(IReadOnlyList<LocalWrite> writes, CancellationToken cancellationToken)
    {
        await PauseAsync();
        if (device.DiskIsFull)
            throw new LocalStoreException("The disk is full.");
        if (dice.Strikes(Fault.LocalWriteRefused))
            throw new LocalStoreException("The disk refused the write.");
        bool isTorn = dice.Strikes(Fault.LocalWriteTorn);
        if (!isTorn || dice.Chance(50))
        {
            await inner.WriteAsync(writes, cancellationToken);
            device.Made.Note(writes);
        }

        if (isTorn)
        {
            device.Crash("in the middle of a write");
            device.DiedWhileWriting();
        }

        await PauseAsync();
    }

    public ValueTask DisposeAsync() => inner.DisposeAsync();

    private async ValueTask<T> AfterPauseAsync<T>(Func<ValueTask<T>> read)
    {
        await PauseBeforeReadAsync();
        return await read();
    }

    // A program that cannot read its store when it starts says so and ends; that is not tried here.
    private async ValueTask PauseBeforeReadAsync()
    {
        await PauseAsync();
        if (device.Life is not null && dice.Strikes(Fault.LocalReadRefused))
            throw new LocalStoreException("The disk refused the read.");
    }

    private async ValueTask PauseAsync()
    {
        if (dice.Chance(20))
            await Task.Delay(dice.Between(TimeSpan.Zero, TimeSpan.FromMilliseconds(20)), process.Time);
        else
            await Task.Yield();
    }
}
