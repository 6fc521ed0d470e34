using Syncline.Engine.Storage;
using Syncline.Sqlite.Backups;

namespace Syncline.Sqlite;

/// <summary>
/// The data folder, locked against a second server from construction to <see cref="Dispose"/>. The lock is the operating system's: it ends
/// with the process, however that ends. Dispose the stores first.
/// </summary>
public sealed class SqliteDataFolder : IDisposable
{
    internal const string LockFileName = "syncline.lock";

    private const string CheckFileName = "syncline.check";
    private const int CheckBytes = 4096;

    private readonly Lock _checking = new();
    private readonly FileStream _lock;

    /// <summary>Opens the folder, which is made when it is not there. A restore that was broken off is ended first.</summary>
    /// <exception cref="DataFolderLockedException">Another server uses it.</exception>
    /// <exception cref="IOException">It cannot be made or written to.</exception>
    /// <exception cref="UnauthorizedAccessException">It cannot be made or written to.</exception>
    public SqliteDataFolder(SqliteOptions options)
        : this(options, DataDisk.OfTheSystem)
    {
    }

    internal SqliteDataFolder(SqliteOptions options, DataDisk disk)
    {
        ArgumentException.ThrowIfNullOrEmpty(options.Folder);
        ArgumentOutOfRangeException.ThrowIfLessThan(options.OpenSpacesMax, 1);
        Options = options;
        Disk = disk;
        Path = System.IO.Path.GetFullPath(options.Folder);
        Make(Path, disk);
        try
        {
            _lock = new FileStream(
                System.IO.Path.Combine(Path, LockFileName), FileMode.OpenOrCreate, FileAccess.ReadWrite, FileShare.None);
        }
        catch (IOException exception) when (IsSharingViolation(exception))
        {
            throw new DataFolderLockedException(Path, exception);
        }

        try
        {
            new Replacement(Path).Finish();
        }
        catch
        {
            _lock.Dispose();
            throw;
        }
    }

    /// <summary>The folder, as an absolute path.</summary>
    public string Path { get; }

    /// <summary>What the folder was opened with.</summary>
    public SqliteOptions Options { get; }

    /// <summary>What the folder lies on.</summary>
    internal DataDisk Disk { get; }

    /// <summary>Gives the folder free for another server.</summary>
    public void Dispose() => _lock.Dispose();

    /// <summary>
    /// Makes a data folder that is not there, for its owner alone: it has the hashes of passwords and everybody's data. Who wants others to
    /// read it makes it beforehand. Everything in it would be lost with its name, so that is made durable.
    /// </summary>
    /// <param name="path">An absolute path.</param>
    /// <param name="disk">What it will lie on.</param>
    internal static void Make(string path, DataDisk disk)
    {
        bool isThere = Directory.Exists(path);
        List<string> grown = [];
        for (string folder = path; !Directory.Exists(folder); folder = grown[^1])
            grown.Add(System.IO.Path.GetDirectoryName(folder)!);

        if (OperatingSystem.IsWindows())
            Directory.CreateDirectory(path);
        else
            Directory.CreateDirectory(path, UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute);
        foreach (string folder in grown)
            disk.SyncNames(folder);
        if (isThere && System.IO.Path.GetDirectoryName(path) is { } parent) TrySyncNames(parent, disk);
    }

    // Whoever made our folder may have been killed before this.
    private static void TrySyncNames(string parent, DataDisk disk)
    {
        try
        {
            disk.SyncNames(parent);
        }
        catch (UnauthorizedAccessException)
        {
            // Then it was not a server: one that may make a folder in there could sync it.
        }
    }

    /// <summary>Makes a file, waits until it is on the disk, and removes it.</summary>
    /// <exception cref="StoreUnavailableException">The folder cannot be written to, or the disk is full.</exception>
    internal void Check()
    {
        lock (_checking)
        {
            try
            {
                string path = System.IO.Path.Combine(Path, CheckFileName);
                using FileStream file = new(
                    path, FileMode.Create, FileAccess.Write, FileShare.Read, bufferSize: 0, FileOptions.DeleteOnClose);
                file.Write(new byte[CheckBytes]);
                file.Flush(flushToDisk: true);
            }
            catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
            {
                throw Unavailable.From(exception);
            }
        }
    }

    // Windows: sharing and lock violation. Elsewhere .NET passes on the number of EWOULDBLOCK: 11 on Linux, 35 on macOS.
    internal static bool IsSharingViolation(IOException exception) =>
        OperatingSystem.IsWindows()
            ? (exception.HResult & 0xFFFF) is 32 or 33
            : exception.HResult is 11 or 35;
}
