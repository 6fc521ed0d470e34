using System.Text;
using Syncline.Client;
using Syncline.Client.Storage;
using Syncline.Client.Sync;
using Syncline.Core.Operations;
using Syncline.Sqlite.Backups;
using static Syncline.Tests.Client.Devices;

namespace Syncline.Tests.Client;

/// <summary>The client with its file against the whole server: what was made arrives, once, whatever happens on the way.</summary>
public sealed class SyncTests
{
    [Fact]
    public async Task What_was_made_before_there_was_a_server_arrives_on_the_other_device()
    {
        await using Devices devices = new();
        SynclineClient laptop = await devices.OpenAsync("laptop");
        Space plans = await laptop.OpenSpaceAsync("plans");
        Note(plans, "Milk");
        await UntilAsync(laptop, status => status.State == SyncState.Offline);
        await laptop.SaveAsync();
        await devices.CloseAsync(laptop);

        await devices.StartServerAsync();
        laptop = await devices.OpenAsync("laptop");
        plans = await laptop.OpenSpaceAsync("plans");
        Assert.Equal(["\"Milk\""], await NotesOf(plans));
        await SyncAsync(laptop);
        SynclineClient tablet = await devices.OpenAsync("tablet");
        Space copy = await tablet.OpenSpaceAsync("plans");
        await SyncAsync(tablet);
        Assert.Equal(["\"Milk\""], await NotesOf(copy));
        Assert.Equal(SyncState.UpToDate, tablet.Status.State);
        Assert.Equal(["\"Milk\""], await devices.NotesOnServerAsync());
    }

    [Theory]
    [InlineData("LoseRequest")]
    [InlineData("LoseReply")]
    [InlineData("SendTwice")]
    public async Task A_push_that_goes_wrong_is_stored_once(string fault)
    {
        await using Devices devices = await StartAsync();
        Network network = new();
        SynclineClient laptop = await devices.OpenAsync("laptop", network);
        Space plans = await laptop.OpenSpaceAsync("plans");
        await SyncAsync(laptop);
        network.Next("/push", Enum.Parse<Network.Fault>(fault));
        Note(plans, "Milk");
        await UntilAsync(laptop, status => status is { PendingCount: 0, State: SyncState.UpToDate });
        Assert.Equal(["\"Milk\""], await devices.NotesOnServerAsync());
        Assert.Equal(0, laptop.RepairCount);
    }

    [Fact]
    public async Task What_others_make_arrives_without_asking()
    {
        await using Devices devices = await StartAsync();
        SynclineClient laptop = await devices.OpenAsync("laptop");
        SynclineClient tablet = await devices.OpenAsync("tablet");
        Space plans = await laptop.OpenSpaceAsync("plans");
        await SyncAsync(laptop);
        Space copy = await tablet.OpenSpaceAsync("plans");
        await SyncAsync(tablet);
        TaskCompletionSource<string> seen = new();
        copy.Changed += (_, changes) =>
        {
            foreach (Operation operation in changes.Operations)
                seen.TrySetResult(operation.Payload.ToString());
        };
        Note(plans, "Bread");
        Assert.Equal("\"Bread\"", await seen.Task.WaitAsync(TimeSpan.FromSeconds(20)));
    }

    [Theory]
    [InlineData(SyncTransport.LongPoll)]
    [InlineData(SyncTransport.Interval)]
    [InlineData(SyncTransport.SocketIO)]
    public async Task The_transport_can_be_changed_in_the_middle_of_traffic(SyncTransport first)
    {
        await using Devices devices = await StartAsync();
        SynclineClient laptop = await devices.OpenAsync("laptop", configure: options => options.Transport = first);
        SynclineClient tablet = await devices.OpenAsync("tablet", configure: options =>
        {
            options.Transport = first;
            options.IntervalMin = TimeSpan.FromMilliseconds(50);
        });
        Space plans = await laptop.OpenSpaceAsync("plans");
        await SyncAsync(laptop);
        Space copy = await tablet.OpenSpaceAsync("plans");
        await SyncAsync(tablet);
        List<string> expected = [];
        for (int i = 0; i < 60; i++)
        {
            string text = $"note {i:00}";
            Note(plans, text);
            expected.Add($"\"{text}\"");
            if (i % 10 == 5)
                tablet.Transport = After(tablet.Transport);
            if (i % 7 == 3)
                laptop.Transport = After(laptop.Transport);
            await laptop.SaveAsync();
        }

        await SyncAsync(laptop, tablet);
        Assert.Equal(expected, await NotesOf(copy));
        Assert.Equal(expected, await devices.NotesOnServerAsync());
        Assert.Equal(0, laptop.RepairCount + tablet.RepairCount);

        static SyncTransport After(SyncTransport transport) => transport switch
        {
            SyncTransport.Interval => SyncTransport.SocketIO,
            SyncTransport.SocketIO => SyncTransport.LongPoll,
            _ => SyncTransport.Interval,
        };
    }

    [Fact]
    public async Task Over_Socket_IO_operations_arrive_without_a_question()
    {
        await using Devices devices = await StartAsync();
        Network network = new();
        SynclineClient laptop = await devices.OpenAsync("laptop");
        SynclineClient tablet = await devices.OpenAsync("tablet", network, options => options.Transport = SyncTransport.SocketIO);
        Space plans = await laptop.OpenSpaceAsync("plans");
        await SyncAsync(laptop);
        Space copy = await tablet.OpenSpaceAsync("plans");
        await SyncAsync(tablet);
        await Until(() => network.Requests.Contains("GET /socket.io/") && tablet.IsLinked);
        int before = network.Requests.Count;
        List<string> expected = [];
        for (int i = 0; i < 30; i++)
        {
            Note(plans, $"note {i:00}");
            expected.Add($"\"note {i:00}\"");
            await laptop.SaveAsync();
            await SyncAsync(laptop);
        }

        await Until(async () => (await NotesOf(copy)).Count == 30);
        Assert.Equal(expected, await NotesOf(copy));
        Assert.DoesNotContain(network.Requests.Skip(before), request => request.EndsWith("/pull", StringComparison.Ordinal) || request.EndsWith("/changes", StringComparison.Ordinal));
        Assert.Equal((SyncState.UpToDate, 0), (tablet.Status.State, tablet.RepairCount));
    }

    [Theory]
    [InlineData(SyncTransport.SocketIO)]
    [InlineData(SyncTransport.LongPoll)]
    public async Task Who_goes_over_to_intervals_goes_on_receiving(SyncTransport first)
    {
        await using Devices devices = await StartAsync();
        SynclineClient laptop = await devices.OpenAsync("laptop");
        SynclineClient tablet = await devices.OpenAsync("tablet", configure: options =>
        {
            options.Transport = first;
            options.IntervalMin = TimeSpan.FromMilliseconds(20);
            options.IntervalMax = TimeSpan.FromMilliseconds(50);
        });
        Space plans = await laptop.OpenSpaceAsync("plans");
        await SyncAsync(laptop);
        Space copy = await tablet.OpenSpaceAsync("plans");
        await SyncAsync(tablet);
        if (first == SyncTransport.SocketIO)
            await Until(() => tablet.IsLinked);
        tablet.Transport = SyncTransport.Interval;
        foreach (string text in (string[])["one", "two"])
        {
            Note(plans, text);
            await Until(async () => (await NotesOf(copy)).Contains($"\"{text}\""));
        }
    }

    [Fact]
    public async Task What_is_shown_stays_while_the_server_has_no_time_for_a_bootstrap()
    {
        await using Devices devices = await StartAsync();
        Network network = new();
        SynclineClient laptop = await devices.OpenAsync("laptop", network);
        Space plans = await laptop.OpenSpaceAsync("plans");
        string list = plans.Lists.CreateList("Home");
        await SyncAsync(laptop);
        int before = Bootstraps();
        network.Always("/bootstrap", Network.Fault.RefuseForNow);
        network.Next("/pull", Network.Fault.RefuseCursor);
        plans.Sync.AskForPull();
        laptop.TryNow();
        await Until(() => Bootstraps() >= before + 3);
        Assert.Equal(list, Assert.Single(plans.Lists.GetLists()).Id);
        network.Always("/bootstrap", null);
        laptop.TryNow();
        await SyncAsync(laptop);
        Assert.Equal(list, Assert.Single(plans.Lists.GetLists()).Id);

        int Bootstraps() => network.Requests.Count(request => request.EndsWith("/bootstrap", StringComparison.Ordinal));
    }

    [Fact]
    public async Task A_space_that_is_forgotten_and_opened_again_is_numbered_by_another_actor()
    {
        await using Devices devices = await StartAsync();
        SynclineClient laptop = await devices.OpenAsync("laptop");
        Note(await laptop.OpenSpaceAsync("plans"), "Milk");
        await SyncAsync(laptop);
        ActorId before = laptop.Actor;
        await laptop.ForgetSpaceAsync("plans");
        Note(await laptop.OpenSpaceAsync("plans"), "Bread");
        Assert.NotEqual(before, laptop.Actor);
        await SyncAsync(laptop);
        Assert.Equal(["\"Bread\"", "\"Milk\""], await devices.NotesOnServerAsync());
    }

    [Fact]
    public async Task A_context_that_throws_stops_neither_the_events_nor_the_client()
    {
        await using Devices devices = await StartAsync();
        SynclineClient laptop = await devices.OpenAsync("laptop", configure: options => options.EventContext = new EndedContext());
        Space plans = await laptop.OpenSpaceAsync("plans");
        TaskCompletionSource changed = new();
        plans.Changed += (_, _) => changed.TrySetResult();
        Note(plans, "Milk");
        await changed.Task.WaitAsync(Patience);
        await SyncAsync(laptop);
        Assert.Equal(["\"Milk\""], await devices.NotesOnServerAsync());
    }

    [Fact]
    public async Task A_broken_link_is_stood_in_for_and_comes_back()
    {
        await using Devices devices = await StartAsync("--Auth:Mode=Local");
        Network network = new();
        SynclineClient laptop = await devices.OpenAsync("laptop");
        await laptop.RegisterAsync("anna", "correct horse battery");
        SynclineClient tablet = await devices.OpenAsync("tablet", network, options => options.Transport = SyncTransport.SocketIO);
        await tablet.LogInAsync("anna", "correct horse battery");
        Space plans = await laptop.OpenSpaceAsync("plans");
        await SyncAsync(laptop);
        Space copy = await tablet.OpenSpaceAsync("plans");
        await SyncAsync(tablet);
        await Until(() => tablet.IsLinked);

        // The server ends the link, and does not take another for now.
        network.Next("/socket.io/", Network.Fault.LoseRequest);
        foreach (SocketIO.AspNetCore.Socket socket in devices.Server!.Get<SocketIO.AspNetCore.SocketIOServer>().Namespace("/spaces/plans").Sockets)
            socket.Connection.Close();
        await Until(() => !tablet.IsLinked);
        Note(plans, "meanwhile");
        await Until(async () => (await NotesOf(copy)).Contains("\"meanwhile\""));
        await Until(() => tablet.IsLinked);
        Note(plans, "again");
        await Until(async () => (await NotesOf(copy)).Contains("\"again\""));

        // One that is forgotten is left.
        await tablet.OpenSpaceAsync("others");
        await Until(() => devices.Server.Get<SocketIO.AspNetCore.SocketIOServer>().Namespace("/spaces/others").Sockets.Count == 1);
        await tablet.ForgetSpaceAsync("others");
        tablet.TryNow();
        await Until(() => devices.Server.Get<SocketIO.AspNetCore.SocketIOServer>().Namespace("/spaces/others").Sockets.Count == 0);
        await Until(() => tablet.IsLinked);

        // A space that is taken away is told of.
        await devices.Server.SendAsync(HttpMethod.Delete, "/spaces/plans", token: await devices.TokenOf("anna"));
        await UntilAsync(tablet, status => status.Problem?.Code == ErrorCodes.NotFound);
        Assert.Equal(0, tablet.RepairCount);
    }

    [Fact]
    public async Task A_link_that_is_lost_twenty_times_in_the_middle_of_traffic_leaves_no_gap_and_doubles_nothing()
    {
        const int Losses = 20;
        await using Devices devices = await StartAsync();
        SynclineClient laptop = await devices.OpenAsync("laptop");
        SynclineClient tablet = await devices.OpenAsync("tablet", configure: options => options.Transport = SyncTransport.SocketIO);
        Space plans = await laptop.OpenSpaceAsync("plans");
        await SyncAsync(laptop);
        Space copy = await tablet.OpenSpaceAsync("plans");
        List<string> seen = [];
        copy.Changed += (_, changes) =>
        {
            lock (seen)
                seen.AddRange(changes.Operations.Select(operation => operation.Payload.ToString()));
        };
        await SyncAsync(tablet);

        // A thousand operations a second, as near as the machine comes to it, for as long as links are lost.
        using CancellationTokenSource ending = new();
        Task<int> making = MakeAsync(ending.Token);
        for (int loss = 0; loss < Losses; loss++)
        {
            await Until(() => tablet.IsLinked);
            int before = Count();
            await Until(() => Count() > before + 50);
            foreach (SocketIO.AspNetCore.Socket socket in devices.Server!.Get<SocketIO.AspNetCore.SocketIOServer>().Namespace("/spaces/plans").Sockets)
                socket.Connection.Close();
            await Until(() => !tablet.IsLinked || Count() > before + 200);
        }

        await ending.CancelAsync();
        int made = await making;
        await SyncAsync(laptop, tablet);
        await Until(() => Count() >= made);
        lock (seen)
            Assert.Equal(Enumerable.Range(0, made).Select(i => $"\"{i:000000}\""), seen);
        Assert.Equal(0, tablet.RepairCount);

        int Count()
        {
            lock (seen)
                return seen.Count;
        }

        async Task<int> MakeAsync(CancellationToken ended)
        {
            int next = 0;
            using PeriodicTimer timer = new(TimeSpan.FromMilliseconds(10));
            while (!ended.IsCancellationRequested)
            {
                for (int i = 0; i < 10; i++)
                    Note(plans, $"{next++:000000}");
                await timer.WaitForNextTickAsync(CancellationToken.None);
            }

            return next;
        }
    }

    [Fact]
    public async Task What_a_viewer_makes_is_set_aside_and_can_be_tried_again_as_an_editor()
    {
        await using Devices devices = await StartAsync("--Auth:Mode=Local");
        SynclineClient laptop = await devices.OpenAsync("laptop");
        await laptop.RegisterAsync("anna", "correct horse battery");
        Space plans = await laptop.OpenSpaceAsync("plans");
        Note(plans, "hers");
        await SyncAsync(laptop);
        SynclineClient tablet = await devices.OpenAsync("tablet");
        await tablet.RegisterAsync("bert", "correct horse battery");
        string token = await devices.TokenOf("anna");
        await devices.Server!.SendAsync(HttpMethod.Put, "/spaces/plans/members/bert", """{"role":"viewer"}""", token);

        Space copy = await tablet.OpenSpaceAsync("plans");
        await SyncAsync(tablet);
        Note(copy, "his");
        SyncStatus status = await UntilAsync(tablet, status => status.RefusedCount == 1);
        OwnOperation refused = Assert.Single(copy.Refused);
        Assert.Equal(ErrorCodes.Forbidden, refused.Refusal!.Code);
        Assert.Equal(0, status.PendingCount);
        Assert.Equal(["\"hers\""], await NotesOf(copy));
        await UntilAsync(tablet, now => now.State == SyncState.Refused);

        await devices.Server.SendAsync(HttpMethod.Put, "/spaces/plans/members/bert", """{"role":"editor"}""", token);
        await copy.RetryAsync([.. copy.Refused, .. copy.Refused]);
        await SyncAsync(tablet);
        Assert.Equal(["\"hers\"", "\"his\""], await NotesOf(copy));
        Assert.Equal(["\"hers\"", "\"his\""], await devices.NotesOnServerAsync(token: token));
        Assert.Equal(SyncState.UpToDate, tablet.Status.State);
    }

    [Fact]
    public async Task A_login_that_was_ended_stops_with_a_status_and_loses_nothing()
    {
        await using Devices devices = await StartAsync("--Auth:Mode=Local");
        SynclineClient laptop = await devices.OpenAsync("laptop");
        Space plans = await laptop.OpenSpaceAsync("plans");
        Note(plans, "before");
        await UntilAsync(laptop, status => status.State == SyncState.Unauthorized);
        await laptop.RegisterAsync("anna", "correct horse battery");
        await SyncAsync(laptop);

        // The refresh token is used elsewhere: the whole login ends.
        await devices.CloseAsync(laptop);
        File.Copy(devices.FileOf("laptop"), devices.FileOf("copy"));
        SynclineClient copy = await devices.OpenAsync("copy");
        await SyncAsync(copy);
        await devices.CloseAsync(copy);
        laptop = await devices.OpenAsync("laptop");
        plans = await laptop.OpenSpaceAsync("plans");
        Note(plans, "after");
        await UntilAsync(laptop, status => status.State == SyncState.Unauthorized);
        Assert.Equal(["\"after\"", "\"before\""], await NotesOf(plans));
        Assert.Equal(1, laptop.Status.PendingCount);

        await laptop.LogInAsync("anna", "correct horse battery");
        await SyncAsync(laptop);
        Assert.Equal(["\"after\"", "\"before\""], await devices.NotesOnServerAsync(token: await devices.TokenOf("anna")));
    }

    [Fact]
    public async Task A_login_survives_that_nobody_waits_any_more_for_its_refresh()
    {
        await using Devices devices = await StartAsync("--Auth:Mode=Local");
        Network network = new();
        SynclineClient laptop = await devices.OpenAsync("laptop", network);
        await laptop.RegisterAsync("anna", "correct horse battery");
        Space plans = await laptop.OpenSpaceAsync("plans");
        await SyncAsync(laptop);

        // The wait asks for the refresh, and is given up for another transport while the server has used the refresh token up.
        network.Next("/changes", Network.Fault.RefuseToken);
        network.Next("/auth/refresh", Network.Fault.HoldReply);
        laptop.Transport = SyncTransport.Interval;
        TaskCompletionSource release = await network.Held.Task.WaitAsync(Patience);
        laptop.Transport = SyncTransport.LongPoll;
        release.SetResult();
        network.Next("/push", Network.Fault.RefuseToken);
        Note(plans, "Milk");
        SyncStatus status = await UntilAsync(laptop, status => status is { PendingCount: 0, State: SyncState.UpToDate } or { State: SyncState.Unauthorized });
        Assert.Equal(SyncState.UpToDate, status.State);
        Assert.Equal(["\"Milk\""], await devices.NotesOnServerAsync(token: await devices.TokenOf("anna")));
    }

    [Fact]
    public async Task A_client_that_closes_keeps_the_login_that_it_is_refreshing()
    {
        await using Devices devices = await StartAsync("--Auth:Mode=Local");
        Network network = new();
        SynclineClient laptop = await devices.OpenAsync("laptop", network);
        await laptop.RegisterAsync("anna", "correct horse battery");
        await laptop.OpenSpaceAsync("plans");
        await SyncAsync(laptop);
        network.Next("/changes", Network.Fault.RefuseToken);
        network.Next("/auth/refresh", Network.Fault.HoldReply);
        laptop.Transport = SyncTransport.Interval;
        TaskCompletionSource release = await network.Held.Task.WaitAsync(Patience);
        Task closing = devices.CloseAsync(laptop);
        release.SetResult();
        await closing;

        laptop = await devices.OpenAsync("laptop");
        await SyncAsync(laptop);
    }

    [Fact]
    public async Task An_application_that_cannot_get_a_token_is_asked_again()
    {
        await using Devices devices = await StartAsync("--Auth:Mode=Local");
        SynclineClient tablet = await devices.OpenAsync("tablet");
        await tablet.RegisterAsync("anna", "correct horse battery");
        string token = await devices.TokenOf("anna");
        bool isDown = true;
        SynclineClient laptop = await devices.OpenAsync("laptop");
        laptop.UseTokens((_, _) => Volatile.Read(ref isDown) ? throw new TimeoutException("the authority is down") : ValueTask.FromResult<string?>(token));
        Space plans = await laptop.OpenSpaceAsync("plans");
        Note(plans, "Milk");
        SyncStatus status = await UntilAsync(laptop, status => status.Problem?.Code == Problem.Unreachable);
        Assert.Equal(SyncState.Offline, status.State);
        Assert.Contains("the authority is down", status.Problem!.Detail, StringComparison.Ordinal);
        Volatile.Write(ref isDown, false);
        await SyncAsync(laptop);

        // And so it is while everything else works and only the wait needs a token.
        Volatile.Write(ref isDown, true);
        laptop.Transport = SyncTransport.Interval;
        await UntilAsync(laptop, status => status.State == SyncState.Offline);
        Volatile.Write(ref isDown, false);
        Space copy = await tablet.OpenSpaceAsync("plans");
        Note(copy, "Bread");
        await SyncAsync(tablet);
        await UntilAsync(laptop, status => status.State == SyncState.UpToDate);
    }

    [Fact]
    public async Task An_outbox_is_not_sent_as_somebody_elses()
    {
        await using Devices devices = await StartAsync("--Auth:Mode=Local");
        SynclineClient laptop = await devices.OpenAsync("laptop");
        await laptop.RegisterAsync("anna", "correct horse battery");
        Space plans = await laptop.OpenSpaceAsync("plans");
        await SyncAsync(laptop);
        await laptop.RegisterAsync("bert", "correct horse battery");
        Note(plans, "hers");
        SyncStatus status = await UntilAsync(laptop, status => status.State == SyncState.Unauthorized);
        Assert.Equal(Problem.OtherUser, status.Problem!.Code);
        Assert.Equal(1, status.PendingCount);
        await laptop.LogInAsync("anna", "correct horse battery");
        await SyncAsync(laptop);
        Assert.Equal(["\"hers\""], await devices.NotesOnServerAsync(token: await devices.TokenOf("anna")));
    }

    [Fact]
    public async Task A_copy_of_the_file_and_the_file_itself_never_use_the_same_numbers()
    {
        await using Devices devices = await StartAsync();
        SynclineClient laptop = await devices.OpenAsync("laptop");
        Space plans = await laptop.OpenSpaceAsync("plans");
        Note(plans, "first");
        await laptop.SaveAsync();
        await devices.CloseAsync(laptop);
        File.Copy(devices.FileOf("laptop"), devices.FileOf("copy"));
        laptop = await devices.OpenAsync("laptop");
        SynclineClient copy = await devices.OpenAsync("copy");
        Assert.NotEqual(laptop.Actor, copy.Actor);
        plans = await laptop.OpenSpaceAsync("plans");
        Space other = await copy.OpenSpaceAsync("plans");
        Note(plans, "here");
        Note(other, "there");
        await SyncAsync(laptop, copy, laptop);
        Assert.Equal(["\"first\"", "\"here\"", "\"there\""], await devices.NotesOnServerAsync());
        Assert.Equal(["\"first\"", "\"here\"", "\"there\""], await NotesOf(plans));
        Assert.Empty(plans.Refused);
        Assert.Empty(other.Refused);
    }

    [Fact]
    public async Task After_yesterdays_copy_was_restored_the_devices_bring_todays_operations_back()
    {
        await using Devices devices = await StartAsync();
        SynclineClient laptop = await devices.OpenAsync("laptop");
        SynclineClient tablet = await devices.OpenAsync("tablet");
        Space plans = await laptop.OpenSpaceAsync("plans");
        Note(plans, "yesterday");
        await SyncAsync(laptop);
        Space copy = await tablet.OpenSpaceAsync("plans");
        await SyncAsync(tablet);
        string backup = Path.Combine(devices.Folder, "backup");
        SqliteBackup.Make(devices.ServerData, backup, TimeProvider.System, default);
        Note(plans, "today");
        Note(copy, "on the tablet");
        await SyncAsync(laptop, tablet, laptop);
        Assert.Equal(3, (await NotesOf(plans)).Count);
        await devices.StopServerAsync();

        // More than one batch waits, which is pushed before anything is received: it must not be in the way of what says that the log is another.
        for (int i = 0; i < 60; i++)
            Note(plans, $"offline {i:00}");
        await laptop.SaveAsync();
        await devices.CloseAsync(laptop);
        await devices.CloseAsync(tablet);

        new SqliteRestore(backup, devices.ServerData, TimeProvider.System, new Syncline.AspNetCore.SystemRandomBytes()).RestoreAll(discard: false, default);
        await devices.StartServerAsync();
        laptop = await devices.OpenAsync("laptop");
        tablet = await devices.OpenAsync("tablet");
        plans = await laptop.OpenSpaceAsync("plans");
        copy = await tablet.OpenSpaceAsync("plans");
        Assert.Equal(63, (await NotesOf(plans)).Count);
        await SyncAsync(laptop, tablet, laptop);
        IReadOnlyList<string> expected = [.. Enumerable.Range(0, 60).Select(i => $"\"offline {i:00}\""), "\"on the tablet\"", "\"today\"", "\"yesterday\""];
        Assert.Equal(expected, await devices.NotesOnServerAsync());
        Assert.Equal(expected, await NotesOf(plans));
        Assert.Equal(expected, await NotesOf(copy));
        Assert.Equal(0, laptop.RepairCount + tablet.RepairCount);
    }

    [Fact]
    public async Task A_second_restore_before_the_first_was_received_loses_nothing()
    {
        await using Devices devices = await StartAsync();
        Network network = new();
        SynclineClient laptop = await devices.OpenAsync("laptop", network);
        Space plans = await laptop.OpenSpaceAsync("plans");
        string[] backups = [Path.Combine(devices.Folder, "older"), Path.Combine(devices.Folder, "newer")];
        foreach (string backup in backups)
        {
            Note(plans, $"before {backup}");
            await SyncAsync(laptop);
            Note(plans, $"after {backup}");
            SqliteBackup.Make(devices.ServerData, backup, TimeProvider.System, default);
            await SyncAsync(laptop);
        }

        IReadOnlyList<string> made = await devices.NotesOnServerAsync();

        // The device is told up to where the newer copy has what it has, and does not come to receive it before the older copy is there.
        network.Next("/bootstrap", Network.Fault.HoldReply);
        await RestoreAsync(backups[1]);
        TaskCompletionSource held = await network.Held.Task.WaitAsync(Patience);
        await RestoreAsync(backups[0]);
        held.SetException(new HttpRequestException("the connection was cut"));
        await SyncAsync(laptop);
        Assert.Equal(4, made.Count);
        Assert.Equal(made, await devices.NotesOnServerAsync());

        async Task RestoreAsync(string backup)
        {
            network.IsDown = true;
            await devices.StopServerAsync();
            new SqliteRestore(backup, devices.ServerData, TimeProvider.System, new Syncline.AspNetCore.SystemRandomBytes()).RestoreAll(discard: false, default);
            await devices.StartServerAsync();
            network.Server = devices.Server!.Address;
            network.IsDown = false;
            laptop.TryNow();
        }
    }

    [Fact]
    public async Task A_space_that_is_forgotten_in_the_middle_of_its_reception_is_no_fault()
    {
        await using Devices devices = await StartAsync();
        SynclineClient tablet = await devices.OpenAsync("tablet");
        Note(await tablet.OpenSpaceAsync("plans"), "Bread");
        await SyncAsync(tablet);
        Network network = new();
        SynclineClient laptop = await devices.OpenAsync("laptop", network);
        List<Problem?> problems = [];
        laptop.StatusChanged += (_, change) => problems.Add(change.Status.Problem);
        network.Next("/bootstrap", Network.Fault.HoldReply);
        await laptop.OpenSpaceAsync("plans");
        TaskCompletionSource held = await network.Held.Task.WaitAsync(Patience);
        await laptop.ForgetSpaceAsync("plans");
        held.SetResult();
        Space others = await laptop.OpenSpaceAsync("others");
        Note(others, "Milk");
        await SyncAsync(laptop);
        Assert.Equal(["\"Milk\""], await devices.NotesOnServerAsync("others"));
        await devices.CloseAsync(laptop);
        Assert.DoesNotContain(problems, problem => problem?.Code == ErrorCodes.Internal);
    }

    [Fact]
    public async Task A_space_whose_opening_was_cancelled_is_synced_all_the_same()
    {
        await using Devices devices = await StartAsync();
        SynclineClient laptop = await devices.OpenAsync("laptop");
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => laptop.OpenSpaceAsync("plans", new CancellationToken(canceled: true)));
        Note(await laptop.OpenSpaceAsync("plans"), "Milk");
        await SyncAsync(laptop);
        Assert.Equal(["\"Milk\""], await devices.NotesOnServerAsync());
    }

    [Fact]
    public async Task Who_waits_for_agreement_hears_that_the_client_was_closed()
    {
        await using Devices devices = new();
        SynclineClient laptop = await devices.OpenAsync("laptop");
        Task agreement = laptop.SyncAsync();
        await devices.CloseAsync(laptop);
        await Assert.ThrowsAsync<ObjectDisposedException>(() => agreement.WaitAsync(Patience));
        await Assert.ThrowsAsync<ObjectDisposedException>(() => laptop.SyncAsync().WaitAsync(Patience));
    }

    [Fact]
    public async Task A_context_that_does_at_once_what_is_posted_raises_nothing_within_a_lock()
    {
        await using Devices devices = new();
        SynclineClient laptop = await devices.OpenAsync("laptop", configure: options => options.EventContext = new InlineContext());
        Space plans = await laptop.OpenSpaceAsync("plans");
        TaskCompletionSource<bool> otherThreadCanRead = new();
        plans.Changed += (_, _) => otherThreadCanRead.TrySetResult(
            Task.Factory.StartNew(() => plans.Pending.Count, CancellationToken.None, TaskCreationOptions.LongRunning, TaskScheduler.Default).Wait(TimeSpan.FromSeconds(5)));
        Note(plans, "Milk");
        Assert.True(await otherThreadCanRead.Task.WaitAsync(Patience));
    }

    [Fact]
    public async Task A_handler_that_throws_is_told_of_and_stops_nothing()
    {
        await using Devices devices = new();
        SynclineClient laptop = await devices.OpenAsync("laptop");
        TaskCompletionSource<Exception> failed = new();
        TaskCompletionSource other = new();
        laptop.HandlerFailed += (_, failure) => failed.TrySetResult(failure.Exception);
        Space plans = await laptop.OpenSpaceAsync("plans");
        plans.Changed += static (_, _) => throw new InvalidOperationException("of the application");
        plans.Changed += (_, _) => other.TrySetResult();
        Note(plans, "Milk");
        Assert.Equal("of the application", (await failed.Task.WaitAsync(Patience)).Message);
        await other.Task.WaitAsync(Patience);
    }

    [Theory]
    [InlineData("/pull")]
    [InlineData("/push")]
    public async Task A_server_whose_log_never_ceases_to_begin_anew_is_not_asked_without_a_pause(string path)
    {
        await using Devices devices = await StartAsync();
        Network network = new();
        SynclineClient laptop = await devices.OpenAsync("laptop", network);
        Space plans = await laptop.OpenSpaceAsync("plans");
        await SyncAsync(laptop);
        network.Always(path, Network.Fault.RefuseCursor);
        Note(plans, "Milk");
        await UntilAsync(laptop, status => status.Problem?.Code == ErrorCodes.ResyncRequired);
        network.Always(path, fault: null);
        await SyncAsync(laptop);
        Assert.Equal(["\"Milk\""], await devices.NotesOnServerAsync());
    }

    [Fact]
    public async Task A_page_that_lacks_an_operation_is_noticed_and_mended()
    {
        await using Devices devices = await StartAsync();
        SynclineClient laptop = await devices.OpenAsync("laptop");
        Space plans = await laptop.OpenSpaceAsync("plans");
        Network network = new();
        SynclineClient tablet = await devices.OpenAsync("tablet", network);
        Note(plans, "first");
        await SyncAsync(laptop);
        Space copy = await tablet.OpenSpaceAsync("plans");
        await SyncAsync(tablet);
        int tampered = 0;
        network.Tamper = (path, body) =>
        {
            string text = Encoding.UTF8.GetString(body);
            if (!path.EndsWith("/pull", StringComparison.Ordinal) || !text.Contains("second", StringComparison.Ordinal) || Interlocked.Exchange(ref tampered, 1) == 1)
                return body;
            int start = text.IndexOf("\"operations\":[", StringComparison.Ordinal) + "\"operations\":[".Length;
            return Encoding.UTF8.GetBytes(text.Remove(start, text.IndexOf("],\"cursor\"", StringComparison.Ordinal) - start));
        };
        Note(plans, "second");
        await SyncAsync(laptop, tablet);
        Assert.Equal(1, tampered);
        Assert.Equal(1, tablet.RepairCount);
        Assert.Equal(["\"first\"", "\"second\""], await NotesOf(copy));
    }

    [Fact]
    public async Task Too_large_a_value_is_refused_before_it_waits_and_names_the_limit()
    {
        await using Devices devices = new();
        SynclineClient laptop = await devices.OpenAsync("laptop");
        Space plans = await laptop.OpenSpaceAsync("plans");
        ArgumentException refusal = Assert.Throws<ArgumentException>(() => Note(plans, new string('x', 300_000)));
        Assert.Contains("262144", refusal.Message, StringComparison.Ordinal);
        Assert.Empty(plans.Pending);
    }

    [Fact]
    public async Task An_actor_that_belongs_to_another_user_is_replaced_and_what_waits_is_numbered_anew()
    {
        await using Devices devices = await StartAsync("--Auth:Mode=Local");
        SynclineClient laptop = await devices.OpenAsync("laptop");
        Space plans = await laptop.OpenSpaceAsync("plans");
        await laptop.RegisterAsync("anna", "correct horse battery");
        await SyncAsync(laptop);
        string anna = await devices.TokenOf("anna");
        string bert = await devices.Server!.RegisterAsync("bert");
        await devices.Server.SendAsync(HttpMethod.Put, "/spaces/plans/members/bert", """{"role":"editor"}""", anna);
        ActorId taken = laptop.Actor;
        await devices.Server.PushAsync(Doors.TestServer.Note(taken.Value, "900", "\"not hers\""), token: bert);

        OperationId made = Note(plans, "one");
        plans.Edit(() =>
        {
            Note(plans, "two");
            Note(plans, "three");
        });
        Assert.Equal(taken, made.Actor);
        await SyncAsync(laptop);
        Assert.NotEqual(taken, laptop.Actor);
        IReadOnlyList<string> expected = ["\"not hers\"", "\"one\"", "\"three\"", "\"two\""];
        Assert.Equal(expected, await devices.NotesOnServerAsync(token: anna));
        Assert.Equal(expected, await NotesOf(plans));
        Assert.Empty(plans.Refused);
    }

    [Fact]
    public async Task A_long_absence_is_made_up_for_page_by_page()
    {
        await using Devices devices = await StartAsync();
        SynclineClient laptop = await devices.OpenAsync("laptop");
        Space plans = await laptop.OpenSpaceAsync("plans");
        SynclineClient tablet = await devices.OpenAsync("tablet");
        Space copy = await tablet.OpenSpaceAsync("plans");
        await SyncAsync(laptop, tablet);
        await devices.CloseAsync(tablet);
        for (int i = 0; i < 3_500; i++)
            Note(plans, $"{i:0000}");
        await SyncAsync(laptop);
        tablet = await devices.OpenAsync("tablet");
        copy = await tablet.OpenSpaceAsync("plans");
        await SyncAsync(tablet);
        Assert.Equal(Enumerable.Range(0, 3_500).Select(i => $"\"{i:0000}\""), await NotesOf(copy));
        Assert.Equal(0, tablet.RepairCount);
    }

    [Fact]
    public async Task A_half_open_connection_does_not_hold_up_what_waits()
    {
        await using Devices devices = await StartAsync();
        Network network = new();
        SynclineClient laptop = await devices.OpenAsync("laptop", network);
        Space plans = await laptop.OpenSpaceAsync("plans");
        await SyncAsync(laptop);
        network.Next("/push", Network.Fault.HalfOpen);
        Note(plans, "Milk");
        await UntilAsync(laptop, status => status is { PendingCount: 0, State: SyncState.UpToDate });
        Assert.Equal(["\"Milk\""], await devices.NotesOnServerAsync());
    }

    private sealed class EndedContext : SynchronizationContext
    {
        public override void Post(SendOrPostCallback d, object? state) => throw new InvalidOperationException("the message loop has ended");
    }

    private sealed class InlineContext : SynchronizationContext
    {
        public override void Post(SendOrPostCallback d, object? state) => d(state);
    }
}
