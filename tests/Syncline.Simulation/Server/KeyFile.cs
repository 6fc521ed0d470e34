namespace Syncline.Simulation.Server;

/// <summary>The key that all servers of all worlds sign with: one file, the same bytes in every run.</summary>
internal static class KeyFile
{
    private const string Key = "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8";
    private static readonly Lazy<string> Made = new(Make);

    public static string Path => Made.Value;

    /// <summary>Removes it.</summary>
    public static void Delete()
    {
        if (Made.IsValueCreated)
            Directory.Delete(System.IO.Path.GetDirectoryName(Made.Value)!, recursive: true);
    }

    private static string Make()
    {
        string path = System.IO.Path.Combine(Directory.CreateTempSubdirectory("syncline-simulation-").FullName, "signing.key");
        File.WriteAllText(path, Key);
        if (!OperatingSystem.IsWindows())
            File.SetUnixFileMode(path, UnixFileMode.UserRead | UnixFileMode.UserWrite);
        return path;
    }
}
