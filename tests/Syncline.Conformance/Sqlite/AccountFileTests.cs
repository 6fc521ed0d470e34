using LibSqlite;
using Syncline.Core.Operations;
using Syncline.Engine.Accounts;
using Syncline.Engine.Storage;
using Syncline.Sqlite;
using static Syncline.Conformance.Operations;

namespace Syncline.Conformance.Sqlite;

/// <summary>The platform's file.</summary>
public sealed class AccountFileTests : IDisposable
{
    private static readonly User Alice = new(new UserId("u-alice"), "alice", "Alice");
    private static readonly Audit ByOperator = new(null, Now);
    private static readonly Audit ByAlice = new(Alice.Id, Now.AddMinutes(1));

    private readonly TemporaryData _data = new();

    /// <inheritdoc />
    public void Dispose() => _data.Dispose();

    [Fact]
    public async Task What_was_written_is_there_after_a_restart_in_one_file()
    {
        using (SqliteDataFolder folder = new(_data.Options()))
        using (SqliteAccountStore store = new(folder))
            await store.AddUserAsync(Alice, "hash", null, ByOperator, default);

        Assert.Equal(
            [_data.PathOf("platform.sqlite"), _data.PathOf("syncline.lock")],
            Directory.EnumerateFileSystemEntries(_data.Path).Order(StringComparer.Ordinal));
        using SqliteDataFolder again = new(_data.Options());
        using SqliteAccountStore reopened = new(again);
        Assert.Equal(new Credentials(Alice, "hash"), await reopened.FindCredentialsAsync("alice", default));
    }

    [Fact]
    public async Task Every_change_writes_who_did_what_to_what_and_refused_ones_write_nothing()
    {
        using SqliteDataFolder folder = new(_data.Options());
        using SqliteAccountStore store = new(folder);
        SpaceRecord plan = new(new SpaceId("plan"), "Plan", Now);
        await store.AddInviteAsync("invite", Now.AddDays(1), ByOperator, default);
        await store.AddUserAsync(Alice, "hash", "invite", ByOperator, default);
        await store.AddUserAsync(Alice, "hash", null, ByOperator, default);
        await store.AddLoginAsync(new Login("login", Alice.Id, Now.AddDays(1)), "t1", ByAlice, default);
        await store.RefreshAsync("t1", "t2", Now.AddDays(2), ByAlice, default);
        await store.RefreshAsync("t1", "t3", Now.AddDays(2), ByAlice, default);
        await store.EndLoginAsync("login", ByAlice, default);
        await store.AddSpaceAsync(plan, Alice.Id, 10, ByAlice, default);
        await store.RemoveMemberAsync(plan.Id, Alice.Id, ByAlice, default);
        await store.RemoveSpaceAsync(plan.Id, ByAlice, default);

        Assert.Equal(
            [
                $"{Now.ToUnixTimeMilliseconds()}||invite.added|invite|",
                $"{Now.ToUnixTimeMilliseconds()}||user.added|u-alice|alice",
                $"{ByAlice.At.ToUnixTimeMilliseconds()}|u-alice|login.started|login|u-alice",
                $"{ByAlice.At.ToUnixTimeMilliseconds()}|u-alice|login.token-used-twice|login|",
                $"{ByAlice.At.ToUnixTimeMilliseconds()}|u-alice|space.added|plan|u-alice",
                $"{ByAlice.At.ToUnixTimeMilliseconds()}|u-alice|space.removed|plan|",
            ],
            Rows("SELECT at || '|' || coalesce(by_user, '') || '|' || action || '|' || subject || '|' || coalesce(detail, '') FROM audit ORDER BY id"));
    }

    [Fact]
    public async Task What_has_expired_is_removed_by_later_changes_a_bounded_number_at_a_time()
    {
        using SqliteDataFolder folder = new(_data.Options());
        using SqliteAccountStore store = new(folder);
        await store.AddUserAsync(Alice, "hash", null, ByOperator, default);
        for (int n = 0; n < 150; n++)
        {
            await store.AddInviteAsync($"invite-{n}", Now.AddDays(1), ByOperator, default);
            await store.AddLoginAsync(new Login($"login-{n}", Alice.Id, Now.AddDays(1)), $"token-{n}", ByOperator, default);
        }

        Audit later = new(null, Now.AddDays(40));
        for (int round = 1; round <= 2; round++)
        {
            await store.AddInviteAsync($"new-{round}", Now.AddDays(50), later, default);
            await store.AddLoginAsync(new Login($"new-{round}", Alice.Id, Now.AddDays(50)), $"new-{round}", later, default);
            Assert.Equal(
                round == 1 ? ["51", "51", "51"] : ["2", "2", "2"],
                Rows("SELECT count(*) FROM invites UNION ALL SELECT count(*) FROM logins UNION ALL SELECT count(*) FROM refresh_tokens"));
        }
    }

    [Fact]
    public async Task Used_refresh_tokens_of_a_long_login_do_not_pile_up()
    {
        using SqliteDataFolder folder = new(_data.Options());
        using SqliteAccountStore store = new(folder);
        await store.AddUserAsync(Alice, "hash", null, ByOperator, default);
        await store.AddLoginAsync(new Login("login", Alice.Id, Now.AddDays(30)), "token-0", ByOperator, default);
        for (int day = 1; day <= 100; day++)
        {
            Audit at = new(Alice.Id, Now.AddDays(day));
            Assert.IsType<RefreshOutcome.Refreshed>(
                await store.RefreshAsync($"token-{day - 1}", $"token-{day}", at.At.AddDays(30), at, default));
        }

        Assert.Equal(["31"], Rows("SELECT count(*) FROM refresh_tokens"));
    }

    [Fact]
    public async Task A_platform_file_of_a_newer_version_is_refused()
    {
        using SqliteDataFolder folder = new(_data.Options());
        using SqliteAccountStore store = new(folder);
        await store.AddUserAsync(Alice, "hash", null, ByOperator, default);
        store.Dispose();
        using (SqliteConnection file = SqliteConnection.Open(_data.PathOf("platform.sqlite"), SqliteOpenMode.ReadWrite))
            file.Execute("PRAGMA user_version = 99");

        using SqliteAccountStore again = new(folder);
        StoreUnavailableException exception =
            await Assert.ThrowsAsync<StoreUnavailableException>(async () => await again.FindUserAsync(Alice.Id, default));

        Assert.Contains("newer", exception.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task After_the_store_is_disposed_calls_fail()
    {
        using SqliteDataFolder folder = new(_data.Options());
        SqliteAccountStore store = new(folder);
        store.Dispose();

        await Assert.ThrowsAsync<ObjectDisposedException>(async () => await store.FindUserAsync(Alice.Id, default));
    }

    private List<string> Rows(string sql)
    {
        using SqliteConnection file = SqliteConnection.Open(_data.PathOf("platform.sqlite"), SqliteOpenMode.ReadOnly);
        using SqliteStatement statement = file.Prepare(sql);
        List<string> rows = [];
        while (statement.Step())
            rows.Add(statement.Text(0));
        return rows;
    }
}
