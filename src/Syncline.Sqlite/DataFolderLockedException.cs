namespace Syncline.Sqlite;

/// <summary>Another server uses the data folder. Stop it, or give this one a folder of its own.</summary>
public sealed class DataFolderLockedException(string folder, Exception innerException)
    : Exception($"The data folder {folder} is in use by another server. Stop that one, or choose another folder.", innerException)
{
    /// <summary>The folder.</summary>
    public string Folder { get; } = folder;
}
