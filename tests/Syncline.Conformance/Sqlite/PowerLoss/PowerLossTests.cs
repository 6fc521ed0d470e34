using Syncline.Core.Operations;
using Syncline.Engine.Accounts;
using Syncline.Sqlite;
using static Syncline.Conformance.Operations;
using static Syncline.Conformance.Sqlite.SqliteServer;

namespace Syncline.Conformance.Sqlite.PowerLoss;

/// <summary>
/// The power goes at any moment, and of what was not synced any part is lost: nothing acknowledged is missing, and what was not acknowledged
/// is there whole or not at all. Beside it, that these tests would notice.
/// </summary>
public sealed class PowerLossTests
{
    // More than the longest of what is broken off below has.
    private const int EventsMax = 40;

    [PowerLossFact]
    public Task No_acknowledged_operation_is_lost() =>
        Outages.SurviveAsync(100, random => new SpacesWorkload(random));

    [PowerLossFact]
    public Task No_created_space_is_lost_and_no_deleted_one_comes_back() =>
        Outages.SurviveAsync(100, random => new SpacesWorkload(random, creationPercent: 40));

    [PowerLossFact]
    public Task With_reduced_durability_the_log_loses_its_end_at_most_and_the_epoch_tells() =>
        Outages.SurviveAsync(100, random => new SpacesWorkload(random, Durability.Normal));

    [PowerLossFact]
    public Task No_acknowledged_change_of_accounts_is_lost() =>
        Outages.SurviveAsync(100, _ => new AccountsWorkload());

    [PowerLossFact]
    public Task Compaction_and_snapshots_lose_nothing_and_leave_nothing_half_done() =>
        Outages.SurviveAsync(100, _ => new CompactionWorkload());

    [PowerLossFact]
    public Task No_write_to_a_clients_local_store_is_lost_or_there_in_part() =>
        Outages.SurviveAsync(60, random => new LocalStoreWorkload(random));

    [PowerLossFact]
    public async Task Without_syncs_writes_to_a_clients_local_store_are_lost() =>
        Assert.InRange(
            await Outages.CountLossesAsync(30, random => new LocalStoreWorkload(random, pragmas: "PRAGMA synchronous = OFF")), 1, 30);

    [PowerLossFact]
    public async Task Without_syncs_acknowledged_operations_are_lost() =>
        Assert.InRange(
            await Outages.CountLossesAsync(60, random => new SpacesWorkload(random, pragmas: "PRAGMA synchronous = OFF")), 1, 60);

    [PowerLossFact]
    public async Task On_a_disk_that_lies_about_contents_acknowledged_operations_and_accounts_are_lost()
    {
        static PowerLossDisk MakeDisk(string root) => new(root) { LiesAboutContents = true };

        Assert.InRange(await Outages.CountLossesAsync(60, random => new SpacesWorkload(random), MakeDisk), 1, 60);
        Assert.InRange(await Outages.CountLossesAsync(60, _ => new AccountsWorkload(), MakeDisk), 1, 60);
    }

    [PowerLossFact]
    public async Task On_a_disk_that_lies_about_names_spaces_and_accounts_are_lost()
    {
        static PowerLossDisk MakeDisk(string root) => new(root) { LiesAboutNames = true };

        Assert.InRange(await Outages.CountLossesAsync(60, random => new SpacesWorkload(random), MakeDisk), 1, 60);
        Assert.InRange(await Outages.CountLossesAsync(60, _ => new AccountsWorkload(), MakeDisk), 1, 60);
    }

    [PowerLossFact]
    public async Task A_new_data_folder_is_there_once_something_in_it_was_acknowledged()
    {
        for (int seed = 0; seed < 10; seed++)
        {
            using TemporaryData data = new();
            using TemporaryData left = new();
            using PowerLossDisk disk = new(data.Path);
            SqliteOptions options = new() { Folder = data.PathOf("var", "data") };
            using SqliteDataFolder folder = new(options, disk);
            using SqliteAccountStore accounts = new(folder);
            await AddAliceAsync(accounts);

            disk.LosePowerAfter(0, new Random(seed), left.Path);
            disk.EndHere();

            options.Folder = left.PathOf("var", "data");
            using SqliteDataFolder folderLeft = new(options);
            using SqliteAccountStore accountsLeft = new(folderLeft);
            Assert.NotNull(await accountsLeft.FindUserAsync(new UserId("alice"), default));
        }
    }

    [PowerLossFact]
    public async Task A_data_folder_that_a_killed_server_had_made_is_there_once_something_in_it_was_acknowledged()
    {
        for (int seed = 0; seed < 10; seed++)
        {
            using TemporaryData data = new();
            using TemporaryData afterKill = new();
            using TemporaryData left = new();
            using PowerLossDisk disk = new(data.Path);
            disk.KillAfter(0, afterKill.Path);
            new SqliteDataFolder(new SqliteOptions { Folder = data.PathOf("data") }, disk).Dispose();
            using PowerLossDisk next = disk.Next!;
            using SqliteDataFolder folder = new(new SqliteOptions { Folder = afterKill.PathOf("data") }, next);
            using SqliteAccountStore accounts = new(folder);
            await AddAliceAsync(accounts);

            next.LosePowerAfter(0, new Random(seed), left.Path);
            next.EndHere();

            using SqliteDataFolder folderLeft = new(new SqliteOptions { Folder = left.PathOf("data") });
            using SqliteAccountStore accountsLeft = new(folderLeft);
            Assert.NotNull(await accountsLeft.FindUserAsync(new UserId("alice"), default));
        }
    }

    [PowerLossFact]
    public async Task What_is_found_of_an_append_that_was_killed_is_not_lost_any_more() =>
        await KilledAsync(
            async server =>
            {
                await server.CreateAsync();
                await server.AppendManyAsync(2);
            },
            server => server.AppendAsync(Logged(Id("b", 3), user: "bob")),
            async server => (await server.HeadAsync()).Seq);

    [PowerLossFact]
    public async Task What_is_found_of_a_change_of_accounts_that_was_killed_is_not_lost_any_more() =>
        await KilledAsync(
            _ => Task.CompletedTask,
            server => AddAliceAsync(server.Accounts),
            async server => await server.Accounts.FindUserAsync(new UserId("alice"), default));

    [PowerLossFact]
    public async Task A_creation_that_was_killed_and_repeated_is_not_lost() =>
        await KilledAsync(
            _ => Task.CompletedTask,
            server => server.CreateAsync(),
            async server =>
            {
                await server.CreateAsync();
                return (await server.HeadAsync()).Seq;
            });

    [PowerLossFact]
    public async Task A_deletion_that_was_killed_and_repeated_stays() =>
        await KilledAsync(
            server => server.CreateAsync(),
            async server => await server.Store.DeleteAsync(Space, default),
            async server =>
            {
                await server.Store.DeleteAsync(Space, default);
                return await server.Store.ReadHeadAsync(Space, default);
            });

    [PowerLossFact]
    public async Task A_log_that_lies_beside_no_file_is_not_taken_for_that_of_a_new_space()
    {
        using TemporaryData old = new();
        using SqliteServer former = new(old);
        await former.CreateAsync();
        await former.AppendManyAsync(3);

        await PowerLostAsync(
            data => CopyLog(old, data),
            server => server.CreateAsync(),
            async server => Assert.Equal(0, (await server.Store.ReadHeadAsync(Space, default))?.Seq ?? 0));
    }

    [PowerLossFact]
    public async Task A_deletion_after_a_crash_is_made_whole_or_not_at_all()
    {
        using TemporaryData old = new();
        using SqliteServer crashed = new(old);
        await crashed.CreateAsync();
        await crashed.AppendManyAsync(3);

        await PowerLostAsync(
            data => CopyAsAfterCrash(old, data),
            async server => await server.Store.DeleteAsync(Space, default),
            async server => Assert.Equal(3, (await server.Store.ReadHeadAsync(Space, default))?.Seq ?? 3));
    }

    /// <summary>
    /// Kills a server at each event of <paramref name="act"/> in turn, starts another, which looks at what there is, and takes the power away:
    /// it was told to somebody, so the third server finds the same.
    /// </summary>
    private static async Task KilledAsync<T>(
        Func<SqliteServer, Task> prepare, Func<SqliteServer, Task> act, Func<SqliteServer, Task<T>> look)
    {
        for (int events = 0; events < EventsMax; events++)
        {
            using TemporaryData data = new();
            using TemporaryData afterKill = new();
            using PowerLossDisk disk = new(data.Path);
            using (SqliteServer server = new(data, disk: disk))
            {
                await prepare(server);
                disk.KillAfter(events, afterKill.Path);
                await act(server);
                disk.EndHere();
            }

            using PowerLossDisk next = disk.Next!;
            using TemporaryData afterLoss = new();
            T found;
            using (SqliteServer server = new(afterKill, disk: next))
            {
                found = await look(server);
                next.LosePowerAfter(0, new Random(events), afterLoss.Path);
                next.EndHere();
            }

            using SqliteServer last = new(afterLoss);
            Assert.Equal(found, await look(last));
        }
    }

    /// <summary>Takes the power away at each event of <paramref name="act"/> in turn, a few times.</summary>
    private static async Task PowerLostAsync(
        Action<TemporaryData> prepare, Func<SqliteServer, Task> act, Func<SqliteServer, Task> check)
    {
        for (int seed = 0; seed < EventsMax * 10; seed++)
        {
            using TemporaryData data = new();
            using TemporaryData left = new();
            prepare(data);
            using PowerLossDisk disk = new(data.Path);
            disk.LosePowerAfter(seed % EventsMax, new Random(seed), left.Path);
            using (SqliteServer server = new(data, disk: disk))
            {
                await act(server);
                disk.EndHere();
            }

            using SqliteServer last = new(left);
            await check(last);
        }
    }

    private static async Task AddAliceAsync(SqliteAccountStore accounts) =>
        Assert.Equal(
            AddUserOutcome.Added,
            await accounts.AddUserAsync(new User(new UserId("alice"), "alice", "Alice"), "hash", null, new Audit(null, Now), default));

    private static void CopyLog(TemporaryData from, TemporaryData to)
    {
        Directory.CreateDirectory(to.PathOf("sp"));
        File.Copy(FileOf(from) + "-wal", FileOf(to) + "-wal");
    }
}
