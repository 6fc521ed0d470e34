using System.Text;

namespace LibSqlite.Tests;

public sealed class ValueTests : IDisposable
{
    private readonly SqliteConnection _connection = SqliteConnection.Open(":memory:", SqliteOpenMode.ReadWriteCreate);
    private readonly SqliteStatement _insert;
    private readonly SqliteStatement _select;

    public ValueTests()
    {
        _connection.Execute("CREATE TABLE t (value)");
        _insert = _connection.Prepare("INSERT INTO t VALUES (?)");
        _select = _connection.Prepare("SELECT value FROM t");
    }

    public void Dispose()
    {
        _insert.Dispose();
        _select.Dispose();
        _connection.Dispose();
    }

    [Theory]
    [InlineData(0)]
    [InlineData(-1)]
    [InlineData(long.MinValue)]
    [InlineData(long.MaxValue)]
    public void An_integer_is_read_as_it_was_bound(long value)
    {
        _insert.Bind(1, value);
        StoreAndStep();

        Assert.Equal(SqliteColumnType.Integer, _select.ColumnType(0));
        Assert.Equal(value, _select.Int64(0));
    }

    [Theory]
    [InlineData(0.1)]
    [InlineData(-1.5)]
    [InlineData(double.Epsilon)]
    [InlineData(double.MaxValue)]
    [InlineData(double.PositiveInfinity)]
    public void A_double_is_read_as_it_was_bound(double value)
    {
        _insert.Bind(1, value);
        StoreAndStep();

        Assert.Equal(SqliteColumnType.Real, _select.ColumnType(0));
        Assert.Equal(value, _select.Double(0));
    }

    [Theory]
    [InlineData("")]
    [InlineData("plan")]
    [InlineData("zero \0 inside")]
    [InlineData("\0")]
    [InlineData("žluťoučký 計画 👩‍🚀")]
    public void A_text_is_read_as_it_was_bound(string text)
    {
        _insert.BindText(1, text);
        StoreAndStep();

        Assert.Equal(SqliteColumnType.Text, _select.ColumnType(0));
        Assert.Equal(text, _select.Text(0));
        Assert.Equal(Encoding.UTF8.GetBytes(text), _select.Utf8(0).ToArray());
    }

    [Theory]
    [InlineData("")]
    [InlineData("zero \0 inside")]
    [InlineData("žluťoučký 計画 👩‍🚀")]
    public void A_text_of_utf8_bytes_is_read_as_it_was_bound(string text)
    {
        _insert.BindText(1, Encoding.UTF8.GetBytes(text));
        StoreAndStep();

        Assert.Equal(SqliteColumnType.Text, _select.ColumnType(0));
        Assert.Equal(text, _select.Text(0));
        Assert.Equal(Encoding.UTF8.GetBytes(text), _select.Utf8(0).ToArray());
    }

    [Theory]
    [InlineData(170)]
    [InlineData(171)]
    [InlineData(1_000_000)]
    public void A_text_longer_than_the_stack_buffer_is_read_as_it_was_bound(int length)
    {
        string text = new('計', length);
        _insert.BindText(1, text);
        StoreAndStep();

        Assert.Equal(text, _select.Text(0));
    }

    [Fact]
    public void Half_a_surrogate_pair_is_refused_and_not_replaced() =>
        Assert.Throws<EncoderFallbackException>(() => _insert.BindText(1, "half \ud800"));

    [Fact]
    public void A_blob_is_read_as_it_was_bound()
    {
        byte[] bytes = [0, 1, 0xFF, 0, 0x80];
        _insert.BindBlob(1, bytes);
        StoreAndStep();

        Assert.Equal(SqliteColumnType.Blob, _select.ColumnType(0));
        Assert.Equal(bytes, _select.Blob(0).ToArray());
    }

    [Fact]
    public void An_empty_span_is_an_empty_blob_or_text_and_not_null()
    {
        _insert.BindBlob(1, []);
        _insert.Run();
        _insert.BindText(1, default(ReadOnlySpan<byte>));
        _insert.Run();

        Assert.True(_select.Step());
        Assert.Equal(SqliteColumnType.Blob, _select.ColumnType(0));
        Assert.Equal(0, _select.Blob(0).Length);
        Assert.True(_select.Step());
        Assert.Equal(SqliteColumnType.Text, _select.ColumnType(0));
        Assert.Equal(0, _select.Utf8(0).Length);
        Assert.False(_select.Step());
    }

    [Fact]
    public void Null_reads_as_nothing_of_each_type()
    {
        _insert.BindNull(1);
        StoreAndStep();

        Assert.True(_select.IsNull(0));
        Assert.Equal(SqliteColumnType.Null, _select.ColumnType(0));
        Assert.Equal(0, _select.Int64(0));
        Assert.Equal(0.0, _select.Double(0));
        Assert.Equal("", _select.Text(0));
        Assert.Equal(0, _select.Utf8(0).Length);
        Assert.Equal(0, _select.Blob(0).Length);
    }

    [Fact]
    public void An_absent_integer_or_text_binds_null()
    {
        _insert.Bind(1, (long?)null);
        _insert.Run();
        _insert.BindText(1, (string?)null);
        _insert.Run();
        _insert.Bind(1, (long?)7);
        _insert.Run();

        Assert.Equal(2, Query.Int64(_connection, "SELECT count(*) FROM t WHERE value IS NULL"));
        Assert.Equal(1, Query.Int64(_connection, "SELECT count(*) FROM t WHERE value = 7"));
    }

    [Fact]
    public void A_column_that_the_row_lacks_is_an_error()
    {
        _insert.Bind(1, 5);
        StoreAndStep();

        Assert.Throws<ArgumentOutOfRangeException>(() => _select.Int64(1));
        Assert.Throws<ArgumentOutOfRangeException>(() => _select.Int64(-1));
    }

    [Fact]
    public void Reading_without_a_row_is_an_error()
    {
        Assert.Throws<ArgumentOutOfRangeException>(() => _select.Int64(0));

        Assert.False(_select.Step());
        Assert.Throws<ArgumentOutOfRangeException>(() => _select.Int64(0));
    }

    [Fact]
    public void A_parameter_that_the_statement_lacks_is_an_error()
    {
        SqliteException error = Assert.Throws<SqliteException>(() => _insert.Bind(2, 5));

        Assert.Equal(SqliteResultCode.Range, error.ResultCode);
    }

    [Fact]
    public void Binding_stepping_and_reading_allocate_nothing()
    {
        using SqliteStatement statement = _connection.Prepare("SELECT ?1, ?2, ?3, ?4, ?5");
        long total = BindStepAndRead(statement, rounds: 100);

        long before = GC.GetAllocatedBytesForCurrentThread();
        total += BindStepAndRead(statement, rounds: 1_000);
        long allocated = GC.GetAllocatedBytesForCurrentThread() - before;

        Assert.Equal(0, allocated);
        Assert.Equal(1_100 * (7 + 2 + 8 + 4 + 4), total);
    }

    private static long BindStepAndRead(SqliteStatement statement, int rounds)
    {
        long total = 0;
        for (int round = 0; round < rounds; round++)
        {
            statement.Bind(1, 7);
            statement.Bind(2, 2.5);
            statement.BindText(3, "operator"u8);
            statement.BindText(4, "text");
            statement.BindBlob(5, "blob"u8);
            while (statement.Step())
            {
                total += statement.Int64(0) + (long)statement.Double(1);
                total += statement.Utf8(2).Length + statement.Utf8(3).Length + statement.Blob(4).Length;
            }
        }

        return total;
    }

    private void StoreAndStep()
    {
        _insert.Run();
        Assert.True(_select.Step());
    }
}
