using Syncline.Client;
using Syncline.Client.Sync;
using Syncline.Core.Operations;
using static Syncline.Tests.Client.Devices;

namespace Syncline.Tests.Client;

/// <summary>Who logs in while the client is at work.</summary>
public sealed class LoginTests
{
    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task Who_logs_in_as_somebody_else_in_the_middle_of_a_step_sends_nothing_of_the_first(bool byTokens)
    {
        await using Devices devices = await StartAsync("--Auth:Mode=Local");
        Network network = new();
        SynclineClient laptop = await devices.OpenAsync("laptop", network);
        await laptop.RegisterAsync("anna", "correct horse battery");
        Space plans = await laptop.OpenSpaceAsync("plans");
        await SyncAsync(laptop);
        string bert = await devices.Server!.RegisterAsync("bert");
        string anna = await devices.TokenOf("anna");
        await devices.Server.SendAsync(HttpMethod.Put, "/spaces/plans/members/bert", """{"role":"editor"}""", anna);

        network.Next("/pull", Network.Fault.HoldReply);
        plans.Sync.AskForPull();
        laptop.TryNow();
        TaskCompletionSource held = await network.Held.Task.WaitAsync(Patience);
        Note(plans, "hers");
        if (byTokens)
            laptop.UseTokens((_, _) => ValueTask.FromResult<string?>(bert));
        else
            await laptop.LogInAsync("bert", "correct horse battery");
        await laptop.SaveAsync();
        held.SetResult();
        SyncStatus status = await UntilAsync(laptop, status => status.Problem?.Code == Problem.OtherUser);
        Assert.Equal(1, status.PendingCount);
        Assert.Empty(await devices.NotesOnServerAsync(token: anna));

        await laptop.LogInAsync("anna", "correct horse battery");
        await SyncAsync(laptop);
        Assert.Equal(["\"hers\""], await devices.NotesOnServerAsync(token: anna));
    }

    [Fact]
    public async Task Who_waits_for_agreement_hears_that_somebody_has_to_log_in()
    {
        await using Devices devices = await StartAsync("--Auth:Mode=Local");
        SynclineClient laptop = await devices.OpenAsync("laptop");
        await laptop.OpenSpaceAsync("plans");
        SynclineException needed = await Assert.ThrowsAsync<SynclineException>(() => laptop.SyncAsync().WaitAsync(Patience));
        Assert.Equal(ErrorCodes.Unauthenticated, needed.Problem.Code);
        await laptop.RegisterAsync("anna", "correct horse battery");
        await SyncAsync(laptop);
    }

    [Fact]
    public async Task Who_waits_for_agreement_hears_of_a_space_that_is_not_allowed_once_the_others_agree()
    {
        await using Devices devices = await StartAsync("--Auth:Mode=Local");
        string anna = await devices.Server!.RegisterAsync("anna");
        await devices.Server.SendAsync(HttpMethod.Post, "/spaces", """{"id":"hers","name":"Hers"}""", anna);
        SynclineClient laptop = await devices.OpenAsync("laptop");
        await laptop.RegisterAsync("bert", "correct horse battery");
        await laptop.OpenSpaceAsync("hers");
        Note(await laptop.OpenSpaceAsync("his"), "Milk");
        SynclineException refused = await Assert.ThrowsAsync<SynclineException>(() => laptop.SyncAsync().WaitAsync(Patience));
        Assert.Equal(ErrorCodes.NotFound, refused.Problem.Code);
        Assert.Null(laptop.Status.LastSuccess);
        Assert.Equal(["\"Milk\""], await devices.NotesOnServerAsync("his", await devices.TokenOf("bert")));
    }
}
