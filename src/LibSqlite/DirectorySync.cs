using System.Runtime.InteropServices;

namespace LibSqlite;

/// <summary>
/// Makes names in a directory durable: a file that was synced can still lose its name with the power, and SQLite syncs the name of a new
/// database, not that of its folder. .NET opens no directories, so this calls the C library. Windows has no such call and needs none: NTFS
/// logs names.
/// </summary>
public static partial class DirectorySync
{
    private const int ReadOnly = 0;
    private const int AccessDenied = 13;

    /// <summary>Waits until the names that are in a directory, and those that are no longer, are on the disk.</summary>
    /// <exception cref="UnauthorizedAccessException">The directory may not be read.</exception>
    /// <exception cref="IOException">It is not there, or the disk failed.</exception>
    public static void Flush(string directory)
    {
        ArgumentException.ThrowIfNullOrEmpty(directory);
        if (OperatingSystem.IsWindows()) return;

        int descriptor = Open(directory, ReadOnly);
        if (descriptor < 0) throw LastError(directory);
        try
        {
            if (Fsync(descriptor) != 0) throw LastError(directory);
        }
        finally
        {
            _ = Close(descriptor);
        }
    }

    private static Exception LastError(string directory)
    {
        string message = $"Cannot sync the directory {directory}: {Marshal.GetLastPInvokeErrorMessage()}";
        return Marshal.GetLastPInvokeError() == AccessDenied ? new UnauthorizedAccessException(message) : new IOException(message);
    }

    [LibraryImport("libc", EntryPoint = "open", SetLastError = true, StringMarshalling = StringMarshalling.Utf8)]
    [DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
    private static partial int Open(string path, int flags);

    [LibraryImport("libc", EntryPoint = "fsync", SetLastError = true)]
    [DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
    private static partial int Fsync(int descriptor);

    [LibraryImport("libc", EntryPoint = "close", SetLastError = true)]
    [DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
    private static partial int Close(int descriptor);
}
