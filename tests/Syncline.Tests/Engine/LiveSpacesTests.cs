using Syncline.AspNetCore.Doors.Trees;
using Syncline.Core.Operations;
using Syncline.Engine.Accounts;
using Syncline.Engine.Following;
using Syncline.Engine.Spaces;
using Syncline.Engine.Storage;
using Syncline.Engine.Writing;
using static Syncline.Tests.Engine.EngineWorld;

namespace Syncline.Tests.Engine;

public sealed class LiveSpacesTests
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(20);

    [Fact]
    public async Task A_deletion_under_way_does_not_take_the_log_of_the_next_space_of_that_id()
    {
        StoreAround? around = null;
        await using EngineWorld world = await StartAsync(memory => around = new StoreAround(memory));
        TaskCompletionSource reached = new(TaskCreationOptions.RunContinuationsAsynchronously);
        TaskCompletionSource hold = new(TaskCreationOptions.RunContinuationsAsynchronously);
        around!.BeforeDelete = () =>
        {
            around.BeforeDelete = null;
            reached.TrySetResult();
            return hold.Task;
        };
        Task<bool> deleting = world.Spaces.DeleteAsync(Plans, Alice, default).AsTask();
        await reached.Task.WaitAsync(Patience);
        Task<AddSpaceOutcome> creating = world.Spaces.CreateAsync(new SpaceRecord(Plans, "Again", world.Time.GetUtcNow()), Alice, 10, default).AsTask();
        hold.SetResult();
        Assert.True(await deleting.WaitAsync(Patience));
        Assert.Equal(AddSpaceOutcome.Added, await creating.WaitAsync(Patience));
        await world.JudgedAsync(Alice, world.Note("a", 1));
        Assert.Single(await world.LogAsync());
    }

    [Fact]
    public async Task Who_is_no_owner_when_it_is_decided_changes_no_members()
    {
        await using EngineWorld world = await StartAsync();
        SpaceAccessException refused = await Assert.ThrowsAsync<SpaceAccessException>(
            () => world.Spaces.SetMemberAsync(Plans, Bob, Role.Owner, 10, by: Bob, default).AsTask());
        Assert.Equal(ErrorCodes.Forbidden, refused.Code);
        refused = await Assert.ThrowsAsync<SpaceAccessException>(() => world.Spaces.RemoveMemberAsync(Plans, Vera, by: Bob, default).AsTask());
        Assert.Equal(ErrorCodes.Forbidden, refused.Code);
        Assert.Equal(ChangeMemberOutcome.Changed, await world.Spaces.RemoveMemberAsync(Plans, Bob, by: Bob, default));
        refused = await Assert.ThrowsAsync<SpaceAccessException>(
            () => world.Spaces.SetMemberAsync(Plans, Bob, Role.Owner, 10, by: Bob, default).AsTask());
        Assert.Equal(ErrorCodes.NotFound, refused.Code);
        Assert.Equal([Role.Owner, Role.Viewer], (await world.Accounts.ReadMembersAsync(Plans, default)).Select(member => member.Role));
    }

    [Fact]
    public async Task What_was_appended_although_the_store_failed_ends_waits_without_another_push()
    {
        await using EngineWorld world = await StartAsync();
        LiveSpace space = await world.UseAsync();
        Task<FollowPage> waiting = space.Follow(Bob, 0, Selection.All, Page).NextAsync(wait: true, default).AsTask();
        world.Memory.FailNextAppend(outcomeUnknown: true, written: true);
        Assert.IsType<PushOutcome.Unavailable>(await world.PushAsync(Alice, world.Note("a", 1)));
        Assert.Single((await waiting.WaitAsync(TimeSpan.FromSeconds(5))).Operations);
    }

    [Fact]
    public async Task A_push_to_a_space_that_was_deleted_meanwhile_is_not_found()
    {
        await using EngineWorld world = await StartAsync();
        LiveSpace space = await world.UseAsync();
        await world.Spaces.DeleteAsync(Plans, Alice, default);
        SpaceAccessException gone = await Assert.ThrowsAsync<SpaceAccessException>(
            () => space.PushAsync(Alice, null, [world.Note("a", 1)], default).AsTask());
        Assert.Equal(ErrorCodes.NotFound, gone.Code);
    }

    [Fact]
    public async Task Heads_of_a_space_that_was_read_before_it_was_made_anew_are_not_kept()
    {
        StoreAround? around = null;
        await using EngineWorld world = await StartAsync(memory => around = new StoreAround(memory));
        TaskCompletionSource hold = new(TaskCreationOptions.RunContinuationsAsynchronously);
        SpaceId cold = new("cold");
        await world.Memory.CreateAsync(cold, new Epoch("old"), world.Time.GetUtcNow(), default);
        around!.AfterReadHead = () =>
        {
            around.AfterReadHead = null;
            return hold.Task;
        };
        Task<LogHead?> reading = world.Spaces.HeadOfAsync(cold, default).AsTask();
        await world.Spaces.CreateAsync(new SpaceRecord(cold, "New", world.Time.GetUtcNow()), Alice, 10, default);
        hold.SetResult();
        await reading.WaitAsync(Patience);
        Assert.NotEqual(new Epoch("old"), (await world.Spaces.HeadOfAsync(cold, default))!.Epoch);
    }

    [Fact]
    public async Task Who_is_no_owner_when_it_is_decided_deletes_nothing()
    {
        await using EngineWorld world = await StartAsync();
        SpaceAccessException refused = await Assert.ThrowsAsync<SpaceAccessException>(() => world.Spaces.DeleteAsync(Plans, Bob, default).AsTask());
        Assert.Equal(ErrorCodes.Forbidden, refused.Code);
        Assert.Empty(await world.LogAsync());
        Assert.True(await world.Spaces.DeleteAsync(Plans, Alice, default));
        Assert.False(await world.Spaces.DeleteAsync(Plans, Alice, default));
    }

    [Fact]
    public async Task A_change_of_members_wakes_the_member_although_the_owner_went_away()
    {
        StoreAround? around = null;
        await using EngineWorld world = await StartAsync(memory => around = new StoreAround(memory));
        LiveSpace space = await world.UseAsync();
        TaskCompletionSource reached = new(TaskCreationOptions.RunContinuationsAsynchronously);
        TaskCompletionSource hold = new(TaskCreationOptions.RunContinuationsAsynchronously);
        around!.BeforeAppend = () =>
        {
            reached.TrySetResult();
            return hold.Task;
        };
        Task push = space.PushAsync(Alice, null, [world.Note("a", 1)], default).AsTask();
        await reached.Task.WaitAsync(Patience);
        using ChangeWatch watch = world.Spaces.Watches.Watch(Vera, []);
        Task changed = watch.Changed;
        using CancellationTokenSource gone = new();
        Task change = world.Spaces.RemoveMemberAsync(Plans, Vera, Alice, gone.Token).AsTask();
        await gone.CancelAsync();
        hold.SetResult();
        await push.WaitAsync(Patience);
        await changed.WaitAsync(Patience);
        await change.ContinueWith(static _ => { }, TaskScheduler.Default);
        Assert.Null(space.RoleOf(Vera));
    }

    [Fact]
    public async Task Nobody_goes_on_with_the_roles_of_before_when_the_new_ones_cannot_be_read()
    {
        await using EngineWorld world = await StartAsync();
        LiveSpace space = await world.UseAsync();
        Task<FollowPage> waiting = space.Follow(Vera, 0, Selection.All, Page).NextAsync(wait: true, default).AsTask();
        world.Accounts.FailMembersRead = true;
        await Assert.ThrowsAsync<StoreUnavailableException>(() => world.Spaces.RemoveMemberAsync(Plans, Vera, Alice, default).AsTask());
        Assert.Equal(ErrorCodes.Unavailable, (await Assert.ThrowsAsync<SpaceAccessException>(() => waiting.WaitAsync(Patience))).Code);
        world.Accounts.FailMembersRead = false;
        LiveSpace again = await world.UseAsync();
        Assert.Equal(ErrorCodes.NotFound, Assert.Throws<SpaceAccessException>(() => again.DemandRole(Vera, Role.Viewer)).Code);
        await world.JudgedAsync(Bob, world.Note("b", 1));
    }

    [Fact]
    public async Task A_role_that_is_lost_while_the_store_reads_gets_nothing_of_what_was_read()
    {
        StoreAround? around = null;
        await using EngineWorld world = await StartAsync(memory => around = new StoreAround(memory));
        await world.JudgedAsync(Alice, world.Note("a", 1));
        await world.CloseAsync();
        LiveSpace space = await world.UseAsync();
        around!.AfterRead = async _ => await world.Spaces.RemoveMemberAsync(Plans, Vera, Alice, default);
        Follower follower = space.Follow(Vera, 0, Selection.All, Page);
        SpaceAccessException lost = await Assert.ThrowsAsync<SpaceAccessException>(() => follower.NextAsync(wait: false, default).AsTask());
        Assert.Equal(ErrorCodes.NotFound, lost.Code);
    }

    [Fact]
    public async Task Stopping_answers_all_waits_however_long_one_space_writes()
    {
        StoreAround? around = null;
        await using EngineWorld world = await StartAsync(memory => around = new StoreAround(memory));
        LiveSpace space = await world.UseAsync();
        SpaceId other = new("other");
        await world.Spaces.CreateAsync(new SpaceRecord(other, "Other", world.Time.GetUtcNow()), Alice, 10, default);
        await using LiveSpaces.Lease lease = (await world.Spaces.UseAsync(other, default))!;
        Task<FollowPage> waiting = lease.Space.Follow(Alice, 0, Selection.All, Page).NextAsync(wait: true, default).AsTask();
        TaskCompletionSource reached = new(TaskCreationOptions.RunContinuationsAsynchronously);
        TaskCompletionSource hold = new(TaskCreationOptions.RunContinuationsAsynchronously);
        around!.BeforeAppend = () =>
        {
            reached.TrySetResult();
            return hold.Task;
        };
        Task push = space.PushAsync(Alice, null, [world.Note("a", 1)], default).AsTask();
        await reached.Task.WaitAsync(Patience);
        Task stopping = world.Spaces.StopAsync().AsTask();
        try
        {
            await Assert.ThrowsAsync<SpaceAccessException>(() => waiting.WaitAsync(TimeSpan.FromSeconds(5)));
        }
        finally
        {
            hold.SetResult();
        }

        await stopping.WaitAsync(Patience);
        await push.WaitAsync(Patience);
    }

    [Fact]
    public async Task What_a_live_space_keeps_of_its_log_is_bounded_however_small_or_large_the_operations()
    {
        await using EngineWorld world = await StartAsync();
        LiveSpace space = await world.UseAsync();
        for (int push = 0; push < 5; push++)
            await world.JudgedAsync(Alice, [.. Enumerable.Range((push * 1_000) + 1, 1_000).Select(clock => world.Note("a", clock))]);
        Assert.InRange(space.Feed.Now.Batches.Sum(batch => batch.Operations.Count), 1_000, 2_500);

        string large = $"\"{new string('x', 200 * 1024)}\"";
        await world.JudgedAsync(Alice, [.. Enumerable.Range(10_000, 20).Select(clock => world.Note("a", clock, large))]);
        Assert.InRange(space.Feed.Now.Batches.Sum(batch => batch.Bytes), 200 * 1024, 1024 * 1024);
    }

    [Fact]
    public async Task The_space_that_is_idle_for_longest_makes_room_and_one_in_use_never_does()
    {
        await using EngineWorld world = await StartAsync(configure: options => options.LiveSpacesMax = 3);
        SpaceId[] ids = [.. Enumerable.Range(0, 5).Select(i => new SpaceId($"space-{i}"))];
        foreach (SpaceId id in ids)
            await world.Spaces.CreateAsync(new SpaceRecord(id, "S", world.Time.GetUtcNow()), Alice, 10, default);
        LiveSpaces.Lease held = (await world.Spaces.UseAsync(ids[0], default))!;
        LiveSpace first = await OpenAsync(1);
        LiveSpace second = await OpenAsync(2);
        Assert.Same(first, await OpenAsync(1));

        // The second has now been idle for longer than the first.
        await OpenAsync(3);
        Assert.Same(first, await OpenAsync(1));
        Assert.NotSame(second, await OpenAsync(2));
        await using (LiveSpaces.Lease again = (await world.Spaces.UseAsync(ids[0], default))!)
            Assert.Same(held.Space, again.Space);
        await held.DisposeAsync();

        async Task<LiveSpace> OpenAsync(int index)
        {
            await using LiveSpaces.Lease lease = (await world.Spaces.UseAsync(ids[index], default))!;
            return lease.Space;
        }
    }

    [Fact]
    public async Task A_log_that_begins_another_epoch_is_known_to_all_who_ask_for_its_head_and_to_waits_by_cursor()
    {
        await using EngineWorld world = await StartAsync();
        LiveSpace space = await world.UseAsync();
        Epoch before = space.Feed.Now.Head.Epoch;
        await world.JudgedAsync(Alice, world.Note("a", 1), world.Note("a", 2), world.Note("a", 3));
        Assert.Equal(before, (await world.Spaces.HeadOfAsync(Plans, default))!.Epoch);
        TreeSync sync = new(space, Alice, new SyncRequest(null, TimeSpan.Zero, 3, before, WantsVectors: false, ClientId: null), Page);
        Assert.Equal(3, (await sync.NowAsync(default)).Cursor);
        world.Memory.BeginEpoch(Plans, new Epoch("second"), sharedUpTo: 2);
        await world.PushAsync(Alice, world.Item("{}"));
        Assert.Equal(new Epoch("second"), (await world.Spaces.HeadOfAsync(Plans, default))!.Epoch);
        SpaceAccessException lost = await Assert.ThrowsAsync<SpaceAccessException>(() => sync.NowAsync(default).AsTask());
        Assert.Equal(ErrorCodes.ResyncRequired, lost.Code);
    }

    [Fact]
    public async Task A_log_that_is_shorter_than_it_was_takes_nothing_and_keeps_nobody_waiting()
    {
        StoreAround? around = null;
        await using EngineWorld world = await StartAsync(memory => around = new StoreAround(memory));
        await world.JudgedAsync(Alice, world.Note("a", 1), world.Note("a", 2));
        around!.ShownHead = 1;
        Assert.IsType<PushOutcome.Unavailable>(await world.PushAsync(Alice, world.Note("a", 3)));
        around.ShownHead = null;
        await world.JudgedAsync(Alice, world.Note("a", 3));
    }
}
