using LibSqlite;
using Syncline.Engine.Accounts;
using Syncline.Engine.Storage;

namespace Syncline.Sqlite.Accounts;

/// <summary>The one connection to <c>platform.sqlite</c>: opened by the first call that needs it, used by one caller at a time.</summary>
internal sealed class AccountDatabase(string path, DataDisk disk) : IDisposable
{
    private static readonly TimeSpan BusyTimeout = TimeSpan.FromSeconds(5);

    private readonly Lock _using = new();
    private SqliteConnection? _connection;
    private bool _isDisposed;

    public ValueTask<T> ReadAsync<T>(Func<SqliteConnection, T> read, CancellationToken cancellationToken) =>
        RunAsync(read, cancellationToken);

    /// <summary>Runs a change in a transaction, which is rolled back when the change throws.</summary>
    public ValueTask<T> ChangeAsync<T>(Func<SqliteConnection, T> change, CancellationToken cancellationToken) =>
        RunAsync(
            connection =>
            {
                using SqliteTransaction transaction = connection.BeginImmediate();
                T result = change(connection);
                Commit(connection, transaction);
                return result;
            },
            cancellationToken);

    public static void WriteAudit(SqliteConnection connection, Audit audit, string action, string subject, string? detail = null)
    {
        using SqliteStatement insert = connection.Cached(
            "INSERT INTO audit (at, by_user, action, subject, detail) VALUES (?1, ?2, ?3, ?4, ?5)");
        insert.Bind(1, audit.At);
        insert.BindText(2, audit.By?.Value);
        insert.BindText(3, action);
        insert.BindText(4, subject);
        insert.BindText(5, detail);
        insert.Run();
    }

    public void Dispose()
    {
        lock (_using)
        {
            _isDisposed = true;
            Close();
        }
    }

    private ValueTask<T> RunAsync<T>(Func<SqliteConnection, T> work, CancellationToken cancellationToken)
    {
        try
        {
            cancellationToken.ThrowIfCancellationRequested();
            lock (_using)
            {
                ObjectDisposedException.ThrowIf(_isDisposed, typeof(SqliteAccountStore));
                return ValueTask.FromResult(RunAlone(work));
            }
        }
        catch (Exception exception)
        {
            // Comes out where the task is awaited, as it would if the store were asynchronous.
            return ValueTask.FromException<T>(exception);
        }
    }

    private T RunAlone<T>(Func<SqliteConnection, T> work)
    {
        try
        {
            return work(_connection ??= Open());
        }
        catch (SqliteException exception)
        {
            CloseAfter(exception);
            throw Unavailable.From(exception);
        }
        catch (StoreUnavailableException exception) when (exception.InnerException is SqliteException inner)
        {
            CloseAfter(inner);
            throw;
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
        {
            Close();
            throw Unavailable.From(exception);
        }
    }

    private SqliteConnection Open()
    {
        bool hasLog = WriteAheadLog.IsBeside(path);
        SqliteConnection connection = SqliteConnection.Open(path, SqliteOpenMode.ReadWriteCreate, fileSystem: disk.FileSystem);
        try
        {
            connection.BusyTimeout = BusyTimeout;
            connection.Execute("PRAGMA synchronous = FULL; PRAGMA journal_mode = WAL; PRAGMA foreign_keys = ON");
            if (DatabaseSchema.IsEmpty(connection))
            {
                AccountSchema.Current.Create(connection, fill: _ => { });
                disk.SyncNames(Path.GetDirectoryName(path)!);
            }
            else
            {
                AccountSchema.Current.Upgrade(connection);
                if (hasLog) WriteAheadLog.MakeDurable(connection);
            }

            return connection;
        }
        catch
        {
            connection.Dispose();
            throw;
        }
    }

    private static void Commit(SqliteConnection connection, SqliteTransaction transaction)
    {
        try
        {
            transaction.Commit();
        }
        catch (SqliteException exception)
        {
            throw Unavailable.From(exception, outcomeUnknown: connection.IsAutocommit || exception.IsIoError);
        }
    }

    private void CloseAfter(SqliteException exception)
    {
        if (exception.IsBusy || exception.IsFull || exception.IsReadOnly || exception.IsConstraint) return;
        Close();
    }

    private void Close()
    {
        _connection?.Dispose();
        _connection = null;
    }
}
