using LibSqlite;
using Syncline.Core.Operations;
using Syncline.Engine.Storage;
using Syncline.Sqlite;
using Syncline.Sqlite.Spaces;
using static Syncline.Conformance.Operations;
using static Syncline.Conformance.Sqlite.SqliteServer;

namespace Syncline.Conformance.Sqlite;

/// <summary>Older copies of a space's file that somebody puts in place by hand, and crashes that must not be taken for that.</summary>
public sealed class LastHeadsTests : IDisposable
{
    private readonly TemporaryData _data = new();
    private readonly TemporaryData _copy = new();

    /// <inheritdoc />
    public void Dispose()
    {
        _data.Dispose();
        _copy.Dispose();
    }

    private string Copy => _copy.PathOf("space-1.db");

    [Fact]
    public async Task An_older_copy_put_in_place_by_hand_begins_an_epoch_that_shares_what_it_has_once()
    {
        await AppendAsync("a", 3);
        File.Copy(FileOf(_data), Copy);
        await AppendAsync("b", 2);

        File.Copy(Copy, FileOf(_data), overwrite: true);

        LogHead head = await AppendAsync("c", 4);
        Assert.NotEqual(First, head.Epoch);
        Assert.Equal([new EarlierEpoch(First, 3)], head.Earlier);
        Assert.False(head.CanServe(First, 5));
        Assert.Equal(head.Epoch, (await AppendAsync("d", 1)).Epoch);
    }

    [Fact]
    public async Task A_copy_from_before_an_epoch_began_is_older_however_long_it_is()
    {
        await AppendAsync("a", 3);
        File.Copy(FileOf(_data), Copy);
        using (SqliteConnection file = SqliteConnection.Open(FileOf(_data), SqliteOpenMode.ReadWrite))
            file.Execute("UPDATE meta SET epoch = 'epoch-2'; INSERT INTO epochs (epoch, shared_up_to, ended_at) VALUES ('epoch-1', 1, 0); DELETE FROM operations WHERE seq > 1");
        Assert.Equal("epoch-2", (await AppendAsync("b", 1)).Epoch.Value);

        File.Copy(Copy, FileOf(_data), overwrite: true);

        LogHead head = await AppendAsync("c", 1);
        Assert.NotEqual(First, head.Epoch);
        Assert.False(head.CanServe(new Epoch("epoch-2"), 1));
    }

    [Fact]
    public async Task After_a_crash_the_record_is_behind_the_log_which_goes_on_with_its_epoch()
    {
        await AppendAsync("a", 3);
        using SqliteServer server = new(_data);
        await server.AppendAsync(Logged(Id("b", 10)));
        CopyAsAfterCrash(_data, _copy);
        File.Copy(_data.PathOf(LastHeads.FileName), _copy.PathOf(LastHeads.FileName));

        Assert.Equal(["3"], Recorded(_copy));
        using SqliteServer restarted = new(_copy);
        Assert.Equal((First, 4), ((await restarted.HeadAsync()).Epoch, (await restarted.HeadAsync()).Seq));
    }

    [Fact]
    public async Task What_is_appended_is_recorded_while_the_server_runs_and_not_at_each_append()
    {
        TimerClock clock = new();
        using SqliteDataFolder folder = new(_data.Options());
        using SqliteSpaceStore store = new(folder, clock, new CountingBytes());
        await store.CreateAsync(Space, First, Now, default);
        for (int n = 1; n <= 3; n++)
            await store.AppendAsync(Space, After((await store.ReadHeadAsync(Space, default))!, Logged(Id("a", n))));
        Assert.False(File.Exists(_data.PathOf(LastHeads.FileName)));

        clock.Fire();

        Assert.Equal(["3"], Recorded(_data));
        await store.AppendAsync(Space, After((await store.ReadHeadAsync(Space, default))!, Logged(Id("a", 4))));
        Assert.Equal(["3"], Recorded(_data));
        clock.Fire();
        Assert.Equal(["4"], Recorded(_data));
    }

    [Fact]
    public async Task A_space_that_is_deleted_and_made_again_is_not_behind()
    {
        await AppendAsync("a", 3);
        Epoch second = new("epoch-2");
        using (SqliteServer server = new(_data))
        {
            await server.Store.DeleteAsync(Space, default);
            await server.Store.CreateAsync(Space, second, Now, default);
        }

        Assert.Equal(["0"], Recorded(_data));
        LogHead head = await AppendAsync("b", 1);
        Assert.Equal(second, head.Epoch);
        Assert.Empty(head.Earlier);
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task A_log_made_anew_or_reset_twice_right_before_a_crash_is_not_behind(bool isReset)
    {
        await AppendAsync("a", 3);
        Epoch last = new("epoch-3");
        using SqliteServer server = new(_data);
        if (isReset)
        {
            Epoch second = new("epoch-2");
            await server.Store.ResetAsync(Space, new LogReset(First, 3, second, 4, "key-2", "", Now));
            await server.Store.ResetAsync(Space, new LogReset(second, 4, last, 5, "key-3", "", Now));
        }
        else
        {
            await server.Store.DeleteAsync(Space, default);
            await server.Store.CreateAsync(Space, last, Now, default);
        }

        await server.HeadAsync();
        CopyAsAfterCrash(_data, _copy);
        foreach (string ending in new[] { "", "-wal" }.Where(ending => File.Exists(_data.PathOf(LastHeads.FileName + ending))))
            File.Copy(_data.PathOf(LastHeads.FileName + ending), _copy.PathOf(LastHeads.FileName + ending), overwrite: true);

        using SqliteServer restarted = new(_copy);
        Assert.Equal(last, (await restarted.HeadAsync()).Epoch);
    }

    [Fact]
    public async Task Resets_just_before_a_crash_are_no_older_copies()
    {
        await AppendAsync("a", 3);
        using SqliteServer server = new(_data);
        LogHead head = await server.HeadAsync();
        foreach (string life in (string[])["epoch-2", "epoch-3", "epoch-4"])
        {
            LogReset reset = new(head.Epoch, head.Seq, new Epoch(life), head.Seq + 1, "key-of-" + life, "", Now);
            Assert.Equal(ResetOutcome.Reset, await server.Store.ResetAsync(Space, reset));
            head = await server.HeadAsync();
        }

        CopyAsAfterCrash(_data, _copy);
        foreach (string ending in DataLayout.EndingsBeside.Prepend("").Where(ending => File.Exists(_data.PathOf(LastHeads.FileName + ending))))
            File.Copy(_data.PathOf(LastHeads.FileName + ending), _copy.PathOf(LastHeads.FileName + ending));

        using SqliteServer restarted = new(_copy);
        Assert.Equal(new Epoch("epoch-4"), (await restarted.HeadAsync()).Epoch);
        Assert.Equal("key-of-epoch-4", (await restarted.Store.FindGenerationAsync(Space, new Epoch("epoch-4"), "another", Now, default))?.Key);
    }

    [Fact]
    public async Task A_record_that_is_damaged_keeps_no_log_from_opening_and_is_made_anew()
    {
        await AppendAsync("a", 3);
        File.WriteAllText(_data.PathOf(LastHeads.FileName), new string('x', 5000));

        Assert.Equal(First, (await AppendAsync("b", 1)).Epoch);

        Assert.Equal(["4"], Recorded(_data));
    }

    private static List<string> Recorded(TemporaryData data)
    {
        using SqliteConnection file = SqliteConnection.Open(data.PathOf(LastHeads.FileName), SqliteOpenMode.ReadWrite);
        using SqliteStatement statement = file.Prepare("SELECT seq FROM heads WHERE space = 'space-1'");
        List<string> seqs = [];
        while (statement.Step())
            seqs.Add(statement.Text(0));
        return seqs;
    }

    private async Task<LogHead> AppendAsync(string actor, int count)
    {
        using SqliteServer server = new(_data);
        await server.CreateAsync();
        await server.AppendAsync([.. Enumerable.Range(1, count).Select(n => Logged(Id(actor, n)))]);
        return await server.HeadAsync();
    }

    /// <summary>A clock whose timers fire when the test says so.</summary>
    private sealed class TimerClock : TimeProvider
    {
        private readonly List<Action> _armed = [];

        public override ITimer CreateTimer(TimerCallback callback, object? state, TimeSpan dueTime, TimeSpan period) =>
            new Timer(() => callback(state), _armed);

        public void Fire()
        {
            Action[] armed = [.. _armed];
            _armed.Clear();
            Assert.NotEmpty(armed);
            foreach (Action fire in armed)
                fire();
        }

        private sealed class Timer(Action fire, List<Action> armed) : ITimer
        {
            public bool Change(TimeSpan dueTime, TimeSpan period)
            {
                if (dueTime != Timeout.InfiniteTimeSpan) armed.Add(fire);
                return true;
            }

            public void Dispose() => armed.Remove(fire);

            public ValueTask DisposeAsync()
            {
                Dispose();
                return ValueTask.CompletedTask;
            }
        }
    }
}
