using Syncline.Core.Lists;
using Syncline.Core.Operations;
using Syncline.Engine.Writing;
using Syncline.Tests.Engine;
using Syncline.Tests.Lists;
using static Syncline.Tests.Lists.ListOp;

namespace Syncline.Tests.Compaction;

public sealed class PurgeTests
{
    private static readonly TimeSpan PurgeTime = TimeSpan.FromDays(90);

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task Of_what_was_deleted_long_ago_the_deletion_is_left_and_later_writes_are_refused(bool onSqlite)
    {
        await using CompactionWorld world = await CompactionWorld.StartAsync(onSqlite);
        await PushAsync(world, Insert("l", 1, "a", "t", "secret"), Done("l", 2, "a", "t", true), Insert("l", 3, "a", "kept", "text"), Remove("l", 4, "a", "t"));
        await PushAsync(world, Create(5, "a", "m", "old"), RemoveList(6, "a", "m"), Text("l", 7, "a", "kept", "newer"));
        await PurgeAsync(world);
        Assert.Equal(7, (await world.LogAsync()).Count);

        world.Engine.Time.Advance(PurgeTime + TimeSpan.FromDays(1));
        await PurgeAsync(world);

        Assert.Equal([3, 4, 6, 7], (await world.LogAsync()).Select(logged => logged.Seq));
        for (int start = 0; start < 2; start++)
        {
            Assert.Equal(world.ReplayLists(await world.LogAsync()), await world.ListsAsync());
            Operation[] late =
            [
                Text("l", 20, "a", "t", "late"), Restore("l", 21, "a", "t"), Create(22, "a", "m"), List("m", 23, "a", """ "type":"renameList","payload":{"title":"late"} """),
                Remove("l", 4, "a", "t"), Insert("l", 1, "a", "t", "secret"),
            ];
            PushOutcome.Judged judged = await PushAsync(world, late);
            Assert.All(judged.Results.Take(4), result => Assert.Equal(ErrorCodes.EntityDeleted, Assert.IsType<OperationResult.Rejected>(result).Refusal.Code));
            Assert.Equal([new OperationResult.Duplicate(4), new OperationResult.Duplicate(1)], judged.Results.Skip(4));
            await PushAsync(world, Text("l", 30 + start, "a", "kept", $"newest {start}"));

            // The same when it is opened anew.
            await world.Engine.CloseAsync();
        }
    }

    [Fact]
    public async Task What_was_restored_or_is_not_old_enough_is_kept()
    {
        await using CompactionWorld world = await CompactionWorld.StartAsync(onSqlite: true);
        await PushAsync(world, Insert("l", 1, "a", "t", "back"), Remove("l", 2, "a", "t"), Insert("l", 3, "a", "u", "late"));
        world.Engine.Time.Advance(PurgeTime + TimeSpan.FromDays(1));
        await PushAsync(world, Restore("l", 4, "a", "t"), Remove("l", 5, "a", "u"), Insert("l", 6, "a", "v", "last"));

        DateTimeOffset? next = await PurgeAsync(world);

        Assert.Equal(world.Engine.Time.GetUtcNow() + PurgeTime, next);
        Assert.Empty(await world.Engine.Store.ReadPurgedAsync(EngineWorld.Plans, default));
        Assert.All((await PushAsync(world, Text("l", 7, "a", "t", "x"), Text("l", 8, "a", "u", "y"))).Results, result => Assert.IsType<OperationResult.Accepted>(result));
    }

    [Fact]
    public async Task A_stored_snapshot_keeps_nothing_of_what_was_purged()
    {
        await using CompactionWorld world = await CompactionWorld.StartAsync(onSqlite: true);
        await PushAsync(world, Insert("l", 1, "a", "t", "secret"), Remove("l", 2, "a", "t"), Insert("l", 3, "a", "u", "text"));
        await world.StoreSnapshotAsync();
        world.Engine.Time.Advance(PurgeTime + TimeSpan.FromDays(1));

        await PurgeAsync(world);

        Assert.Null(await world.Engine.Store.FindSnapshotAsync(EngineWorld.Plans, default));
        Assert.DoesNotContain(Convert.ToHexString("secret"u8), await world.ListsAsync(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Whenever_it_is_purged_what_shows_is_the_same_everywhere()
    {
        int purged = 0;
        for (int seed = 1; seed <= 30; seed++)
        {
            Random random = new(seed);
            await using CompactionWorld world = await CompactionWorld.StartAsync(onSqlite: seed % 3 == 0);
            Queue<Operation> workload = new(ListWorkload.Wild(random, 150));
            while (workload.Count > 0)
            {
                await PushAsync(world, [.. Enumerable.Range(0, Math.Min(random.Next(1, 20), workload.Count)).Select(_ => workload.Dequeue())]);
                world.Engine.Time.Advance(TimeSpan.FromDays(random.Next(60)));
                if (random.Chance(30))
                    await PurgeAsync(world);
                if (random.Chance(15))
                    await world.StoreSnapshotAsync();
                if (random.Chance(15))
                    await world.Engine.CloseAsync();
            }

            await PurgeAsync(world);
            IReadOnlyList<LoggedOperation> log = await world.LogAsync();
            Assert.Equal(Shown(world, world.Twin), Shown(world, log));
            string live = await world.ListsAsync();
            await world.Engine.CloseAsync();
            Assert.Equal(live, await world.ListsAsync());
            purged += (await world.Engine.Store.ReadPurgedAsync(EngineWorld.Plans, default)).Count;
        }

        Assert.True(purged > 20, $"{purged} purged");
    }

    private static string Shown(CompactionWorld world, IEnumerable<LoggedOperation> operations)
    {
        ListsState state = world.Replay((ListsState)new ListModel().CreateState(), operations);
        return string.Join('\n', state.Lists
            .Where(list => !list.IsDeleted && (list.IsCreated || state.TasksOf(list.Id).Any()))
            .Select(list => $"{list} {string.Join(' ', state.TasksOf(list.Id))}"));
    }

    private static Task<PushOutcome.Judged> PushAsync(CompactionWorld world, params Operation[] operations) =>
        world.PushAsync([.. operations.Select(operation => new PushItem(operation, Refusal: null, Tx: null))]);

    private static async Task<DateTimeOffset?> PurgeAsync(CompactionWorld world)
    {
        await world.CompactAsync();
        return await new Syncline.Engine.Compaction.Purger(world.Engine.Services).RunAsync(await world.Engine.UseAsync(), PurgeTime, default);
    }
}
