namespace Syncline.Sqlite.Backups;

/// <summary>What was restored.</summary>
/// <param name="MadeAt">When the backup was made.</param>
/// <param name="Spaces">How many spaces.</param>
/// <param name="Aside">Where the replaced data lies, as an absolute path; null where there was none, or where it was discarded.</param>
public sealed record RestoreReport(DateTimeOffset MadeAt, int Spaces, string? Aside);
