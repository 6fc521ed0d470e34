using Syncline.Client.Storage;
using Syncline.Core.Operations;
using static Syncline.Conformance.Operations;

namespace Syncline.Conformance;

/// <summary>What is received, and what becomes of own operations by it.</summary>
public abstract partial class LocalStoreConformance
{
    [Fact]
    public async Task Received_operations_come_back_as_they_were_in_seq_order()
    {
        LoggedOperation[] received =
        [
            Received(1, "b", 5, payload: "{\"a\": \"é\"}") with { Operation = Logged(Id("b", 5), "{\"a\": \"é\"}", key: "k", tx: "t").Operation },
            Received(2, "c", 6, "r2", scope: "tree", user: "bob") with { ReceivedAt = Now.AddHours(1) },
            Received(7, "b", 8),
        ];
        await AddSpacesAsync();

        await WriteAsync(ReceiveUpTo(2, received[..2]), new LocalWrite.Receive(Other, [Received(1, "b", 1)], At(1), 1));
        await WriteAsync(ReceiveUpTo(9, received[2] with { GroupEnd = 8, Digest = new OperationDigest(1, 2) }));
        await ReopenAsync();

        Assert.Equal(received, await ReceivedAsync());
        Assert.Equal((At(9), 8), ((await SpaceAsync()).Cursor, (await SpaceAsync()).ClockMax));
        Assert.Equal([2L], (await Store.ReadOperationsAsync(Space, 1, 1, default)).Select(logged => logged.Seq));
        Assert.Equal([7L], (await Store.ReadOperationsAsync(Space, 2, 10, default)).Select(logged => logged.Seq));
        Assert.Empty(await Store.ReadOperationsAsync(Space, 7, 10, default));
        Assert.Empty(await Store.ReadOperationsAsync(Space, long.MaxValue, 10, default));
    }

    [Fact]
    public async Task Seqs_only_rise()
    {
        await AddSpacesAsync();
        await WriteAsync(ReceiveUpTo(5, Received(5, "b", 1)));

        await Assert.ThrowsAsync<ArgumentException>(async () => await WriteAsync(ReceiveUpTo(5, Received(5, "b", 2))));
        await Assert.ThrowsAsync<ArgumentException>(async () => await WriteAsync(ReceiveUpTo(5, Received(4, "b", 2))));
        await Assert.ThrowsAsync<ArgumentException>(async () => await WriteAsync(ReceiveUpTo(7, Received(7, "b", 2), Received(6, "b", 3))));
        await Assert.ThrowsAsync<ArgumentException>(async () => await WriteAsync(ReceiveUpTo(5, Received(1L << 40, "b", 2))));
        await WriteAsync(ReceiveUpTo((1L << 40) - 1, Received((1L << 40) - 1, "b", 2)));

        Assert.Equal([5, (1L << 40) - 1], (await ReceivedAsync()).Select(logged => logged.Seq));
    }

    [Fact]
    public async Task A_cursor_moves_without_operations_and_operations_come_without_a_cursor()
    {
        await AddSpacesAsync();

        await WriteAsync(new LocalWrite.Receive(Space, [Received(1, "b", 1)], null, 5));
        Assert.Equal(new LocalSpace(Space, null, 5, 0, null), await SpaceAsync());

        await WriteAsync(new LocalWrite.Receive(Space, [], At(4, "epoch-2"), 3));
        Assert.Equal(new LocalSpace(Space, At(4, "epoch-2"), 5, 0, null), await SpaceAsync());

        await WriteAsync(new LocalWrite.Receive(Space, [Received(6, "b", 9)], null, 9));
        Assert.Equal(new LocalSpace(Space, At(4, "epoch-2"), 9, 0, null), await SpaceAsync());
    }

    [Fact]
    public async Task Own_operations_that_are_read_back_leave_the_outbox()
    {
        await AddSpacesAsync();
        await WriteAsync(
            new LocalWrite.AddOwn(
                Space,
                [
                    Made(1, 1),
                    Made(2, 2) with { State = OwnOperationState.Sent },
                    Made(3, 3) with { State = OwnOperationState.Stored, Seq = 12 },
                    Made(4, 4) with { State = OwnOperationState.Refused, Refusal = new Refusal("role", "No.") },
                    Made(5, 5),
                    Made(6, 2, actor: "own-2"),
                ]),
            new LocalWrite.AddOwn(Other, [Made(7, 1)]));

        await WriteAsync(ReceiveUpTo(
            14, Received(10, Own, 1), Received(11, Own, 2), Received(12, Own, 3), Received(13, Own, 4), Received(14, "own-2", 1), Received(15, "b", 5)));

        AssertSame([Made(5, 5), Made(6, 2, actor: "own-2")], await OutboxAsync());
        Assert.Equal([7], (await OutboxAsync(Other)).Select(own => own.Number));
        Assert.Equal(6, (await ReceivedAsync()).Count);
    }

    [Fact]
    public async Task Own_operations_above_a_seq_are_put_back()
    {
        await AddSpacesAsync();
        await WriteAsync(new LocalWrite.AddOwn(
            Space,
            [
                Made(1, 1), Made(2, 2), Made(3, 3),
                Made(4, 4) with { State = OwnOperationState.Stored, Seq = 12 },
                Made(5, 5) with { State = OwnOperationState.Sent },
                Made(6, 6) with { State = OwnOperationState.Refused, Refusal = new Refusal("role", "No.") },
            ]));
        await WriteAsync(ReceiveUpTo(11, Received(9, Own, 1), Received(10, Own, 2), Received(11, Own, 3)));

        await WriteAsync(new LocalWrite.PutBack(Space, 10));
        await ReopenAsync();

        AssertSame(
            [
                Made(3, 3), Made(4, 4),
                Made(5, 5) with { State = OwnOperationState.Sent },
                Made(6, 6) with { State = OwnOperationState.Refused, Refusal = new Refusal("role", "No.") },
            ],
            await OutboxAsync());
        Assert.Equal(3, (await ReceivedAsync()).Count);
        Assert.Equal(At(11), (await SpaceAsync()).Cursor);

        await WriteAsync(new LocalWrite.PutBack(Space, -1));
        Assert.Equal([1, 2, 3, 4, 5, 6], (await OutboxAsync()).Select(own => own.Number));
    }

    [Theory]
    [InlineData(long.MaxValue, new long[] { 3 })]
    [InlineData(10, new long[] { 2, 3 })]
    [InlineData(0, new long[] { 1, 2, 3 })]
    public async Task A_space_that_starts_anew_forgets_what_was_received_and_keeps_its_own(long putBackAbove, long[] outbox)
    {
        await AddSpacesAsync();
        await WriteAsync(
            new LocalWrite.AddOwn(Space, [Made(1, 1), Made(2, 2), Made(3, 3)]),
            ReceiveUpTo(11, Received(10, Own, 1), Received(11, Own, 2)),
            new LocalWrite.ReplaceSnapshots(Space, At(11), [State("t1", [1])], [new Scope("tree")], 30),
            new LocalWrite.SetLastSuccess(Space, Now),
            new LocalWrite.Receive(Other, [Received(1, "b", 1)], At(1), 1));

        await WriteAsync(new LocalWrite.StartAnew(Space, putBackAbove));
        await ReopenAsync();

        Assert.Equal(new LocalSpace(Space, null, 30, 0, Now), await SpaceAsync());
        Assert.Empty(await ReceivedAsync());
        Assert.Empty(await SnapshotsAsync());
        Assert.Equal(outbox, (await OutboxAsync()).Select(own => own.Number));
        Assert.Single(await ReceivedAsync(Other));

        // In the log's next life the operations have other places.
        await WriteAsync(new LocalWrite.Receive(Space, [Received(1, Own, 1), Received(2, Own, 2), Received(3, Own, 3)], At(3, "epoch-2"), 3));
        Assert.Empty(await OutboxAsync());
        await WriteAsync(new LocalWrite.PutBack(Space, 2));
        Assert.Equal([3], (await OutboxAsync()).Select(own => own.Number));
    }

    [Fact]
    public async Task Snapshots_take_the_place_of_those_before_and_of_the_operations_that_they_stand_for()
    {
        byte[] large = new byte[600_000];
        new Random(7).NextBytes(large);
        await AddSpacesAsync();
        await WriteAsync(
            ReceiveUpTo(
                4,
                Received(1, "b", 1, scope: "tree"), Received(2, "b", 2, scope: "list"), Received(3, "b", 3), Received(4, "b", 4, scope: "tree")),
            new LocalWrite.ReplaceSnapshots(Other, At(9), [State("t1", [9])], [new Scope("tree")], 9));

        LocalSnapshot[] snapshots = [State("t2", large), State("t1", []), State("l1", [1, 2, 3], "list", format: 1)];
        await WriteAsync(new LocalWrite.ReplaceSnapshots(Space, At(3), snapshots, [new Scope("tree"), new Scope("list")], 8));
        await ReopenAsync();

        AssertSame(snapshots, await SnapshotsAsync());
        Assert.Equal([3, 4], (await ReceivedAsync()).Select(logged => logged.Seq));
        Assert.Equal(new LocalSpace(Space, At(3), 8, 3, null), await SpaceAsync());

        LocalSnapshot[] next = [State("t1", large.AsSpan(1_000).ToArray()), State("t3", new byte[256 * 1024])];
        await WriteAsync(new LocalWrite.ReplaceSnapshots(Space, At(4), next, [new Scope("tree")], 2));
        await ReopenAsync();

        AssertSame(next, await SnapshotsAsync());
        Assert.Equal([3], (await ReceivedAsync()).Select(logged => logged.Seq));
        Assert.Equal(new LocalSpace(Space, At(4), 8, 4, null), await SpaceAsync());
        AssertSame([State("t1", [9])], await SnapshotsAsync(Other));
    }

    [Fact]
    public async Task A_scope_whose_name_is_a_part_of_another_is_not_taken_for_it()
    {
        await AddSpacesAsync();
        await WriteAsync(ReceiveUpTo(2, Received(1, "b", 1, scope: "tree"), Received(2, "b", 2, scope: "tree.old")));

        await WriteAsync(new LocalWrite.ReplaceSnapshots(Space, At(2), [], [new Scope("tree.old")], 2));

        Assert.Equal([1], (await ReceivedAsync()).Select(logged => logged.Seq));
    }

    [Fact]
    public async Task A_damaged_snapshot_is_not_given_out_and_the_space_can_start_anew()
    {
        await AddSpacesAsync();
        await WriteAsync(
            new LocalWrite.AddOwn(Space, [Made(1, 1)]),
            new LocalWrite.ReplaceSnapshots(Space, At(3), [State("t1", new byte[300_000])], [new Scope("tree")], 3));
        await Store.DisposeAsync();
        DamageSnapshots();
        Store = Open();

        LocalSnapshotDamagedException damaged = await Assert.ThrowsAsync<LocalSnapshotDamagedException>(async () => await SnapshotsAsync());

        Assert.Equal(Space, damaged.Space);
        Assert.Equal([1], (await OutboxAsync()).Select(own => own.Number));
        await WriteAsync(new LocalWrite.StartAnew(Space, long.MaxValue));
        Assert.Empty(await SnapshotsAsync());
        await WriteAsync(new LocalWrite.ReplaceSnapshots(Space, At(3), [State("t1", [1])], [], 3));
        AssertSame([State("t1", [1])], await SnapshotsAsync());
        Assert.Equal([1], (await OutboxAsync()).Select(own => own.Number));
    }

    [Fact]
    public async Task A_removed_space_leaves_nothing()
    {
        await AddSpacesAsync();
        await WriteAsync(
            new LocalWrite.AddOwn(Space, [Made(1, 1)]),
            ReceiveUpTo(2, Received(1, "b", 1), Received(2, "b", 2)),
            new LocalWrite.ReplaceSnapshots(Space, At(2), [State("t1", new byte[300_000])], [], 2));

        await WriteAsync(new LocalWrite.RemoveSpace(Space));
        await ReopenAsync();
        Assert.Equal([Other], (await Store.ReadSpacesAsync(default)).Select(space => space.Id));

        await WriteAsync(new LocalWrite.AddSpace(Space), new LocalWrite.AddOwn(Space, [Made(2, 1)]));
        Assert.Equal(new LocalSpace(Space, null, 1, 0, null), await SpaceAsync());
        Assert.Empty(await ReceivedAsync());
        Assert.Empty(await SnapshotsAsync());
        Assert.Equal([2], (await OutboxAsync()).Select(own => own.Number));
    }

    [Fact]
    public async Task When_a_space_was_last_up_to_date_is_kept_in_milliseconds()
    {
        await AddSpacesAsync();

        await WriteAsync(new LocalWrite.SetLastSuccess(Space, Now.AddTicks(9)));
        await ReopenAsync();

        Assert.Equal(Now, (await SpaceAsync()).LastSuccess);
    }

    [Fact]
    public async Task Old_own_operations_are_forgotten_once_they_were_received()
    {
        await AddSpacesAsync();
        await WriteAsync(
            new LocalWrite.AddOwn(Space, [Made(1, 1), Made(2, 2), Made(3, 3) with { MadeAt = Now.AddMilliseconds(1) }]),
            new LocalWrite.AddOwn(Other, [Made(4, 1)]),
            ReceiveUpTo(3, Received(2, Own, 2), Received(3, Own, 3)),
            new LocalWrite.Receive(Other, [Received(1, Own, 1)], At(1), 1));

        await WriteAsync(new LocalWrite.ForgetReceivedOwn(Now.AddMilliseconds(1)));

        await WriteAsync(new LocalWrite.PutBack(Space, 0), new LocalWrite.PutBack(Other, 0));
        Assert.Equal([1, 3], (await OutboxAsync()).Select(own => own.Number));
        Assert.Empty(await OutboxAsync(Other));
    }

    [Fact]
    public async Task The_same_work_on_many_names_reads_back_the_same()
    {
        // More names than a store remembers.
        const int Names = 5_000;
        await AddSpacesAsync();
        LoggedOperation[] received = [.. Enumerable.Range(1, Names).Select(n => Received(n, $"actor-{n}", n, $"r{n}", user: $"user-{n}"))];
        await WriteAsync(ReceiveUpTo(Names, received));
        await WriteAsync(ReceiveUpTo(Names + 2, Received(Names + 1, "actor-1", 7_000, "r2", user: "user-3"), Received(Names + 2, "actor-new", 7_001)));

        IReadOnlyList<LoggedOperation> found = await ReceivedAsync();

        Assert.Equal(received, found.Take(Names));
        Assert.Equal((Id("actor-1", 7_000, "r2"), "user-3"), (found[Names].Operation.Id, found[Names].UserId.Value));
        Assert.Equal(Id("actor-new", 7_001), found[Names + 1].Operation.Id);
    }
}
