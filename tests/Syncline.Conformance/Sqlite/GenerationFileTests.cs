using LibSqlite;
using Syncline.Core.Operations;
using Syncline.Engine.Storage;
using Syncline.Sqlite;
using Syncline.Sqlite.Spaces;
using static Syncline.Conformance.Operations;
using static Syncline.Conformance.Sqlite.SqliteServer;

namespace Syncline.Conformance.Sqlite;

/// <summary>Generations and resets across restarts and crashes.</summary>
public sealed class GenerationFileTests : IDisposable
{
    private static readonly Epoch AfterReset = new("after-reset");
    private readonly TemporaryData _data = new();
    private readonly TemporaryData _copy = new();

    [Theory]
    [InlineData(Durability.Full)]
    [InlineData(Durability.Normal)]
    public async Task A_reset_survives_a_crash_right_after_it(Durability durability)
    {
        using SqliteServer server = new(_data, durability);
        await server.CreateAsync();
        await server.AppendManyAsync(3);
        Assert.Equal(ResetOutcome.Reset, await ResetAsync(server, after: 4));
        CopyAsAfterCrash(_data, _copy);

        using SqliteServer restarted = new(_copy, durability);

        LogHead head = await restarted.HeadAsync();
        Assert.Equal((AfterReset, 4, 3), (head.Epoch, head.Seq, head.HighestClock));
        Assert.Equal([new EarlierEpoch(First, 0)], head.Earlier);
        Assert.Equal(new Generation("key", AfterReset, 4, 8), await restarted.Store.FindGenerationAsync(Space, AfterReset, "never", Now, default));
        Assert.Equal("snapshot", await restarted.Store.ReadGenerationSnapshotAsync(Space, "key", default));
        Assert.Empty(await restarted.ReadAllAsync());
    }

    [Fact]
    public async Task An_unclean_start_begins_a_generation_with_the_same_snapshot_and_cursors_at_its_begin_go_on()
    {
        using (SqliteServer server = new(_data, Durability.Normal))
        {
            await server.CreateAsync();
            await server.AppendManyAsync(3);
            await ResetAsync(server, after: 4);
            await server.AppendAsync(Logged(Id("a", 4)));
            CopyAsAfterCrash(_data, _copy);
        }

        using SqliteServer restarted = new(_copy, Durability.Normal);

        LogHead head = await restarted.HeadAsync();
        Assert.NotEqual(AfterReset, head.Epoch);
        Assert.Equal([new EarlierEpoch(AfterReset, 5), new EarlierEpoch(First, 0)], head.Earlier);
        Generation? present = await restarted.Store.FindGenerationAsync(Space, head.Epoch, "another", Now, default);
        Assert.Equal(new Generation("another", head.Epoch, 4, 8), present);
        Assert.Equal("snapshot", await restarted.Store.ReadGenerationSnapshotAsync(Space, "another", default));
        Assert.Null(await restarted.Store.ReadGenerationSnapshotAsync(Space, "key", default));
    }

    [Fact]
    public async Task An_unclean_start_right_after_a_reset_shares_the_seq_that_the_log_goes_on_from()
    {
        using (SqliteServer server = new(_data))
        {
            await server.CreateAsync();
            await server.AppendManyAsync(3);
            await ResetAsync(server, after: 4);
        }

        using (SqliteConnection file = SqliteConnection.Open(FileOf(_data), SqliteOpenMode.ReadWrite))
            file.Execute("UPDATE meta SET clean = 0");
        using SqliteServer restarted = new(_data);

        LogHead head = await restarted.HeadAsync();
        Assert.Equal([new EarlierEpoch(AfterReset, 4), new EarlierEpoch(First, 0)], head.Earlier);
        Assert.True(head.CanServe(AfterReset, 4));
    }

    [Fact]
    public async Task A_file_of_the_version_before_gets_its_generation_when_somebody_asks()
    {
        using (SqliteServer old = new(_data, schema: new DatabaseSchema(SpaceSchema.ApplicationId, [.. SpaceSchema.Scripts.Take(2)])))
            await old.CreateAsync();

        using SqliteServer upgraded = new(_data);

        Assert.Equal((First, 0), ((await upgraded.HeadAsync()).Epoch, (await upgraded.HeadAsync()).Seq));
        Assert.Equal("key", (await upgraded.Store.FindGenerationAsync(Space, First, "key", Now, default))!.Key);
        Assert.Empty(await upgraded.Store.ReadClientsAsync(Space, default));
    }

    /// <inheritdoc />
    public void Dispose()
    {
        _data.Dispose();
        _copy.Dispose();
    }

    private static async Task<ResetOutcome> ResetAsync(SqliteServer server, long after)
    {
        LogHead head = await server.HeadAsync();
        return await server.Store.ResetAsync(Space, new LogReset(head.Epoch, head.Seq, AfterReset, after, "key", "snapshot", Now));
    }
}
