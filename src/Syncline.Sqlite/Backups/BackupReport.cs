namespace Syncline.Sqlite.Backups;

/// <summary>What a backup holds.</summary>
/// <param name="Folder">Where it lies, as an absolute path.</param>
/// <param name="Spaces">How many spaces.</param>
/// <param name="Bytes">The size of all its databases.</param>
public sealed record BackupReport(string Folder, int Spaces, long Bytes);
