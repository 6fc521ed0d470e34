using Syncline.Client.Storage;
using Syncline.Core.Operations;

namespace Syncline.Conformance.InMemory;

/// <summary>The rules of local stores, on the twin in memory; and what it does when it is told to fail.</summary>
public sealed class InMemoryLocalStoreTests : LocalStoreConformance
{
    private static readonly LocalWrite[] AddSpace = [new LocalWrite.AddSpace(new SpaceId("space-1"))];

    private readonly InMemoryLocalDisk _disk = new();
    private readonly Random _random = new(1);

    [Fact]
    public async Task A_refused_write_leaves_nothing_and_the_next_one_succeeds()
    {
        InMemoryLocalDisk disk = new() { FaultOf = _ => LocalFault.Refuse };
        await using InMemoryLocalStore store = InMemoryLocalStore.Open(disk, _random);

        await Assert.ThrowsAsync<LocalStoreException>(async () => await store.WriteAsync(AddSpace, default));
        Assert.Empty(await store.ReadSpacesAsync(default));

        disk.FaultOf = _ => LocalFault.None;
        await store.WriteAsync(AddSpace, default);
        Assert.Single(await store.ReadSpacesAsync(default));
    }

    [Theory]
    [InlineData(LocalFault.CrashBefore, 0)]
    [InlineData(LocalFault.CrashAfter, 1)]
    public async Task After_a_crash_everything_fails_until_the_disk_is_opened_anew(LocalFault fault, int spaces)
    {
        InMemoryLocalDisk disk = new() { FaultOf = _ => fault };
        InMemoryLocalStore store = InMemoryLocalStore.Open(disk, _random);
        ActorId actor = (await store.ReadDeviceAsync(default)).Actor;

        await Assert.ThrowsAsync<LocalStoreException>(async () => await store.WriteAsync(AddSpace, default));
        await Assert.ThrowsAsync<LocalStoreException>(async () => await store.ReadSpacesAsync(default));

        await using InMemoryLocalStore next = InMemoryLocalStore.Open(disk, _random);
        await store.DisposeAsync();
        Assert.Throws<LocalStoreInUseException>(() => InMemoryLocalStore.Open(disk, _random));
        Assert.Equal(spaces, (await next.ReadSpacesAsync(default)).Count);
        Assert.Equal(actor, (await next.ReadDeviceAsync(default)).Actor);
    }

    [Fact]
    public async Task A_copy_and_a_disk_that_a_copy_was_put_back_on_take_new_actors()
    {
        InMemoryLocalDisk disk = new();
        InMemoryLocalDisk copy;
        ActorId first;
        await using (InMemoryLocalStore store = InMemoryLocalStore.Open(disk, _random))
        {
            first = (await store.ReadDeviceAsync(default)).Actor;
            copy = disk.Copy();
            await store.WriteAsync(AddSpace, default);
        }

        disk.PutBack(copy);
        await using InMemoryLocalStore putBack = InMemoryLocalStore.Open(disk, _random);
        await using InMemoryLocalStore copied = InMemoryLocalStore.Open(copy, _random);

        Assert.Empty(await putBack.ReadSpacesAsync(default));
        Assert.Equal(3, new HashSet<ActorId>(
            [first, (await putBack.ReadDeviceAsync(default)).Actor, (await copied.ReadDeviceAsync(default)).Actor]).Count);
    }

    /// <inheritdoc />
    protected override ILocalStore Open() => InMemoryLocalStore.Open(_disk, _random);

    /// <inheritdoc />
    protected override void DamageSnapshots() => _disk.DamageSnapshots(new SpaceId("space-1"));
}
