using Syncline.Client.Storage;
using Syncline.Core.Json;
using Syncline.Core.Operations;
using static Syncline.Conformance.Operations;

namespace Syncline.Conformance;

/// <summary>What every <see cref="ILocalStore"/> does.</summary>
public abstract partial class LocalStoreConformance : IAsyncLifetime
{
    private const string Own = "own-1";

    private static readonly SpaceId Space = new("space-1");
    private static readonly SpaceId Other = new("space-2");

    /// <summary>The store that is open.</summary>
    protected ILocalStore Store { get; private set; } = null!;

    /// <inheritdoc />
    public Task InitializeAsync()
    {
        Store = Open();
        return Task.CompletedTask;
    }

    /// <inheritdoc />
    public Task DisposeAsync() => Store.DisposeAsync().AsTask();

    [Fact]
    public async Task A_new_store_has_an_actor_that_a_tree_takes_and_nothing_else()
    {
        LocalDevice device = await Store.ReadDeviceAsync(default);

        Assert.Matches("^[0-9a-z]{16}$", device.Actor.Value);
        Assert.Equal((1, null, null), (device.NextNumber, device.Account, device.RefreshToken));
        Assert.Empty(await Store.ReadSpacesAsync(default));
    }

    [Fact]
    public async Task A_store_keeps_its_actor_account_and_login()
    {
        ActorId actor = (await Store.ReadDeviceAsync(default)).Actor;
        LocalAccount account = new("https://sync.example", new UserId("alice"));
        await WriteAsync(new LocalWrite.SetAccount(account), new LocalWrite.SetRefreshToken("a token"));
        await ReopenAsync();

        Assert.Equal(new LocalDevice(actor, 1, account, "a token"), await Store.ReadDeviceAsync(default));

        await WriteAsync(
            new LocalWrite.SetRefreshToken(null),
            new LocalWrite.SetAccount(account with { UserId = new UserId("bob") }),
            new LocalWrite.SetActor(new ActorId("another")));
        await ReopenAsync();

        Assert.Equal(
            new LocalDevice(new ActorId("another"), 1, account with { UserId = new UserId("bob") }, null), await Store.ReadDeviceAsync(default));
    }

    [Fact]
    public async Task Spaces_are_empty_at_first_come_in_order_and_are_added_once()
    {
        await WriteAsync(new LocalWrite.AddSpace(Other), new LocalWrite.AddSpace(Space), new LocalWrite.AddSpace(new SpaceId("a_space")));
        await WriteAsync(ReceiveUpTo(3, Received(3, "b", 9)), new LocalWrite.AddSpace(Space));
        await ReopenAsync();

        IReadOnlyList<LocalSpace> spaces = await Store.ReadSpacesAsync(default);

        Assert.Equal(["a_space", "space-1", "space-2"], spaces.Select(space => space.Id.Value));
        Assert.Equal(new LocalSpace(Other, null, 0, 0, null), spaces[2]);
        Assert.Equal(new LocalSpace(Space, At(3), 9, 0, null), spaces[1]);
        Assert.Empty(await OutboxAsync(Other));
        Assert.Empty(await ReceivedAsync(Other));
        Assert.Empty(await SnapshotsAsync(Other));
    }

    [Fact]
    public async Task A_space_that_is_not_there_reads_as_empty_and_takes_nothing()
    {
        Assert.Empty(await OutboxAsync());
        Assert.Empty(await ReceivedAsync());
        Assert.Empty(await SnapshotsAsync());
        await WriteAsync(new LocalWrite.RemoveSpace(Space));

        foreach (LocalWrite write in (LocalWrite[])
            [
                new LocalWrite.AddOwn(Space, [Made(1, 1)]),
                new LocalWrite.SetOwn(Space, []),
                new LocalWrite.RemoveOwn(Space, []),
                ReceiveUpTo(0),
                new LocalWrite.ReplaceSnapshots(Space, At(1), [], [], 1),
                new LocalWrite.StartAnew(Space, 0),
                new LocalWrite.PutBack(Space, 0),
                new LocalWrite.SetLastSuccess(Space, Now),
            ])
        {
            await Assert.ThrowsAsync<ArgumentException>(async () => await WriteAsync(write));
        }
    }

    [Fact]
    public async Task Own_operations_come_back_as_they_were_in_the_order_of_their_numbers()
    {
        OwnOperation[] own =
        [
            Made(1, 4, "r1", "{\"a\": 1.0}", tx: "t", key: "k"),
            Made(3, 7, "r2", scope: "tree") with { State = OwnOperationState.Refused, Refusal = new Refusal("gone", "It is gone.") },
            Made(8, 6) with { State = OwnOperationState.Sent, MadeAt = Now.AddDays(-1) },
            Made(9, 8, actor: "own-2") with { State = OwnOperationState.Stored, Seq = 12 },
        ];
        await AddSpacesAsync();

        await WriteAsync(new LocalWrite.AddOwn(Space, [own[2], own[0]]), new LocalWrite.AddOwn(Other, [Made(5, 1)]));
        await WriteAsync(new LocalWrite.AddOwn(Space, [own[1], own[3]]));
        await ReopenAsync();

        AssertSame(own, await OutboxAsync());
        Assert.Equal([5], (await OutboxAsync(Other)).Select(one => one.Number));
        Assert.Equal(8, (await SpaceAsync()).ClockMax);
        Assert.Equal(10, (await Store.ReadDeviceAsync(default)).NextNumber);
    }

    [Fact]
    public async Task A_number_or_clock_that_is_taken_is_refused()
    {
        await AddSpacesAsync();
        await WriteAsync(new LocalWrite.AddOwn(Space, [Made(1, 1)]));

        await Assert.ThrowsAsync<ArgumentException>(async () => await WriteAsync(new LocalWrite.AddOwn(Space, [Made(1, 2)])));
        await Assert.ThrowsAsync<ArgumentException>(async () => await WriteAsync(new LocalWrite.AddOwn(Other, [Made(1, 2)])));
        await Assert.ThrowsAsync<ArgumentException>(async () => await WriteAsync(new LocalWrite.AddOwn(Space, [Made(2, 1, "r2")])));
        await WriteAsync(new LocalWrite.AddOwn(Other, [Made(2, 1)]), new LocalWrite.AddOwn(Space, [Made(3, 1, actor: "own-2")]));

        Assert.Equal([1, 3], (await OutboxAsync()).Select(own => own.Number));
    }

    [Fact]
    public async Task Numbers_are_not_given_again_when_their_operations_are_gone()
    {
        await AddSpacesAsync();
        await WriteAsync(new LocalWrite.AddOwn(Space, [Made(1, 1), Made(7, 2)]));
        await WriteAsync(new LocalWrite.RemoveOwn(Space, [7]));
        await ReopenAsync();
        Assert.Equal(8, (await Store.ReadDeviceAsync(default)).NextNumber);

        await WriteAsync(new LocalWrite.AddOwn(Space, [Made(9, 3)]));
        await WriteAsync(new LocalWrite.RemoveSpace(Space));
        await ReopenAsync();
        Assert.Equal(10, (await Store.ReadDeviceAsync(default)).NextNumber);

        await WriteAsync(new LocalWrite.AddOwn(Other, [Made(12, 3) with { State = OwnOperationState.Received, Seq = 1 }]));
        await WriteAsync(new LocalWrite.ForgetReceivedOwn(Now.AddTicks(TimeSpan.TicksPerMillisecond)));
        await ReopenAsync();
        Assert.Equal(13, (await Store.ReadDeviceAsync(default)).NextNumber);
    }

    [Fact]
    public async Task How_far_own_operations_have_come_is_changed_by_number()
    {
        await AddSpacesAsync();
        await WriteAsync(new LocalWrite.AddOwn(Space, [Made(1, 1), Made(2, 2), Made(3, 3), Made(4, 4)]), new LocalWrite.AddOwn(Other, [Made(5, 1)]));

        Refusal refusal = new("role", "Not with this role.");
        await WriteAsync(new LocalWrite.SetOwn(
            Space,
            [
                new(4, OwnOperationState.Refused, 0, refusal),
                new(1, OwnOperationState.Sent, 0, null),
                new(3, OwnOperationState.Stored, 40, null),
                new(5, OwnOperationState.Sent, 0, null),
                new(6, OwnOperationState.Sent, 0, null),
            ]));
        await WriteAsync(new LocalWrite.SetOwn(Space, [new(2, OwnOperationState.Received, 39, null)]));
        await ReopenAsync();

        AssertSame(
            [
                Made(1, 1) with { State = OwnOperationState.Sent },
                Made(3, 3) with { State = OwnOperationState.Stored, Seq = 40 },
                Made(4, 4) with { State = OwnOperationState.Refused, Refusal = refusal },
            ],
            await OutboxAsync());
        Assert.Equal(OwnOperationState.Pending, Assert.Single(await OutboxAsync(Other)).State);
    }

    [Fact]
    public async Task Own_operations_are_removed_by_number()
    {
        await AddSpacesAsync();
        await WriteAsync(new LocalWrite.AddOwn(Space, [Made(1, 1), Made(2, 2), Made(3, 3)]), new LocalWrite.AddOwn(Other, [Made(4, 1)]));

        await WriteAsync(new LocalWrite.RemoveOwn(Space, [2, 4, 99]));

        Assert.Equal([1, 3], (await OutboxAsync()).Select(own => own.Number));
        Assert.Equal([4], (await OutboxAsync(Other)).Select(own => own.Number));
        await WriteAsync(new LocalWrite.AddOwn(Space, [Made(5, 2)]));
    }

    [Fact]
    public async Task A_write_that_fails_in_the_middle_leaves_nothing()
    {
        await AddSpacesAsync();
        await WriteAsync(new LocalWrite.AddOwn(Space, [Made(1, 1)]), ReceiveUpTo(2, Received(1, "b", 1), Received(2, "b", 2)));
        LocalDevice device = await Store.ReadDeviceAsync(default);

        await Assert.ThrowsAsync<ArgumentException>(async () => await WriteAsync(
            new LocalWrite.SetActor(new ActorId("another")),
            new LocalWrite.AddOwn(Space, [Made(2, 20, "new-resource", actor: "new-actor")]),
            ReceiveUpTo(3, Received(3, "c", 30, user: "new-user")),
            new LocalWrite.AddSpace(new SpaceId("space-3")),
            new LocalWrite.RemoveSpace(Other),
            new LocalWrite.PutBack(new SpaceId("missing"), 0)));

        Assert.Equal(device, await Store.ReadDeviceAsync(default));
        Assert.Equal([Space, Other], (await Store.ReadSpacesAsync(default)).Select(space => space.Id));
        Assert.Equal((At(2), 2), ((await SpaceAsync()).Cursor, (await SpaceAsync()).ClockMax));
        Assert.Equal([1], (await OutboxAsync()).Select(own => own.Number));
        Assert.Equal([1, 2], (await ReceivedAsync()).Select(logged => logged.Seq));

        // Nor in what the store remembers.
        await WriteAsync(
            new LocalWrite.AddOwn(Space, [Made(2, 20, "new-resource", actor: "new-actor")]), ReceiveUpTo(3, Received(3, "c", 30, user: "new-user")));
        await ReopenAsync();
        Assert.Equal([Id(Own, 1), Id("new-actor", 20, "new-resource")], (await OutboxAsync()).Select(own => own.Operation.Id));
        Assert.Equal((Id("c", 30), new UserId("new-user")), ((await ReceivedAsync())[2].Operation.Id, (await ReceivedAsync())[2].UserId));
        Assert.Equal(device with { NextNumber = 3 }, await Store.ReadDeviceAsync(default));
    }

    [Fact]
    public async Task A_write_that_was_cancelled_before_it_began_writes_nothing()
    {
        await AddSpacesAsync();

        await Assert.ThrowsAnyAsync<OperationCanceledException>(async () =>
            await Store.WriteAsync([new LocalWrite.AddOwn(Space, [Made(1, 1)])], new CancellationToken(canceled: true)));

        Assert.Empty(await OutboxAsync());
    }

    [Fact]
    public async Task A_write_of_nothing_changes_nothing()
    {
        await WriteAsync();

        Assert.Empty(await Store.ReadSpacesAsync(default));
    }

    [Fact]
    public async Task A_closed_store_takes_no_calls()
    {
        await AddSpacesAsync();
        await Store.DisposeAsync();
        await Store.DisposeAsync();

        await Assert.ThrowsAsync<ObjectDisposedException>(async () => await WriteAsync(new LocalWrite.RemoveSpace(Space)));
        await Assert.ThrowsAsync<ObjectDisposedException>(async () => await Store.ReadDeviceAsync(default));
        await ReopenAsync();
        Assert.Equal(2, (await Store.ReadSpacesAsync(default)).Count);
    }

    [Fact]
    public void A_store_that_is_open_is_not_opened_again() => Assert.Throws<LocalStoreInUseException>(() => Open());

    /// <summary>Opens the store, which nobody has open; a new one at first.</summary>
    protected abstract ILocalStore Open();

    /// <summary>Makes the stored snapshots of <see cref="Space"/> other bytes than were written. The store is closed.</summary>
    protected abstract void DamageSnapshots();

    private static LocalCursor At(long seq, string epoch = "epoch-1") => new(new Epoch(epoch), seq, new OperationDigest((uint)seq, 7));

    private static OwnOperation Made(
        long number,
        long clock,
        string resource = "r1",
        string payload = "{}",
        string scope = "note",
        string? tx = null,
        string? key = null,
        string actor = Own) => new(
        number,
        Logged(Id(actor, clock, resource, scope), payload, tx: tx, key: key, hash: ulong.MaxValue - (ulong)clock).Operation,
        OwnOperationState.Pending,
        0,
        null,
        Now);

    private static LoggedOperation Received(
        long seq, string actor, long clock, string resource = "r1", string payload = "{}", string scope = "note", string user = "alice") =>
        Logged(Id(actor, clock, resource, scope), payload, user, hash: ulong.MaxValue - (ulong)clock) with { Seq = seq, GroupEnd = seq };

    private static LocalWrite.Receive ReceiveUpTo(long seq, params LoggedOperation[] operations) =>
        new(Space, operations, seq == 0 ? null : At(seq), operations.Select(logged => logged.Operation.Id.Clock).DefaultIfEmpty(0).Max());

    private static LocalSnapshot State(string resource, byte[] bytes, string scope = "tree", int format = 3) =>
        new(format, new ResourceSnapshot(new Scope(scope), new ResourceId(resource), bytes));

    private static void AssertSame(IEnumerable<OwnOperation> expected, IEnumerable<OwnOperation> found) => Assert.Equal(expected, found);

    private static void AssertSame(IEnumerable<LocalSnapshot> expected, IEnumerable<LocalSnapshot> found) =>
        Assert.Equal(expected.Select(Comparable), found.Select(Comparable));

    private static (int, Scope, ResourceId, JsonText) Comparable(LocalSnapshot snapshot) =>
        (snapshot.Format, snapshot.Resource.Scope, snapshot.Resource.ResourceId, new JsonText(snapshot.Resource.State));

    /// <summary>Closes the store and opens it again.</summary>
    protected async Task ReopenAsync()
    {
        await Store.DisposeAsync();
        Store = Open();
    }

    private async Task WriteAsync(params LocalWrite[] writes) => await Store.WriteAsync(writes, default);

    private Task AddSpacesAsync() => WriteAsync(new LocalWrite.AddSpace(Space), new LocalWrite.AddSpace(Other));

    private async Task<LocalSpace> SpaceAsync() => (await Store.ReadSpacesAsync(default)).Single(space => space.Id == Space);

    private async Task<IReadOnlyList<OwnOperation>> OutboxAsync(SpaceId? space = null) =>
        await Store.ReadOutboxAsync(space ?? Space, default);

    private async Task<IReadOnlyList<LoggedOperation>> ReceivedAsync(SpaceId? space = null) =>
        await Store.ReadOperationsAsync(space ?? Space, 0, int.MaxValue, default);

    private async Task<List<LocalSnapshot>> SnapshotsAsync(SpaceId? space = null) =>
        await Store.ReadSnapshotsAsync(space ?? Space, default).ToListAsync();
}
