namespace LibSqlite.Tests;

public sealed class StatementTests : IDisposable
{
    private const string Numbers = "SELECT value FROM (SELECT 1 AS value UNION SELECT 2 UNION SELECT 3) WHERE value > ? ORDER BY value";

    private readonly SqliteConnection _connection = SqliteConnection.Open(":memory:", SqliteOpenMode.ReadWriteCreate);

    public void Dispose() => _connection.Dispose();

    [Fact]
    public void A_statement_runs_again_with_the_bindings_it_has()
    {
        using SqliteStatement statement = _connection.Prepare(Numbers);
        statement.Bind(1, 1);

        Assert.Equal([2, 3], ReadAll(statement));
        Assert.Equal([2, 3], ReadAll(statement));
        statement.Bind(1, 2);
        Assert.Equal([3], ReadAll(statement));
    }

    [Fact]
    public void A_statement_on_a_row_takes_new_bindings_only_after_a_reset()
    {
        using SqliteStatement statement = _connection.Prepare(Numbers);
        statement.Bind(1, 0);
        Assert.True(statement.Step());

        SqliteException error = Assert.Throws<SqliteException>(() => statement.Bind(1, 2));
        Assert.Equal(SqliteResultCode.Misuse, error.ResultCode);

        statement.Reset();
        statement.Bind(1, 2);
        Assert.Equal([3], ReadAll(statement));
    }

    [Fact]
    public void A_failed_statement_can_run_again()
    {
        _connection.Execute("CREATE TABLE t (id INTEGER PRIMARY KEY); INSERT INTO t VALUES (1)");
        using SqliteStatement insert = _connection.Prepare("INSERT INTO t VALUES (?)");
        insert.Bind(1, 1);
        Assert.Throws<SqliteException>(insert.Run);

        insert.Bind(1, 2);
        insert.Run();

        Assert.Equal(1, _connection.Changes);
        Assert.Equal(2, _connection.LastInsertRowId);
    }

    [Fact]
    public void A_cached_statement_comes_back_reset_and_without_bindings()
    {
        using (SqliteStatement first = _connection.Cached(Numbers))
        {
            first.Bind(1, 0);
            Assert.True(first.Step());
        }

        using SqliteStatement second = _connection.Cached(Numbers);
        Assert.Empty(ReadAll(second)); // value > NULL holds for no row.
        second.Bind(1, 2);
        Assert.Equal([3], ReadAll(second));
    }

    [Fact]
    public void Nested_use_of_one_cached_statement_gives_each_user_its_own()
    {
        List<(long Outer, long Inner)> pairs = [];
        using SqliteStatement outer = _connection.Cached(Numbers);
        outer.Bind(1, 1);
        while (outer.Step())
        {
            using SqliteStatement inner = _connection.Cached(Numbers);
            inner.Bind(1, 1);
            while (inner.Step()) pairs.Add((outer.Int64(0), inner.Int64(0)));
        }

        Assert.Equal([(2, 2), (2, 3), (3, 2), (3, 3)], pairs);
    }

    [Fact]
    public void Disposing_a_cached_statement_twice_does_not_disturb_its_next_user()
    {
        SqliteStatement first = _connection.Cached(Numbers);
        first.Dispose();
        using SqliteStatement second = _connection.Cached(Numbers);
        second.Bind(1, 0);
        Assert.True(second.Step());

        first.Dispose();

        Assert.True(second.Step());
        Assert.Equal(2, second.Int64(0));
        Assert.Throws<ObjectDisposedException>(() => first.Step());
    }

    [Fact]
    public void The_cache_keeps_the_statements_used_last()
    {
        using SqliteConnection connection = SqliteConnection.Open(":memory:", SqliteOpenMode.ReadWriteCreate, cachedStatementsMax: 2);
        connection.Cached(LongSql('a')).Dispose();
        connection.Cached(LongSql('b')).Dispose();
        Assert.True(IsPrepared(connection, LongSql('a')));

        connection.Cached(LongSql('c')).Dispose();

        Assert.True(IsPrepared(connection, LongSql('a')));
        Assert.True(IsPrepared(connection, LongSql('c')));
        Assert.False(IsPrepared(connection, LongSql('b')));
    }

    [Theory]
    [InlineData(0)]
    [InlineData(1)]
    [InlineData(2)]
    public void More_statements_than_the_cache_keeps_all_work(int cachedStatementsMax)
    {
        using SqliteConnection connection =
            SqliteConnection.Open(":memory:", SqliteOpenMode.ReadWriteCreate, cachedStatementsMax);

        for (int round = 0; round < 3; round++)
        {
            for (int number = 0; number < 5; number++)
            {
                using SqliteStatement statement = connection.Cached($"SELECT {number}");
                Assert.Equal([number], ReadAll(statement));
            }
        }
    }

    [Fact]
    public void A_cached_statement_follows_a_change_of_the_schema()
    {
        _connection.Execute("CREATE TABLE t (a); INSERT INTO t VALUES (1)");
        using (SqliteStatement before = _connection.Cached("SELECT * FROM t")) Assert.Equal([1], ReadAll(before));

        _connection.Execute("ALTER TABLE t ADD COLUMN b DEFAULT 2");

        using SqliteStatement after = _connection.Cached("SELECT * FROM t");
        Assert.True(after.Step());
        Assert.Equal(2, after.Int64(1));
    }

    [Theory]
    [InlineData("SELECT 1; SELECT 2")]
    [InlineData("SELECT 1; nonsense")]
    [InlineData("SELECT 1;;-- comment\n SELECT 2")]
    public void Preparing_more_than_one_statement_is_refused(string sql)
    {
        ArgumentException error = Assert.Throws<ArgumentException>(() => _connection.Prepare(sql));
        Assert.StartsWith("Only one statement can be prepared; Execute runs a script.", error.Message, StringComparison.Ordinal);

        Assert.Throws<ArgumentException>(() => _connection.Cached(sql));
    }

    [Theory]
    [InlineData("SELECT 1;")]
    [InlineData("SELECT 1 ; \r\n\t ")]
    [InlineData("/* before */ SELECT 1; -- after")]
    public void Spaces_semicolons_and_comments_are_no_second_statement(string sql)
    {
        using SqliteStatement statement = _connection.Prepare(sql);

        Assert.Equal([1], ReadAll(statement));
    }

    [Theory]
    [InlineData("")]
    [InlineData(" ; ")]
    [InlineData("-- comment")]
    public void Preparing_nothing_is_refused(string sql) =>
        Assert.Throws<ArgumentException>(() => _connection.Prepare(sql));

    [Fact]
    public void A_statement_is_prepared_from_utf8_without_a_terminating_zero()
    {
        using SqliteStatement statement = _connection.Prepare("SELECT 12345"u8[..^3]);

        Assert.Equal([12], ReadAll(statement));
    }

    [Fact]
    public void A_syntax_error_says_where()
    {
        SqliteException error = Assert.Throws<SqliteException>(() => _connection.Prepare("SELEC 1"));

        Assert.Equal(SqliteResultCode.Error, error.ResultCode);
        Assert.Equal("near \"SELEC\": syntax error (Error, 1)", error.Message);
    }

    [Fact]
    public void A_disposed_statement_refuses_every_use()
    {
        SqliteStatement statement = _connection.Prepare(Numbers);
        statement.Dispose();
        statement.Dispose();

        Assert.Throws<ObjectDisposedException>(() => statement.Bind(1, 1));
        Assert.Throws<ObjectDisposedException>(() => statement.BindText(1, "text"));
        Assert.Throws<ObjectDisposedException>(() => statement.Step());
        Assert.Throws<ObjectDisposedException>(statement.Reset);
        Assert.Throws<ObjectDisposedException>(() => statement.Int64(0));
    }

    [Fact]
    public void Interrupting_ends_a_running_statement_and_spares_the_next()
    {
        using SqliteStatement endless =
            _connection.Prepare("WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n) SELECT i FROM n");
        Assert.True(endless.Step());

        _connection.Interrupt();

        SqliteException error = Assert.Throws<SqliteException>(() => endless.Step());
        Assert.Equal(SqliteResultCode.Interrupt, error.ResultCode);
        Assert.Equal(1, Query.Int64(_connection, "SELECT 1"));
    }

    private static string LongSql(char filler) => $"SELECT 1 /* {new string(filler, 10_000)} */";

    /// <summary>Preparing encodes the SQL, so it allocates at least the SQL's length; a statement from the cache does not.</summary>
    private static bool IsPrepared(SqliteConnection connection, string sql)
    {
        long before = GC.GetAllocatedBytesForCurrentThread();
        connection.Cached(sql).Dispose();
        return GC.GetAllocatedBytesForCurrentThread() - before < sql.Length;
    }

    private static List<long> ReadAll(SqliteStatement statement)
    {
        List<long> values = [];
        while (statement.Step()) values.Add(statement.Int64(0));
        return values;
    }
}
