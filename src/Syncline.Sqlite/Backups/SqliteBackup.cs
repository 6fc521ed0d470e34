using LibSqlite;
using Syncline.Core.Operations;
using Syncline.Engine.Storage;

namespace Syncline.Sqlite.Backups;

/// <summary>Copies a data folder, beside the server that uses it.</summary>
/// <remarks>
/// Each database is copied as of one moment, the accounts after all logs: whoever wrote something that is in a copied log has an account in the
/// copy. Then both are made to agree: a space that came meanwhile is copied too, one that went meanwhile is left out, so that every space of the
/// copy has members and a log. The key that signs tokens is left out: who reads a backup could act as anybody, and without it devices only
/// refresh their tokens.
/// </remarks>
public static class SqliteBackup
{
    /// <summary>Makes a backup, all of it on the disk when this returns. One that fails or is broken off never has the name of a backup.</summary>
    /// <param name="dataFolder">The data folder.</param>
    /// <param name="to">The folder to make; what is there already is refused.</param>
    /// <param name="timeProvider">For the time that stands in the backup.</param>
    /// <param name="cancellationToken">Looked at between databases.</param>
    /// <exception cref="BackupException">There is no data, something is in the way, or a database is damaged.</exception>
    /// <exception cref="StoreUnavailableException">A database cannot be read, or its copy not be written.</exception>
    /// <exception cref="IOException">The folder cannot be written.</exception>
    /// <exception cref="UnauthorizedAccessException">The folder cannot be written.</exception>
    public static BackupReport Make(string dataFolder, string to, TimeProvider timeProvider, CancellationToken cancellationToken)
    {
        string data = Path.GetFullPath(dataFolder);
        string target = Path.TrimEndingDirectorySeparator(Path.GetFullPath(to));
        if (!Directory.Exists(data)) throw new BackupException($"There is no folder {data}.");
        if (Path.Exists(target)) throw new BackupException($"{target} is there already: a backup overwrites nothing. Choose another name.");

        using FileStream noRestore = Replacement.KeepOut(data);
        if (!File.Exists(DataLayout.AccountFile(data))) throw new BackupException($"There is no data in {data}.");
        string draft = target + ".unfinished";
        try
        {
            BackupReport report;
            using (SqliteDataFolder taken = TakeDraft(draft))
            {
                try
                {
                    report = CopyAll(data, draft, timeProvider.GetUtcNow(), cancellationToken) with { Folder = target };
                }
                catch
                {
                    // What is useless should not fill the disk until somebody notices.
                    taken.Dispose();
                    Directory.Delete(draft, recursive: true);
                    throw;
                }
            }

            File.Delete(Path.Combine(draft, SqliteDataFolder.LockFileName));
            DirectorySync.Flush(draft);
            Directory.Move(draft, target);
            DirectorySync.Flush(Path.GetDirectoryName(target)!);
            return report;
        }
        catch (SqliteException exception)
        {
            throw Unavailable.From(exception);
        }
    }

    // The lock tells a draft that was left behind, which is begun anew, from one that is being made.
    private static SqliteDataFolder TakeDraft(string draft)
    {
        try
        {
            SqliteDataFolder folder = new(new SqliteOptions { Folder = draft });
            foreach (string directory in Directory.EnumerateDirectories(draft))
                Directory.Delete(directory, recursive: true);
            foreach (string file in Directory.EnumerateFiles(draft).Where(file => Path.GetFileName(file) != SqliteDataFolder.LockFileName))
                File.Delete(file);
            return folder;
        }
        catch (DataFolderLockedException exception)
        {
            throw new BackupException($"Another backup is being made in {draft}.", exception);
        }
    }

    private static BackupReport CopyAll(string data, string draft, DateTimeOffset madeAt, CancellationToken cancellationToken)
    {
        int spaces = 0;
        long bytes = 0;
        foreach (SpaceId space in DataLayout.SpacesWithFile(data))
            TryCopySpace(data, draft, space, cancellationToken);

        string accountFile = DataLayout.AccountFile(draft);
        if (!DatabaseCopy.TryMake(DataLayout.AccountFile(data), accountFile, cancellationToken))
            throw new BackupException($"There is no data in {data} any more.");
        using (SqliteConnection accounts = DatabaseCopy.OpenAccounts(accountFile))
        {
            List<SpaceId> gone = [];
            foreach (SpaceId space in AccountCopy.ReadSpaces(accounts))
            {
                if (File.Exists(DataLayout.SpaceFile(draft, space)) || TryCopySpace(data, draft, space, cancellationToken)) spaces++;
                else gone.Add(space);
            }

            AccountCopy.RemoveSpaces(accounts, gone);
            foreach (SpaceId space in DataLayout.SpacesWithFile(draft))
            {
                string path = DataLayout.SpaceFile(draft, space);
                if (AccountCopy.FindSpace(accounts, space) is null) File.Delete(path);
                else bytes += new FileInfo(path).Length;
            }
        }

        DatabaseCopy.Flush(accountFile);
        new BackupManifest(madeAt, spaces).Write(draft);
        foreach (string folder in DataLayout.SpaceFolders(draft))
            DirectorySync.Flush(folder);
        return new BackupReport(draft, spaces, bytes + new FileInfo(accountFile).Length);
    }

    private static bool TryCopySpace(string data, string draft, SpaceId space, CancellationToken cancellationToken)
    {
        cancellationToken.ThrowIfCancellationRequested();
        string copy = DataLayout.SpaceFile(draft, space);
        Directory.CreateDirectory(Path.GetDirectoryName(copy)!);
        try
        {
            if (!DatabaseCopy.TryMake(DataLayout.SpaceFile(data, space), copy, cancellationToken)) return false;
            using SqliteConnection log = DatabaseCopy.OpenSpace(copy, space);
            DatabaseCopy.DemandNewEpoch(log);
        }
        catch (SqliteException exception) when (exception.IsCorrupt)
        {
            throw DatabaseCopy.Damaged($"space {space}", exception.Message, exception);
        }

        DatabaseCopy.Flush(copy);
        return true;
    }
}
