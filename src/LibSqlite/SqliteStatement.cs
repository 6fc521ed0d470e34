using System.Buffers;
using System.Text;

namespace LibSqlite;

/// <summary>
/// One prepared statement, used on the thread that uses its connection. Parameters count from 1, columns from 0. Binding
/// copies the value; bindings stay until they are bound anew. Disposing it finalises it, or gives it back to the connection if
/// it came from <see cref="SqliteConnection.Cached"/>; one that is never disposed stays in memory until its connection closes.
/// Members throw <see cref="ObjectDisposedException"/> once this or the connection is disposed. Only Text, and BindText with a
/// long string, may allocate.
/// </summary>
public sealed class SqliteStatement : IDisposable
{
    private const int BytesOnStackMax = 512;

    private static readonly UTF8Encoding StrictUtf8 = new(encoderShouldEmitUTF8Identifier: false, throwOnInvalidBytes: true);

    private readonly SqliteConnection _connection;
    private readonly LinkedListNode<StatementCache.CachedStatement>? _cached;
    private nint _pointer;
    private int _columnsOfRow;

    internal SqliteStatement(SqliteConnection connection, nint pointer, LinkedListNode<StatementCache.CachedStatement>? cached)
    {
        _connection = connection;
        _pointer = pointer;
        _cached = cached;
    }

    private nint Pointer
    {
        get
        {
            ObjectDisposedException.ThrowIf(_pointer == 0 || _connection.IsClosed, this);
            return _pointer;
        }
    }

    /// <summary>Binds a 64-bit integer.</summary>
    /// <exception cref="SqliteException">
    /// <see cref="SqliteResultCode.Range"/>: the statement has no such parameter. <see cref="SqliteResultCode.Misuse"/>: it stands
    /// on a row; <see cref="Reset"/> it first. The same holds for every member that binds.
    /// </exception>
    public void Bind(int index, long value) => Check(Native.sqlite3_bind_int64(Pointer, index, value));

    /// <summary>Binds a 64-bit integer, or NULL.</summary>
    public void Bind(int index, long? value)
    {
        if (value is long present) Bind(index, present);
        else BindNull(index);
    }

    /// <summary>Binds an IEEE 754 double. SQLite stores a NaN as NULL.</summary>
    public void Bind(int index, double value) => Check(Native.sqlite3_bind_double(Pointer, index, value));

    /// <summary>Binds NULL.</summary>
    public void BindNull(int index) => Check(Native.sqlite3_bind_null(Pointer, index));

    /// <summary>Binds text. An empty span is an empty text, not NULL.</summary>
    /// <param name="index">From 1.</param>
    /// <param name="utf8">UTF-8, not checked; may hold zero bytes.</param>
    public unsafe void BindText(int index, ReadOnlySpan<byte> utf8)
    {
        byte notNull;
        fixed (byte* start = utf8)
        {
            Check(Native.sqlite3_bind_text(Pointer, index, start is null ? &notNull : start, utf8.Length, Native.Transient));
        }
    }

    /// <summary>Binds text, or NULL.</summary>
    /// <exception cref="EncoderFallbackException"><paramref name="text"/> holds half a surrogate pair.</exception>
    public void BindText(int index, string? text)
    {
        if (text is null)
        {
            BindNull(index);
            return;
        }

        int bytesMax = StrictUtf8.GetMaxByteCount(text.Length);
        byte[]? rented = bytesMax <= BytesOnStackMax ? null : ArrayPool<byte>.Shared.Rent(bytesMax);
        Span<byte> utf8 = rented ?? stackalloc byte[BytesOnStackMax];
        try
        {
            BindText(index, utf8[..StrictUtf8.GetBytes(text, utf8)]);
        }
        finally
        {
            if (rented is not null) ArrayPool<byte>.Shared.Return(rented);
        }
    }

    /// <summary>Binds a blob. An empty span is an empty blob, not NULL.</summary>
    public unsafe void BindBlob(int index, ReadOnlySpan<byte> bytes)
    {
        byte notNull;
        fixed (byte* start = bytes)
        {
            Check(Native.sqlite3_bind_blob(Pointer, index, start is null ? &notNull : start, bytes.Length, Native.Transient));
        }
    }

    /// <summary>Goes to the next row.</summary>
    /// <returns>Whether there is one. After false, and after an exception, the statement is reset and its locks are released.</returns>
    public bool Step()
    {
        int result = Native.sqlite3_step(Pointer);
        if (result == Native.Row)
        {
            _columnsOfRow = Native.sqlite3_data_count(_pointer);
            return true;
        }

        SqliteException? error = result == Native.Done ? null : SqliteException.From(result, _connection.Database);
        Reset();
        return error is null ? false : throw error;
    }

    /// <summary>Steps through all rows, which are ignored; the statement is then reset.</summary>
    public void Run()
    {
        while (Step())
        {
        }
    }

    /// <summary>Leaves the current row and releases its locks. Bindings stay.</summary>
    public void Reset()
    {
        _columnsOfRow = 0;
        Native.sqlite3_reset(Pointer);
        GC.KeepAlive(_connection);
    }

    /// <summary>The storage class of the value. Ask before reading it: reading another type converts it.</summary>
    /// <exception cref="ArgumentOutOfRangeException">
    /// The current row has no such column, or there is no current row. The same holds for every member that reads.
    /// </exception>
    public SqliteColumnType ColumnType(int column)
    {
        int type = Native.sqlite3_column_type(RowWith(column), column);
        GC.KeepAlive(_connection);
        return (SqliteColumnType)type;
    }

    /// <summary>Whether the value is NULL.</summary>
    public bool IsNull(int column) => ColumnType(column) == SqliteColumnType.Null;

    /// <summary>The value as an integer; NULL, and text that is no number, reads as 0.</summary>
    public long Int64(int column)
    {
        long value = Native.sqlite3_column_int64(RowWith(column), column);
        GC.KeepAlive(_connection);
        return value;
    }

    /// <summary>The value as a double; NULL, and text that is no number, reads as 0.</summary>
    public double Double(int column)
    {
        double value = Native.sqlite3_column_double(RowWith(column), column);
        GC.KeepAlive(_connection);
        return value;
    }

    /// <summary>The value as text; NULL reads as empty, and bytes that are not UTF-8 as U+FFFD.</summary>
    public string Text(int column)
    {
        string text = Encoding.UTF8.GetString(Utf8(column));
        GC.KeepAlive(_connection);
        return text;
    }

    /// <summary>The value as UTF-8 text; NULL reads as empty.</summary>
    /// <returns>SQLite's own memory: valid until the next step or reset, disposal, or a read of this column as another type.</returns>
    public unsafe ReadOnlySpan<byte> Utf8(int column)
    {
        byte* start = Native.sqlite3_column_text(RowWith(column), column);
        return Span(start, column);
    }

    /// <summary>The value as bytes; NULL reads as empty.</summary>
    /// <returns>SQLite's own memory: valid until the next step or reset, disposal, or a read of this column as another type.</returns>
    public unsafe ReadOnlySpan<byte> Blob(int column)
    {
        byte* start = Native.sqlite3_column_blob(RowWith(column), column);
        return Span(start, column);
    }

    /// <summary>Finalises the statement, or gives it back to its connection's cache. A second call does nothing.</summary>
    public void Dispose()
    {
        nint pointer = _pointer;
        if (pointer == 0) return;

        _pointer = 0;
        _connection.Release(pointer, _cached);
        GC.KeepAlive(_connection);
    }

    private void Check(int result)
    {
        _connection.Check(result);
        GC.KeepAlive(_connection); // Else an abandoned connection could be closed by its finalizer inside the call before.
    }

    private nint RowWith(int column)
    {
        nint pointer = Pointer;
        ArgumentOutOfRangeException.ThrowIfNegative(column);
        ArgumentOutOfRangeException.ThrowIfGreaterThanOrEqual(column, _columnsOfRow);
        return pointer;
    }

    private unsafe ReadOnlySpan<byte> Span(byte* start, int column)
    {
        // A null pointer is NULL, an empty blob, or a value that could not be converted for want of memory.
        if (start is null && Native.sqlite3_extended_errcode(_connection.Database) == Native.NoMemory)
        {
            throw SqliteException.From(Native.NoMemory);
        }

        ReadOnlySpan<byte> bytes = new(start, start is null ? 0 : Native.sqlite3_column_bytes(_pointer, column));
        GC.KeepAlive(_connection);
        return bytes;
    }
}
