namespace Syncline.Client.Storage;

/// <summary>Makes the files of a store, for their owner alone: they hold what was synced, and a login.</summary>
internal static class LocalFiles
{
    private const UnixFileMode OwnersFile = UnixFileMode.UserRead | UnixFileMode.UserWrite;
    private const UnixFileMode OwnersFolder = OwnersFile | UnixFileMode.UserExecute;

    /// <summary>How to open a file that is made for its owner alone.</summary>
    public static FileStreamOptions ForOwner(FileMode mode, FileShare share)
    {
        FileStreamOptions options = new() { Mode = mode, Access = FileAccess.ReadWrite, Share = share, BufferSize = 0 };
        if (!OperatingSystem.IsWindows()) options.UnixCreateMode = OwnersFile;
        return options;
    }

    /// <summary>The path of what a path leads to, through links of files and folders: a store has one name, whichever it is opened by.</summary>
    /// <exception cref="IOException">The links lead in a circle.</exception>
    public static string RealPath(string path)
    {
        path = Path.GetFullPath(path);
        if (Path.GetDirectoryName(path) is not { } folder) return path;
        FileInfo file = new(Path.Combine(RealPath(folder), Path.GetFileName(path)));
        return file.LinkTarget is null ? file.FullName : RealPath(file.ResolveLinkTarget(returnFinalTarget: true)!.FullName);
    }

    /// <summary>Makes an empty file when there is none; SQLite gives those that it makes beside it the same permissions.</summary>
    public static void MakeFile(string path)
    {
        if (!File.Exists(path)) new FileStream(path, ForOwner(FileMode.OpenOrCreate, FileShare.ReadWrite)).Dispose();
    }

    /// <summary>Makes the folders above a file that are not there. All in them would be lost with their names, so those are made durable.</summary>
    public static void MakeFolderOf(string path, Action<string> syncNames)
    {
        string folder = Path.GetDirectoryName(path)!;
        List<string> grown = [];
        for (string above = folder; !Directory.Exists(above); above = grown[^1])
            grown.Add(Path.GetDirectoryName(above)!);
        if (grown.Count == 0) return;

        if (OperatingSystem.IsWindows())
            Directory.CreateDirectory(folder);
        else
            Directory.CreateDirectory(folder, OwnersFolder);
        foreach (string above in grown)
            syncNames(above);
    }

    // Windows: sharing and lock violation. Elsewhere .NET passes on the number of EWOULDBLOCK: 11 on Linux, 35 on macOS.
    public static bool IsSharingViolation(IOException exception) =>
        OperatingSystem.IsWindows()
            ? (exception.HResult & 0xFFFF) is 32 or 33
            : exception.HResult is 11 or 35;
}
