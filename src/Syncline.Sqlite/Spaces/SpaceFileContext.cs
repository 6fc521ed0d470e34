using LibSqlite;
using Syncline.Engine;

namespace Syncline.Sqlite.Spaces;

/// <summary>What all files of spaces have in common.</summary>
/// <param name="Durability">What an append survives.</param>
/// <param name="Schema">The tables.</param>
/// <param name="TimeProvider">For the time at which an epoch ends.</param>
/// <param name="RandomBytes">For new epochs.</param>
/// <param name="Disk">Where the files lie.</param>
/// <param name="Opened">Called with each new connection: where tests make a disk full.</param>
internal sealed record SpaceFileContext(
    Durability Durability,
    DatabaseSchema Schema,
    TimeProvider TimeProvider,
    IRandomBytes RandomBytes,
    DataDisk Disk,
    Action<SqliteConnection>? Opened = null)
{
    /// <summary>The operating system caches files once for all; SQLite's own cache is paid for per open space.</summary>
    public const int WriterCacheKibibytes = 256;

    /// <summary>A scan meets each page once.</summary>
    public const int ReaderCacheKibibytes = 64;

    /// <summary>Only another program, such as sqlite3, can be in the way.</summary>
    public static readonly TimeSpan BusyTimeout = TimeSpan.FromSeconds(5);
}
