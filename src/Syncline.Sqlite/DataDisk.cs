using LibSqlite;

namespace Syncline.Sqlite;

/// <summary>
/// The disk under the data folder: which of SQLite's file systems opens the databases, and what is done to files by name. Tests put one in
/// its place that loses its power.
/// </summary>
internal class DataDisk
{
    protected DataDisk()
    {
    }

    /// <summary>The real one.</summary>
    public static DataDisk OfTheSystem { get; } = new();

    /// <summary>Name of the SQLite file system (VFS) that opens databases; null is the system's own.</summary>
    public virtual string? FileSystem => null;

    /// <summary>Renames a file within its folder. Durable once the folder is synced.</summary>
    public virtual void Move(string path, string newPath) => File.Move(path, newPath);

    /// <summary>Removes a file, if it is there. Durable once the folder is synced.</summary>
    public virtual void Delete(string path) => File.Delete(path);

    /// <summary>Makes the names in a folder durable, not what is in the files.</summary>
    public virtual void SyncNames(string folder) => DirectorySync.Flush(folder);
}
