using LibSqlite;
using Syncline.Core.Operations;
using Syncline.Engine.Accounts;
using Syncline.Engine.Storage;
using Syncline.Sqlite;
using Syncline.Sqlite.Backups;
using static Syncline.Conformance.Operations;
using static Syncline.Conformance.Sqlite.SqliteServer;

namespace Syncline.Conformance.Sqlite;

/// <summary>Copies of a data folder, and what becomes of the data when one is restored.</summary>
public sealed class BackupTests : IDisposable
{
    private static readonly SpaceId Other = new("other");
    private static readonly User Alice = new(new UserId("u-alice"), "alice", "Alice");
    private static readonly User Bob = new(new UserId("u-bob"), "bob", "Bob");
    private static readonly Audit ByOperator = new(null, Now);

    private readonly TemporaryData _data = new();
    private readonly TemporaryData _backups = new();
    private readonly CountingBytes _random = new();

    /// <inheritdoc />
    public void Dispose()
    {
        _data.Dispose();
        _backups.Dispose();
    }

    private string Backup => _backups.PathOf("monday");

    [Fact]
    public async Task A_backup_is_made_beside_a_server_that_is_writing_and_has_every_space_and_the_accounts_in_single_files()
    {
        using SqliteServer server = new(_data);
        using SqliteAccountStore accounts = new(server.Folder);
        await MakeAsync(server, accounts);
        await server.AppendManyAsync(3);

        BackupReport report = Make();
        await server.AppendAsync(Logged(Id("a", 4)));

        Assert.Equal((Backup, 2), (report.Folder, report.Spaces));
        Assert.Equal(
            ["backup.json", Path.Combine("ot", "other.db"), "platform.sqlite", Path.Combine("sp", "space-1.db")],
            Directory.EnumerateFiles(Backup, "*", SearchOption.AllDirectories)
                .Select(path => Path.GetRelativePath(Backup, path)).Order(StringComparer.Ordinal));
        Assert.Equal(4, (await server.HeadAsync()).Seq);
        foreach (string file in Directory.EnumerateFiles(Backup, "*.*", SearchOption.AllDirectories).Where(path => !path.EndsWith(".json", StringComparison.Ordinal)))
        {
            Assert.Equal(["delete"], Query(file, "PRAGMA journal_mode"));
            Assert.Equal(["ok"], Query(file, "PRAGMA integrity_check"));
        }

        Assert.Equal(["3"], Query(Path.Combine(Backup, "sp", "space-1.db"), "SELECT count(*) FROM operations"));
        if (!OperatingSystem.IsWindows())
            Assert.Equal(UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute, File.GetUnixFileMode(Backup));
    }

    [Fact]
    public async Task What_is_there_already_is_refused_and_stays()
    {
        await MakeAsync();
        Make();
        DateTime before = Directory.GetLastWriteTimeUtc(Backup);

        BackupException again = Assert.Throws<BackupException>(() => { Make(); });

        Assert.Contains("is there already", again.Message, StringComparison.Ordinal);
        Assert.Equal(before, Directory.GetLastWriteTimeUtc(Backup));
        Assert.Contains("There is no folder", Assert.Throws<BackupException>(() => { Make(from: Backup + "-not"); }).Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_backup_that_was_broken_off_has_another_name_is_no_backup_and_is_begun_anew()
    {
        await MakeAsync();
        File.WriteAllText(Path.Combine(Directory.CreateDirectory(Backup + ".unfinished").FullName, "platform.sqlite"), "half");
        Directory.CreateDirectory(Path.Combine(Backup + ".unfinished", "sp"));

        BackupException refused = Assert.Throws<BackupException>(() => { Restore(from: Backup + ".unfinished").RestoreAll(discard: false, default); });
        Make();

        Assert.Contains("is no backup", refused.Message, StringComparison.Ordinal);
        Assert.Equal([Backup], Directory.EnumerateFileSystemEntries(_backups.Path));
        Assert.Equal(2, Restore().RestoreAll(discard: false, default).Spaces);
    }

    [Fact]
    public async Task Logs_that_no_account_knows_are_left_out_and_so_are_spaces_without_a_log()
    {
        await MakeAsync();
        using (SqliteServer server = new(_data))
        {
            await server.CreateAsync(new SpaceId("left-over"));
            await server.Store.DeleteAsync(Other, default);
        }

        Assert.Equal(1, Make().Spaces);

        Assert.Equal(["space-1"], Query(Path.Combine(Backup, "platform.sqlite"), "SELECT id FROM spaces"));
        Assert.Equal(["space-1"], Query(Path.Combine(Backup, "platform.sqlite"), "SELECT DISTINCT space FROM members"));
        Assert.Equal([Path.Combine(Backup, "sp", "space-1.db")], Directory.EnumerateFiles(Backup, "*.db", SearchOption.AllDirectories));
    }

    [Fact]
    public async Task A_damaged_file_makes_no_backup_and_is_named()
    {
        await MakeAsync();
        Damage(FileOf(_data));

        BackupException refused = Assert.Throws<BackupException>(() => { Make(); });

        Assert.Contains("space space-1 is damaged", refused.Message, StringComparison.Ordinal);
        Assert.Empty(Directory.EnumerateFileSystemEntries(_backups.Path));
    }

    [Fact]
    public async Task A_restored_log_has_a_new_epoch_that_shares_what_the_copy_has_and_goes_on_from_its_head()
    {
        await MakeAsync();
        LogHead yesterday = await AppendAsync("a", 3);
        Make();
        LogHead today = await AppendAsync("b", 2);

        RestoreReport report = Restore().RestoreAll(discard: false, default);

        using SqliteServer server = new(_data);
        LogHead head = await server.HeadAsync();
        Assert.Equal((3, yesterday.Digest, yesterday.HighestClock), (head.Seq, head.Digest, head.HighestClock));
        Assert.Equal([new EarlierEpoch(First, 3)], head.Earlier);
        Assert.NotEqual(First, head.Epoch);
        Assert.Equal(Now, report.MadeAt);
        Assert.Equal(2, report.Spaces);

        // Cursors of what both lives share go on, others do not, whatever has been appended since.
        await server.AppendAsync([.. Enumerable.Range(20, 5).Select(n => Logged(Id("c", n)))]);
        head = await server.HeadAsync();
        Assert.True(head.CanServe(First, 3));
        Assert.False(head.CanServe(First, today.Seq));
        Assert.Equal(8, head.Seq);
    }

    [Fact]
    public async Task The_same_backup_restored_twice_begins_two_epochs()
    {
        await MakeAsync();
        await AppendAsync("a", 3);
        Make();
        Restore().RestoreAll(discard: false, default);
        LogHead first = await AppendAsync("b", 2);

        Restore().RestoreAll(discard: false, default);

        using SqliteServer server = new(_data);
        await server.AppendAsync([.. Enumerable.Range(20, 5).Select(n => Logged(Id("c", n)))]);
        LogHead second = await server.HeadAsync();
        Assert.NotEqual(first.Epoch, second.Epoch);
        Assert.False(second.CanServe(first.Epoch, 3));
        Assert.False(second.CanServe(first.Epoch, 5));
        Assert.True(second.CanServe(First, 3));
    }

    [Fact]
    public async Task What_was_replaced_is_kept_aside_as_a_data_folder_of_its_own_or_discarded()
    {
        await MakeAsync();
        Make();
        await AppendAsync("b", 2);

        string aside = Restore().RestoreAll(discard: false, default).Aside!;
        Assert.Equal(_data.PathOf("replaced-20260304T050607Z"), aside);
        using (SqliteDataFolder folder = new(new SqliteOptions { Folder = aside }))
        using (SqliteSpaceStore store = new(folder, new StandingClock(), new CountingBytes()))
            Assert.Equal(2, (await store.ReadHeadAsync(Space, default))!.Seq);
        Assert.Equal(aside + "-2", Restore().RestoreAll(discard: false, default).Aside);

        Directory.Delete(aside, recursive: true);
        Directory.Delete(aside + "-2", recursive: true);
        Assert.Null(Restore().RestoreAll(discard: true, default).Aside);
        Assert.Equal(
            ["backup.lock", "ot", "platform.sqlite", "sp", "syncline.lock"],
            Directory.EnumerateFileSystemEntries(_data.Path).Select(Path.GetFileName).Order(StringComparer.Ordinal));
    }

    [Fact]
    public async Task A_backup_is_restored_where_there_is_no_data_yet()
    {
        await MakeAsync();
        await AppendAsync("a", 3);
        Make();
        string elsewhere = _backups.PathOf("elsewhere");

        RestoreReport report = Restore(to: elsewhere).RestoreAll(discard: false, default);

        Assert.Equal((2, null), (report.Spaces, report.Aside));
        using SqliteDataFolder folder = new(new SqliteOptions { Folder = elsewhere });
        using SqliteSpaceStore store = new(folder, new StandingClock(), new CountingBytes());
        using SqliteAccountStore accounts = new(folder);
        Assert.Equal(3, (await store.ReadHeadAsync(Space, default))!.Seq);
        Assert.Equal(Bob, await accounts.FindUserAsync(Bob.Id, default));
    }

    [Fact]
    public async Task One_space_is_restored_and_the_others_and_its_members_stay_as_they_are()
    {
        await MakeAsync();
        await AppendAsync("a", 3);
        Make();
        await AppendAsync("b", 2);
        using (SqliteServer server = new(_data))
        {
            await server.AppendToAsync(Other, Logged(Id("a", 1)));
            using SqliteAccountStore accounts = new(server.Folder);
            await accounts.SetMemberAsync(Space, Bob.Id, Role.Owner, 10, ByOperator, default);
        }

        RestoreReport report = Restore().RestoreSpace(Space, discard: false, default);

        Assert.Equal((1, _data.PathOf("replaced-20260304T050607Z")), (report.Spaces, report.Aside));
        Assert.Equal(
            [Path.Combine(report.Aside!, "sp", "space-1.db")],
            Directory.EnumerateFiles(report.Aside!, "*", SearchOption.AllDirectories));
        using SqliteServer restored = new(_data);
        using SqliteAccountStore restoredAccounts = new(restored.Folder);
        Assert.Equal(3, (await restored.HeadAsync()).Seq);
        Assert.Equal([new EarlierEpoch(First, 3)], (await restored.HeadAsync()).Earlier);
        Assert.Equal((First, 1), ((await restored.HeadAsync(Other)).Epoch, (await restored.HeadAsync(Other)).Seq));
        Assert.Equal(
            [Role.Owner, Role.Owner], (await restoredAccounts.ReadMembersAsync(Space, default)).Select(member => member.Role));
    }

    [Fact]
    public async Task A_space_that_was_deleted_comes_back_with_those_of_its_members_who_have_an_account()
    {
        await MakeAsync();
        await AppendAsync("a", 3);
        Make();
        using (SqliteServer server = new(_data))
        using (SqliteAccountStore accounts = new(server.Folder))
        {
            await accounts.RemoveSpaceAsync(Space, ByOperator, default);
            await server.Store.DeleteAsync(Space, default);
        }

        Restore().RestoreSpace(Space, discard: false, default);

        using SqliteServer restored = new(_data);
        using SqliteAccountStore restoredAccounts = new(restored.Folder);
        Assert.Equal(3, (await restored.HeadAsync()).Seq);
        Assert.Equal(new SpaceRecord(Space, "space-1", Now), await restoredAccounts.FindSpaceAsync(Space, default));
        Assert.Equal(
            [new Member(Alice, Role.Owner), new Member(Bob, Role.Editor)], await restoredAccounts.ReadMembersAsync(Space, default));
    }

    [Fact]
    public async Task A_space_that_would_belong_to_nobody_is_refused()
    {
        await MakeAsync();
        Make();
        using TemporaryData elsewhere = new();
        using (SqliteDataFolder folder = new(elsewhere.Options()))
        using (SqliteAccountStore accounts = new(folder))
            await accounts.AddUserAsync(Bob, "hash", null, ByOperator, default);

        BackupException refused = Assert.Throws<BackupException>(
            () => { Restore(to: elsewhere.Path).RestoreSpace(Space, discard: false, default); });

        Assert.Contains("belong to nobody", refused.Message, StringComparison.Ordinal);
        Assert.False(Path.Exists(FileOf(elsewhere)));
    }

    [Fact]
    public async Task A_server_or_a_backup_that_uses_the_folder_keeps_a_restore_out_and_a_restore_a_backup()
    {
        await MakeAsync();
        Make();
        using (new SqliteServer(_data))
            Assert.Throws<DataFolderLockedException>(() => { Restore().RestoreAll(discard: false, default); });
        using (Replacement.KeepOut(_data.Path))
        using (Replacement.KeepOut(_data.Path))
        {
            BackupException refused = Assert.Throws<BackupException>(() => { Restore().RestoreAll(discard: false, default); });
            Assert.Contains("A backup of", refused.Message, StringComparison.Ordinal);
        }

        int looked = 0;
        Restore(reached: () =>
        {
            looked++;
            BackupException refused = Assert.Throws<BackupException>(() => { Make(to: Backup + looked); });
            Assert.Contains("is being restored", refused.Message, StringComparison.Ordinal);
        }).RestoreAll(discard: false, default);
        Assert.True(looked > 5);
    }

    [Theory]
    [InlineData("damaged space")]
    [InlineData("cut space")]
    [InlineData("missing space")]
    [InlineData("swapped space")]
    [InlineData("newer space")]
    [InlineData("foreign space")]
    [InlineData("damaged accounts")]
    [InlineData("newer accounts")]
    [InlineData("missing accounts")]
    [InlineData("no manifest")]
    [InlineData("damaged manifest")]
    [InlineData("newer manifest")]
    public async Task What_is_damaged_or_no_backup_is_refused_by_name_before_anything_is_touched(string fault)
    {
        await MakeAsync();
        await AppendAsync("a", 3);
        Make();
        await AppendAsync("b", 2);
        string space = Path.Combine(Backup, "sp", "space-1.db");
        string accounts = Path.Combine(Backup, "platform.sqlite");
        string manifest = Path.Combine(Backup, "backup.json");
        string named;
        switch (fault)
        {
            case "damaged space": Damage(space); named = "space space-1 is damaged"; break;
            case "cut space": Cut(space); named = "space space-1 is damaged"; break;
            case "missing space": File.Delete(space); named = "no file of space space-1"; break;
            case "swapped space": File.Copy(Path.Combine(Backup, "ot", "other.db"), space, overwrite: true); named = "says that it is of space other"; break;
            case "newer space": Run(space, "PRAGMA user_version = 99"); named = "written by a newer Syncline"; break;
            case "foreign space": Run(space, "PRAGMA application_id = 7"); named = "not Syncline's"; break;
            case "damaged accounts": Damage(accounts); named = "file of accounts is damaged"; break;
            case "newer accounts": Run(accounts, "PRAGMA user_version = 99"); named = "written by a newer Syncline"; break;
            case "missing accounts": File.Delete(accounts); named = "no platform.sqlite"; break;
            case "no manifest": File.Delete(manifest); named = "is no backup"; break;
            case "damaged manifest": File.WriteAllText(manifest, "{\"format\":1"); named = "backup.json is damaged"; break;
            default: File.WriteAllText(manifest, """{"format":2}"""); named = "of format 2"; break;
        }

        Dictionary<string, byte[]> before = ReadFiles(_data.Path);
        BackupException refused = Assert.Throws<BackupException>(() => { Restore().RestoreAll(discard: false, default); });

        Assert.Contains(named, refused.Message, StringComparison.Ordinal);
        Assert.Equal(before, ReadFiles(_data.Path));
    }

    [Theory]
    [InlineData(false, false)]
    [InlineData(false, true)]
    [InlineData(true, false)]
    public async Task A_crash_at_any_step_leaves_all_of_the_old_data_or_all_of_the_new_and_the_restore_can_be_run_again(bool one, bool discard)
    {
        await MakeAsync();
        await AppendAsync("a", 3);
        await AppendAsync("a", 2, Other);
        Make();
        await AppendAsync("b", 2);
        await AppendAsync("b", 2, Other);

        // As after a crash of a server: with a log beside the file.
        using (SqliteServer server = new(_data))
        {
            await server.AppendAsync(Logged(Id("crash", 30)));
            File.Copy(FileOf(_data) + "-wal", _backups.PathOf("wal"));
        }

        File.Copy(_backups.PathOf("wal"), FileOf(_data) + "-wal");
        List<TemporaryData> crashes = [];
        try
        {
            Restored(Restore(reached: () => crashes.Add(CopyOf(_data))), one, discard);
            Assert.InRange(crashes.Count, 8, 100);
            int old = 0;
            int isNew = 0;
            foreach (TemporaryData crash in crashes)
            {
                using (TemporaryData again = CopyOf(crash))
                {
                    Restored(Restore(to: again.Path), one, discard);
                    Assert.Equal((3, one ? 4 : 2), await SeqsAsync(again));
                }

                (long Space, long Other) seqs = await SeqsAsync(crash);
                if (seqs == (6, 4)) old++;
                else if (seqs == (3, one ? 4 : 2)) isNew++;
                else Assert.Fail($"after a crash the logs stand at {seqs}");
                Assert.False(Directory.Exists(crash.PathOf("restoring")));
            }

            Assert.True(old >= 3 && isNew >= 3, $"{old} crashes left the old data, {isNew} the new");
        }
        finally
        {
            crashes.ForEach(crash => crash.Dispose());
        }

        static void Restored(SqliteRestore restore, bool one, bool discard)
        {
            if (one) restore.RestoreSpace(Space, discard, default);
            else restore.RestoreAll(discard, default);
        }
    }

    [Fact]
    public async Task While_a_restore_is_broken_off_no_backup_is_made_of_the_mixture_and_the_command_line_makes_no_accounts()
    {
        await MakeAsync();
        Make();
        int refusals = 0;
        Restore(reached: () =>
        {
            using TemporaryData crash = CopyOf(_data);
            try
            {
                SqliteBackup.Make(crash.Path, crash.PathOf("copy"), new StandingClock(), default);
            }
            catch (BackupException exception) when (exception.Message.Contains("was broken off", StringComparison.Ordinal))
            {
                refusals++;
                Assert.Throws<BackupException>(() => { SqliteAccountStore.OpenBesideServer(crash.Path).Dispose(); });
            }
        }).RestoreAll(discard: false, default);

        Assert.True(refusals >= 4);
    }

    [Fact]
    public async Task A_file_of_a_backup_that_is_put_in_place_by_hand_begins_an_epoch_too()
    {
        await MakeAsync();
        await AppendAsync("a", 3);
        Make();
        await AppendAsync("b", 5);

        File.Copy(Path.Combine(Backup, "sp", "space-1.db"), FileOf(_data), overwrite: true);

        using SqliteServer server = new(_data);
        LogHead head = await server.HeadAsync();
        Assert.Equal(3, head.Seq);
        Assert.NotEqual(First, head.Epoch);
        Assert.Equal([new EarlierEpoch(First, 3)], head.Earlier);
    }

    private static async Task MakeAsync(SqliteServer server, SqliteAccountStore accounts)
    {
        foreach (User user in (IEnumerable<User>)[Alice, Bob])
            await accounts.AddUserAsync(user, "hash", null, ByOperator, default);
        foreach (SpaceId space in (IEnumerable<SpaceId>)[Space, Other])
        {
            await server.CreateAsync(space);
            await accounts.AddSpaceAsync(new SpaceRecord(space, space.Value, Now), Alice.Id, 10, ByOperator, default);
        }

        await accounts.SetMemberAsync(Space, Bob.Id, Role.Editor, 10, ByOperator, default);
    }

    private static async Task<(long Space, long Other)> SeqsAsync(TemporaryData data)
    {
        using SqliteServer server = new(data);
        using SqliteAccountStore accounts = new(server.Folder);
        Assert.Equal(2, (await accounts.ReadMembershipsAsync(Alice.Id, default)).Count);
        return ((await server.HeadAsync()).Seq, (await server.HeadAsync(Other)).Seq);
    }

    private static TemporaryData CopyOf(TemporaryData data)
    {
        TemporaryData copy = new();
        foreach (string folder in Directory.EnumerateDirectories(data.Path, "*", SearchOption.AllDirectories))
            Directory.CreateDirectory(copy.PathOf(Path.GetRelativePath(data.Path, folder)));
        foreach (string file in Directory.EnumerateFiles(data.Path, "*", SearchOption.AllDirectories).Where(file => !file.EndsWith(".lock", StringComparison.Ordinal)))
            File.Copy(file, copy.PathOf(Path.GetRelativePath(data.Path, file)));
        return copy;
    }

    private static Dictionary<string, byte[]> ReadFiles(string folder) =>
        Directory.EnumerateFiles(folder, "*", SearchOption.AllDirectories)
            .ToDictionary(path => Path.GetRelativePath(folder, path), File.ReadAllBytes);

    // In the middle of the second page, which is one of the tables'.
    private static void Damage(string path)
    {
        using FileStream file = new(path, FileMode.Open);
        file.Position = 4096;
        file.Write(Enumerable.Repeat((byte)0xAB, 4096).ToArray());
    }

    private static void Cut(string path)
    {
        using FileStream file = new(path, FileMode.Open);
        file.SetLength(file.Length - 4096);
    }

    private static void Run(string path, string sql)
    {
        using SqliteConnection file = SqliteConnection.Open(path, SqliteOpenMode.ReadWrite);
        file.Execute(sql);
    }

    private static List<string> Query(string path, string sql)
    {
        using SqliteConnection file = SqliteConnection.Open(path, SqliteOpenMode.ReadOnly);
        using SqliteStatement statement = file.Prepare(sql);
        List<string> rows = [];
        while (statement.Step())
            rows.Add(statement.Text(0));
        return rows;
    }

    private async Task MakeAsync()
    {
        using SqliteServer server = new(_data);
        using SqliteAccountStore accounts = new(server.Folder);
        await MakeAsync(server, accounts);
    }

    private async Task<LogHead> AppendAsync(string actor, int count, SpaceId? space = null)
    {
        using SqliteServer server = new(_data);
        await server.AppendToAsync(space ?? Space, [.. Enumerable.Range(1, count).Select(n => Logged(Id(actor, n)))]);
        return await server.HeadAsync(space);
    }

    private BackupReport Make(string? from = null, string? to = null) =>
        SqliteBackup.Make(from ?? _data.Path, to ?? Backup, new StandingClock(), default);

    private SqliteRestore Restore(string? from = null, string? to = null, Action? reached = null) =>
        new(from ?? Backup, to ?? _data.Path, new StandingClock(), _random, reached);
}
