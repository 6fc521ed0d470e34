using Syncline.Core.Operations;
using Syncline.Core.Tree;
using Syncline.Engine.Snapshots;
using Syncline.Engine.Storage;
using Syncline.Tests.Engine;

namespace Syncline.Tests.Snapshots;

public sealed class StoredSnapshotTests
{
    private StoreAround? _store;

    [Fact]
    public async Task A_cold_space_opens_from_its_snapshot_and_the_tail()
    {
        await using EngineWorld world = await StartAsync();
        await PushAsync(world, 1, 50);
        await StoreAsync(world);
        await PushAsync(world, 51, 60);
        string before = await ReadAsync(world);
        await world.CloseAsync();
        List<long> read = SeqsRead();

        Assert.Equal(before, await ReadAsync(world));

        // The operation that the snapshot ends with is compared with it.
        Assert.Equal(Enumerable.Range(50, 11).Select(seq => (long)seq), read.Order());
    }

    [Fact]
    public async Task What_was_loaded_goes_on_as_what_was_written()
    {
        await using EngineWorld world = await StartAsync();
        await PushAsync(world, 1, 20);
        await world.JudgedAsync(EngineWorld.Alice, world.Move("late", 500, "child", "unknown"));
        await StoreAsync(world);
        await world.CloseAsync();

        await world.JudgedAsync(EngineWorld.Alice, world.Move("late", 400, "unknown", "root"));

        Assert.Contains("child", await ReadAsync(world), StringComparison.Ordinal);
        IReadOnlyList<LoggedOperation> log = await world.LogAsync();
        TreesState replayed = new(new TreeLimits());
        foreach (LoggedOperation logged in log)
        {
            world.Reader.ReadContent(logged.Operation);
            replayed.Apply(logged);
        }

        replayed.Commit();
        SpaceSnapshot snapshot = await (await world.UseAsync()).TakeSnapshotAsync(default);
        Assert.Equal(replayed.WriteSnapshots().Single().State.ToArray(), snapshot.Parts.Single().Snapshot.State.ToArray());
    }

    public static TheoryData<string> Damages => ["a bit", "a missing chunk", "a long chunk", "a short part", "the hash", "the version", "another log", "ahead of the log"];

    [Theory]
    [MemberData(nameof(Damages))]
    public async Task What_is_damaged_is_thrown_away_and_the_log_read_instead(string damage)
    {
        await using EngineWorld world = await StartAsync();
        await PushAsync(world, 1, 50);
        await StoreAsync(world);
        string before = await ReadAsync(world);
        await world.CloseAsync();
        Damage(damage);
        List<long> read = SeqsRead();

        Assert.Equal(before, await ReadAsync(world));

        Assert.Equal(50, read.Distinct().Count());
        (_store!.ShownChunk, _store.ShownSnapshot) = (null, null);
        Assert.Null(await _store.FindSnapshotAsync(EngineWorld.Plans, default));
    }

    [Fact]
    public async Task A_part_of_several_pieces_is_loaded_from_them()
    {
        await using EngineWorld world = await StartAsync();
        await PushAsync(world, 1, 1);
        for (int seq = 2; seq <= 50; seq++)
        {
            await world.JudgedAsync(EngineWorld.Alice, world.Item(
                $$"""
                {"scope":"tree","resourceId":"root","actor":"a","clock":{{seq}},"payload":
                {"id":{"counter":{{seq}},"peerId":"a"},"targetId":"root","key":"k{{seq}}","value":"{{new string((char)('a' + (seq % 26)), 50_000)}}"} }
                """));
        }

        await StoreAsync(world);
        StoredSnapshot stored = (await world.Store.FindSnapshotAsync(EngineWorld.Plans, default))!;
        Assert.InRange(Assert.Single(stored.Parts).Length, (2 * StoredSnapshot.ChunkBytes) + 1, 3 * StoredSnapshot.ChunkBytes);
        string before = await ReadAsync(world);
        await world.CloseAsync();
        List<long> read = SeqsRead();

        Assert.Equal(before, await ReadAsync(world));

        Assert.Equal([50], read);
    }

    [Fact]
    public async Task A_snapshot_of_a_time_before_a_model_was_known_is_no_snapshot_of_it()
    {
        await using EngineWorld world = await StartAsync();
        await PushAsync(world, 1, 50);
        await StoreAsync(world);
        string before = await ReadAsync(world);
        await world.CloseAsync();
        _store!.ShownSnapshot = stored => stored with { Scopes = [new Scope("list")], Parts = [] };

        Assert.Equal(before, await ReadAsync(world));
    }

    [Fact]
    public async Task One_is_due_when_the_log_has_grown_enough()
    {
        await using EngineWorld world = await StartAsync(options => options.SnapshotOperationsMin = 20);
        SnapshotWriter writer = new(world.Services);
        await PushAsync(world, 1, 19);
        Assert.False(await writer.IsDueAsync(EngineWorld.Plans, default));
        await PushAsync(world, 20, 20);
        Assert.True(await writer.IsDueAsync(EngineWorld.Plans, default));
        await StoreAsync(world);
        Assert.False(await writer.IsDueAsync(EngineWorld.Plans, default));
        await PushAsync(world, 21, 200);
        await StoreAsync(world);

        // A quarter of 200.
        await PushAsync(world, 201, 249);
        Assert.False(await writer.IsDueAsync(EngineWorld.Plans, default));
        await PushAsync(world, 250, 250);
        Assert.True(await writer.IsDueAsync(EngineWorld.Plans, default));
    }

    [Fact]
    public async Task None_is_due_of_what_no_model_has_a_state_of()
    {
        await using EngineWorld world = await StartAsync(options => options.SnapshotOperationsMin = 1);
        await world.JudgedAsync(EngineWorld.Alice, world.Note("a", 1), world.Note("a", 2));
        Assert.False(await new SnapshotWriter(world.Services).IsDueAsync(EngineWorld.Plans, default));
    }

    [Fact]
    public async Task What_is_due_is_stored_in_the_background()
    {
        await using EngineWorld world = await StartAsync(options => options.SnapshotOperationsMin = 20);
        await PushAsync(world, 1, 20);
        using CancellationTokenSource stop = new();
        Task running = world.Spaces.MaintainAsync(stop.Token);

        await world.AdvanceUntilAsync(
            world.Options.MaintenanceInterval, async () => await world.Store.FindSnapshotAsync(EngineWorld.Plans, default) is { Seq: 20 });

        await stop.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => running);
    }

    [Fact]
    public async Task The_first_operation_of_a_scope_that_comes_while_a_bootstrap_begins_is_in_it_or_after_it()
    {
        await using EngineWorld world = await StartAsync();
        await PushAsync(world, 1, 10);
        Syncline.Engine.Spaces.LiveSpace space = await world.UseAsync();
        Task? pushing = null;
        _store!.AfterReadScopes = () =>
        {
            // Not waited for: the scopes may be read between two rounds of the writer.
            pushing ??= world.JudgedAsync(EngineWorld.Alice, world.Note("n", 1));
            return Task.CompletedTask;
        };

        Bootstrap bootstrap = await space.BootstrapAsync(EngineWorld.Alice, default);

        await pushing!;
        List<long> seqs = [];
        await foreach (IReadOnlyList<LoggedOperation> page in bootstrap.ReadOperationsAsync(EngineWorld.Page, default))
            seqs.AddRange(page.Select(logged => logged.Seq));
        Assert.Equal(11, space.Feed.Now.Head.Seq);
        Assert.True(bootstrap.Seq < 11 || seqs is [11], $"as of {bootstrap.Seq}, with {seqs.Count} operations beside");
    }

    [Fact]
    public async Task Bootstraps_under_way_at_one_time_share_the_states_in_memory()
    {
        await using EngineWorld world = await StartAsync(options => options.SnapshotOperationsMin = 5);
        await PushAsync(world, 1, 10);
        Syncline.Engine.Spaces.LiveSpace space = await world.UseAsync();
        Bootstrap first = await space.BootstrapAsync(EngineWorld.Alice, default);
        await PushAsync(world, 11, 14);
        Bootstrap second = await space.BootstrapAsync(EngineWorld.Alice, default);
        await PushAsync(world, 15, 15);
        Bootstrap third = await space.BootstrapAsync(EngineWorld.Alice, default);

        Assert.Equal((10, 10, 15), (first.Seq, second.Seq, third.Seq));
        ReadOnlyMemory<byte> state = await first.ReadAsync(0, default).SingleAsync();
        Assert.True(state.Equals(await second.ReadAsync(0, default).SingleAsync()), "both read the same bytes");
    }

    private async Task<EngineWorld> StartAsync(Action<Syncline.Engine.EngineOptions>? configure = null) =>
        await EngineWorld.StartAsync(memory => _store = new StoreAround(memory), configure: configure);

    // Operation 1 makes the root; then vertices and their properties by turns.
    private static async Task PushAsync(EngineWorld world, int first, int last)
    {
        for (int seq = first; seq <= last; seq++)
        {
            await world.JudgedAsync(EngineWorld.Alice, seq == 1 ? world.Move("a", 1, "root", null)
                : seq % 2 == 0 ? world.Move("a", seq, $"v{seq}", "root")
                : world.Item(
                    $$"""
                    {"scope":"tree","resourceId":"root","actor":"a","clock":{{seq}},"payload":
                    {"id":{"counter":{{seq}},"peerId":"a"},"targetId":"v{{seq - 1}}","key":"name","value":"{{seq}}","transient":false} }
                    """));
        }
    }

    private static async Task StoreAsync(EngineWorld world) => await new SnapshotWriter(world.Services).WriteAsync(await world.UseAsync(), default);

    private static async Task<string> ReadAsync(EngineWorld world) => await (await world.UseAsync()).ReadTreesAsync(
        EngineWorld.Alice,
        (trees, _) => Trees.TreeText.Of(trees.Trees[new ResourceId("root")].Read(includeDeleted: true)),
        default);

    private List<long> SeqsRead()
    {
        List<long> read = [];
        _store!.AfterRead = page =>
        {
            read.AddRange(page.Operations.Select(logged => logged.Seq));
            return Task.CompletedTask;
        };
        return read;
    }

    private void Damage(string what)
    {
        StoreAround store = _store!;
        switch (what)
        {
            case "a bit":
                store.ShownChunk = bytes =>
                {
                    byte[] damaged = [.. bytes];
                    damaged[bytes.Length / 2] ^= 4;
                    return damaged;
                };
                break;
            case "a missing chunk":
                store.ShownChunk = _ => null;
                break;
            case "a long chunk":
                store.ShownChunk = bytes => [.. bytes, 0];
                break;
            case "a short part":
                store.ShownSnapshot = stored => stored with { Parts = [stored.Parts[0] with { Length = stored.Parts[0].Length + 1 }] };
                break;
            case "the hash":
                store.ShownSnapshot = stored => stored with { Parts = [stored.Parts[0] with { Hash = new byte[32] }] };
                break;
            case "the version":
                store.ShownSnapshot = stored => stored with { Parts = [stored.Parts[0] with { Format = 99 }] };
                break;
            case "another log":
                store.ShownSnapshot = stored => stored with { Digest = OperationDigest.Empty };
                break;
            case "ahead of the log":
                store.ShownSnapshot = stored => stored with { Seq = 51 };
                break;
            default:
                throw new ArgumentOutOfRangeException(nameof(what));
        }
    }
}
