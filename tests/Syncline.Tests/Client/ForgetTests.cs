using Syncline.Client;
using Syncline.Client.Sync;
using Syncline.Core.Operations;
using static Syncline.Tests.Client.Devices;

namespace Syncline.Tests.Client;

/// <summary>A device that forgets a space, at any moment.</summary>
public sealed class ForgetTests
{
    [Fact]
    public async Task A_space_that_was_forgotten_is_read_as_it_was_and_not_edited()
    {
        await using Devices devices = await StartAsync();
        SynclineClient laptop = await devices.OpenAsync("laptop");
        Space plans = await laptop.OpenSpaceAsync("plans");
        string list = plans.Lists.CreateList("Home");
        await laptop.ForgetSpaceAsync("plans");
        Assert.Equal(list, Assert.Single(plans.Lists.GetLists()).Id);
        InvalidOperationException refused = Assert.Throws<InvalidOperationException>(() => plans.Lists.CreateList("Work"));
        Assert.Contains("plans", refused.Message, StringComparison.Ordinal);
        await Assert.ThrowsAsync<InvalidOperationException>(() => plans.RetryAsync(plans.Pending));
        Assert.Single(plans.Lists.GetLists());
        Assert.DoesNotContain((await laptop.OpenSpaceAsync("plans")).Lists.GetLists(), one => one.Title == "Work");
    }

    [Fact]
    public async Task A_space_that_is_forgotten_while_the_server_is_asked_for_it_is_not_made_there()
    {
        await using Devices devices = await StartAsync();
        Network network = new();
        SynclineClient laptop = await devices.OpenAsync("laptop", network);
        network.Next("/spaces/mistake/bootstrap", Network.Fault.HoldReply);
        await laptop.OpenSpaceAsync("mistake");
        TaskCompletionSource held = await network.Held.Task.WaitAsync(Patience);
        await laptop.ForgetSpaceAsync("mistake");
        held.SetResult();
        await laptop.OpenSpaceAsync("plans");
        await SyncAsync(laptop);
        Assert.Equal(["plans"], (await laptop.ListSpacesAsync()).Select(space => space.Id));
    }

    [Fact]
    public async Task A_space_is_opened_and_forgotten_at_once_as_often_as_anybody_likes()
    {
        await using Devices devices = await StartAsync();
        SynclineClient laptop = await devices.OpenAsync("laptop");
        Space others = await laptop.OpenSpaceAsync("others");
        List<Problem?> problems = [];
        laptop.StatusChanged += (_, change) => problems.Add(change.Status.Problem);
        for (int i = 0; i < 40; i++)
        {
            Task<Space> opening = laptop.OpenSpaceAsync("plans");
            Task forgetting = laptop.ForgetSpaceAsync("plans");
            Task<Space> again = laptop.OpenSpaceAsync("plans");
            await Task.WhenAll(opening, forgetting, again);
            Try(await opening);
            Try(await again);
            Note(others, $"{i:00}");
        }

        await SyncAsync(laptop);
        Assert.Equal(Enumerable.Range(0, 40).Select(i => $"\"{i:00}\""), await devices.NotesOnServerAsync("others"));
        Space plans = await laptop.OpenSpaceAsync("plans");
        Note(plans, "kept");
        await SyncAsync(laptop);
        Assert.Contains("\"kept\"", await devices.NotesOnServerAsync("plans"));
        await devices.CloseAsync(laptop);
        Assert.DoesNotContain(problems, problem => problem?.Code is ErrorCodes.Internal or Problem.LocalStore);

        static void Try(Space space)
        {
            try
            {
                Note(space, "maybe");
            }
            catch (InvalidOperationException)
            {
                // It was forgotten.
            }
        }
    }

    [Fact]
    public async Task A_space_that_is_opened_while_it_is_being_forgotten_is_a_new_one_after_that()
    {
        await using Devices devices = await StartAsync();
        Conformance.InMemory.InMemoryLocalDisk disk = new();
        SynclineClient laptop = await devices.OpenAsync(disk);
        Space plans = await laptop.OpenSpaceAsync("plans");
        await SyncAsync(laptop);

        // A step waits for the disk, and whoever forgets the space for the step.
        disk.FaultOf = writes => writes.Any(write => write is Syncline.Client.Storage.LocalWrite.SetOwn) ? Conformance.InMemory.LocalFault.Refuse : Conformance.InMemory.LocalFault.None;
        Note(plans, "lost");
        await Until(() => laptop.Status.Problem?.Code == Problem.LocalStore);
        Task forgetting = laptop.ForgetSpaceAsync("plans");
        await Until(() => plans.Replica.IsForgotten);
        Task<Space> opening = laptop.OpenSpaceAsync("plans");
        disk.FaultOf = _ => Conformance.InMemory.LocalFault.None;
        await forgetting.WaitAsync(Patience);
        Space again = await opening.WaitAsync(Patience);
        Assert.NotSame(plans, again);
        Note(again, "kept");
        await laptop.SaveAsync();
        await SyncAsync(laptop);
        Assert.Contains("\"kept\"", await devices.NotesOnServerAsync());
        Assert.Null(laptop.Status.Problem);
    }

    [Fact]
    public async Task Opening_and_forgetting_can_be_given_up_while_the_disk_fails()
    {
        await using Devices devices = await StartAsync();
        Conformance.InMemory.InMemoryLocalDisk disk = new();
        SynclineClient laptop = await devices.OpenAsync(disk);
        disk.FaultOf = _ => Conformance.InMemory.LocalFault.Refuse;
        using CancellationTokenSource ending = new();
        Task opening = laptop.OpenSpaceAsync("plans", ending.Token);
        await Until(() => laptop.Status.Problem?.Code == Problem.LocalStore);
        await ending.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => opening.WaitAsync(Patience));
        disk.FaultOf = _ => Conformance.InMemory.LocalFault.None;
        Note(await laptop.OpenSpaceAsync("plans"), "Milk");
        await laptop.SaveAsync();
    }
}
