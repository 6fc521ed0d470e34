using LibSqlite;

namespace Syncline.Sqlite;

/// <summary>The log that lies beside a database until its last connection is closed in order.</summary>
internal static class WriteAheadLog
{
    /// <summary>Whether one lies there. Before the first connection is opened: somebody was killed, or another program is using the file.</summary>
    public static bool IsBeside(string path) => File.Exists(path + "-wal");

    /// <summary>
    /// Makes durable what was found in it. What a killed server wrote and did not come to sync is read again, but may be in the operating
    /// system's memory only: nobody may be told of it before it is on the disk.
    /// </summary>
    public static void MakeDurable(SqliteConnection connection)
    {
        try
        {
            connection.Checkpoint(SqliteCheckpointMode.Passive);
        }
        catch (SqliteException exception) when (exception.IsFull || exception.IsReadOnly)
        {
            // The log is synced first, and that was enough.
        }
    }
}
