namespace LibSqlite.Tests;

public sealed class TransactionTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();
    private readonly SqliteConnection _connection;

    public TransactionTests()
    {
        _connection = _folder.Open();
        _connection.Execute("CREATE TABLE t (id INTEGER PRIMARY KEY)");
    }

    private long Rows => Query.Int64(_connection, "SELECT count(*) FROM t");

    public void Dispose()
    {
        _connection.Dispose();
        _folder.Dispose();
    }

    [Fact]
    public void A_committed_transaction_stays_after_dispose()
    {
        using (SqliteTransaction transaction = _connection.BeginImmediate())
        {
            Assert.False(_connection.IsAutocommit);
            _connection.Execute("INSERT INTO t VALUES (1), (2)");
            transaction.Commit();
        }

        Assert.True(_connection.IsAutocommit);
        Assert.Equal(2, Rows);
    }

    [Fact]
    public void A_transaction_disposed_without_commit_is_rolled_back()
    {
        using (_connection.BeginImmediate()) _connection.Execute("INSERT INTO t VALUES (1)");

        Assert.True(_connection.IsAutocommit);
        Assert.Equal(0, Rows);
    }

    [Fact]
    public void A_transaction_that_SQLite_rolled_back_by_itself_is_disposed_without_error()
    {
        _connection.Execute("INSERT INTO t VALUES (1)");
        using (_connection.BeginImmediate())
        {
            Assert.Throws<SqliteException>(() => _connection.Execute("INSERT OR ROLLBACK INTO t VALUES (2), (1)"));
            Assert.True(_connection.IsAutocommit);
        }

        Assert.Equal(1, Rows);
    }

    [Fact]
    public void A_transaction_is_committed_once()
    {
        using SqliteTransaction transaction = _connection.BeginImmediate();
        transaction.Commit();

        Assert.Throws<ObjectDisposedException>(transaction.Commit);
    }

    [Fact]
    public void Transactions_do_not_nest()
    {
        using SqliteTransaction transaction = _connection.BeginImmediate();

        SqliteException error = Assert.Throws<SqliteException>(_connection.BeginImmediate);

        Assert.Equal(SqliteResultCode.Error, error.ResultCode);
        Assert.False(_connection.IsAutocommit);
    }

    [Fact]
    public void A_second_writer_without_a_timeout_is_refused_at_once()
    {
        using SqliteConnection other = _folder.Open();
        using SqliteTransaction transaction = _connection.BeginImmediate();

        SqliteException error = Assert.Throws<SqliteException>(other.BeginImmediate);

        Assert.True(error.IsBusy);
        Assert.Equal(5, error.ExtendedResultCode);
        Assert.True(other.IsAutocommit);
    }

    [Fact]
    public void A_second_writer_with_a_timeout_waits_for_the_first()
    {
        using ManualResetEventSlim secondIsAboutToBegin = new();
        using SqliteTransaction transaction = _connection.BeginImmediate();
        Exception? failure = null;
        Thread second = new(() => failure = Record.Exception(() =>
        {
            using SqliteConnection other = _folder.Open();
            SqliteException? refusal = Record.Exception(() => other.BeginImmediate().Dispose()) as SqliteException;
            other.BusyTimeout = TimeSpan.FromMinutes(1);
            secondIsAboutToBegin.Set();
            Assert.True(refusal?.IsBusy);
            using SqliteTransaction otherTransaction = other.BeginImmediate();
            other.Execute("INSERT INTO t VALUES (2)");
            otherTransaction.Commit();
        }));

        second.Start();
        secondIsAboutToBegin.Wait();
        _connection.Execute("INSERT INTO t VALUES (1)");
        transaction.Commit();
        second.Join();

        Assert.Null(failure);
        Assert.Equal(2, Rows);
    }

    [Fact]
    public void A_commit_refused_as_busy_leaves_the_transaction_open_for_another_try()
    {
        _connection.Execute("INSERT INTO t VALUES (1)");
        using SqliteConnection reader = _folder.Open();
        using SqliteStatement read = reader.Prepare("SELECT id FROM t");
        Assert.True(read.Step());
        using SqliteTransaction transaction = _connection.BeginImmediate();
        _connection.Execute("INSERT INTO t VALUES (2)");

        Assert.True(Assert.Throws<SqliteException>(transaction.Commit).IsBusy);
        Assert.False(_connection.IsAutocommit);

        read.Reset();
        transaction.Commit();
        Assert.True(_connection.IsAutocommit);
        Assert.Equal(2, Rows);
    }

    [Fact]
    public void The_busy_timeout_is_what_was_set_and_never_negative()
    {
        Assert.Equal(TimeSpan.Zero, _connection.BusyTimeout);
        _connection.BusyTimeout = TimeSpan.FromSeconds(5);

        Assert.Equal(5_000, Query.Int64(_connection, "PRAGMA busy_timeout"));
        Assert.Equal(TimeSpan.FromSeconds(5), _connection.BusyTimeout);
        Assert.Throws<ArgumentOutOfRangeException>(() => _connection.BusyTimeout = TimeSpan.FromTicks(-1));
        Assert.Throws<ArgumentOutOfRangeException>(() => _connection.BusyTimeout = TimeSpan.MaxValue);
    }
}
