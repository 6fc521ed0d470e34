namespace LibSqlite;

/// <summary>A write transaction, open from <see cref="SqliteConnection.BeginImmediate"/> until it is committed or disposed.</summary>
public sealed class SqliteTransaction : IDisposable
{
    private readonly SqliteConnection _connection;
    private bool _isOver;

    internal SqliteTransaction(SqliteConnection connection) => _connection = connection;

    /// <summary>Makes the changes permanent and ends the transaction.</summary>
    /// <exception cref="SqliteException">
    /// Nothing is committed. If <see cref="SqliteConnection.IsAutocommit"/> is false, the transaction is still open and this may be
    /// called again (<see cref="SqliteResultCode.Busy"/>: readers are in the way); if true, SQLite has rolled it back.
    /// </exception>
    public void Commit()
    {
        ObjectDisposedException.ThrowIf(_isOver, this);
        _connection.RunCached("COMMIT");
        _isOver = true;
    }

    /// <summary>Rolls back, unless the transaction was committed, SQLite has rolled it back, or the connection is closed.</summary>
    public void Dispose()
    {
        if (_isOver) return;

        _isOver = true;
        if (!_connection.IsClosed && !_connection.IsAutocommit) _connection.RunCached("ROLLBACK");
    }
}
