using System.Collections;
using LibSqlite;
using Syncline.Core.Operations;
using Syncline.Engine.Accounts;
using Syncline.Engine.Storage;
using Syncline.Sqlite;
using Syncline.Sqlite.Spaces;
using static Syncline.Conformance.Operations;
using static Syncline.Conformance.Sqlite.SqliteServer;

namespace Syncline.Conformance.Sqlite;

/// <summary>What goes wrong with files: crashes, full and read-only disks, damage, versions.</summary>
public sealed class FailureTests : IDisposable
{
    private const int HeaderWriteVersion = 18;

    private static readonly SpaceId Other = new("space-2");

    private readonly TemporaryData _data = new();
    private readonly TemporaryData _copy = new();

    /// <inheritdoc />
    public void Dispose()
    {
        _data.Dispose();
        _copy.Dispose();
    }

    [Theory]
    [InlineData(Durability.Full)]
    [InlineData(Durability.Normal)]
    public async Task A_crash_in_the_middle_of_an_append_leaves_the_log_as_it_was(Durability durability)
    {
        using SqliteServer server = new(_data, durability);
        await server.CreateAsync();
        await server.AppendManyAsync(3);
        long logBytes = new FileInfo(FileOf(_data) + "-wal").Length;
        LogHead head = await server.HeadAsync();
        string payload = $"\"{new string('x', 10_000)}\"";
        LogAppend batch = After(head, [.. Enumerable.Range(10, 400).Select(n => Logged(Id("b", n), payload, "bob"))]);

        await server.Store.AppendAsync(Space, batch with
        {
            Operations = new Watched(batch.Operations, before: 399, () => CopyAsAfterCrash(_data, _copy)),
        });

        // The batch is larger than SQLite's cache: most of it was in the log, but not its commit.
        Assert.True(new FileInfo(FileOf(_copy) + "-wal").Length > logBytes + 1_000_000);
        using SqliteServer restarted = new(_copy);
        Assert.Equal((head.Seq, head.Digest, head.HighestClock), Place(await restarted.HeadAsync()));
        Assert.Equal(3, (await restarted.ReadAllAsync()).Count);
        Assert.Empty((await restarted.Store.FindAsync(Space, [Id("b", 10)], [new ActorId("b")], default)).Actors);
        Assert.Equal(403, (await server.HeadAsync()).Seq);
    }

    [Fact]
    public async Task A_crash_right_after_an_append_loses_nothing_of_it()
    {
        using SqliteServer server = new(_data);
        await server.CreateAsync();
        LogAppend batch = await server.AppendManyAsync(3);

        CopyAsAfterCrash(_data, _copy);

        using SqliteServer restarted = new(_copy);
        Assert.Equal(batch.Operations, await restarted.ReadAllAsync());
    }

    [Theory]
    [InlineData(Durability.Full, 2)]
    [InlineData(Durability.Normal, 1)]
    public async Task An_append_waits_for_the_disk_unless_durability_is_reduced(Durability durability, long synchronous)
    {
        List<SqliteConnection> connections = [];
        using SqliteServer server = new(_data, durability, opened: connections.Add);
        await server.CreateAsync();
        await server.AppendManyAsync(1);

        using SqliteStatement statement = Assert.Single(connections).Prepare("PRAGMA synchronous");
        Assert.True(statement.Step());
        Assert.Equal(synchronous, statement.Int64(0));
    }

    [Fact]
    public async Task An_unclean_start_with_full_durability_goes_on_with_the_epoch()
    {
        using SqliteServer server = new(_data);
        await server.CreateAsync();
        await server.AppendManyAsync(3);
        CopyAsAfterCrash(_data, _copy);

        using SqliteServer restarted = new(_copy);
        LogHead head = await restarted.HeadAsync();

        Assert.Equal((First, 3), (head.Epoch, head.Seq));
        Assert.Empty(head.Earlier);
    }

    [Theory]
    [InlineData(Durability.Normal)]
    [InlineData(Durability.Full)]
    public async Task An_unclean_start_after_reduced_durability_begins_an_epoch_that_shares_what_is_left(Durability restartedWith)
    {
        using SqliteServer server = new(_data, Durability.Normal);
        await server.CreateAsync();
        await server.AppendManyAsync(3);
        CopyAsAfterCrash(_data, _copy);

        for (int restart = 1; restart <= 2; restart++)
        {
            using SqliteServer restarted = new(_copy, restartedWith);
            LogHead head = await restarted.HeadAsync();
            Assert.Equal((new Epoch(string.Concat(Enumerable.Repeat("01", 16))), 3), (head.Epoch, head.Seq));
            Assert.Equal([new EarlierEpoch(First, 3)], head.Earlier);
        }
    }

    [Fact]
    public async Task With_reduced_durability_a_start_is_clean_after_an_orderly_close_or_when_nothing_was_written()
    {
        using (SqliteServer server = new(_data, Durability.Normal))
        {
            await server.CreateAsync();
            await server.AppendManyAsync(3);
        }

        using (SqliteServer server = new(_data, Durability.Normal))
        {
            Assert.Equal(3, (await server.ReadAllAsync()).Count);
            Assert.Equal(First, (await server.HeadAsync()).Epoch);
            CopyAsAfterCrash(_data, _copy);
        }

        using SqliteServer restarted = new(_copy, Durability.Normal);
        Assert.Equal(First, (await restarted.HeadAsync()).Epoch);
    }

    [Fact]
    public async Task Along_a_chain_of_epochs_the_least_shared_seq_counts()
    {
        using (SqliteServer server = new(_data))
        {
            await server.CreateAsync();
            Change(_data, "INSERT INTO epochs (epoch, shared_up_to, ended_at) VALUES ('e1', 10, 0), ('e2', 7, 0), ('e3', 9, 0)");
        }

        using SqliteServer restarted = new(_data);
        Assert.Equal(
            [new EarlierEpoch(new Epoch("e3"), 9), new EarlierEpoch(new Epoch("e2"), 7), new EarlierEpoch(new Epoch("e1"), 7)],
            (await restarted.HeadAsync()).Earlier);
    }

    [Fact]
    public async Task A_file_of_an_earlier_version_is_brought_up_to_date_when_it_is_opened()
    {
        using (SqliteServer server = new(_data))
        {
            await server.CreateAsync();
            await server.AppendManyAsync(2);
        }

        DatabaseSchema next = new(
            SpaceSchema.ApplicationId,
            [.. SpaceSchema.Scripts, "CREATE TABLE colours (name TEXT); INSERT INTO colours VALUES ('red')", "UPDATE colours SET name = name || 'dish'"]);
        for (int start = 0; start < 2; start++)
        {
            using SqliteServer upgraded = new(_data, schema: next);
            Assert.Equal(2, (await upgraded.ReadAllAsync()).Count);
        }

        using SqliteConnection file = SqliteConnection.Open(FileOf(_data), SqliteOpenMode.ReadOnly);
        using SqliteStatement colours = file.Prepare("SELECT name FROM colours");
        Assert.True(colours.Step());
        Assert.Equal("reddish", colours.Text(0));
    }

    [Fact]
    public async Task A_file_of_the_first_version_gets_the_index_that_begins_with_the_clock_and_keeps_its_identities()
    {
        using (SqliteServer first = new(_data, schema: new DatabaseSchema(SpaceSchema.ApplicationId, [SpaceSchema.Scripts[0]])))
            await first.CreateAsync();
        Change(_data, """
            INSERT INTO users (id, name) VALUES (1, 'alice');
            INSERT INTO actors (id, name, user) VALUES (1, 'a', 1);
            INSERT INTO resources (id, scope, name) VALUES (1, 'note', 'r1');
            INSERT INTO operations (seq, resource, actor, clock, hash, digest, user, received_at, payload)
            SELECT value, 1, 1, value, 1, 7, 1, 0, '{}' FROM json_each('[1,2,3]')
            """);

        using SqliteServer upgraded = new(_data);
        LogHead head = await upgraded.HeadAsync();
        Assert.Equal((First, 3, 3), (head.Epoch, head.Seq, head.HighestClock));
        Known known = await upgraded.Store.FindAsync(Space, [Id("a", 2), Id("a", 4)], [], default);

        Assert.Equal([KeyValuePair.Create(Id("a", 2), new StoredIdentity(2, 1))], known.Operations);
        Assert.Equal(AppendOutcome.Appended, await upgraded.Store.AppendAsync(Space, After(head, Logged(Id("a", 4)))));
        using SqliteConnection file = SqliteConnection.Open(FileOf(_data), SqliteOpenMode.ReadOnly);
        using SqliteStatement index = file.Prepare("SELECT group_concat(name) FROM pragma_index_info('operations_by_identity')");
        Assert.True(index.Step());
        Assert.Equal("clock,actor,resource", index.Text(0));
    }

    [Fact]
    public async Task What_another_program_appends_is_known_to_the_next_look()
    {
        using SqliteServer server = new(_data);
        await server.CreateAsync();
        await server.AppendManyAsync(2);
        Assert.Empty((await server.Store.FindAsync(Space, [Id("a", 3)], [], default)).Operations);

        Change(_data, """
            INSERT INTO operations (seq, resource, actor, clock, hash, digest, user, received_at, payload)
            SELECT 3, resource, actor, 3, 7, digest, user, received_at, payload FROM operations WHERE seq = 2
            """);

        Known known = await server.Store.FindAsync(Space, [Id("a", 3)], [], default);
        Assert.Equal(3, known.Head);
        Assert.Equal(new StoredIdentity(3, 7), known.Operations[Id("a", 3)]);
    }

    [Fact]
    public async Task An_upgrade_that_fails_changes_nothing()
    {
        using (SqliteServer server = new(_data))
        {
            await server.CreateAsync();
            await server.AppendManyAsync(2);
        }

        DatabaseSchema broken = new(SpaceSchema.ApplicationId, [.. SpaceSchema.Scripts, "CREATE TABLE colours (name TEXT)", "CREATE nonsense"]);
        using (SqliteServer failing = new(_data, schema: broken))
            await failing.AssertUnavailableAsync();

        using SqliteServer again = new(_data);
        Assert.Equal(2, (await again.ReadAllAsync()).Count);
    }

    [Fact]
    public async Task A_creation_that_fails_leaves_no_space_and_can_be_repeated()
    {
        DatabaseSchema broken = new(SpaceSchema.ApplicationId, [.. SpaceSchema.Scripts, "CREATE nonsense"]);
        using (SqliteServer failing = new(_data, schema: broken))
        {
            await Assert.ThrowsAsync<StoreUnavailableException>(async () => await failing.CreateAsync());
            Assert.Null(await failing.Store.ReadHeadAsync(Space, default));
        }

        using SqliteServer server = new(_data);
        Assert.Null(await server.Store.ReadHeadAsync(Space, default));
        await server.CreateAsync();
        await server.AppendManyAsync(1);
    }

    [Fact]
    public async Task A_file_of_a_newer_version_is_refused_and_says_so()
    {
        using SqliteServer server = new(_data);
        await server.CreateAsync();
        Change(_data, "PRAGMA user_version = 99");

        StoreUnavailableException exception = await server.AssertUnavailableAsync();

        Assert.Contains("newer", exception.Message, StringComparison.Ordinal);
        Assert.Contains("99", exception.Message, StringComparison.Ordinal);
        await AssertEveryCallFailsAsync(server);
    }

    [Fact]
    public async Task A_full_disk_refuses_an_append_whole_and_goes_on_reading()
    {
        using SqliteServer server = new(_data, opened: connection => connection.Execute("PRAGMA max_page_count = 30"));
        await server.CreateAsync();
        await server.AppendManyAsync(3);
        LogAppend batch = After(await server.HeadAsync(), Logged(Id("b", 4), user: "bob"), Logged(Id("b", 5), $"\"{new string('x', 200_000)}\"", "bob"));

        StoreUnavailableException exception =
            await Assert.ThrowsAsync<StoreUnavailableException>(async () => await server.Store.AppendAsync(Space, batch));

        Assert.False(exception.OutcomeUnknown);
        Assert.Contains("full", exception.Message, StringComparison.Ordinal);
        Assert.DoesNotContain(_data.Path, exception.Message, StringComparison.Ordinal);
        Assert.Equal(3, (await server.ReadAllAsync()).Count);
        Assert.Empty((await server.Store.FindAsync(Space, [Id("b", 4)], [new ActorId("b")], default)).Actors);
        await server.AppendAsync(Logged(Id("b", 4), user: "bob"));
        Assert.Equal(new UserId("bob"), (await server.ReadAllAsync())[3].UserId);
    }

    [Fact]
    public async Task A_read_only_file_refuses_appends_and_is_read()
    {
        using (SqliteServer server = new(_data))
        {
            await server.CreateAsync();
            await server.AppendManyAsync(3);
        }

        // Permissions do not bind root; a file format that is too new to write, but not to read, binds SQLite.
        Overwrite(FileOf(_data), HeaderWriteVersion, [3]);
        using SqliteServer restarted = new(_data);
        LogHead head = await restarted.HeadAsync();

        StoreUnavailableException exception = await Assert.ThrowsAsync<StoreUnavailableException>(
            async () => await restarted.Store.AppendAsync(Space, After(head, Logged(Id("a", 4)))));

        Assert.False(exception.OutcomeUnknown);
        Assert.Contains("read-only", exception.Message, StringComparison.Ordinal);
        Assert.Equal(3, (await restarted.ReadAllAsync()).Count);
    }

    [Fact]
    public async Task A_damaged_file_fails_every_call_and_harms_no_other_space()
    {
        foreach (byte[] start in new[] { new byte[100], [] })
        {
            using TemporaryData data = new();
            using (SqliteServer server = new(data))
            {
                await server.CreateAsync();
                await server.AppendManyAsync(3);
            }

            if (start.Length == 0) await File.WriteAllBytesAsync(FileOf(data), []);
            else Overwrite(FileOf(data), 0, start);
            using SqliteServer restarted = new(data);
            await restarted.CreateAsync(Other);

            await AssertEveryCallFailsAsync(restarted);

            await restarted.CreateAsync();
            await restarted.AppendToAsync(Other, Logged(Id("a", 1)));
            Assert.Single(await restarted.ReadAllAsync(Other));
            await restarted.Store.CheckAsync(default);
        }
    }

    [Fact]
    public async Task Damaged_pages_fail_the_calls_that_meet_them_and_harm_no_other_space()
    {
        using (SqliteServer server = new(_data))
        {
            await server.CreateAsync();
            await server.AppendManyAsync(3000);
        }

        byte[] garbage = new byte[4096];
        new Random(1).NextBytes(garbage);
        for (long page = 12; page < new FileInfo(FileOf(_data)).Length / 4096; page++)
            Overwrite(FileOf(_data), page * 4096, garbage);
        using SqliteServer restarted = new(_data);
        await restarted.CreateAsync(Other);

        StoreUnavailableException exception = await Assert.ThrowsAsync<StoreUnavailableException>(async () => await restarted.ReadAllAsync());

        Assert.Contains("damaged", exception.Message, StringComparison.Ordinal);
        await Assert.ThrowsAsync<StoreUnavailableException>(async () => await restarted.ReadAllAsync());
        await restarted.AppendToAsync(Other, Logged(Id("a", 1)));
        Assert.Single(await restarted.ReadAllAsync(Other));
    }

    [Fact]
    public async Task A_damaged_space_can_be_deleted_and_made_anew()
    {
        using SqliteServer server = new(_data);
        await server.CreateAsync();
        Overwrite(FileOf(_data), 0, new byte[4096]);
        await server.AssertUnavailableAsync();

        await server.Store.DeleteAsync(Space, default);
        await server.CreateAsync();

        Assert.Equal(0, (await server.HeadAsync()).Seq);
    }

    [Fact]
    public async Task A_folder_in_the_place_of_a_file_fails_every_call()
    {
        Directory.CreateDirectory(FileOf(_data));
        using SqliteServer server = new(_data);

        await AssertEveryCallFailsAsync(server);
        await Assert.ThrowsAsync<StoreUnavailableException>(async () => await server.Store.DeleteAsync(Space, default));
    }

    [Fact]
    public async Task A_file_in_the_place_of_a_folder_fails_the_creation()
    {
        await File.WriteAllTextAsync(_data.PathOf("sp"), "in the way");
        using SqliteServer server = new(_data);

        await Assert.ThrowsAsync<StoreUnavailableException>(async () => await server.CreateAsync());
    }

    [Fact]
    public async Task A_database_of_another_program_is_not_taken_for_a_space()
    {
        Directory.CreateDirectory(_data.PathOf("sp"));
        using (SqliteConnection file = SqliteConnection.Open(FileOf(_data), SqliteOpenMode.ReadWriteCreate))
            file.Execute("CREATE TABLE notes (text TEXT); PRAGMA user_version = 1");
        using SqliteServer server = new(_data);

        await AssertEveryCallFailsAsync(server);
    }

    [Fact]
    public async Task A_file_locked_by_another_program_fails_the_append_and_is_written_to_afterwards()
    {
        using SqliteServer server = new(_data, opened: connection => connection.BusyTimeout = TimeSpan.Zero);
        await server.CreateAsync();
        LogHead head = await server.HeadAsync();
        using (SqliteConnection other = SqliteConnection.Open(FileOf(_data), SqliteOpenMode.ReadWrite))
        using (other.BeginImmediate())
        {
            StoreUnavailableException exception = await Assert.ThrowsAsync<StoreUnavailableException>(
                async () => await server.Store.AppendAsync(Space, After(head, Logged(Id("a", 1)))));
            Assert.False(exception.OutcomeUnknown);
        }

        await server.AppendManyAsync(1);
        Assert.Single(await server.ReadAllAsync());
    }

    [Fact]
    public async Task A_damaged_platform_file_fails_accounts_and_no_space()
    {
        await File.WriteAllBytesAsync(_data.PathOf("platform.sqlite"), Enumerable.Repeat((byte)7, 8192).ToArray());
        using SqliteServer server = new(_data);
        using SqliteAccountStore accounts = new(server.Folder);
        await server.CreateAsync();

        await Assert.ThrowsAsync<StoreUnavailableException>(async () => await accounts.FindUserAsync(new UserId("alice"), default));
        await Assert.ThrowsAsync<StoreUnavailableException>(
            async () => await accounts.EndLoginAsync("login", new Audit(null, Now), default));
        await server.AppendManyAsync(1);
    }

    private static async Task AssertEveryCallFailsAsync(SqliteServer server)
    {
        LogAppend append = After(LogHead.Empty(First), Logged(Id("a", 1)));
        await server.AssertUnavailableAsync();
        await Assert.ThrowsAsync<StoreUnavailableException>(async () => await server.Store.AppendAsync(Space, append));
        await Assert.ThrowsAsync<StoreUnavailableException>(async () => await server.Store.FindAsync(Space, [Id("a", 1)], [], default));
        await Assert.ThrowsAsync<StoreUnavailableException>(async () => await server.ReadAllAsync());
        await Assert.ThrowsAsync<StoreUnavailableException>(async () => await server.Store.ReadRangesAsync(
            Space, new Scope("note"), new ResourceId("r1"), new Core.Tree.StateVector(), NoLimits, default));
    }

    private static (long Seq, OperationDigest Digest, long HighestClock) Place(LogHead head) => (head.Seq, head.Digest, head.HighestClock);

    private static void Change(TemporaryData data, string sql)
    {
        using SqliteConnection file = SqliteConnection.Open(FileOf(data), SqliteOpenMode.ReadWrite);
        file.Execute(sql);
    }

    private static void Overwrite(string path, long offset, byte[] bytes)
    {
        using FileStream file = new(path, FileMode.Open, FileAccess.Write, FileShare.ReadWrite);
        file.Position = offset;
        file.Write(bytes);
    }

    /// <summary>A list that does something when its reader comes to an element.</summary>
    private sealed class Watched(IReadOnlyList<LoggedOperation> operations, int before, Action act) : IReadOnlyList<LoggedOperation>
    {
        public int Count => operations.Count;

        public LoggedOperation this[int index] => operations[index];

        public IEnumerator<LoggedOperation> GetEnumerator()
        {
            for (int i = 0; i < operations.Count; i++)
            {
                if (i == before) act();
                yield return operations[i];
            }
        }

        IEnumerator IEnumerable.GetEnumerator() => GetEnumerator();
    }
}
