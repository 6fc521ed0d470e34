using LibSqlite;
using Syncline.Core.Operations;
using Syncline.Engine.Storage;
using Syncline.Sqlite.Accounts;
using Syncline.Sqlite.Spaces;

namespace Syncline.Sqlite.Backups;

/// <summary>One database of a backup, or on its way out of one: nobody else has it open.</summary>
internal static class DatabaseCopy
{
    private static readonly TimeSpan BusyTimeout = TimeSpan.FromSeconds(30);

    /// <summary>Copies a database that a server may be using, as of one moment of it, into one file without a log beside it.</summary>
    /// <returns>False when there is no such database, or none any more.</returns>
    /// <exception cref="SqliteException">It cannot be read, or the copy cannot be written.</exception>
    public static bool TryMake(string source, string destination, CancellationToken cancellationToken)
    {
        // Not read-only: it is then the last to close a database that was not closed in order, and leaves it tidy.
        SqliteConnection from;
        try
        {
            if (!File.Exists(source)) return false;
            from = SqliteConnection.Open(source, SqliteOpenMode.ReadWrite);
        }
        catch (SqliteException) when (!File.Exists(source))
        {
            return false;
        }

        using (from)
        {
            from.BusyTimeout = BusyTimeout;
            using SqliteConnection to = SqliteConnection.Open(destination, SqliteOpenMode.ReadWriteCreate);

            // What is left of a broken copy is thrown away: it needs no journal, and the disk only at its end.
            to.Execute("PRAGMA journal_mode = OFF; PRAGMA synchronous = OFF");
            from.BackupTo(to, int.MaxValue, cancellationToken);

            // The copy of a database with a write-ahead log says that it has one. In a backup it is one file, which opens from read-only media.
            to.Execute("PRAGMA journal_mode = DELETE");
        }

        return true;
    }

    /// <summary>Opens a copy of the accounts for small changes, which are durable after <see cref="Flush"/>.</summary>
    /// <exception cref="BackupException">It is not the accounts of a version that this program knows, or damaged.</exception>
    public static SqliteConnection OpenAccounts(string path) => Open(path, AccountSchema.Current, "accounts", check: _ => { });

    /// <summary>Opens a copy of a space's log for small changes, which are durable after <see cref="Flush"/>.</summary>
    /// <exception cref="BackupException">It is not that space's log, of a version that this program knows, or it is damaged.</exception>
    public static SqliteConnection OpenSpace(string path, SpaceId space) =>
        Open(
            path,
            SpaceSchema.Current,
            $"space {space}",
            connection =>
            {
                using SqliteStatement meta = connection.Prepare("SELECT space FROM meta");
                string name = meta.Step() ? meta.Text(0) : "none";
                if (name != space.Value) throw new BackupException($"The file of space {space} says that it is of space {name}.");
            });

    /// <summary>
    /// Has the log begin a new epoch when it is opened next, by whomever: a copy that is put in place by hand must not go on as if nothing had
    /// been appended since.
    /// </summary>
    public static void DemandNewEpoch(SqliteConnection connection) => connection.Execute("UPDATE meta SET clean = 0");

    public static BackupException Damaged(string what, string fault, Exception? exception = null) =>
        new($"The file of {what} is damaged ({fault}): it has to come from an earlier backup.", exception);

    /// <summary>Waits until a file is on the disk; its name is the directory's.</summary>
    public static void Flush(string path)
    {
        using FileStream file = new(path, FileMode.Open, FileAccess.ReadWrite, FileShare.ReadWrite, bufferSize: 0);
        file.Flush(flushToDisk: true);
    }

    private static SqliteConnection Open(string path, DatabaseSchema schema, string what, Action<SqliteConnection> check)
    {
        SqliteConnection? connection = null;
        try
        {
            connection = SqliteConnection.Open(path, SqliteOpenMode.ReadWrite);
            connection.Execute("PRAGMA journal_mode = MEMORY; PRAGMA synchronous = OFF");
            schema.DemandKnown(connection);
            using (SqliteStatement quick = connection.Prepare("PRAGMA quick_check(1)"))
            {
                string fault = quick.Step() ? quick.Text(0) : "no answer";
                if (fault != "ok") throw Damaged(what, fault);
            }

            check(connection);
            return connection;
        }
        catch (Exception exception)
        {
            connection?.Dispose();
            switch (exception)
            {
                // "Error" is a table that is not there.
                case SqliteException { IsCorrupt: true } or SqliteException { ResultCode: SqliteResultCode.Error }:
                    throw Damaged(what, exception.Message, exception);
                case StoreUnavailableException:
                    throw new BackupException($"The file of {what} cannot be used. {exception.Message}", exception);
                default:
                    throw;
            }
        }
    }
}
