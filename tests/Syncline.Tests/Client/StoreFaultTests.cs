using Syncline.Client;
using Syncline.Client.Outbox;
using Syncline.Client.Storage;
using Syncline.Client.Sync;
using Syncline.Conformance.InMemory;
using Syncline.Core.Operations;
using static Syncline.Tests.Client.Devices;

namespace Syncline.Tests.Client;

/// <summary>A local store that cannot be read or written for a while, or that is not the only one of its name.</summary>
public sealed class StoreFaultTests
{
    [Fact]
    public async Task What_was_refused_goes_out_of_sight_once_the_store_can_be_read_again()
    {
        await using Devices devices = await StartAsync("--Auth:Mode=Local");
        string anna = await devices.Server!.RegisterAsync("anna");
        await devices.Server.SendAsync(HttpMethod.Post, "/spaces", """{"id":"plans","name":"Plans"}""", anna);
        InMemoryLocalDisk disk = new();
        SynclineClient tablet = await devices.OpenAsync(disk);
        await tablet.RegisterAsync("bert", "correct horse battery");
        await devices.Server.SendAsync(HttpMethod.Put, "/spaces/plans/members/bert", """{"role":"viewer"}""", anna);
        Space plans = await tablet.OpenSpaceAsync("plans");
        await SyncAsync(tablet);

        disk.FailsReads = static () => true;
        plans.Lists.CreateList("his");
        await UntilAsync(tablet, status => status.Problem?.Code == Problem.LocalStore);
        disk.FailsReads = static () => false;
        tablet.TryNow();
        await UntilAsync(tablet, status => status.State == SyncState.Refused);
        Assert.Empty(plans.Lists.GetLists());
        Assert.Single(plans.Refused);
    }

    [Fact]
    public async Task What_begins_anew_is_shown_once_the_store_can_be_read_again()
    {
        await using Devices devices = await StartAsync();
        SynclineClient laptop = await devices.OpenAsync("laptop");
        Space there = await laptop.OpenSpaceAsync("plans");
        there.Lists.CreateList("first");
        await SyncAsync(laptop);
        InMemoryLocalDisk disk = new();
        Network network = new();
        SynclineClient tablet = await devices.OpenAsync(disk, network);
        Space plans = await tablet.OpenSpaceAsync("plans");
        await SyncAsync(tablet);

        // The log is said to have begun anew, is received whole, and the disk fails before memory has followed.
        network.IsDown = true;
        there.Lists.CreateList("second");
        await SyncAsync(laptop);
        disk.FailsReads = static () => true;
        network.Next("/pull", Network.Fault.RefuseCursor);
        network.IsDown = false;
        plans.Sync.AskForPull();
        tablet.TryNow();
        await UntilAsync(tablet, status => status.Problem?.Code == Problem.LocalStore);
        disk.FailsReads = static () => false;
        tablet.TryNow();
        await SyncAsync(tablet);
        Assert.Equal(["first", "second"], plans.Lists.GetLists().Select(list => list.Title).Order());
        there.Lists.CreateList("third");
        await SyncAsync(laptop, tablet);
        Assert.Equal(3, plans.Lists.GetLists().Count);
        Assert.Equal(0, tablet.RepairCount);
    }

    [Fact]
    public async Task Operations_that_the_store_can_never_take_are_not_said_to_be_saved()
    {
        await using Devices devices = await StartAsync();
        InMemoryLocalDisk disk = new();
        SynclineClient laptop = await devices.OpenAsync(disk);
        Space plans = await laptop.OpenSpaceAsync("plans");
        await SyncAsync(laptop);
        disk.FaultOf = writes => writes.Any(write => write is LocalWrite.AddOwn) ? throw new ArgumentException("a number is taken") : LocalFault.None;
        Note(plans, "Milk");
        await Assert.ThrowsAsync<LocalStoreException>(() => laptop.SaveAsync().WaitAsync(Patience));
        disk.FaultOf = _ => LocalFault.None;
        await Assert.ThrowsAsync<LocalStoreException>(() => laptop.SaveAsync().WaitAsync(Patience));
        Assert.Equal((Problem.LocalStore, 1), (laptop.Status.Problem?.Code, laptop.Status.PendingCount));
        Assert.Contains("a number is taken", laptop.Status.Problem!.Detail, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_client_closes_while_its_store_cannot_be_written()
    {
        await using Devices devices = await StartAsync();
        InMemoryLocalDisk disk = new();
        SynclineClient laptop = await devices.OpenAsync(disk);
        Space plans = await laptop.OpenSpaceAsync("plans");
        await SyncAsync(laptop);
        Note(plans, "saved");
        await laptop.SaveAsync();
        await SyncAsync(laptop);

        // The loop waits for the store when the client is closed: what was sent has to be noted.
        disk.FaultOf = writes => writes.Any(write => write is LocalWrite.AddOwn) ? LocalFault.None : LocalFault.Refuse;
        Note(plans, "Milk");
        await UntilAsync(laptop, status => status.Problem?.Code == Problem.LocalStore);
        await devices.CloseAsync(laptop).WaitAsync(Patience);

        disk.FaultOf = _ => LocalFault.None;
        laptop = await devices.OpenAsync(disk);
        await laptop.OpenSpaceAsync("plans");
        await SyncAsync(laptop);
        Assert.Equal(["\"Milk\"", "\"saved\""], await devices.NotesOnServerAsync());
    }

    [Fact]
    public async Task Whatever_a_store_throws_is_told_and_tried_again()
    {
        await using Devices devices = await StartAsync();
        InMemoryLocalDisk disk = new();
        SynclineClient laptop = await devices.OpenAsync(disk);
        Space plans = await laptop.OpenSpaceAsync("plans");
        disk.FaultOf = _ => throw new NotSupportedException("of the store");
        Note(plans, "Milk");
        SyncStatus status = await UntilAsync(laptop, status => status.Problem?.Code == Problem.LocalStore);
        Assert.Contains("of the store", status.Problem!.Detail, StringComparison.Ordinal);
        disk.FaultOf = _ => LocalFault.None;
        await SyncAsync(laptop);
        Assert.Equal(["\"Milk\""], await devices.NotesOnServerAsync());
    }

    [Fact]
    public void Nothing_is_sent_while_the_oldest_is_not_in_the_store()
    {
        SpaceOutbox outbox = new();
        outbox.Add(Own(1), isSaved: false);
        outbox.Add(Own(2), isSaved: true);
        Assert.Equal((2, 0), (outbox.PendingCount, outbox.SendableCount));
        Assert.Empty(outbox.NextBatch(10, 1_000));
        outbox.Saved([Own(1)]);
        Assert.Equal((2, 2), (outbox.SendableCount, outbox.NextBatch(10, 1_000).Count));

        // What was sent keeps its place before what was not.
        outbox.Change(new OwnOperationChange(1, OwnOperationState.Sent, 0, null));
        Assert.Equal([1, 2], outbox.NextBatch(10, 1_000).Select(own => own.Number));

        static OwnOperation Own(long number) => new(
            number,
            new Operation { Id = new OperationId(new Scope("note"), new ResourceId("r"), new ActorId("a"), number), Payload = Core.Json.JsonText.From("1"), Hash = 0 },
            OwnOperationState.Pending,
            Seq: 0,
            Refusal: null,
            DateTimeOffset.UnixEpoch);
    }

    [Fact]
    public async Task A_snapshot_has_what_the_log_has_and_nothing_that_is_only_here()
    {
        await using Devices devices = await StartAsync();
        SynclineClient laptop = await devices.OpenAsync("laptop");
        Space there = await laptop.OpenSpaceAsync("plans");
        string home = there.Lists.CreateList("Home");
        await SyncAsync(laptop);
        InMemoryLocalDisk disk = new();
        Network network = new();
        SynclineClient tablet = await devices.OpenAsync(disk, network, options => options.BatchTime = TimeSpan.FromHours(1));
        Space plans = await tablet.OpenSpaceAsync("plans");
        await SyncAsync(tablet);

        // More than a snapshot is worth comes while an own operation waits, which is not received with it.
        network.IsDown = true;
        for (int i = 0; i < 12; i++)
        {
            there.Edit(() =>
            {
                for (int j = 0; j < 500; j++)
                    there.Lists.AddTask(home, "x");
            });
        }

        await SyncAsync(laptop);
        string mine = plans.Lists.AddTask(home, "mine");
        network.Always("/push", Network.Fault.RefuseForNow);
        network.IsDown = false;
        plans.Sync.AskForPull();
        tablet.TryNow();
        await Until(() => plans.Lists.GetTasks(home).Count == 6_001 && plans.Replica.SnapshotSeq > 5_000);
        Assert.Single(plans.Pending);
        await devices.CloseAsync(tablet);

        // The own one is not in the snapshot: it is shown because it waits.
        tablet = await devices.OpenAsync(disk, network);
        plans = await tablet.OpenSpaceAsync("plans");
        Assert.Equal(6_001, plans.Lists.GetTasks(home).Count);
        Assert.True(plans.Replica.SnapshotSeq > 5_000);
        network.Always("/push", null);
        tablet.TryNow();
        await SyncAsync(tablet, laptop);
        Assert.Equal("mine", Assert.Single(there.Lists.GetTasks(home), task => task.Id == mine).Text);
        Assert.Equal(6_001, there.Lists.GetTasks(home).Count);
        Assert.Equal(0, tablet.RepairCount);
    }

    [Fact]
    public async Task What_its_new_numbers_make_too_large_is_set_aside()
    {
        // The payload names clock and actor: with ten times as many digits it is over the limit.
        int bytes = 0;
        using (Device measured = await Device.OpenAsync(seed: 3))
        {
            measured.Lists.CreateList("Home");
            bytes = measured.Made[0].Payload.Utf8.Length;
        }

        using Device device = await Device.OpenAsync(seed: 3, options => options.OperationLimits = OperationLimits.Default with { BytesMax = bytes });
        device.Lists.CreateList("Home");
        OperationId first = device.Made[0].Id;
        for (int i = 0; i < 10; i++)
            device.Space.Append("note", "r", "1");
        device.Replica.Renumber([device.Space.Pending[0].Number]);
        OwnOperation refused = Assert.Single(device.Space.Refused);
        Assert.NotEqual(first.Clock, refused.Operation.Id.Clock);
        Assert.Contains($"{bytes}", refused.Refusal!.Detail, StringComparison.Ordinal);
        Assert.Equal(10, device.Made.Count);
    }

    [Theory]
    [InlineData("r")]
    [InlineData("another")]
    public async Task A_whole_disk_that_was_put_back_gives_numbers_twice_and_loses_nothing(string resource)
    {
        await using Devices devices = await StartAsync();
        InMemoryLocalDisk disk = new();
        SynclineClient laptop = await devices.OpenAsync(disk);
        Space plans = await laptop.OpenSpaceAsync("plans");
        await SyncAsync(laptop);
        await laptop.SaveAsync();
        InMemoryLocalDisk putBack = disk.Twin();
        OperationId first = Note(plans, "before");
        await SyncAsync(laptop);
        await devices.CloseAsync(laptop);

        laptop = await devices.OpenAsync(putBack);
        plans = await laptop.OpenSpaceAsync("plans");
        OperationId again = plans.Append("note", resource, "\"after\"");
        Assert.Equal(first.Stamp, again.Stamp);
        await SyncAsync(laptop);
        Assert.Equal(["\"after\"", "\"before\""], await devices.NotesOnServerAsync());
        Assert.Equal(["\"after\"", "\"before\""], await NotesOf(plans));
        Assert.NotEqual(first.Actor, laptop.Actor);
        Assert.Empty(plans.Refused);
    }
}
