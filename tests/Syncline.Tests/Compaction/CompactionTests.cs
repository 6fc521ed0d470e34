using Syncline.Core.Operations;
using Syncline.Core.Tree;
using Syncline.Engine.Spaces;
using Syncline.Engine.Writing;
using Syncline.Tests.Engine;
using Syncline.Tests.Lists;
using Syncline.Tests.Trees;

namespace Syncline.Tests.Compaction;

public sealed class CompactionTests
{
    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task Whenever_a_log_is_compacted_every_client_ends_as_if_it_never_were(bool onSqlite)
    {
        int dropped = 0;
        for (int seed = 1; seed <= (onSqlite ? 12 : 40); seed++)
        {
            Random random = new(seed);
            await using CompactionWorld world = await CompactionWorld.StartAsync(onSqlite);
            List<PushItem> workload = [.. random.Next(3) switch
            {
                0 => TreeWorkload.Causal(random, 120).Select(world.Item),
                1 => TreeWorkload.Wild(random, 120).Select(world.Item),
                _ => ListWorkload.Wild(random, 120).Select(operation => new PushItem(operation, Refusal: null, Tx: null)),
            }];
            for (int next = 0, notes = 0; next < workload.Count;)
            {
                int count = Math.Min(random.Next(1, 20), workload.Count - next);
                List<PushItem> items = [.. workload.GetRange(next, count)];
                if (random.Chance(40))
                    items.Add(world.Engine.Keyed($"n{random.Next(3)}", ++notes, $"k{random.Next(4)}", tx: "t"));
                if (random.Chance(20))
                    items.Add(world.Engine.Note("n", ++notes, tx: "t"));
                await world.PushAsync([.. items]);
                next += count;
                if (random.Chance(20))
                    await world.CompactAsync();
                if (random.Chance(10))
                    await world.StoreSnapshotAsync();
                if (random.Chance(10))
                    await world.Engine.CloseAsync();
            }

            await world.CompactAsync();
            await AssertAllEndEqualAsync(world, random, $"seed {seed}");
            dropped += world.Twin.Count - (await world.LogAsync()).Count;
        }

        Assert.True(dropped > 100, $"{dropped} dropped");
    }

    private static async Task AssertAllEndEqualAsync(CompactionWorld world, Random random, string what)
    {
        IReadOnlyList<LoggedOperation> log = await world.LogAsync();
        TreesState twin = world.Replay(world.Twin);
        string expected = Text(twin);
        Assert.True(expected == Text(world.Replay(log)), $"{what}: one that starts anew");
        string lists = world.ReplayLists(world.Twin);
        Assert.Equal(lists, world.ReplayLists(log));
        Assert.Equal(lists, await world.ListsAsync());

        // What is no write of a register stays, and so does the newest write of each.
        HashSet<long> left = [.. log.Select(logged => logged.Seq)];
        Assert.All(world.Twin.Where(logged => logged.Operation.Content is TreeOperation.Move || logged.Operation is { Key: null, Id.Scope.Value: "note" }),
            logged => Assert.Contains(logged.Seq, left));
        Assert.All(world.Twin.Where(logged => logged.Operation.Key is not null).GroupBy(logged => logged.Operation.Key),
            ofKey => Assert.Contains(ofKey.MaxBy(logged => logged.Operation.Id.Stamp)!.Seq, left));

        for (int i = 0; i < 5; i++)
        {
            int held = random.Next(world.Twin.Count + 1);
            List<LoggedOperation> pulled = await world.PullAsync(held, random.Next(1, 30));
            Assert.True(expected == Text(world.Replay([.. world.Twin.Take(held), .. pulled])), $"{what}: one that had {held} and pulled");
            Assert.Equal(lists, world.ReplayLists([.. world.Twin.Take(held), .. pulled]));
        }

        LiveSpace space = await world.Engine.UseAsync();
        foreach (Tree tree in twin.Trees.Values)
        {
            int held = random.Next(world.Twin.Count + 1);
            StateVector vector = new();
            foreach (LoggedOperation logged in world.Twin.Take(held).Where(logged => logged.Operation.Id.ResourceId == tree.Id))
                vector.Add(logged.Operation.Id.Stamp);
            List<Stamp> wanted = await space.ReadTreesAsync(
                EngineWorld.Alice, (trees, _) => trees.Trees[tree.Id].Sendable.WorthSending(vector).ToList(), default);
            Assert.Equal(tree.Sendable.WorthSending(vector), wanted);
            Assert.Equal(
                TreeText.Of(tree.Stored), await space.ReadTreesAsync(EngineWorld.Alice, (trees, _) => TreeText.Of(trees.Trees[tree.Id].Stored), default));
            StateVector ranges = new();
            wanted.ForEach(ranges.Add);
            IReadOnlyList<LoggedOperation> sent = await space.ReadTreeOperationsAsync(
                tree.Id, ranges, new Syncline.Engine.Storage.PageLimits(int.MaxValue, long.MaxValue), default);
            Assert.Equal(wanted, sent.Select(logged => logged.Operation.Id.Stamp));
        }

        // An outbox that nobody has answered, however old, is all duplicates.
        foreach (LoggedOperation logged in random.GetItems(world.Twin.ToArray(), 20))
        {
            PushItem again = new(logged.Operation with { Tx = null }, Refusal: null, Tx: null);
            PushOutcome.Judged judged = await world.Engine.JudgedAsync(EngineWorld.Alice, again);
            Assert.Equal(new OperationResult.Duplicate(logged.Seq), Assert.Single(judged.Results));
        }
    }

    private static string Text(TreesState state) => string.Join(
        '\n', state.Trees.Values.Select(tree => $"{tree.Id}: {TreeText.Of(tree.Read(includeDeleted: true))} {TreeText.Of(tree.Sendable.WorthSending(new StateVector()))}"));

    [Fact]
    public async Task History_is_kept_whole_for_a_time()
    {
        await using CompactionWorld world = await CompactionWorld.StartAsync(onSqlite: true, options => options.HistoryTime = TimeSpan.FromDays(30));
        await world.PushAsync(world.Engine.Keyed("a", 1, "k"));
        world.Engine.Time.Advance(TimeSpan.FromDays(10));
        await world.PushAsync(world.Engine.Keyed("a", 2, "k"));
        world.Engine.Time.Advance(TimeSpan.FromDays(25));
        await world.PushAsync(world.Engine.Note("a", 3));

        // The first is older than 30 days, but until 25 days ago it was what the key had.
        DateTimeOffset? due = await world.CompactAsync();
        Assert.Equal([1, 2, 3], (await world.LogAsync()).Select(logged => logged.Seq));
        Assert.Equal(world.Engine.Time.GetUtcNow() + TimeSpan.FromDays(5), due);

        world.Engine.Time.Advance(TimeSpan.FromDays(5));
        await world.CompactAsync();
        Assert.Equal([2, 3], (await world.LogAsync()).Select(logged => logged.Seq));
    }

    [Fact]
    public async Task A_stub_is_kept_for_a_time_and_what_is_sent_later_is_taken_and_decides_nothing()
    {
        await using CompactionWorld world = await CompactionWorld.StartAsync(onSqlite: true);
        await world.PushAsync(world.Engine.Keyed("a", 1, "k"), world.Engine.Keyed("a", 2, "k"), world.Engine.Note("a", 3));
        await world.CompactAsync();
        Assert.Equal([2, 3], (await world.LogAsync()).Select(logged => logged.Seq));

        world.Engine.Time.Advance(TimeSpan.FromDays(59));
        await world.CompactAsync();
        Assert.Equal(new OperationResult.Duplicate(1), Assert.Single((await world.PushAsync(world.Engine.Keyed("a", 1, "k"))).Results));
        Assert.Equal(
            ErrorCodes.IdentityReused,
            Assert.IsType<OperationResult.Rejected>(Assert.Single((await world.PushAsync(world.Engine.Keyed("a", 1, "k", "{\"other\":1}"))).Results)).Refusal.Code);

        world.Engine.Time.Advance(TimeSpan.FromDays(3));
        await world.CompactAsync();
        Assert.Equal(new OperationResult.Accepted(4), Assert.Single((await world.PushAsync(world.Engine.Keyed("a", 1, "k"))).Results));
        await world.PushAsync(world.Engine.Note("a", 4));
        await world.CompactAsync();
        Assert.Equal([2, 3, 5], (await world.LogAsync()).Select(logged => logged.Seq));
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task A_group_of_which_some_were_dropped_is_known_as_a_whole_for_as_long_as_one_is_left(bool onSqlite)
    {
        await using CompactionWorld world = await CompactionWorld.StartAsync(onSqlite);
        PushItem[] group =
        [
            world.Engine.Keyed("a", 1, "k", tx: "t"), world.Engine.Note("a", 2, tx: "t"), world.Engine.Keyed("a", 3, "l", tx: "t"),
        ];
        await world.PushAsync(group);
        await world.PushAsync(world.Engine.Keyed("a", 4, "k"), world.Engine.Keyed("a", 5, "l"), world.Engine.Note("a", 6));
        await world.CompactAsync();
        Assert.Equal([2, 4, 5, 6], (await world.LogAsync()).Select(logged => logged.Seq));

        world.Engine.Time.Advance(TimeSpan.FromDays(100));
        await world.CompactAsync();
        PushOutcome.Judged judged = await world.PushAsync(group);
        Assert.Equal([new OperationResult.Duplicate(1), new OperationResult.Duplicate(2), new OperationResult.Duplicate(3)], judged.Results);
    }

    [Fact]
    public async Task The_last_operation_stays_and_says_where_the_log_stands()
    {
        await using CompactionWorld world = await CompactionWorld.StartAsync(onSqlite: true);
        await world.PushAsync(world.Engine.Keyed("a", 2, "k"), world.Engine.Keyed("a", 1, "k"));
        await world.CompactAsync();
        Assert.Equal([1, 2], (await world.LogAsync()).Select(logged => logged.Seq));

        await world.PushAsync(world.Engine.Note("a", 3));
        await world.CompactAsync();
        Assert.Equal([1, 3], (await world.LogAsync()).Select(logged => logged.Seq));
        Assert.Equal(world.Twin[^1].Digest, (await world.Engine.UseAsync()).Feed.Now.Head.Digest);
    }

    [Fact]
    public async Task What_an_earlier_process_left_to_do_is_done_when_the_space_is_used_again()
    {
        await using CompactionWorld world = await CompactionWorld.StartAsync(onSqlite: true);
        await world.PushAsync(world.Engine.Keyed("a", 1, "k"), world.Engine.Keyed("a", 2, "k"), world.Engine.Note("a", 3));
        await world.Engine.CloseAsync();

        await using LiveSpaces next = new(world.Engine.Services);
        using CancellationTokenSource stop = new();
        Task running = next.MaintainAsync(stop.Token);
        await using (await next.UseAsync(EngineWorld.Plans, default))
        {
            await world.Engine.AdvanceUntilAsync(world.Engine.Options.MaintenanceInterval, async () => (await world.LogAsync()).Count < 3);
        }

        Assert.Equal([2, 3], (await world.LogAsync()).Select(logged => logged.Seq));
        await stop.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => running);
    }

    [Fact]
    public async Task A_log_of_which_only_the_last_operation_was_not_looked_through_is_due_when_something_comes()
    {
        await using CompactionWorld world = await CompactionWorld.StartAsync(onSqlite: true);
        await world.PushAsync(world.Engine.Keyed("a", 1, "k"), world.Engine.Note("a", 2));
        Assert.Null(await world.CompactAsync());

        // Or when the stub may go.
        await world.PushAsync(world.Engine.Keyed("a", 3, "k"), world.Engine.Note("a", 4));
        Assert.Equal(world.Engine.Time.GetUtcNow() + TimeSpan.FromDays(61), await world.CompactAsync());
        world.Engine.Time.Advance(TimeSpan.FromDays(61));
        Assert.Null(await world.CompactAsync());
        Assert.Equal(new OperationResult.Accepted(5), Assert.Single((await world.PushAsync(world.Engine.Keyed("a", 1, "k"))).Results));
    }

    [Fact]
    public async Task It_runs_by_itself_and_an_idle_space_is_due_when_its_log_is_old_enough()
    {
        await using CompactionWorld world = await CompactionWorld.StartAsync(onSqlite: true, options => options.HistoryTime = TimeSpan.FromDays(1));
        await world.PushAsync(world.Engine.Keyed("a", 1, "k"), world.Engine.Keyed("a", 2, "k"), world.Engine.Note("a", 3));
        await world.Engine.CloseAsync();
        using CancellationTokenSource stop = new();
        Task running = world.Engine.Spaces.MaintainAsync(stop.Token);

        DateTimeOffset began = world.Engine.Time.GetUtcNow();
        await world.Engine.AdvanceUntilAsync(world.Engine.Options.MaintenanceInterval, async () => (await world.LogAsync()).Count < 3);

        Assert.Equal([2, 3], (await world.LogAsync()).Select(logged => logged.Seq));
        Assert.True(world.Engine.Time.GetUtcNow() >= began + TimeSpan.FromDays(1));

        await stop.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => running);
    }
}
