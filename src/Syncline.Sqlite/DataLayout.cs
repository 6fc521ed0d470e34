using Syncline.Core.Operations;

namespace Syncline.Sqlite;

/// <summary>Where things lie in a data folder; a backup has the same layout.</summary>
internal static class DataLayout
{
    /// <summary>Users, spaces and members.</summary>
    public const string AccountFileName = "platform.sqlite";

    private const string SpaceFileEnding = ".db";

    /// <summary>What SQLite keeps beside a database while it is open, or after a crash.</summary>
    public static IReadOnlyList<string> EndingsBeside { get; } = ["-wal", "-shm", "-journal"];

    public static string AccountFile(string folder) => Path.Combine(folder, AccountFileName);

    public static string SpaceFile(string folder, SpaceId space) => Path.Combine(folder, SpaceFolderName(space), SpaceFileName(space));

    public static string SpaceFolderName(SpaceId space) => space.Value[..2];

    public static string SpaceFileName(SpaceId space) => space.Value + SpaceFileEnding;

    /// <summary>The folders that hold spaces' files, as far as their names tell.</summary>
    public static IEnumerable<string> SpaceFolders(string folder) =>
        Directory.EnumerateDirectories(folder).Where(path => Path.GetFileName(path) is [var first, var second]
            && (char.IsAsciiDigit(first) || char.IsAsciiLetterLower(first))
            && (char.IsAsciiDigit(second) || char.IsAsciiLetterLower(second) || second is '_' or '-'));

    /// <summary>The spaces that have a file, whether or not an account knows them.</summary>
    public static IEnumerable<SpaceId> SpacesWithFile(string folder)
    {
        foreach (string spaceFolder in SpaceFolders(folder))
        {
            foreach (string path in Directory.EnumerateFiles(spaceFolder, "*" + SpaceFileEnding))
            {
                if (SpaceId.TryParse(Path.GetFileNameWithoutExtension(path), out SpaceId space) && SpaceFile(folder, space) == path)
                    yield return space;
            }
        }
    }
}
