namespace Syncline.Sqlite.Backups;

/// <summary>A backup cannot be made or restored as asked, and nothing was changed. The message says why, and what to do.</summary>
public sealed class BackupException : Exception
{
    internal BackupException(string message, Exception? innerException = null)
        : base(message, innerException)
    {
    }
}
