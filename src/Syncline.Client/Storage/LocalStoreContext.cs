using LibSqlite;

namespace Syncline.Client.Storage;

/// <summary>What a local store lies on.</summary>
/// <param name="FileSystem">Name of the SQLite file system (VFS) that opens the file; null is the system's own.</param>
/// <param name="SyncNames">Makes the names in a folder durable.</param>
/// <param name="Opened">Called with the connection: where tests make a disk full.</param>
internal sealed record LocalStoreContext(string? FileSystem, Action<string> SyncNames, Action<SqliteConnection>? Opened = null)
{
    /// <summary>The real disk.</summary>
    public static LocalStoreContext OfTheSystem { get; } = new(null, DirectorySync.Flush);
}
