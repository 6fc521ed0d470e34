using Syncline.AspNetCore.Doors.Trees;
using Syncline.Core.Operations;
using Syncline.Engine.Following;
using Syncline.Engine.Spaces;
using Syncline.Engine.Storage;
using Syncline.Engine.Writing;
using static Syncline.Conformance.Operations;
using static Syncline.Tests.Engine.EngineWorld;

namespace Syncline.Tests.Engine;

public sealed class GenerationTests
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(20);

    [Fact]
    public async Task What_is_queued_before_a_reset_is_decided_before_it_and_what_is_after_for_the_old_epoch_is_refused()
    {
        StoreAround? around = null;
        await using EngineWorld world = await StartAsync(memory => around = new StoreAround(memory));
        LiveSpace space = await world.UseAsync();
        Generation first = await space.FindGenerationAsync(isFresh: false, default);
        StoreAround.HeldAppend held = around!.HoldAppend();
        Task<PushOutcome> before = space.PushAsync(Alice, first.Epoch, [world.Note("a", 1)], default).AsTask();
        await held.Reached;
        Task<GenerationOutcome> reset = space.ResetAsync(Alice, "next", "s", first.Key, default).AsTask();
        Task<PushOutcome> after = space.PushAsync(Alice, first.Epoch, [world.Note("a", 2)], default).AsTask();
        Task<PushOutcome> anyEpoch = space.PushAsync(Alice, epoch: null, [world.Note("a", 3)], default).AsTask();
        held.LetGo();

        Assert.Equal(1, Assert.IsType<PushOutcome.Judged>(await before.WaitAsync(Patience)).Head);
        Generation next = Assert.IsType<GenerationOutcome.Present>(await reset.WaitAsync(Patience)).Generation;
        Assert.IsType<PushOutcome.ResyncRequired>(await after.WaitAsync(Patience));
        PushOutcome.Judged judged = Assert.IsType<PushOutcome.Judged>(await anyEpoch.WaitAsync(Patience));
        Assert.Equal((next.Epoch, next.After + 1), (judged.Epoch, judged.Head));
        Assert.Equal([Id("a", 3, "r")], (await world.LogAsync()).Select(logged => logged.Operation.Id));
        Assert.Equal(next, await space.FindGenerationAsync(isFresh: false, default));
    }

    [Fact]
    public async Task A_reset_ends_followers_of_the_old_epoch()
    {
        await using EngineWorld world = await StartAsync();
        LiveSpace space = await world.UseAsync();
        await world.JudgedAsync(Alice, world.Note("a", 1));
        Task<FollowPage> waiting = space.Follow(Bob, 1, Selection.All, Page).NextAsync(wait: true, default).AsTask();
        await space.ResetAsync(Alice, "next", "", expected: null, default);
        SpaceAccessException refused = await Assert.ThrowsAsync<SpaceAccessException>(() => waiting.WaitAsync(Patience));
        Assert.Equal(ErrorCodes.ResyncRequired, refused.Code);
        FollowPage page = await space.Follow(Bob, 0, Selection.All, Page).NextAsync(wait: false, default);
        Assert.Empty(page.Operations);
        Assert.Equal((2, 2, false, OperationDigest.Empty), (page.Cursor, page.Head.Seq, page.HasMore, page.Digest));
    }

    [Fact]
    public async Task A_sync_of_trees_that_a_reset_overtakes_takes_no_old_cursor_for_one_of_the_new_epoch()
    {
        StoreAround? around = null;
        await using EngineWorld world = await StartAsync(memory => around = new StoreAround(memory));
        LiveSpace space = await world.UseAsync();
        PushOutcome.Judged judged = await world.JudgedAsync(Alice, world.Move("p", 1, "root", null), world.Move("p", 2, "v", "root"));
        around!.AfterRead = async _ =>
        {
            around.AfterRead = null;
            await space.ResetAsync(Alice, "next", "", expected: null, default);
        };
        TreeSync sync = new(
            space, Bob, new SyncRequest(Vectors: null, TimeSpan.Zero, Cursor: 1, judged.Epoch, WantsVectors: false, ClientId: null), Page);

        SpaceAccessException refused = await Assert.ThrowsAsync<SpaceAccessException>(async () => await sync.NowAsync(default));

        Assert.Equal(ErrorCodes.ResyncRequired, refused.Code);
    }

    [Fact]
    public async Task Nothing_of_the_old_state_decides_after_a_reset()
    {
        await using EngineWorld world = await StartAsync();
        LiveSpace space = await world.UseAsync();
        await world.JudgedAsync(Alice, world.Move("p", 1, "root", null), world.Move("p", 2, "v", "root"));
        Assert.Single(await TreesAsync());
        await space.ResetAsync(Alice, "next", "", expected: null, default);
        Assert.Empty(await TreesAsync());

        // Honest clients count on, however high the clocks were.
        await world.JudgedAsync(Alice, world.Note("a", 1L << 42), world.Note("a", (1L << 42) + 500_000));
        await space.ResetAsync(Alice, "third", "", expected: null, default);
        PushOutcome.Judged judged = await world.JudgedAsync(Alice, world.Note("a", (1L << 42) + 1_400_000), world.Move("p", 1, "root", null));
        Assert.All(judged.Results, result => Assert.IsType<OperationResult.Accepted>(result));

        ValueTask<string[]> TreesAsync() =>
            space.ReadTreesAsync<string[]>(Alice, (trees, _) => [.. trees.Trees.Keys.Select(id => id.Value)], default);
    }

    [Fact]
    public async Task Who_is_no_owner_resets_nothing()
    {
        await using EngineWorld world = await StartAsync();
        LiveSpace space = await world.UseAsync();
        SpaceAccessException refused = await Assert.ThrowsAsync<SpaceAccessException>(
            () => space.ResetAsync(Bob, "next", "", expected: null, default).AsTask());
        Assert.Equal(ErrorCodes.Forbidden, refused.Code);
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task A_reset_of_unknown_outcome_is_looked_for_and_may_be_repeated(bool written)
    {
        await using EngineWorld world = await StartAsync();
        LiveSpace space = await world.UseAsync();
        await world.JudgedAsync(Alice, world.Note("a", 1));
        Generation first = await space.FindGenerationAsync(isFresh: false, default);
        world.Memory.FailNextReset(outcomeUnknown: true, written);
        await Assert.ThrowsAsync<StoreUnavailableException>(() => space.ResetAsync(Alice, "next", "s", first.Key, default).AsTask());

        Assert.Equal(written ? "next" : first.Key, (await space.FindGenerationAsync(isFresh: false, default)).Key);
        Assert.Equal(written, space.Feed.Now.Head.Epoch != first.Epoch);
        GenerationOutcome again = await space.ResetAsync(Alice, "next", "s", first.Key, default);
        Assert.Equal(("next", 2), (Assert.IsType<GenerationOutcome.Present>(again).Generation.Key, space.Feed.Now.Head.Seq));
        Assert.Empty(await world.LogAsync());
    }

    [Fact]
    public async Task What_another_server_appended_is_taken_in_before_a_reset()
    {
        await using EngineWorld world = await StartAsync();
        LiveSpace space = await world.UseAsync();
        await world.JudgedAsync(Alice, world.Note("a", 1));
        await world.Memory.AppendAsync(Plans, After(space.Feed.Now.Head, Logged(Id("other", 9))));
        GenerationOutcome.Present reset = Assert.IsType<GenerationOutcome.Present>(await space.ResetAsync(Alice, "next", "", expected: null, default));
        Assert.Equal((3, 3, 9), (reset.Generation.After, space.Feed.Now.Head.Seq, space.Feed.Now.Head.HighestClock));
    }

    [Fact]
    public async Task A_log_that_was_replaced_for_any_reason_has_another_generation_with_the_same_snapshot()
    {
        await using EngineWorld world = await StartAsync();
        LiveSpace space = await world.UseAsync();
        await space.ResetAsync(Alice, "mine", "snapshot", expected: null, default);
        await world.JudgedAsync(Alice, world.Note("a", 1));
        world.Memory.BeginEpoch(Plans, new Epoch("restored"), sharedUpTo: 1);

        Generation fresh = await space.FindGenerationAsync(isFresh: true, default);

        Assert.Equal((new Epoch("restored"), 0L), (fresh.Epoch, fresh.After));
        Assert.NotEqual("mine", fresh.Key);
        Assert.Equal("snapshot", await space.ReadGenerationSnapshotAsync(fresh, default));
        Assert.Equal(new Epoch("restored"), space.Feed.Now.Head.Epoch);
        Assert.Equal(fresh, Assert.IsType<GenerationOutcome.Stale>(await space.ResetAsync(Alice, "again", "", expected: "mine", default)).Now);
    }
}
