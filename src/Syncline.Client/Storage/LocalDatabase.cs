using LibSqlite;
using Syncline.Core.Operations;

namespace Syncline.Client.Storage;

/// <summary>Opens the connection to a local store's file, which is there.</summary>
internal static class LocalDatabase
{
    /// <summary>Opens the file, and makes the tables when it is empty.</summary>
    /// <exception cref="SqliteException">It cannot be read or written, or is no database.</exception>
    /// <exception cref="LocalStoreException">It is not ours, or of a newer version.</exception>
    public static SqliteConnection Open(
        string path, LocalStoreContext context, Func<ActorId> newActor, TimeProvider timeProvider, out bool isNew)
    {
        bool hasLog = File.Exists(path + "-wal");
        SqliteConnection connection = SqliteConnection.Open(path, SqliteOpenMode.ReadWrite, fileSystem: context.FileSystem);
        try
        {
            connection.BusyTimeout = TimeSpan.FromSeconds(2); // Only another program, such as sqlite3, can be in the way.
            isNew = LocalSchema.IsEmpty(connection);

            // Whoever made our folder may have been killed before its name was durable.
            if (isNew && Path.GetDirectoryName(Path.GetDirectoryName(path)) is { } parent) TrySyncNames(context, parent);
            connection.Execute(
                """
                PRAGMA auto_vacuum = INCREMENTAL; PRAGMA synchronous = FULL; PRAGMA journal_mode = WAL; PRAGMA journal_size_limit = 16777216
                """);
            context.Opened?.Invoke(connection);
            if (isNew) LocalSchema.Create(connection, newActor(), timeProvider.GetUtcNow());
            else LocalSchema.Upgrade(connection);

            // What a killed client wrote and did not come to sync is read again, but may be in the system's memory only.
            if (hasLog) TryCheckpoint(connection);
            return connection;
        }
        catch
        {
            connection.Dispose();
            throw;
        }
    }

    private static void TrySyncNames(LocalStoreContext context, string folder)
    {
        try
        {
            context.SyncNames(folder);
        }
        catch (UnauthorizedAccessException)
        {
            // Then it was not us who made a folder in there.
        }
    }

    private static void TryCheckpoint(SqliteConnection connection)
    {
        try
        {
            connection.Checkpoint(SqliteCheckpointMode.Passive);
        }
        catch (SqliteException exception) when (exception.IsFull)
        {
            // The log is synced first, and that was enough.
        }
    }
}
