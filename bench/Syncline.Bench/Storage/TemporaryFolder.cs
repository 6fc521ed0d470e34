using System.Diagnostics;

namespace Syncline.Bench.Storage;

/// <summary>A folder for one measurement's files, removed at the end. It lies where <c>TMPDIR</c> says: the disk that is judged.</summary>
internal sealed class TemporaryFolder : IDisposable
{
    private readonly DirectoryInfo _folder;

    public TemporaryFolder()
    {
        Settle();
        _folder = Directory.CreateTempSubdirectory("syncline-bench-");
    }

    public string Path => _folder.FullName;

    public string PathOf(string name) => System.IO.Path.Combine(Path, name);

    /// <summary>Waits until all that the system has yet to write is on the disk: it is not the measured stretch's to wait for.</summary>
    public static void Settle()
    {
        using Process sync = Process.Start("sync");
        sync.WaitForExit();
    }

    public void Dispose() => _folder.Delete(recursive: true);
}
