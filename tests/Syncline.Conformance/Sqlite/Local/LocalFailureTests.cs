using System.Diagnostics;
using System.Runtime.InteropServices;
using LibSqlite;
using Syncline.Client.Storage;
using Syncline.Core.Operations;
using static Syncline.Conformance.Operations;
using static Syncline.Conformance.Sqlite.Local.LocalStoreFile;

namespace Syncline.Conformance.Sqlite.Local;

/// <summary>What goes wrong with a local store's file: crashes, full and read-only disks, damage, versions; and what it leaves on the disk.</summary>
public sealed class LocalFailureTests : IDisposable
{
    private const string Large = "\"0123456789012345678901234567890123456789012345678901234567890123456789012345678901234567890123456789\"";

    private readonly TemporaryData _data = new();
    private readonly TemporaryData _copy = new();

    /// <inheritdoc />
    public void Dispose()
    {
        _data.Dispose();
        _copy.Dispose();
    }

    [Fact]
    public async Task A_store_and_its_folder_are_made_for_their_owner_alone()
    {
        string path = _data.PathOf("a", "b", "local.db");
        await using SqliteLocalStore store = Open(path);
        await store.MakeAsync(1);

        if (OperatingSystem.IsWindows()) return;
        foreach (string ending in (string[])["", "-wal", "-shm", ".run"])
            Assert.Equal(UnixFileMode.UserRead | UnixFileMode.UserWrite, File.GetUnixFileMode(path + ending));
        Assert.Equal(
            UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute, File.GetUnixFileMode(_data.PathOf("a", "b")));
    }

    [Fact]
    public async Task A_store_that_another_has_open_is_opened_once_it_is_closed()
    {
        SqliteLocalStore store = Open(_data);
        LocalStoreInUseException inUse = Assert.Throws<LocalStoreInUseException>(() => Open(_data));
        Assert.Contains(FileOf(_data), inUse.Message, StringComparison.Ordinal);

        // Who found it in use has taken nothing away.
        await store.MakeAsync(1);
        Assert.Throws<LocalStoreInUseException>(() => Open(_data));
        await store.DisposeAsync();

        await using SqliteLocalStore next = Open(_data);
        Assert.Single(await next.OutboxAsync());
    }

    [Fact]
    public async Task A_store_is_one_whichever_links_it_is_opened_by()
    {
        if (OperatingSystem.IsWindows()) return;
        string path = _data.PathOf("real", "local.db");
        await using SqliteLocalStore store = Open(path);
        File.CreateSymbolicLink(_data.PathOf("link.db"), path);
        Directory.CreateSymbolicLink(_data.PathOf("folder"), _data.PathOf("real"));
        File.CreateSymbolicLink(_data.PathOf("second.db"), _data.PathOf("folder", "local.db"));
        Assert.Throws<LocalStoreInUseException>(() => Open(_data.PathOf("link.db")));
        Assert.Throws<LocalStoreInUseException>(() => Open(_data.PathOf("second.db")));
        Assert.Throws<LocalStoreInUseException>(() => Open(_data.PathOf("folder", "local.db")));

        // One that leads nowhere yet makes the file where it leads to; one in a circle is a failure.
        File.CreateSymbolicLink(_data.PathOf("new.db"), _data.PathOf("made", "later.db"));
        await using SqliteLocalStore made = Open(_data.PathOf("new.db"));
        Assert.True(File.Exists(_data.PathOf("made", "later.db")));
        File.CreateSymbolicLink(_data.PathOf("circle"), _data.PathOf("circle"));
        Assert.Throws<LocalStoreException>(() => Open(_data.PathOf("circle")));
    }

    [Fact]
    public async Task Every_write_waits_for_the_disk_and_frees_room()
    {
        SqliteConnection? connection = null;
        await using SqliteLocalStore store = Open(_data, opened => connection = opened);

        Assert.Equal(2, Read(connection!, "PRAGMA synchronous"));
        Assert.Equal(2, Read(connection!, "PRAGMA auto_vacuum"));
    }

    [Fact]
    public async Task A_store_of_a_newer_version_is_refused_and_left_as_it_is()
    {
        await UseAsync(_data);
        Change("PRAGMA user_version = 99");

        LocalStoreException newer = Assert.Throws<LocalStoreException>(() => Open(_data));

        Assert.Contains("newer", newer.Message, StringComparison.Ordinal);
        Change("PRAGMA user_version = 1");
        Assert.Equal(3, (await LookAsync(_data)).NextNumber);
    }

    [Fact]
    public void Another_programs_database_is_refused()
    {
        Change("CREATE TABLE something (id INTEGER PRIMARY KEY)");

        LocalStoreException foreign = Assert.Throws<LocalStoreException>(() => Open(_data));

        Assert.Contains("no local store", foreign.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_file_that_is_no_database_is_refused_and_not_held()
    {
        File.WriteAllText(FileOf(_data), new string('x', 10_000));

        for (int attempt = 0; attempt < 2; attempt++)
        {
            LocalStoreException damaged = Assert.Throws<LocalStoreException>(() => Open(_data));
            Assert.Contains("damaged", damaged.Message, StringComparison.Ordinal);
        }
    }

    [Fact]
    public void A_store_that_cannot_be_made_says_so()
    {
        File.WriteAllText(_data.PathOf("file"), "");

        LocalStoreException failed = Assert.Throws<LocalStoreException>(() => Open(_data.PathOf("file", "local.db")));

        Assert.Contains("permissions", failed.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task On_a_full_disk_nothing_is_written_and_the_store_goes_on()
    {
        SqliteConnection? connection = null;
        await using SqliteLocalStore store = Open(_data, opened => connection = opened);
        IReadOnlyList<OwnOperation> own = await store.MakeAsync(2);
        LocalDevice device = await store.ReadDeviceAsync(default);
        connection!.Execute($"PRAGMA max_page_count = {Read(connection, "PRAGMA page_count") + 5}");

        LocalStoreException full = await Assert.ThrowsAsync<LocalStoreException>(async () => await store.MakeAsync(1_000, Large));

        Assert.Contains("full", full.Message, StringComparison.Ordinal);
        Assert.Equal(own, await store.OutboxAsync());
        Assert.Equal(device, await store.ReadDeviceAsync(default));
        await store.MakeAsync(1);
        connection!.Execute("PRAGMA max_page_count = 1000000");
        await store.MakeAsync(1_000, Large);
        Assert.Equal(1_003, (await store.OutboxAsync()).Count);
    }

    [Fact]
    public async Task A_read_only_store_says_so_and_goes_on_once_it_is_not()
    {
        SqliteConnection? connection = null;
        await using SqliteLocalStore store = Open(_data, opened => connection = opened);
        await store.MakeAsync(1);
        connection!.Execute("PRAGMA query_only = ON");

        LocalStoreException readOnly = await Assert.ThrowsAsync<LocalStoreException>(async () => await store.MakeAsync(1));

        Assert.Contains("read-only", readOnly.Message, StringComparison.Ordinal);
        Assert.Single(await store.OutboxAsync());
        connection!.Execute("PRAGMA query_only = OFF");
        await store.MakeAsync(1);
        Assert.Equal(2, (await store.OutboxAsync()).Count);
    }

    [Fact]
    public async Task A_store_that_another_program_has_locked_says_so()
    {
        await using SqliteLocalStore store = Open(_data, opened => opened.BusyTimeout = TimeSpan.Zero);
        await store.MakeAsync(1);
        using SqliteConnection other = SqliteConnection.Open(FileOf(_data), SqliteOpenMode.ReadWrite);
        using (other.BeginImmediate())
        {
            LocalStoreException locked = await Assert.ThrowsAsync<LocalStoreException>(async () => await store.MakeAsync(1));
            Assert.Contains("locked", locked.Message, StringComparison.Ordinal);
        }

        await store.MakeAsync(1);
        Assert.Equal(2, (await store.OutboxAsync()).Count);
    }

    [Fact]
    public async Task Damaged_pages_are_reported()
    {
        await UseAsync(_data, 2_000);
        using (FileStream file = new(FileOf(_data), FileMode.Open))
        {
            file.Seek(4096 * 8, SeekOrigin.Begin);
            byte[] noise = new byte[file.Length - file.Position];
            new Random(3).NextBytes(noise);
            file.Write(noise);
        }

        LocalStoreException damaged = await Assert.ThrowsAsync<LocalStoreException>(async () =>
        {
            await using SqliteLocalStore store = Open(_data);
            await store.OutboxAsync();
        });

        Assert.Contains("damaged", damaged.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Room_is_given_back_a_step_at_a_time()
    {
        await using (SqliteLocalStore store = Open(_data))
        {
            await store.MakeAsync(1);
            byte[] state = new byte[20_000_000];
            new Random(5).NextBytes(state);
            LocalSnapshot snapshot = new(1, new ResourceSnapshot(new Scope("tree"), new ResourceId("t"), state));
            await store.WriteAsync(
                [new LocalWrite.ReplaceSnapshots(Space, new LocalCursor(new Epoch("e"), 1, OperationDigest.Empty), [snapshot], [], 1)], default);
            await store.WriteAsync([new LocalWrite.StartAnew(Space, long.MaxValue)], default);
            for (int write = 0; write < 10; write++)
                await store.WriteAsync([new LocalWrite.SetLastSuccess(Space, Now)], default);
        }

        Assert.InRange(new FileInfo(FileOf(_data)).Length, 0, 1_000_000);
    }

    [Theory]
    [InlineData(
        "SELECT number FROM own INDEXED BY outbox WHERE space = 1 AND state <> 3 ORDER BY number", "INDEX outbox (space=?)")]
    [InlineData("UPDATE own SET state = 3 WHERE space = 1 AND actor = 1 AND clock = 1", "INDEX own_by_clock (space=? AND actor=? AND clock=?)")]
    [InlineData(
        "UPDATE own INDEXED BY own_by_seq SET state = 0 WHERE space = 1 AND seq > 0 AND seq > 9 AND state IN (2, 3)",
        "INDEX own_by_seq (space=? AND seq>?)")]
    public async Task Own_operations_are_found_by_an_index_and_in_its_order(string sql, string plan)
    {
        SqliteConnection? connection = null;
        await using SqliteLocalStore store = Open(_data, opened => connection = opened);

        using SqliteStatement explain = connection!.Prepare("EXPLAIN QUERY PLAN " + sql);

        Assert.True(explain.Step());
        Assert.Contains(plan, explain.Text(3), StringComparison.Ordinal);
        Assert.False(explain.Step());
    }

    [Fact]
    public async Task A_client_that_is_killed_loses_nothing_that_was_written_and_keeps_its_actor()
    {
        ActorId? actor = null;
        int kept = 0;
        for (int kill = 0; kill < 3; kill++)
        {
            kept += await RunAndKillAsync(acknowledgedBefore: 20 + (kill * 37));

            await using SqliteLocalStore store = Open(_data);
            IReadOnlyList<OwnOperation> own = await store.OutboxAsync();

            // One write more may have come to its end unheard, and each is there whole.
            Assert.InRange(own.Count, kept, int.MaxValue);
            Assert.Equal(0, own.Count % LocalStoreVictim.OperationsPerWrite);
            Assert.Equal(Enumerable.Range(1, own.Count), own.Select(one => (int)one.Number));
            actor ??= await store.ActorAsync();
            Assert.Equal(actor, await store.ActorAsync());
            kept = own.Count;
        }
    }

    // Gives how many operations were acknowledged.
    private async Task<int> RunAndKillAsync(int acknowledgedBefore)
    {
        string dotnet = Path.Combine(RuntimeEnvironment.GetRuntimeDirectory(), "..", "..", "..", "dotnet");
        ProcessStartInfo start = new(dotnet, [typeof(LocalStoreVictim).Assembly.Location, LocalStoreVictim.Command, FileOf(_data)])
        {
            RedirectStandardOutput = true,
            UseShellExecute = false,
        };
        using Process process = Process.Start(start)!;
        int acknowledged = 0;
        while (await process.StandardOutput.ReadLineAsync() is not null)
        {
            acknowledged++;
            if (acknowledged == acknowledgedBefore) process.Kill();
        }

        await process.WaitForExitAsync();
        Assert.InRange(acknowledged, acknowledgedBefore, int.MaxValue);
        return acknowledged * LocalStoreVictim.OperationsPerWrite;
    }

    private void Change(string sql)
    {
        using SqliteConnection file = SqliteConnection.Open(FileOf(_data), SqliteOpenMode.ReadWriteCreate);
        file.Execute(sql);
    }

    private static long Read(SqliteConnection connection, string pragma)
    {
        using SqliteStatement statement = connection.Prepare(pragma);
        return statement.Step() ? statement.Int64(0) : 0;
    }
}
