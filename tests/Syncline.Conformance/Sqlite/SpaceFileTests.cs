using System.Diagnostics;
using LibSqlite;
using Syncline.Core.Operations;
using Syncline.Core.Tree;
using Syncline.Engine.Storage;
using Syncline.Sqlite;
using Syncline.Sqlite.Spaces;
using static Syncline.Conformance.Operations;
using static Syncline.Conformance.Sqlite.SqliteServer;

namespace Syncline.Conformance.Sqlite;

/// <summary>The files of spaces: where they lie, what is in them, how many are open.</summary>
public sealed class SpaceFileTests : IDisposable
{
    private readonly TemporaryData _data = new();

    /// <inheritdoc />
    public void Dispose() => _data.Dispose();

    [Fact]
    public async Task A_space_is_one_file_in_a_folder_of_its_first_two_characters()
    {
        using (SqliteServer server = new(_data))
        {
            await server.CreateAsync();
            Assert.Equal([FileOf(_data)], Directory.EnumerateFiles(_data.PathOf("sp")));
            await server.AppendManyAsync(1);
            Assert.True(File.Exists(FileOf(_data) + "-wal"));
        }

        Assert.Equal([FileOf(_data)], Directory.EnumerateFiles(_data.PathOf("sp")));
        using SqliteConnection file = SqliteConnection.Open(FileOf(_data), SqliteOpenMode.ReadOnly);
        Assert.Equal((long)SpaceSchema.ApplicationId, Query(file, "PRAGMA application_id").Single());
        Assert.Equal((long)SpaceSchema.Scripts.Count, Query(file, "PRAGMA user_version").Single());
        Assert.Equal("wal", Query(file, "PRAGMA journal_mode").Single());
        Assert.Equal("ok", Query(file, "PRAGMA integrity_check").Single());
    }

    [Fact]
    public async Task What_was_appended_is_there_after_a_restart()
    {
        LogHead head;
        using (SqliteServer server = new(_data))
        {
            await server.CreateAsync();
            await server.AppendManyAsync(3);
            head = await server.HeadAsync();
        }

        using SqliteServer again = new(_data);
        Assert.Equivalent(head, await again.HeadAsync(), strict: true);
        Assert.Equal(new UserId("alice"), (await again.Store.FindAsync(Space, [], [new ActorId("a")], default)).Actors[new ActorId("a")]);
        await again.AppendAsync(Logged(Id("b", 4)));
        Assert.Equal([1, 2, 3, 4], (await again.ReadAllAsync()).Select(logged => logged.Seq));
    }

    [Fact]
    public async Task However_many_spaces_are_used_few_files_are_open_and_cold_ones_have_no_log_beside_them()
    {
        const int Spaces = 500;
        using (SqliteServer server = new(_data, openSpacesMax: 8))
        {
            for (int n = 0; n < Spaces; n++)
            {
                SpaceId space = new($"{n:000}");
                await server.CreateAsync(space);
                await server.AppendToAsync(space, Logged(Id("a", 1)));
                await server.ReadAllAsync(space);
                Assert.InRange(server.Store.OpenFiles, 1, 8);
            }

            Assert.Equal(8, Files("*.db-wal").Length);
            Assert.Equal(1, (await server.HeadAsync(new SpaceId("000"))).Seq);
        }

        Assert.Equal(Spaces, Files("*.db").Length);
        Assert.Equal(Spaces + 2, Files("*").Length); // And the lock, and where the logs stand.
    }

    [Fact]
    public async Task A_file_that_was_not_used_for_a_while_rests_with_one_connection_and_serves_the_next_call()
    {
        if (!Directory.Exists("/proc/self/fd")) return;
        const int Spaces = 70; // 64 stay awake.
        using SqliteServer server = new(_data);
        StateVector wanted = new();
        wanted.Add(new Stamp(1, new ActorId("a")));
        for (int n = 0; n < Spaces; n++)
        {
            SpaceId space = new($"{n:000}");
            await server.CreateAsync(space);
            await server.AppendToAsync(space, Logged(Id("a", 1)));
            Assert.Single(await server.Store.ReadRangesAsync(space, new Scope("note"), new ResourceId("r1"), wanted, NoLimits, default));
        }

        Assert.Equal(1, Descriptors("000"));
        Assert.Equal(2, Descriptors($"{Spaces - 1:000}"));
        Assert.Equal(Spaces, server.Store.OpenFiles);

        await server.AppendToAsync(new SpaceId("000"), Logged(Id("a", 2)));
        Assert.Equal([1, 2], (await server.ReadAllAsync(new SpaceId("000"))).Select(logged => logged.Seq));

        // Each connection opens the log beside the file. (SQLite keeps the file's own descriptors until the last connection closes.)
        int Descriptors(string space) => Directory.EnumerateFiles("/proc/self/fd")
            .Count(descriptor => new FileInfo(descriptor).LinkTarget == _data.PathOf(space[..2], space + ".db-wal"));
    }

    [Fact]
    public async Task Calls_for_spaces_that_are_not_there_hold_nothing_open()
    {
        using SqliteServer server = new(_data);

        Assert.Null(await server.Store.ReadHeadAsync(Space, default));
        await Assert.ThrowsAsync<SpaceNotFoundException>(async () => await server.ReadAllAsync());

        Assert.Equal(0, server.Store.OpenFiles);
        Assert.Equal([_data.PathOf("syncline.lock")], Files("*"));
    }

    [Fact]
    public async Task Many_callers_of_many_spaces_through_few_open_files_lose_nothing_and_never_open_a_file_twice()
    {
        // With reduced durability a file that is opened while it is being closed would look unclean and begin a new epoch.
        using SqliteServer server = new(_data, Durability.Normal, openSpacesMax: 1);
        SpaceId[] spaces = [.. Enumerable.Range(10, 3).Select(n => new SpaceId($"s-{n}"))];
        foreach (SpaceId space in spaces)
            await server.CreateAsync(space);

        await Task.WhenAll(Enumerable.Range(0, 6).Select(worker => Task.Run(async () =>
        {
            Random random = new(worker);
            for (int i = 1; i <= 60; i++)
            {
                SpaceId space = spaces[random.Next(spaces.Length)];
                LogAppend batch;
                do
                {
                    batch = After(await server.HeadAsync(space), Logged(Id($"w{worker}", i)));
                }
                while (await server.Store.AppendAsync(space, batch) == AppendOutcome.HeadMoved);
                LogPage page = await server.Store.ReadAsync(space, batch.ExpectedHead, Selection.All, new PageLimits(1, 1), default);
                Assert.Equal(batch.Operations, page.Operations);
            }
        })));

        int operations = 0;
        foreach (SpaceId space in spaces)
        {
            LogHead head = await server.HeadAsync(space);
            Assert.Equal(First, head.Epoch);
            IReadOnlyList<LoggedOperation> log = await server.ReadAllAsync(space);
            Assert.Equal(head.Seq, log.Count);
            operations += log.Count;
        }

        Assert.Equal(360, operations);
        Assert.Equal(1, server.Store.OpenFiles);
    }

    [Fact]
    public async Task Deleting_a_space_removes_its_files_and_no_later_call_brings_them_back()
    {
        using SqliteServer server = new(_data);
        await server.CreateAsync();
        await server.AppendManyAsync(1);
        await server.ReadAllAsync();

        await server.Store.DeleteAsync(Space, default);

        Assert.Null(await server.Store.ReadHeadAsync(Space, default));
        await Assert.ThrowsAsync<SpaceNotFoundException>(
            async () => await server.Store.AppendAsync(Space, After(LogHead.Empty(First), Logged(Id("a", 1)))));
        await Assert.ThrowsAsync<SpaceNotFoundException>(async () => await server.ReadAllAsync());
        Assert.Empty(Directory.EnumerateFiles(_data.PathOf("sp")));
        Assert.Equal(0, server.Store.OpenFiles);
    }

    [Fact]
    public async Task A_space_deleted_under_its_users_is_not_found_and_stays_away()
    {
        using SqliteServer server = new(_data);
        await server.CreateAsync();
        Task[] users =
        [
            .. Enumerable.Range(0, 3).Select(_ => Task.Run(async () =>
            {
                while (true) await server.ReadAllAsync();
            })),
            Task.Run(async () =>
            {
                for (LogHead head = LogHead.Empty(First); ; head = head with { Seq = head.Seq + 1 })
                    await server.Store.AppendAsync(Space, After(head, Logged(Id("a", head.Seq + 1))));
            }),
        ];

        await server.Store.DeleteAsync(Space, default);

        foreach (Task user in users)
            await Assert.ThrowsAsync<SpaceNotFoundException>(() => user);
        Assert.Empty(Directory.EnumerateFiles(_data.PathOf("sp")));
    }

    [Fact]
    public async Task What_a_broken_off_creation_or_deletion_left_is_no_space_and_in_nobodys_way()
    {
        Directory.CreateDirectory(_data.PathOf("sp"));
        foreach (string suffix in new[] { ".new", ".new-journal", ".new-wal", "-wal", "-shm" })
            await File.WriteAllTextAsync(FileOf(_data) + suffix, "left over");
        using SqliteServer server = new(_data);
        Assert.Null(await server.Store.ReadHeadAsync(Space, default));

        await server.CreateAsync();
        await server.AppendManyAsync(2);

        Assert.Equal(2, (await server.ReadAllAsync()).Count);
    }

    [Fact]
    public async Task After_the_store_is_disposed_calls_fail_and_open_nothing()
    {
        SqliteServer server = new(_data);
        await server.CreateAsync();
        await server.AppendManyAsync(1);
        server.Dispose();

        await Assert.ThrowsAsync<ObjectDisposedException>(async () => await server.Store.ReadHeadAsync(Space, default));
        Assert.Empty(Files("*-wal"));
    }

    [Fact]
    public async Task The_views_show_tree_operations_and_the_space_while_the_store_is_open()
    {
        using SqliteServer server = new(_data);
        await server.CreateAsync();
        await AppendTreeAsync(server);

        using SqliteConnection file = SqliteConnection.Open(FileOf(_data), SqliteOpenMode.ReadOnly);
        Assert.Equal(
            [
                1L, "p1", "tree-1", "space-1", "0", null, null, null,
                2L, "p1", "tree-1", "space-1", "v1", "tree-1", null, null,
                3L, "p1", "tree-1", "space-1", "v1", null, "name", "\"Pl\\u00e4ne\"",
                4L, "p1", "tree-1", "space-1", "v1", null, "tags", "[1,{\"a\":null}]",
                5L, "p1", "tree-1", "space-1", "v1", null, "done", "null",
                6L, "p1", "tree-1", "space-1", "v1", null, "name", null,
            ],
            Query(file, "SELECT clock, peerId, treeId, spaceId, targetId, parentId, key, value FROM tree_ops"));
        Assert.Equal(["space-1", Now.ToUnixTimeMilliseconds()], Query(file, "SELECT id, created_at FROM spaces"));
        Assert.Equal(
            ["spaces", "view", "tree_ops", "view"],
            Query(file, "SELECT name, type FROM sqlite_schema WHERE name IN ('tree_ops', 'spaces') ORDER BY name"));
    }

    [Fact]
    public async Task The_views_can_be_read_with_the_sqlite3_program_while_the_store_is_open()
    {
        if (!File.Exists("/usr/bin/sqlite3")) return;
        using SqliteServer server = new(_data);
        await server.CreateAsync();
        await AppendTreeAsync(server);

        using Process program = Process.Start(
            new ProcessStartInfo(
                "/usr/bin/sqlite3",
                [FileOf(_data), "SELECT clock, treeId, targetId, parentId, key, value FROM tree_ops WHERE clock IN (2, 3); SELECT id FROM spaces"])
            {
                RedirectStandardOutput = true,
                UseShellExecute = false,
            })!;
        string output = await program.StandardOutput.ReadToEndAsync();
        await program.WaitForExitAsync();

        Assert.Equal("2|tree-1|v1|tree-1||\n3|tree-1|v1||name|\"Pl\\u00e4ne\"\nspace-1\n", output);
        await server.AppendAsync(Logged(Id("p1", 7)));
    }

    [Theory]
    [InlineData(SpaceSchema.FindOperation)]
    [InlineData(SpaceSchema.ReadByClock)]
    [InlineData(SpaceSchema.ReadPage)]
    [InlineData(SpaceSchema.ReadOperation)]
    [InlineData(SpaceSchema.ReadHeadSeq)]
    [InlineData(SpaceSchema.ReadLast)]
    public async Task No_statement_scans_the_operations(string sql)
    {
        using SqliteServer server = new(_data);
        await server.CreateAsync();

        using SqliteConnection file = SqliteConnection.Open(FileOf(_data), SqliteOpenMode.ReadOnly);
        string[] steps = [.. Query(file, $"EXPLAIN QUERY PLAN {sql}").OfType<string>()];

        Assert.StartsWith("SEARCH operations", steps[0], StringComparison.Ordinal);
        Assert.All(steps, step => Assert.DoesNotContain("SCAN", step, StringComparison.Ordinal));
        if (sql == SpaceSchema.FindOperation)
            Assert.Contains("operations_by_identity (clock=? AND actor=? AND resource=?)", Assert.Single(steps), StringComparison.Ordinal);
        if (sql == SpaceSchema.ReadByClock)
            Assert.Contains("COVERING INDEX operations_by_identity ((clock,actor,resource)>(?,?,?))", Assert.Single(steps), StringComparison.Ordinal);
    }

    private static async Task AppendTreeAsync(SqliteServer server) =>
        await server.AppendAsync(
            Tree(1, """{"id":{"counter":1,"peerId":"p1"},"targetId":"0","parentId":null}"""),
            Tree(2, """{"id":{"counter":2,"peerId":"p1"},"targetId":"v1","parentId":"tree-1"}"""),
            Tree(3, """{"id":{"counter":3,"peerId":"p1"},"targetId":"v1","key":"name","value":"Pl\u00e4ne","transient":false}"""),
            Tree(4, """{"id":{"counter":4,"peerId":"p1"},"targetId":"v1","key":"tags","value":[1, {"a":null}]}"""),
            Tree(5, """{"id":{"counter":5,"peerId":"p1"},"targetId":"v1","key":"done","value":null}"""),
            Tree(6, """{"id":{"counter":6,"peerId":"p1"},"targetId":"v1","key":"name"}"""),
            Logged(Id("p1", 6, "not-a-tree")));

    private static LoggedOperation Tree(long clock, string payload) => Logged(Id("p1", clock, "tree-1", "tree"), payload);

    private static List<object?> Query(SqliteConnection file, string sql)
    {
        using SqliteStatement statement = file.Prepare(sql);
        int columns = sql.StartsWith("EXPLAIN", StringComparison.Ordinal) ? 4
            : sql.StartsWith("PRAGMA", StringComparison.Ordinal) ? 1
            : sql[..sql.IndexOf(" FROM", StringComparison.Ordinal)].Split(',').Length;
        List<object?> values = [];
        while (statement.Step())
        {
            for (int column = 0; column < columns; column++)
            {
                values.Add(statement.ColumnType(column) switch
                {
                    SqliteColumnType.Null => null,
                    SqliteColumnType.Integer => statement.Int64(column),
                    _ => statement.Text(column),
                });
            }
        }

        return values;
    }

    private string[] Files(string pattern) => Directory.GetFiles(_data.Path, pattern, SearchOption.AllDirectories);
}
