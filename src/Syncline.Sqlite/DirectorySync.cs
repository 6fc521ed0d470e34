using System.Runtime.InteropServices;

namespace Syncline.Sqlite;

/// <summary>
/// Makes names in a directory durable: a file that was synced can still lose its name with the power. .NET opens no directories, so this
/// calls the C library. Windows has no such call and needs none: NTFS logs names.
/// </summary>
internal static partial class DirectorySync
{
    private const int ReadOnly = 0;
    private const int AccessDenied = 13;

    public static void Flush(string directory)
    {
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
