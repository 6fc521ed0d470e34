using Syncline.Core.Operations;
using Syncline.Core.Tree;
using Syncline.Engine.Accounts;
using Syncline.Engine.Following;
using Syncline.Engine.Spaces;
using Syncline.Engine.Storage;
using Syncline.Engine.Writing;
using static Syncline.Tests.Engine.EngineWorld;

namespace Syncline.Tests.Engine;

public sealed class SpaceWriterTests
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(20);

    [Fact]
    public async Task Operations_get_seqs_without_a_gap_and_a_repeat_gets_the_one_it_has()
    {
        await using EngineWorld world = await StartAsync();
        PushOutcome.Judged first = await world.JudgedAsync(Alice, world.Note("a", 1), world.Note("a", 2));
        Assert.Equal([new OperationResult.Accepted(1), new OperationResult.Accepted(2)], first.Results);
        PushOutcome.Judged second = await world.JudgedAsync(Alice, world.Note("a", 2), world.Note("a", 3), world.Note("a", 3));
        Assert.Equal([new OperationResult.Duplicate(2), new OperationResult.Accepted(3), new OperationResult.Duplicate(3)], second.Results);
        Assert.Equal(3, second.Head);
        Assert.Equal([1L, 2, 3], (await world.LogAsync()).Select(logged => logged.Seq));
    }

    [Fact]
    public async Task An_identity_with_other_content_is_refused_and_the_rest_of_the_batch_is_kept()
    {
        await using EngineWorld world = await StartAsync();
        await world.JudgedAsync(Alice, world.Note("a", 1, """{"x":1}"""));
        PushOutcome.Judged judged = await world.JudgedAsync(Alice, world.Note("a", 1, """{"x":2}"""), world.Note("a", 2), world.Note("a", 1, """{ "x" : 1.0 }"""));
        AssertRejected(ErrorCodes.IdentityReused, judged.Results[0]);
        Assert.Equal([new OperationResult.Accepted(2), new OperationResult.Duplicate(1)], judged.Results.Skip(1));
    }

    [Fact]
    public async Task An_actor_belongs_to_the_user_who_used_it_first_but_anybody_may_repeat_what_is_stored()
    {
        await using EngineWorld world = await StartAsync();
        await world.JudgedAsync(Alice, world.Note("a", 1));
        PushOutcome.Judged judged = await world.JudgedAsync(Bob, world.Note("a", 2), world.Note("a", 1), world.Note("b", 1), world.Note("server", 5));
        AssertRejected(ErrorCodes.ActorTaken, judged.Results[0]);
        Assert.Equal([new OperationResult.Duplicate(1), new OperationResult.Accepted(2)], judged.Results.Skip(1).Take(2));
        AssertRejected(ErrorCodes.ActorTaken, judged.Results[3]);
    }

    [Fact]
    public async Task Two_users_who_take_one_actor_in_one_round_do_not_both_get_it()
    {
        StoreAround? around = null;
        await using EngineWorld world = await StartAsync(memory => around = new StoreAround(memory));
        LiveSpace space = await world.UseAsync();
        StoreAround.HeldAppend hold = around!.HoldAppend();

        // The first push holds the writer, so that the next two are one round.
        Task<PushOutcome> first = space.PushAsync(Alice, null, [world.Note("z", 1)], default).AsTask();
        await hold.Reached;
        Task<PushOutcome> alice = space.PushAsync(Alice, null, [world.Note("a", 1)], default).AsTask();
        Task<PushOutcome> bob = space.PushAsync(Bob, null, [world.Note("a", 2)], default).AsTask();
        hold.LetGo();
        await first.WaitAsync(Patience);
        Assert.IsType<OperationResult.Accepted>(Assert.IsType<PushOutcome.Judged>(await alice.WaitAsync(Patience)).Results[0]);
        AssertRejected(ErrorCodes.ActorTaken, Assert.IsType<PushOutcome.Judged>(await bob.WaitAsync(Patience)).Results[0]);
        Assert.Equal(2, world.Memory.Appends);
    }

    [Fact]
    public async Task Pushes_that_wait_are_appended_together()
    {
        StoreAround? around = null;
        await using EngineWorld world = await StartAsync(memory => around = new StoreAround(memory));
        LiveSpace space = await world.UseAsync();
        StoreAround.HeldAppend hold = around!.HoldAppend();
        List<Task<PushOutcome>> pushes = [space.PushAsync(Alice, null, [world.Note("a", 1)], default).AsTask()];
        for (int i = 2; i <= 50; i++)
            pushes.Add(space.PushAsync(Alice, null, [world.Note("a", i)], default).AsTask());
        hold.LetGo();
        PushOutcome[] outcomes = await Task.WhenAll(pushes).WaitAsync(Patience);
        Assert.Equal(Enumerable.Range(1, 50).Select(seq => (long?)seq), outcomes.Select(outcome => Seq(((PushOutcome.Judged)outcome).Results[0])));
        Assert.True(world.Memory.Appends <= 3, $"{world.Memory.Appends} appends for 50 pushes that waited together");
    }

    [Theory]
    [InlineData(0, false)]
    [InlineData(-1, false)]
    [InlineData(1L << 42, true)]
    [InlineData((1L << 42) + 1, false)]
    public async Task A_clock_is_from_1_to_2_to_the_42(long clock, bool accepted)
    {
        await using EngineWorld world = await StartAsync();
        OperationResult result = (await world.JudgedAsync(Alice, world.Note("a", clock))).Results[0];
        if (accepted)
            Assert.Equal(new OperationResult.Accepted(1), result);
        else
            AssertRejected(ErrorCodes.ClockOutOfRange, result);
    }

    [Fact]
    public async Task Nobody_can_drive_the_clocks_of_others_over_the_limit()
    {
        await using EngineWorld world = await StartAsync();
        long top = 1L << 42;
        await world.JudgedAsync(Alice, world.Note("a", top));
        PushOutcome.Judged judged = await world.JudgedAsync(Bob, world.Note("b", top + 1), world.Note("b", top + 1_000_001), world.Note("b", top + 1_000_002));
        Assert.IsType<OperationResult.Accepted>(judged.Results[0]);
        Assert.IsType<OperationResult.Accepted>(judged.Results[1]);
        Assert.IsType<OperationResult.Accepted>(judged.Results[2]);
        judged = await world.JudgedAsync(Bob, world.Note("b", top + 5_000_000));
        AssertRejected(ErrorCodes.ClockOutOfRange, judged.Results[0]);
    }

    [Fact]
    public async Task A_group_is_accepted_whole_with_seqs_in_a_row()
    {
        await using EngineWorld world = await StartAsync();
        PushOutcome.Judged judged = await world.JudgedAsync(
            Alice, world.Note("a", 1), world.Note("a", 2, tx: "t"), world.Note("a", 3, tx: "t"), world.Note("a", 4));
        Assert.Equal([1L, 2, 3, 4], judged.Results.Select(result => Seq(result)!.Value));
        Assert.Equal([1L, 3, 3, 4], (await world.LogAsync()).Select(logged => logged.GroupEnd));
        PushOutcome.Judged again = await world.JudgedAsync(Alice, world.Note("a", 2, tx: "t"), world.Note("a", 3, tx: "t"));
        Assert.Equal([new OperationResult.Duplicate(2), new OperationResult.Duplicate(3)], again.Results);
    }

    [Fact]
    public async Task A_refused_group_leaves_no_trace()
    {
        await using EngineWorld world = await StartAsync();
        await world.JudgedAsync(Alice, world.Move("a", 1, "root", null), world.Move("a", 2, "x", "root"));
        PushOutcome.Judged judged = await world.JudgedAsync(
            Bob,
            world.Move("b", 5, "y", "x", "t"),
            world.Note("b2", 1L << 42, tx: "t"),
            world.Move("b", 6, "y2", "nowhere", "t"),
            world.Note("b", 0, tx: "t"),
            world.Move("b", 7, "z", "y"));
        Assert.Equal(
            [ErrorCodes.BlockedBy, ErrorCodes.BlockedBy, ErrorCodes.BlockedBy, ErrorCodes.ClockOutOfRange],
            judged.Results.Take(4).Select(result => Assert.IsType<OperationResult.Rejected>(result).Refusal.Code));
        Assert.Contains("operation 3", ((OperationResult.Rejected)judged.Results[0]).Refusal.Detail, StringComparison.Ordinal);

        // z waits for y, which never came to be; the actor of the group belongs to nobody; the clocks did not rise.
        Assert.Equal(new OperationResult.Accepted(3), judged.Results[4]);
        Assert.Equal(["root", "x"], await VerticesAsync(world));
        Assert.IsType<OperationResult.Accepted>((await world.JudgedAsync(Alice, world.Note("b2", 1))).Results[0]);
        AssertRejected(ErrorCodes.ClockOutOfRange, (await world.JudgedAsync(Alice, world.Note("a", (1L << 42) + 1))).Results[0]);
        Assert.Equal([1L, 2, 3, 4], (await world.LogAsync()).Select(logged => logged.Seq));
        Assert.Equal((await world.Memory.ReadHeadAsync(Plans, default))!.Digest, DigestOf(await world.LogAsync()));
    }

    [Fact]
    public async Task A_group_that_is_parted_or_partly_stored_is_refused_whole()
    {
        await using EngineWorld world = await StartAsync();
        PushOutcome.Judged parted = await world.JudgedAsync(Alice, world.Note("a", 1, tx: "t"), world.Note("a", 2), world.Note("a", 3, tx: "t"));
        AssertRejected(ErrorCodes.BlockedBy, parted.Results[0]);
        Assert.Equal(new OperationResult.Accepted(1), parted.Results[1]);
        AssertRejected(ErrorCodes.InvalidOperation, parted.Results[2]);
        PushOutcome.Judged mixed = await world.JudgedAsync(Alice, world.Note("a", 2, tx: "t"), world.Note("a", 5, tx: "t"));
        AssertRejected(ErrorCodes.BlockedBy, mixed.Results[0]);
        AssertRejected(ErrorCodes.InvalidOperation, mixed.Results[1]);
        Assert.Single(await world.LogAsync());
    }

    [Fact]
    public async Task A_member_that_is_not_readable_blocks_its_group()
    {
        await using EngineWorld world = await StartAsync();
        PushOutcome.Judged judged = await world.JudgedAsync(Alice, world.Note("a", 1, tx: "t"), world.Item("""{"scope":"note","tx":"t"}"""));
        AssertRejected(ErrorCodes.BlockedBy, judged.Results[0]);
        AssertRejected(ErrorCodes.InvalidOperation, judged.Results[1]);
        Assert.Empty(await world.LogAsync());
    }

    [Fact]
    public async Task A_repeat_of_an_operation_that_the_model_rewrote_is_a_duplicate()
    {
        RewritingModel model = new();
        await using EngineWorld world = await StartAsync(models: [model]);
        PushItem item = world.Note("a", 1, """{"text":"abc"}""", scope: "upper");
        OperationResult.Accepted accepted = Assert.IsType<OperationResult.Accepted>((await world.JudgedAsync(Alice, item)).Results[0]);
        Assert.Equal("""{"text":"ABC"}""", accepted.Payload.ToString());
        Assert.Equal("""{"text":"ABC"}""", (await world.LogAsync())[0].Operation.Payload.ToString());
        Assert.Equal(new OperationResult.Duplicate(1), (await world.JudgedAsync(Alice, item)).Results[0]);

        // What stands in the log is not what was sent: under the same identity it is another content.
        AssertRejected(ErrorCodes.IdentityReused, (await world.JudgedAsync(Alice, world.Note("a", 1, """{"text":"ABC"}""", scope: "upper"))).Results[0]);
    }

    [Fact]
    public async Task An_operation_may_become_several_or_none_and_a_conflict_is_stored()
    {
        RewritingModel model = new();
        await using EngineWorld world = await StartAsync(models: [model]);
        PushItem twice = world.Note("a", 3, """{"twice":1}""", scope: "upper");
        PushOutcome.Judged judged = await world.JudgedAsync(
            Alice, twice, world.Note("a", 4, """{"nothing":1}""", scope: "upper"), world.Note("a", 5, """{"conflict":1}""", scope: "upper"));
        Assert.Equal(new OperationResult.Accepted(1), judged.Results[0]);
        Assert.Equal(new OperationResult.Accepted(null), judged.Results[1]);
        OperationResult.Conflict conflict = Assert.IsType<OperationResult.Conflict>(judged.Results[2]);
        Assert.Equal((3L, """{"with":"another"}"""), (conflict.Seq, conflict.Description.ToString()));
        IReadOnlyList<LoggedOperation> log = await world.LogAsync();
        Assert.Equal(["a", "server", "a"], log.Select(logged => logged.Operation.Id.Actor.Value));
        Assert.Equal([2L, 2, 3], log.Select(logged => logged.GroupEnd));
        Assert.Equal(new OperationResult.Duplicate(1), (await world.JudgedAsync(Alice, twice)).Results[0]);
    }

    [Fact]
    public async Task Nothing_is_acknowledged_or_delivered_before_it_is_durable()
    {
        StoreAround? around = null;
        await using EngineWorld world = await StartAsync(memory => around = new StoreAround(memory));
        LiveSpace space = await world.UseAsync();
        Task<FollowPage> follower = space.Follow(Alice, 0, Selection.All, Page).NextAsync(wait: true, default).AsTask();
        StoreAround.HeldAppend hold = around!.HoldAppend();
        Task<PushOutcome> push = space.PushAsync(Alice, null, [world.Note("a", 1)], default).AsTask();
        await hold.Reached;
        Assert.False(push.IsCompleted);
        Assert.False(follower.IsCompleted);
        Assert.Equal(0, space.Feed.Now.Head.Seq);
        hold.LetGo();
        Assert.IsType<PushOutcome.Judged>(await push.WaitAsync(Patience));
        Assert.Equal([1L], (await follower.WaitAsync(Patience)).Operations.Select(logged => logged.Seq));
    }

    [Fact]
    public async Task A_lost_race_is_judged_again_on_what_the_other_server_wrote()
    {
        await using EngineWorld world = await StartAsync();
        await world.JudgedAsync(Alice, world.Move("a", 1, "root", null));
        world.Memory.LoseNextRaces(3);
        PushOutcome.Judged judged = await world.JudgedAsync(Bob, world.Move("b", 2, "x", "root"), world.Note("b", 3));
        Assert.Equal([new OperationResult.Accepted(5), new OperationResult.Accepted(6)], judged.Results);
        Assert.Equal(3, world.Memory.LostRaces);
        Assert.Equal(["root", "x"], await VerticesAsync(world));
        Assert.Equal([1L, 2, 3, 4, 5, 6], (await world.LogAsync()).Select(logged => logged.Seq));
        Assert.Equal((await world.Memory.ReadHeadAsync(Plans, default))!.Digest, DigestOf(await world.LogAsync()));
    }

    [Fact]
    public async Task A_race_lost_to_the_same_operation_makes_it_a_duplicate()
    {
        await using EngineWorld world = await StartAsync();
        PushItem item = world.Move("a", 1, "root", null);
        world.Memory.LoseNextRaceTo(new LoggedOperation
        {
            Seq = 0,
            Operation = item.Operation! with { Content = null },
            UserId = Alice,
            ReceivedAt = world.Time.GetUtcNow(),
            GroupEnd = 0,
            Digest = OperationDigest.Empty,
        });
        PushOutcome.Judged judged = await world.JudgedAsync(Alice, item, world.Move("a", 2, "x", "root"));
        Assert.Equal([new OperationResult.Duplicate(1), new OperationResult.Accepted(2)], judged.Results);
        Assert.Equal(["root", "x"], await VerticesAsync(world));
    }

    [Fact]
    public async Task Followers_see_what_another_server_wrote()
    {
        await using EngineWorld world = await StartAsync();
        LiveSpace space = await world.UseAsync();
        await using IAsyncEnumerator<FollowPage> follower = space.FollowAsync(Alice, 0, Selection.All, Page, default).GetAsyncEnumerator();
        List<long> seen = [];
        world.Memory.LoseNextRaces(1);
        await world.JudgedAsync(Alice, world.Note("a", 1));
        while (seen.Count < 2)
        {
            Assert.True(await follower.MoveNextAsync().AsTask().WaitAsync(Patience));
            seen.AddRange(follower.Current.Operations.Select(logged => logged.Seq));
        }

        Assert.Equal([1L, 2], seen);
    }

    [Theory]
    [InlineData(false, false)]
    [InlineData(true, false)]
    [InlineData(true, true)]
    public async Task A_failed_append_acknowledges_nothing_and_the_next_push_stands_on_the_log(bool outcomeUnknown, bool written)
    {
        await using EngineWorld world = await StartAsync();
        await world.JudgedAsync(Alice, world.Move("a", 1, "root", null));
        LiveSpace space = await world.UseAsync();
        Task<FollowPage> follower = space.Follow(Alice, 1, Selection.All, Page).NextAsync(wait: true, default).AsTask();
        world.Memory.FailNextAppend(outcomeUnknown, written);
        PushItem item = world.Move("a", 2, "x", "root");
        Assert.IsType<PushOutcome.Unavailable>(await world.PushAsync(Alice, item));

        PushOutcome.Judged judged = await world.JudgedAsync(Alice, item, world.Move("a", 3, "y", "x"));
        Assert.Equal(
            [written ? new OperationResult.Duplicate(2) : new OperationResult.Accepted(2), new OperationResult.Accepted(3)], judged.Results);
        Assert.Equal(["root", "x", "y"], await VerticesAsync(world));
        Assert.Equal([1L, 2, 3], (await world.LogAsync()).Select(logged => logged.Seq));
        Assert.Equal(2, (await follower.WaitAsync(Patience)).Operations[0].Seq);
    }

    [Fact]
    public async Task A_log_that_began_another_epoch_under_the_writer_is_noticed()
    {
        await using EngineWorld world = await StartAsync();
        await world.JudgedAsync(Alice, world.Move("a", 1, "root", null), world.Move("a", 2, "x", "root"), world.Move("a", 3, "y", "x"));
        LiveSpace space = await world.UseAsync();
        Task<FollowPage> follower = space.Follow(Alice, 3, Selection.All, Page).NextAsync(wait: true, default).AsTask();
        world.Memory.BeginEpoch(Plans, new Epoch("second"), sharedUpTo: 2);

        PushOutcome.Judged judged = await world.JudgedAsync(Alice, world.Move("a", 3, "y", "x"), world.Move("a", 4, "z", "y"));
        Assert.Equal(("second", 4), (judged.Epoch.Value, judged.Head));
        Assert.Equal([new OperationResult.Accepted(3), new OperationResult.Accepted(4)], judged.Results);
        Assert.Equal(["root", "x", "y", "z"], await VerticesAsync(world));

        // A cursor of the old epoch above what is shared must not be served from the new one.
        Assert.Equal(ErrorCodes.ResyncRequired, (await Assert.ThrowsAsync<SpaceAccessException>(() => follower.WaitAsync(Patience))).Code);
    }

    [Fact]
    public async Task A_store_that_is_gone_is_unavailable_and_comes_back()
    {
        await using EngineWorld world = await StartAsync();
        await world.JudgedAsync(Alice, world.Note("a", 1));
        world.Memory.IsUnavailable = true;
        Assert.IsType<PushOutcome.Unavailable>(await world.PushAsync(Alice, world.Note("a", 2)));
        world.Memory.IsUnavailable = false;
        Assert.Equal([new OperationResult.Accepted(2)], (await world.JudgedAsync(Alice, world.Note("a", 2))).Results);
    }

    [Fact]
    public async Task Nothing_is_decided_with_a_role_that_was_taken_away_before()
    {
        StoreAround? around = null;
        await using EngineWorld world = await StartAsync(memory => around = new StoreAround(memory));
        LiveSpace space = await world.UseAsync();
        StoreAround.HeldAppend hold = around!.HoldAppend();
        Task<PushOutcome> first = space.PushAsync(Bob, null, [world.Note("b", 1)], default).AsTask();
        Task<ChangeMemberOutcome> change = world.Spaces.RemoveMemberAsync(Plans, Bob, Alice, default).AsTask();
        Task<PushOutcome> second = space.PushAsync(Bob, null, [world.Note("b", 2)], default).AsTask();
        hold.LetGo();
        Assert.IsType<PushOutcome.Judged>(await first.WaitAsync(Patience));
        Assert.Equal(ChangeMemberOutcome.Changed, await change.WaitAsync(Patience));
        Assert.IsType<PushOutcome.NotFound>(await second.WaitAsync(Patience));
        Assert.Single(await world.LogAsync());
    }

    [Fact]
    public async Task Viewers_do_not_write_and_strangers_do_not_know_of_the_space()
    {
        await using EngineWorld world = await StartAsync();
        Assert.IsType<PushOutcome.Forbidden>(await world.PushAsync(Vera, world.Note("v", 1)));
        Assert.IsType<PushOutcome.NotFound>(await world.PushAsync(new UserId("mallory"), world.Note("m", 1)));
        Assert.Empty(await world.LogAsync());
    }

    [Fact]
    public async Task A_push_of_another_epoch_changes_nothing()
    {
        await using EngineWorld world = await StartAsync();
        LiveSpace space = await world.UseAsync();
        Assert.IsType<PushOutcome.ResyncRequired>(await space.PushAsync(Alice, new Epoch("other"), [world.Note("a", 1)], default));
        Assert.IsType<PushOutcome.Judged>(await space.PushAsync(Alice, space.Feed.Now.Head.Epoch, [world.Note("a", 1)], default));
    }

    [Fact]
    public async Task A_rule_of_the_application_runs_inside_the_decision()
    {
        Rule rule = new(TreeModel.Scope, (operation, context) =>
            ((TreesState)context.State).Trees.TryGetValue(operation.Id.ResourceId, out Tree? tree) && tree.CountVertices(includeDeleted: false) >= 3
                ? new Refusal("forbidden", "a tree has at most three vertices")
                : null);
        await using EngineWorld world = await StartAsync(rules: [rule]);
        PushOutcome.Judged judged = await world.JudgedAsync(
            Alice, world.Move("a", 1, "root", null), world.Move("a", 2, "x", "root"), world.Move("a", 3, "y", "x"), world.Move("a", 4, "z", "y"));
        Assert.Equal([1L, 2, 3], judged.Results.Take(3).Select(result => Seq(result)!.Value));
        AssertRejected("forbidden", judged.Results[3]);
    }

    [Fact]
    public async Task A_rule_that_fails_harms_only_the_push_it_judged()
    {
        StoreAround? around = null;
        Rule rule = new(new Scope("note"), (operation, _) =>
            operation.Id.Clock == 13 ? throw new InvalidOperationException("a fault of the application's") : null);
        await using EngineWorld world = await StartAsync(memory => around = new StoreAround(memory), rules: [rule]);
        LiveSpace space = await world.UseAsync();
        StoreAround.HeldAppend hold = around!.HoldAppend();
        Task<PushOutcome> first = space.PushAsync(Alice, null, [world.Note("a", 1)], default).AsTask();
        Task<PushOutcome> bad = space.PushAsync(Bob, null, [world.Note("b", 13)], default).AsTask();
        Task<PushOutcome> good = space.PushAsync(Alice, null, [world.Note("a", 2)], default).AsTask();
        hold.LetGo();
        Assert.IsType<PushOutcome.Judged>(await first.WaitAsync(Patience));
        Assert.Equal([new OperationResult.Accepted(2)], Assert.IsType<PushOutcome.Judged>(await good.WaitAsync(Patience)).Results);
        await Assert.ThrowsAsync<InvalidOperationException>(() => bad.WaitAsync(Patience));
    }

    [Fact]
    public async Task What_one_user_may_have_waiting_does_not_grow_with_his_actors()
    {
        await using EngineWorld world = await StartAsync();
        await world.JudgedAsync(Alice, world.Move("a", 1, "root", null));
        PushOutcome.Judged judged = await world.JudgedAsync(
            Bob, [.. Enumerable.Range(0, 40).Select(i => world.Move($"b{i}", 10 + i, $"v{i}", "nowhere"))]);
        int accepted = judged.Results.Count(result => result is OperationResult.Accepted);
        Assert.InRange(accepted, 10, 25);
        Assert.All(judged.Results.Skip(accepted), result => AssertRejected(ErrorCodes.QuotaExceeded, result));

        // Another user is not concerned, and there is room again when what they wait for has come.
        Assert.IsType<OperationResult.Accepted>((await world.JudgedAsync(Alice, world.Move("c", 50, "w", "nowhere"))).Results[0]);
        await world.JudgedAsync(Alice, world.Move("a", 2, "nowhere", "root"));
        Assert.IsType<OperationResult.Accepted>((await world.JudgedAsync(Bob, world.Move("b0", 60, "w", "elsewhere"))).Results[0]);
    }

    [Fact]
    public async Task A_transient_operation_is_checked_but_leaves_nothing()
    {
        await using EngineWorld world = await StartAsync();
        await world.JudgedAsync(Alice, world.Move("a", 1, "root", null));
        OperationReader.Reading reading = world.Reader.Create(
            new OperationId(TreeModel.Scope, new ResourceId("root"), new ActorId("t"), 5),
            """{"id":{"counter":5,"peerId":"t"},"targetId":"root","key":"draft","value":1,"transient":true}"""u8,
            key: null,
            tx: null,
            allowTransient: true);
        Assert.Equal([new OperationResult.Accepted(null)], (await world.JudgedAsync(Bob, PushItem.From(reading))).Results);
        Assert.Single(await world.LogAsync());

        // It took no actor: another user may still be its first.
        Assert.IsType<OperationResult.Accepted>((await world.JudgedAsync(Alice, world.Note("t", 6))).Results[0]);
        AssertRejected(ErrorCodes.ActorTaken, (await world.JudgedAsync(Bob, PushItem.From(reading))).Results[0]);
    }

    private static async Task<string[]> VerticesAsync(EngineWorld world)
    {
        LiveSpace space = await world.UseAsync();
        return await space.ReadTreesAsync(
            Alice, (trees, _) => trees.Trees[new ResourceId("root")].Read(includeDeleted: false).Select(vertex => vertex.Id).ToArray(), default);
    }

    private static OperationDigest DigestOf(IEnumerable<LoggedOperation> log) =>
        log.Aggregate(OperationDigest.Empty, (digest, logged) => digest.Add(logged.Operation.Id));

    private static long? Seq(OperationResult result) => Assert.IsType<OperationResult.Accepted>(result).Seq;

    private static void AssertRejected(string code, OperationResult result) =>
        Assert.Equal(code, Assert.IsType<OperationResult.Rejected>(result).Refusal.Code);

    private sealed class Rule(Scope scope, Func<Operation, RuleContext, Refusal?> judge) : IOperationRule
    {
        public Scope Scope => scope;

        public Refusal? Judge(Operation operation, in RuleContext context) => judge(operation, context);
    }
}
