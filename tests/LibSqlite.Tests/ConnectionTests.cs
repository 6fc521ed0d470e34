namespace LibSqlite.Tests;

public sealed class ConnectionTests : IDisposable
{
    private const string ManyRows =
        "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 1000) INSERT INTO t SELECT i, zeroblob(1000) FROM n";

    private readonly TemporaryFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Fact]
    public void The_library_tells_the_version_that_SQL_tells()
    {
        using SqliteConnection connection = SqliteConnection.Open(":memory:", SqliteOpenMode.ReadWriteCreate);

        Assert.Equal(Query.Text(connection, "SELECT sqlite_version()"), SqliteLibrary.Version.ToString());
    }

    [Fact]
    public void A_missing_file_is_created_only_when_asked()
    {
        SqliteException error = Assert.Throws<SqliteException>(() => _folder.Open(mode: SqliteOpenMode.ReadWrite));
        Assert.Equal(SqliteResultCode.CannotOpen, error.ResultCode);
        Assert.Throws<SqliteException>(() => _folder.Open(mode: SqliteOpenMode.ReadOnly));
        Assert.False(File.Exists(_folder.PathOf("test.db")));

        using SqliteConnection connection = _folder.Open(mode: SqliteOpenMode.ReadWriteCreate);
        Assert.True(File.Exists(_folder.PathOf("test.db")));
    }

    [Fact]
    public void A_file_system_that_is_not_registered_opens_nothing_and_is_named()
    {
        SqliteException error = Assert.Throws<SqliteException>(
            () => SqliteConnection.Open(_folder.PathOf("test.db"), SqliteOpenMode.ReadWriteCreate, fileSystem: "no-such"));

        Assert.Contains("no such vfs: no-such", error.Message, StringComparison.Ordinal);
        Assert.False(File.Exists(_folder.PathOf("test.db")));
    }

    [Fact]
    public void A_file_is_opened_by_the_file_system_that_is_named()
    {
        string fileSystem = OperatingSystem.IsWindows() ? "win32-longpath" : "unix-dotfile";
        using SqliteConnection connection = SqliteConnection.Open(
            _folder.PathOf("test.db"), SqliteOpenMode.ReadWriteCreate, fileSystem: fileSystem);

        using SqliteTransaction transaction = connection.BeginImmediate();

        // Its locks are folders.
        Assert.Equal(!OperatingSystem.IsWindows(), Directory.Exists(_folder.PathOf("test.db.lock")));
    }

    [Fact]
    public void A_file_name_outside_ASCII_is_opened_under_that_name()
    {
        using SqliteConnection connection = _folder.Open("計画 č.db");

        Assert.True(File.Exists(_folder.PathOf("計画 č.db")));
    }

    [Fact]
    public void A_script_ends_at_its_first_error()
    {
        using SqliteConnection connection = _folder.Open();

        Assert.Throws<SqliteException>(() =>
            connection.Execute("CREATE TABLE a (x); SELECT 1; nonsense; CREATE TABLE b (x)"));

        Assert.Equal("a", Query.Text(connection, "SELECT group_concat(name) FROM sqlite_master"));
    }

    [Theory]
    [InlineData("INSERT INTO t VALUES (1, 'b')", 1555)]
    [InlineData("INSERT INTO t VALUES ('b', 'a')", 2067)]
    [InlineData("INSERT INTO t VALUES ('b', NULL)", 1299)]
    [InlineData("INSERT INTO t VALUES ('b', '')", 275)]
    public void A_broken_constraint_is_told_with_its_kind(string sql, int extendedResultCode)
    {
        using SqliteConnection connection = _folder.Open();
        connection.Execute("CREATE TABLE t (id PRIMARY KEY, name NOT NULL UNIQUE CHECK (name <> '')); INSERT INTO t VALUES (1, 'a')");

        SqliteException error = Assert.Throws<SqliteException>(() => connection.Execute(sql));

        Assert.True(error.IsConstraint);
        Assert.Equal(SqliteResultCode.Constraint, error.ResultCode);
        Assert.Equal(extendedResultCode, error.ExtendedResultCode);
    }

    [Fact]
    public void An_error_carries_the_text_of_SQLite_and_the_name_of_the_code()
    {
        using SqliteConnection connection = _folder.Open();
        connection.Execute("CREATE TABLE t (id UNIQUE); INSERT INTO t VALUES (1)");

        SqliteException error = Assert.Throws<SqliteException>(() => connection.Execute("INSERT INTO t VALUES (1)"));

        Assert.Equal("UNIQUE constraint failed: t.id (Constraint, 2067)", error.Message);
    }

    [Fact]
    public void A_read_only_connection_refuses_a_write()
    {
        using (SqliteConnection writer = _folder.Open()) writer.Execute("CREATE TABLE t (x); INSERT INTO t VALUES (5)");

        using SqliteConnection reader = _folder.Open(mode: SqliteOpenMode.ReadOnly);

        Assert.Equal(5, Query.Int64(reader, "SELECT x FROM t"));
        SqliteException error = Assert.Throws<SqliteException>(() => reader.Execute("INSERT INTO t VALUES (6)"));
        Assert.True(error.IsReadOnly);
    }

    [Fact]
    public void A_full_database_refuses_a_write_and_works_again_with_room()
    {
        using SqliteConnection connection = _folder.Open();
        connection.Execute("CREATE TABLE t (x); PRAGMA max_page_count = 4");

        SqliteException error =
            Assert.Throws<SqliteException>(() => connection.Execute("INSERT INTO t VALUES (zeroblob(100000))"));
        Assert.True(error.IsFull);
        Assert.True(connection.IsAutocommit);

        connection.Execute("PRAGMA max_page_count = 1000; INSERT INTO t VALUES (zeroblob(100000))");
        Assert.Equal(1, Query.Int64(connection, "SELECT count(*) FROM t"));
    }

    [Fact]
    public void A_file_of_other_bytes_is_no_database()
    {
        File.WriteAllBytes(_folder.PathOf("test.db"), Garbage(8192));
        using SqliteConnection connection = _folder.Open();

        SqliteException error = Assert.Throws<SqliteException>(() => connection.Execute("SELECT * FROM sqlite_master"));

        Assert.True(error.IsCorrupt);
        Assert.Equal(SqliteResultCode.NotADatabase, error.ResultCode);
    }

    [Fact]
    public void A_damaged_page_is_told_as_corrupt()
    {
        using (SqliteConnection writer = _folder.Open())
        {
            writer.Execute("PRAGMA page_size = 4096; CREATE TABLE t (x); INSERT INTO t VALUES (1)");
        }

        using (FileStream file = File.OpenWrite(_folder.PathOf("test.db")))
        {
            file.Position = 4096; // The second page, the root of the table.
            file.Write(Garbage(4096));
        }

        using SqliteConnection connection = _folder.Open();
        SqliteException error = Assert.Throws<SqliteException>(() => Query.Int64(connection, "SELECT x FROM t"));

        Assert.True(error.IsCorrupt);
        Assert.Equal(SqliteResultCode.Corrupt, error.ResultCode);
    }

    [Theory]
    [InlineData(3)]
    [InlineData(int.MaxValue)]
    public void A_backup_of_a_live_database_holds_what_was_committed(int pagesPerStep)
    {
        using SqliteConnection source = _folder.Open();
        using SqliteConnection writer = _folder.Open();
        source.Execute("PRAGMA journal_mode = WAL; CREATE TABLE t (id INTEGER PRIMARY KEY, x)");
        source.Execute(ManyRows);
        using SqliteTransaction open = writer.BeginImmediate();
        writer.Execute("INSERT INTO t VALUES (5000, 'not committed')");
        using SqliteConnection destination = _folder.Open("backup.db");
        destination.Execute("CREATE TABLE old (x)");

        source.BackupTo(destination, pagesPerStep, CancellationToken.None);

        Assert.Equal("ok", Query.Text(destination, "PRAGMA integrity_check"));
        Assert.Equal("t", Query.Text(destination, "SELECT group_concat(name) FROM sqlite_master"));
        Assert.Equal(1000, Query.Int64(destination, "SELECT count(*) FROM t"));
        open.Commit();
        Assert.Equal(1001, Query.Int64(source, "SELECT count(*) FROM t"));
    }

    [Fact]
    public void A_cancelled_backup_leaves_the_destination_as_it_was()
    {
        using SqliteConnection source = _folder.Open();
        source.Execute("CREATE TABLE t (id INTEGER PRIMARY KEY, x)");
        using SqliteConnection destination = _folder.Open("backup.db");
        destination.Execute("CREATE TABLE old (x)");

        Assert.Throws<OperationCanceledException>(() => source.BackupTo(destination, 1, new CancellationToken(canceled: true)));

        Assert.Equal("old", Query.Text(destination, "SELECT group_concat(name) FROM sqlite_master"));
        destination.Execute("INSERT INTO old VALUES (1)");
    }

    [Fact]
    public void A_backup_to_a_locked_destination_is_busy()
    {
        using SqliteConnection source = _folder.Open();
        source.Execute("CREATE TABLE t (x)");
        using SqliteConnection destination = _folder.Open("backup.db");
        using SqliteConnection other = _folder.Open("backup.db");
        using SqliteTransaction transaction = other.BeginImmediate();

        SqliteException error = Assert.Throws<SqliteException>(() => source.BackupTo(destination, 10, CancellationToken.None));

        Assert.True(error.IsBusy);
    }

    [Fact]
    public void A_backup_to_itself_is_refused()
    {
        using SqliteConnection source = _folder.Open();

        SqliteException error = Assert.Throws<SqliteException>(() => source.BackupTo(source, 10, CancellationToken.None));

        Assert.Equal("source and destination must be distinct (Error, 1)", error.Message);
    }

    [Fact]
    public void A_passive_checkpoint_moves_the_whole_log_when_nobody_reads()
    {
        using SqliteConnection connection = OpenInWalMode();

        SqliteCheckpointResult result = connection.Checkpoint(SqliteCheckpointMode.Passive);

        Assert.False(result.WasBlocked);
        Assert.NotEqual(0, result.LogFrames);
        Assert.Equal(result.LogFrames, result.CheckpointedFrames);
    }

    [Fact]
    public void A_truncating_checkpoint_empties_the_log_file()
    {
        using SqliteConnection connection = OpenInWalMode();
        FileInfo log = new(_folder.PathOf("test.db-wal"));
        Assert.NotEqual(0, log.Length);

        SqliteCheckpointResult result = connection.Checkpoint(SqliteCheckpointMode.Truncate);

        log.Refresh();
        Assert.Equal(0, log.Length);
        Assert.Equal(new SqliteCheckpointResult(WasBlocked: false, LogFrames: 0, CheckpointedFrames: 0), result);
    }

    [Fact]
    public void A_checkpoint_blocked_by_a_reader_says_so()
    {
        using SqliteConnection connection = OpenInWalMode();
        using SqliteConnection reader = _folder.Open();
        using SqliteStatement read = reader.Prepare("SELECT id FROM t");
        Assert.True(read.Step());
        connection.Execute("INSERT INTO t VALUES (6)");

        Assert.True(connection.Checkpoint(SqliteCheckpointMode.Truncate).WasBlocked);

        read.Reset();
        Assert.False(connection.Checkpoint(SqliteCheckpointMode.Truncate).WasBlocked);
    }

    [Fact]
    public void A_checkpoint_without_a_write_ahead_log_does_nothing()
    {
        using SqliteConnection connection = _folder.Open();
        connection.Execute("CREATE TABLE t (x)");

        Assert.Equal(
            new SqliteCheckpointResult(WasBlocked: false, LogFrames: -1, CheckpointedFrames: -1),
            connection.Checkpoint(SqliteCheckpointMode.Full));
    }

    [Fact]
    public void A_checkpoint_inside_a_write_transaction_is_refused()
    {
        using SqliteConnection connection = OpenInWalMode();
        using SqliteTransaction transaction = connection.BeginImmediate();

        SqliteException error =
            Assert.Throws<SqliteException>(() => connection.Checkpoint(SqliteCheckpointMode.Passive));

        Assert.Equal(SqliteResultCode.Locked, error.ResultCode);
    }

    [Fact]
    public void A_running_statement_and_a_transaction_go_on_after_memory_was_released()
    {
        using SqliteConnection connection = OpenInWalMode();
        connection.Execute(
            "WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 5000) INSERT INTO t (id) SELECT 1000 + i FROM n");
        using SqliteTransaction transaction = connection.BeginImmediate();
        connection.Execute("DELETE FROM t WHERE id <= 1000; INSERT INTO t (id) VALUES (9000)");
        using SqliteStatement rows = connection.Prepare("SELECT id FROM t ORDER BY id");
        List<long> read = [];
        while (rows.Step())
        {
            read.Add(rows.Int64(0));
            if (read.Count % 1000 == 0) connection.ReleaseMemory();
        }

        connection.ReleaseMemory();
        transaction.Commit();

        Assert.Equal([.. Enumerable.Range(1001, 5000).Select(id => (long)id), 9000], read);
        using SqliteStatement count = connection.Prepare("SELECT count(*) FROM t");
        Assert.True(count.Step());
        Assert.Equal(5001, count.Int64(0));
    }

    [Fact]
    public void Closing_finalises_what_is_still_prepared_and_lets_the_file_go()
    {
        SqliteConnection connection = OpenInWalMode();
        using SqliteStatement owned = connection.Prepare("SELECT id FROM t");
        using SqliteStatement cached = connection.Cached("SELECT id FROM t");
        using SqliteTransaction transaction = connection.BeginImmediate();
        Assert.True(owned.Step());
        Assert.True(cached.Step());

        connection.Dispose();
        connection.Dispose();

        Assert.False(File.Exists(_folder.PathOf("test.db-wal"))); // The last connection to close removes the log.
        Assert.Throws<ObjectDisposedException>(() => owned.Step());
        Assert.Throws<ObjectDisposedException>(() => cached.Int64(0));
        Assert.Throws<ObjectDisposedException>(transaction.Commit);
    }

    [Fact]
    public void A_disposed_connection_refuses_every_use()
    {
        SqliteConnection connection = _folder.Open();
        connection.Dispose();

        Assert.Throws<ObjectDisposedException>(() => connection.Execute("SELECT 1"));
        Assert.Throws<ObjectDisposedException>(() => connection.Prepare("SELECT 1"));
        Assert.Throws<ObjectDisposedException>(() => connection.Cached("SELECT 1"));
        Assert.Throws<ObjectDisposedException>(connection.BeginImmediate);
        Assert.Throws<ObjectDisposedException>(connection.Interrupt);
        Assert.Throws<ObjectDisposedException>(() => connection.IsAutocommit);
        Assert.Throws<ObjectDisposedException>(() => connection.Changes);
        Assert.Throws<ObjectDisposedException>(() => connection.LastInsertRowId);
        Assert.Throws<ObjectDisposedException>(() => connection.BusyTimeout = TimeSpan.Zero);
        Assert.Throws<ObjectDisposedException>(() => connection.Checkpoint(SqliteCheckpointMode.Passive));
        Assert.Throws<ObjectDisposedException>(() => connection.BackupTo(connection, 1, CancellationToken.None));
    }

    private static byte[] Garbage(int length)
    {
        byte[] bytes = new byte[length];
        new Random(Seed: 7).NextBytes(bytes);
        return bytes;
    }

    private SqliteConnection OpenInWalMode()
    {
        SqliteConnection connection = _folder.Open();
        connection.Execute("PRAGMA journal_mode = WAL; CREATE TABLE t (id INTEGER PRIMARY KEY); INSERT INTO t VALUES (5)");
        return connection;
    }
}
