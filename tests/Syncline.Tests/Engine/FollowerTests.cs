using Syncline.Core.Operations;
using Syncline.Engine.Accounts;
using Syncline.Engine.Following;
using Syncline.Engine.Spaces;
using Syncline.Engine.Storage;
using Syncline.Engine.Writing;
using static Syncline.Tests.Engine.EngineWorld;

namespace Syncline.Tests.Engine;

public sealed class FollowerTests
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(20);

    [Fact]
    public async Task What_is_appended_between_the_read_and_the_wait_is_seen()
    {
        StoreAround? around = null;
        await using EngineWorld world = await StartAsync(memory => around = new StoreAround(memory));
        await world.JudgedAsync(Alice, world.Note("a", 1));
        await ReopenAsync(world);
        LiveSpace space = await world.UseAsync();

        // The log has nothing of the scope; while the empty page is on its way to the reader, something arrives.
        bool arrived = false;
        around!.AfterRead = async _ =>
        {
            if (!arrived)
            {
                arrived = true;
                await world.JudgedAsync(Alice, world.Note("a", 2, scope: "wanted"));
            }
        };
        Follower follower = space.Follow(Alice, 0, new Selection([new Scope("wanted")], []), Page);
        FollowPage page = await follower.NextAsync(wait: true, default).AsTask().WaitAsync(Patience);
        Assert.True(arrived);
        Assert.Equal([2L], page.Operations.Select(logged => logged.Seq));
    }

    [Theory]
    [InlineData(1)]
    [InlineData(7)]
    [InlineData(1_000)]
    public async Task Many_followers_see_every_operation_once_and_in_order(int pageSize)
    {
        await using EngineWorld world = await StartAsync(configure: options => options.SharedBatchOperationsMax = 5);
        LiveSpace space = await world.UseAsync();
        const int Total = 600;
        using CancellationTokenSource enough = new(Patience);
        Task<List<long>>[] followers = [.. Enumerable.Range(0, 8).Select(async i =>
        {
            List<long> seen = [];
            Follower follower = space.Follow(Alice, 0, Selection.All, new PageLimits(pageSize, 1024 * 1024));
            while (seen.Count < Total)
            {
                FollowPage page = await follower.NextAsync(wait: true, enough.Token);
                Assert.Equal(page.Operations[^1].Digest, page.Digest);
                seen.AddRange(page.Operations.Select(logged => logged.Seq));

                // Some are slow, and fall back to the store.
                if (i % 2 == 1)
                    await Task.Yield();
            }

            return seen;
        })];
        Random random = new(3);
        List<Task> pushes = [];
        for (int clock = 1; clock <= Total;)
        {
            int count = Math.Min(random.Next(1, 12), Total - clock + 1);
            pushes.Add(space.PushAsync(Alice, null, [.. Enumerable.Range(clock, count).Select(one => world.Note("a", one))], default).AsTask());
            clock += count;
        }

        await Task.WhenAll(pushes).WaitAsync(Patience);
        foreach (List<long> seen in await Task.WhenAll(followers))
            Assert.Equal(Enumerable.Range(1, Total).Select(seq => (long)seq), seen);
    }

    [Fact]
    public async Task A_selection_waits_for_what_it_wants_and_its_cursor_moves_over_the_rest()
    {
        await using EngineWorld world = await StartAsync();
        LiveSpace space = await world.UseAsync();
        Follower follower = space.Follow(Alice, 0, new Selection([new Scope("wanted")], []), Page);
        await world.JudgedAsync(Alice, world.Note("a", 1));
        FollowPage empty = await follower.NextAsync(wait: false, default);
        Assert.Empty(empty.Operations);
        Assert.Equal((1, false), (empty.Cursor, empty.HasMore));
        Assert.Null(empty.Digest);

        Task<FollowPage> waiting = follower.NextAsync(wait: true, default).AsTask();
        await world.JudgedAsync(Alice, world.Note("a", 2));
        Assert.False(waiting.IsCompleted);
        await world.JudgedAsync(Alice, world.Note("a", 3, scope: "wanted"), world.Note("a", 4));
        FollowPage page = await waiting.WaitAsync(Patience);
        Assert.Equal([3L], page.Operations.Select(logged => logged.Seq));
        Assert.Equal(4, page.Cursor);
    }

    [Fact]
    public async Task No_page_parts_a_group()
    {
        await using EngineWorld world = await StartAsync();
        await world.JudgedAsync(
            Alice, world.Note("a", 1), world.Note("a", 2, tx: "t"), world.Note("a", 3, tx: "t"), world.Note("a", 4, tx: "t"), world.Note("a", 5));
        foreach (bool cold in new[] { false, true })
        {
            if (cold)
                await ReopenAsync(world);
            LiveSpace space = await world.UseAsync();
            Follower follower = space.Follow(Alice, 0, Selection.All, new PageLimits(2, 1024 * 1024));
            List<int> sizes = [];
            for (FollowPage page = await follower.NextAsync(false, default); page.Operations.Count > 0; page = await follower.NextAsync(false, default))
                sizes.Add(page.Operations.Count);
            Assert.Equal([4, 1], sizes);
        }
    }

    [Fact]
    public async Task A_batch_is_encoded_once_however_many_read_it()
    {
        await using EngineWorld world = await StartAsync();
        LiveSpace space = await world.UseAsync();
        await world.JudgedAsync(Alice, world.Note("a", 1), world.Note("a", 2));
        FollowPage first = await space.Follow(Alice, 0, Selection.All, Page).NextAsync(false, default);
        FollowPage second = await space.Follow(Bob, 0, Selection.All, Page).NextAsync(false, default);
        Assert.True(first.EncodedJson[0].Equals(second.EncodedJson[0]));
        Assert.StartsWith("""{"seq":1,"scope":"note","resourceId":"r","actor":"a","clock":1,"payload":{},"userId":"alice",""", Text(first), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Losing_the_role_ends_a_wait_with_not_found()
    {
        await using EngineWorld world = await StartAsync();
        LiveSpace space = await world.UseAsync();
        Task<FollowPage> waiting = space.Follow(Vera, 0, Selection.All, Page).NextAsync(wait: true, default).AsTask();
        Task<FollowPage> other = space.Follow(Bob, 0, Selection.All, Page).NextAsync(wait: true, default).AsTask();
        await world.Spaces.RemoveMemberAsync(Plans, Vera, Alice, default);
        SpaceAccessException lost = await Assert.ThrowsAsync<SpaceAccessException>(() => waiting.WaitAsync(Patience));
        Assert.Equal(ErrorCodes.NotFound, lost.Code);
        Assert.False(other.IsCompleted);
        await world.JudgedAsync(Alice, world.Note("a", 1));
        Assert.Single((await other.WaitAsync(Patience)).Operations);
    }

    [Fact]
    public async Task Deleting_a_space_ends_its_waits_and_the_id_may_be_used_again()
    {
        await using EngineWorld world = await StartAsync();
        LiveSpace space = await world.UseAsync();
        await world.JudgedAsync(Alice, world.Note("a", 1));
        Epoch before = space.Feed.Now.Head.Epoch;
        Task<FollowPage> waiting = space.Follow(Bob, 1, Selection.All, Page).NextAsync(wait: true, default).AsTask();
        Assert.True(await world.Spaces.DeleteAsync(Plans, Alice, default));
        Assert.Equal(ErrorCodes.NotFound, (await Assert.ThrowsAsync<SpaceAccessException>(() => waiting.WaitAsync(Patience))).Code);
        Assert.Null(await world.Spaces.UseAsync(Plans, default));
        Assert.Null(await world.Spaces.HeadOfAsync(Plans, default));

        await world.Spaces.CreateAsync(new SpaceRecord(Plans, "Again", world.Time.GetUtcNow()), Bob, 10, default);
        LiveSpace again = await world.UseAsync();
        Assert.NotEqual(before, again.Feed.Now.Head.Epoch);
        Assert.Equal(0, again.Feed.Now.Head.Seq);
        Assert.False(await again.CanServeAsync(before, 1, default));
    }

    [Fact]
    public async Task Stopping_answers_waits_with_unavailable_and_finishes_what_is_being_written()
    {
        StoreAround? around = null;
        await using EngineWorld world = await StartAsync(memory => around = new StoreAround(memory));
        LiveSpace space = await world.UseAsync();
        Task<FollowPage> waiting = space.Follow(Bob, 0, Selection.All, Page).NextAsync(wait: true, default).AsTask();
        StoreAround.HeldAppend hold = around!.HoldAppend();
        Task<PushOutcome> push = space.PushAsync(Alice, null, [world.Note("a", 1)], default).AsTask();
        await hold.Reached;
        Task stopping = world.Spaces.StopAsync().AsTask();
        Assert.Equal(ErrorCodes.Unavailable, (await Assert.ThrowsAsync<SpaceAccessException>(() => waiting.WaitAsync(Patience))).Code);
        Assert.False(stopping.IsCompleted);
        hold.LetGo();
        await stopping.WaitAsync(Patience);
        Assert.IsType<PushOutcome.Judged>(await push.WaitAsync(Patience));
        Assert.Single(await world.LogAsync());
        await Assert.ThrowsAsync<SpaceAccessException>(() => world.Spaces.UseAsync(Plans, default).AsTask());
    }

    [Fact]
    public async Task Cursors_of_an_earlier_epoch_go_on_up_to_what_is_shared()
    {
        await using EngineWorld world = await StartAsync();
        LiveSpace space = await world.UseAsync();
        Epoch before = space.Feed.Now.Head.Epoch;
        await world.JudgedAsync(Alice, world.Note("a", 1), world.Note("a", 2), world.Note("a", 3));
        world.Memory.BeginEpoch(Plans, new Epoch("second"), sharedUpTo: 2);
        await ReopenAsync(world);
        space = await world.UseAsync();
        Assert.True(await space.CanServeAsync(before, 0, default));
        Assert.True(await space.CanServeAsync(before, 2, default));
        Assert.False(await space.CanServeAsync(before, 3, default));
        Assert.True(await space.CanServeAsync(new Epoch("second"), 2, default));
        Assert.False(await space.CanServeAsync(new Epoch("second"), 3, default));
        Assert.False(await space.CanServeAsync(new Epoch("never"), 1, default));
    }

    [Fact]
    public async Task Idle_spaces_are_closed_and_open_again_where_they_were()
    {
        await using EngineWorld world = await StartAsync(configure: options => options.IdleTime = TimeSpan.FromMinutes(1));
        using CancellationTokenSource stop = new();
        Task sweeping = world.Spaces.SweepAsync(stop.Token);
        LiveSpaces.Lease? lease = await world.Spaces.UseAsync(Plans, default);
        LiveSpace first = lease!.Space;
        await first.PushAsync(Alice, null, [world.Note("a", 1)], default);
        for (int i = 0; i < 8; i++)
            world.Time.Advance(TimeSpan.FromSeconds(15));
        LiveSpaces.Lease? again = await world.Spaces.UseAsync(Plans, default);
        Assert.Same(first, again!.Space);
        await lease.DisposeAsync();
        await again.DisposeAsync();

        // The sweep runs on; it has closed the space when another one is opened in its place.
        LiveSpace second = first;
        for (int i = 0; i < 1_000 && ReferenceEquals(first, second); i++)
        {
            world.Time.Advance(TimeSpan.FromSeconds(75));
            await Task.Yield();
            await using LiveSpaces.Lease? next = await world.Spaces.UseAsync(Plans, default);
            second = next!.Space;
        }

        Assert.NotSame(first, second);
        Assert.Equal(1, second.Feed.Now.Head.Seq);
        await stop.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => sweeping);
    }

    [Fact]
    public async Task More_spaces_than_may_be_live_close_the_ones_that_nobody_uses()
    {
        await using EngineWorld world = await StartAsync(configure: options => options.LiveSpacesMax = 3);
        List<LiveSpace> opened = [];
        for (int i = 0; i < 10; i++)
        {
            SpaceId id = new($"space{i}");
            await world.Spaces.CreateAsync(new SpaceRecord(id, "S", world.Time.GetUtcNow()), Alice, 100, default);
            world.Time.Advance(TimeSpan.FromSeconds(1));
            await using LiveSpaces.Lease? lease = await world.Spaces.UseAsync(id, default);
            opened.Add(lease!.Space);
            await lease.Space.PushAsync(Alice, null, [world.Note("a", 1)], default);
        }

        await using LiveSpaces.Lease? first = await world.Spaces.UseAsync(new SpaceId("space0"), default);
        Assert.NotSame(opened[0], first!.Space);
        Assert.Equal(1, first.Space.Feed.Now.Head.Seq);
        await using LiveSpaces.Lease? last = await world.Spaces.UseAsync(new SpaceId("space9"), default);
        Assert.Same(opened[9], last!.Space);
    }

    [Fact]
    public async Task One_watch_sees_changes_of_all_its_spaces_and_of_memberships()
    {
        await using EngineWorld world = await StartAsync();
        using ChangeWatch watch = world.Spaces.Watches.Watch(Vera, [Plans]);
        Task changed = watch.Changed;
        await world.JudgedAsync(Alice, world.Note("a", 1));
        await changed.WaitAsync(Patience);
        changed = watch.Changed;
        Assert.False(changed.IsCompleted);
        await world.Spaces.RemoveMemberAsync(Plans, Vera, Alice, default);
        await changed.WaitAsync(Patience);
    }

    // Closes the space and opens it anew, so that nothing of its log is in memory.
    private static async Task ReopenAsync(EngineWorld world)
    {
        LiveSpace before = await world.UseAsync();
        await world.CloseAsync();
        Assert.NotSame(before, await world.UseAsync());
    }

    private static string Text(FollowPage page) => System.Text.Encoding.UTF8.GetString(page.EncodedJson[0].Span);
}
