using Syncline.Core.Operations;
using Syncline.Core.Tree;
using Syncline.Engine.Storage;
using static Syncline.Conformance.Operations;

namespace Syncline.Conformance;

// Generations of the data set, resets of the log, and clients' cursors.
public abstract partial class SpaceStoreConformance
{
    private static readonly Epoch Second = new("epoch-after-reset");

    [Fact]
    public async Task A_generation_is_begun_once_and_is_empty()
    {
        await CreateAsync();

        Generation? begun = await Store.FindGenerationAsync(Space, First, "key-1", Now, default);

        Assert.Equal(new Generation("key-1", First, After: 0, SnapshotBytes: 0), begun);
        Assert.Equal(begun, await Store.FindGenerationAsync(Space, First, "key-2", Now, default));
        Assert.Equal("", await Store.ReadGenerationSnapshotAsync(Space, "key-1", default));
        Assert.Null(await Store.ReadGenerationSnapshotAsync(Space, "key-2", default));
    }

    [Fact]
    public async Task A_generation_of_another_epoch_is_not_there_and_none_is_begun_for_it()
    {
        await CreateAsync();

        Assert.Null(await Store.FindGenerationAsync(Space, Second, "key-1", Now, default));

        Assert.Equal("key-2", (await Store.FindGenerationAsync(Space, First, "key-2", Now, default))!.Key);
    }

    [Fact]
    public async Task Of_many_who_begin_a_generation_all_get_the_same()
    {
        await CreateAsync();

        Generation?[] begun = await Task.WhenAll(Enumerable.Range(1, 8).Select(n =>
            Task.Run(async () => await Store.FindGenerationAsync(Space, First, $"key-{n}", Now, default))));

        Assert.Single(begun.Distinct());
    }

    [Fact]
    public async Task A_reset_leaves_an_empty_log_that_goes_on_from_its_seq()
    {
        await CreateAsync();
        await AppendAsync(Logged(Id("a", 1)), Logged(Id("a", 70)), Logged(Id("b", 3)));

        Assert.Equal(ResetOutcome.Reset, await ResetAsync(after: 10));

        LogHead head = await HeadAsync();
        Assert.Equal((Second, 10, OperationDigest.Empty, 70), (head.Epoch, head.Seq, head.Digest, head.HighestClock));
        Assert.Equal([new EarlierEpoch(First, 0)], head.Earlier);
        Assert.True(head.CanServe(null, 0));
        Assert.True(head.CanServe(Second, 10));
        Assert.False(head.CanServe(First, 1));
        foreach (long after in new long[] { 0, 2, 10 })
        {
            LogPage page = await ReadAsync(after, Selection.All, NoLimits);
            Assert.Empty(page.Operations);
            Assert.Equal((10, 10, false), (page.Cursor, page.Head, page.HasMore));
        }
    }

    [Fact]
    public async Task After_a_reset_identities_are_forgotten_and_actors_keep_their_users()
    {
        await CreateAsync();
        await AppendAsync(Logged(Id("a", 1), hash: 5), Logged(Id("b", 9), user: "bob"));
        await ResetAsync(after: 3);

        Known known = await Store.FindAsync(Space, [Id("a", 1), Id("b", 9)], [new ActorId("a"), new ActorId("b")], default);

        Assert.Equal((Second, 3), (known.Epoch, known.Head));
        Assert.Empty(known.Operations);
        Assert.Equal(
            new Dictionary<ActorId, UserId> { [new ActorId("a")] = new("alice"), [new ActorId("b")] = new("bob") }, known.Actors);
        Assert.Empty(await RangesAsync(Vector(("a", 1), ("b", 9)), NoLimits));
    }

    [Fact]
    public async Task What_is_appended_after_a_reset_is_read_from_the_start_and_by_cursor()
    {
        await CreateAsync();
        await AppendAsync(Logged(Id("a", 50), "1"), Logged(Id("a", 51, "gone"), "1"));
        await ReadAllAsync();
        await ResetAsync(after: 3);

        LogAppend batch = await AppendAsync(Logged(Id("a", 50), "2"), Logged(Id("c", 1, "new"), "3"));

        Assert.Equal([4, 5], batch.Operations.Select(logged => logged.Seq));
        Assert.Equal(batch.Operations, await ReadAllAsync());
        Assert.Equal([batch.Operations[1]], (await ReadAsync(4, Selection.All, NoLimits)).Operations);
        Assert.Equal([batch.Operations[1]], (await ReadAsync(0, new Selection([], [new ResourceId("new")]), NoLimits)).Operations);
        Assert.Equal([batch.Operations[0]], await RangesAsync(Vector(("a", 50)), NoLimits));
        LogHead head = await HeadAsync();
        Assert.Equal((5, OperationDigest.Empty.Add(Id("a", 50)).Add(Id("c", 1, "new")), 51), (head.Seq, head.Digest, head.HighestClock));
        Known known = await Store.FindAsync(Space, [Id("a", 50), Id("a", 51, "gone")], [], default);
        Assert.Equal([Id("a", 50)], known.Operations.Keys);
        Assert.Equal(4, known.Operations[Id("a", 50)].Seq);
    }

    [Fact]
    public async Task A_reset_brings_its_snapshot_and_the_one_before_is_gone()
    {
        await CreateAsync();
        await Store.FindGenerationAsync(Space, First, "key-0", Now, default);
        string snapshot = $$"""{"lists":["é😀\u0000 \"{{'\0'}}"]}{{new string('x', 300_000)}}""";
        await ResetAsync(after: 0, key: "key-1", snapshot: snapshot);

        Generation? present = await Store.FindGenerationAsync(Space, Second, "never", Now, default);

        Assert.Equal(new Generation("key-1", Second, 0, System.Text.Encoding.UTF8.GetByteCount(snapshot)), present);
        Assert.Equal(snapshot, await Store.ReadGenerationSnapshotAsync(Space, "key-1", default));
        Assert.Null(await Store.ReadGenerationSnapshotAsync(Space, "key-0", default));
    }

    [Fact]
    public async Task A_key_that_a_generation_has_or_had_is_taken_and_nothing_is_changed()
    {
        await CreateAsync();
        await Store.FindGenerationAsync(Space, First, "key-0", Now, default);
        await ResetAsync(after: 0, key: "key-1", snapshot: "one");
        await AppendAsync(Logged(Id("a", 1)));
        LogHead before = await HeadAsync();

        foreach (string key in new[] { "key-0", "key-1" })
            Assert.Equal(ResetOutcome.KeyTaken, await ResetAsync(after: 1, key, "two", new Epoch("third")));

        Assert.Equal((before.Epoch, before.Seq), ((await HeadAsync()).Epoch, (await HeadAsync()).Seq));
        Assert.Single(await ReadAllAsync());
        Assert.Equal("one", await Store.ReadGenerationSnapshotAsync(Space, "key-1", default));
        Assert.Equal(ResetOutcome.Reset, await ResetAsync(after: 1, "Key-1", "two", new Epoch("third")));
    }

    [Fact]
    public async Task A_reset_that_expects_another_head_or_epoch_changes_nothing()
    {
        await CreateAsync();
        await AppendAsync(Logged(Id("a", 1)));

        foreach (LogReset wrong in new[] { Reset(First, 0, 5), Reset(First, 2, 5), Reset(Second, 1, 5) })
            Assert.Equal(ResetOutcome.HeadMoved, await Store.ResetAsync(Space, wrong));

        LogHead head = await HeadAsync();
        Assert.Equal((First, 1), (head.Epoch, head.Seq));
        Assert.Single(await ReadAllAsync());
    }

    [Fact]
    public async Task An_append_for_the_epoch_before_a_reset_is_not_written()
    {
        await CreateAsync();
        LogHead before = await HeadAsync();
        await ResetAsync(after: 0);

        Assert.Equal(AppendOutcome.HeadMoved, await Store.AppendAsync(Space, After(before, Logged(Id("a", 1)))));
        Assert.Empty(await ReadAllAsync());
    }

    [Fact]
    public async Task A_reset_after_a_reset_shares_nothing_with_either_life_before()
    {
        await CreateAsync();
        await AppendAsync(Logged(Id("a", 1)));
        await ResetAsync(after: 2, key: "key-1");
        await AppendAsync(Logged(Id("a", 2)));
        Epoch third = new("third");
        Assert.Equal(ResetOutcome.Reset, await ResetAsync(after: 4, key: "key-2", epoch: third));

        LogHead head = await HeadAsync();

        Assert.Equal((third, 4, 2), (head.Epoch, head.Seq, head.HighestClock));
        Assert.Equal([new EarlierEpoch(Second, 0)], head.Earlier);
        Assert.Equal("key-2", (await Store.FindGenerationAsync(Space, third, "never", Now, default))!.Key);
    }

    [Fact]
    public async Task Clients_cursors_come_back_the_one_seen_last_first_and_are_replaced()
    {
        await CreateAsync();
        Assert.Empty(await Store.ReadClientsAsync(Space, default));
        ClientCursor laptop = new("laptop", new UserId("alice"), 7, Now);
        ClientCursor other = laptop with { UserId = new UserId("bob"), Cursor = 1, SeenAt = Now.AddSeconds(1) };
        ClientCursor phone = new("phone", new UserId("alice"), 0, Now.AddSeconds(2));
        await WriteClientsAsync([laptop, other, phone]);
        Assert.Equal([phone, other, laptop], await Store.ReadClientsAsync(Space, default));

        ClientCursor later = laptop with { Cursor = 3, SeenAt = Now.AddSeconds(3) };
        await WriteClientsAsync([later]);

        Assert.Equal([later, phone, other], await Store.ReadClientsAsync(Space, default));
    }

    [Fact]
    public async Task Clients_that_were_not_seen_for_long_or_are_too_many_are_dropped()
    {
        await CreateAsync();
        ClientCursor[] clients = [.. Enumerable.Range(0, 6).Select(n => new ClientCursor($"c{n}", new UserId("alice"), n, Now.AddMinutes(n)))];
        await WriteClientsAsync(clients);

        await WriteClientsAsync([], seenSince: Now.AddMinutes(2));
        Assert.Equal(["c5", "c4", "c3", "c2"], (await Store.ReadClientsAsync(Space, default)).Select(client => client.ClientId));
        await WriteClientsAsync([clients[0] with { SeenAt = Now.AddMinutes(9) }], clientsMax: 3);
        Assert.Equal(["c0", "c5", "c4"], (await Store.ReadClientsAsync(Space, default)).Select(client => client.ClientId));
    }

    [Fact]
    public async Task Clients_of_one_user_take_no_place_of_anothers()
    {
        await CreateAsync();
        await WriteClientsAsync([new ClientCursor("phone", new UserId("bob"), 1, Now), new ClientCursor("old", new UserId("carol"), 1, Now.AddMinutes(-1))]);
        ClientCursor[] many = [.. Enumerable.Range(1, 6).Select(n => new ClientCursor($"c{n}", new UserId("alice"), n, Now.AddMinutes(n)))];

        await WriteClientsAsync(many, clientsPerUserMax: 2, clientsMax: 3);

        Assert.Equal(["c6", "c5", "phone"], (await Store.ReadClientsAsync(Space, default)).Select(client => client.ClientId));
    }

    private async Task<ResetOutcome> ResetAsync(long after, string key = "key-of-reset", string snapshot = "", Epoch? epoch = null)
    {
        LogHead head = await HeadAsync();
        return await Store.ResetAsync(
            Space, Reset(head.Epoch, head.Seq, after) with { NewEpoch = epoch ?? Second, Key = key, Snapshot = snapshot });
    }

    private static LogReset Reset(Epoch epoch, long head, long after) => new(epoch, head, new Epoch("new"), after, "key-of-reset", "", Now);

    private static StateVector Vector(params ReadOnlySpan<(string Actor, long Clock)> held)
    {
        StateVector vector = new();
        foreach ((string actor, long clock) in held)
            vector.Add(new Stamp(clock, new ActorId(actor)));
        return vector;
    }

    private async Task WriteClientsAsync(
        IReadOnlyList<ClientCursor> cursors, int clientsPerUserMax = 100, int clientsMax = 100, DateTimeOffset seenSince = default) =>
        await Store.WriteClientsAsync(Space, cursors, clientsPerUserMax, clientsMax, seenSince, default);
}
