using Syncline.Client;
using static Syncline.Tests.Client.Devices;

namespace Syncline.Tests.Client;

/// <summary>A thread with a user interface's context that waits for the client in place of awaiting it: nothing of the client's may need that thread.</summary>
public sealed class BlockedContextTests
{
    [Fact]
    public async Task Nothing_of_the_client_goes_on_in_the_callers_context()
    {
        await using Devices devices = await StartAsync("--Auth:Mode=Local");
        SynclineClient laptop = await devices.OpenAsync("laptop");
        QueueContext context = new();
        await Task.Factory.StartNew(
            () =>
            {
                SynchronizationContext.SetSynchronizationContext(context);
                Wait(laptop.RegisterAsync("anna", "correct horse battery"));
                Task<Space> opening = laptop.OpenSpaceAsync("plans");
                Wait(opening);
                Space plans = opening.Result;
                Note(plans, "Milk");
                Wait(laptop.SaveAsync());
                Wait(laptop.SyncAsync());
                Wait(plans.ReadOperationsAsync("note"));
                Wait(laptop.ListSpacesAsync());
                Wait(plans.RetryAsync([]));
                Wait(ReadLogAsync(plans));
                Wait(laptop.OpenSpaceAsync("others"));
                Wait(laptop.ForgetSpaceAsync("others"));
                Wait(laptop.LogInAsync("anna", "correct horse battery"));
                Wait(laptop.DisposeAsync().AsTask());
            },
            CancellationToken.None,
            TaskCreationOptions.LongRunning,
            TaskScheduler.Default);
        Assert.Equal(0, context.Posts);

        static void Wait(Task task) => Assert.True(task.Wait(Patience));

        static async Task ReadLogAsync(Space space)
        {
            await foreach (Core.Operations.LoggedOperation logged in space.ReadLogAsync().ConfigureAwait(false))
                Assert.Equal(1, logged.Seq);
        }
    }

    [Theory]
    [InlineData("ftp://localhost")]
    [InlineData("/relative")]
    public async Task An_address_that_is_none_is_refused(string address) =>
        await Assert.ThrowsAsync<ArgumentException>(() => SynclineClient.OpenAsync("never.db", new Uri(address, UriKind.RelativeOrAbsolute)));

    [Fact]
    public async Task Options_that_would_ask_without_a_pause_are_refused()
    {
        await Refused(options => options.IntervalMin = TimeSpan.Zero);
        await Refused(options => options.IntervalMax = TimeSpan.FromMilliseconds(100));
        await Refused(options => options.BatchOperations = 0);
        await Refused(options => options.BatchOperations = 1_001);
        await Refused(options => options.WaitMax = TimeSpan.Zero);
        await Refused(options => options.UndoStepsMax = -1);

        static async Task Refused(Action<SynclineClientOptions> configure)
        {
            SynclineClientOptions options = new();
            configure(options);
            await Assert.ThrowsAsync<ArgumentOutOfRangeException>(() => SynclineClient.OpenAsync("never.db", new Uri("http://localhost"), options));
        }
    }
}
