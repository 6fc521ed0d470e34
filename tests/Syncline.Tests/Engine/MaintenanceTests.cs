using Syncline.Engine.Storage;

namespace Syncline.Tests.Engine;

public sealed class MaintenanceTests : IAsyncDisposable
{
    private readonly CancellationTokenSource _stop = new();
    private StoreAround? _store;
    private Task _running = Task.CompletedTask;

    [Fact]
    public async Task A_log_that_cannot_be_read_does_not_end_what_is_done_for_all_others()
    {
        await using EngineWorld world = await StartAsync();
        int faults = 0;
        _store!.AfterRead = _ =>
        {
            faults++;
            throw new InvalidDataException("the log is damaged");
        };
        await world.JudgedAsync(EngineWorld.Alice, world.Keyed("a", 1, "k"), world.Keyed("a", 2, "k"), world.Note("a", 3));
        await world.AdvanceUntilAsync(world.Options.MaintenanceInterval, () => Task.FromResult(faults > 0));

        _store.AfterRead = null;
        await world.JudgedAsync(EngineWorld.Alice, world.Note("a", 4));
        await world.AdvanceUntilAsync(world.Options.MaintenanceInterval, async () => (await world.LogAsync()).Count == 3);
        await StopAsync();
    }

    [Fact]
    public async Task What_was_written_of_a_snapshot_that_failed_is_removed_at_once()
    {
        await using EngineWorld world = await StartAsync();
        int written = 0;
        _store!.AfterAddChunk = () =>
        {
            written++;
            throw new StoreUnavailableException("the disk is full", outcomeUnknown: false);
        };
        await world.JudgedAsync(EngineWorld.Alice, world.Move("a", 1, "root", null));
        await world.AdvanceUntilAsync(world.Options.MaintenanceInterval, () => Task.FromResult(written > 0));

        await world.AdvanceUntilAsync(TimeSpan.Zero, async () => await ReadFirstAsync() is null);
        Assert.Null(await ReadFirstAsync());
        await StopAsync();

        ValueTask<byte[]?> ReadFirstAsync() => world.Memory.ReadSnapshotChunkAsync(EngineWorld.Plans, 1, 0, 0, default);
    }

    public async ValueTask DisposeAsync()
    {
        await _stop.CancelAsync();
        _stop.Dispose();
    }

    private async Task<EngineWorld> StartAsync()
    {
        EngineWorld world = await EngineWorld.StartAsync(
            memory => _store = new StoreAround(memory),
            configure: options => (options.HistoryTime, options.SnapshotOperationsMin) = (TimeSpan.Zero, 1));
        _running = world.Spaces.MaintainAsync(_stop.Token);
        return world;
    }

    private async Task StopAsync()
    {
        await _stop.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => _running);
    }
}
