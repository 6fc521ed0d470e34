namespace LibSqlite.Tests;

/// <summary>A new folder, deleted with its files at the end. Dispose the connections to its databases first.</summary>
public sealed class TemporaryFolder : IDisposable
{
    private readonly DirectoryInfo _folder = Directory.CreateTempSubdirectory("libsqlite-");

    public string PathOf(string fileName) => Path.Combine(_folder.FullName, fileName);

    public SqliteConnection Open(string fileName = "test.db", SqliteOpenMode mode = SqliteOpenMode.ReadWriteCreate) =>
        SqliteConnection.Open(PathOf(fileName), mode);

    public void Dispose() => _folder.Delete(recursive: true);
}
