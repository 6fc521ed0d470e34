namespace Syncline.Bench.Storage;

/// <summary>A folder for one measurement's files, removed at the end. It lies where <c>TMPDIR</c> says: the disk that is judged.</summary>
internal sealed class TemporaryFolder : IDisposable
{
    private readonly DirectoryInfo _folder = Directory.CreateTempSubdirectory("syncline-bench-");

    public string Path => _folder.FullName;

    public string PathOf(string name) => System.IO.Path.Combine(Path, name);

    public void Dispose() => _folder.Delete(recursive: true);
}
