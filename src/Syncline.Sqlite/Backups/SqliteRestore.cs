using System.Globalization;
using LibSqlite;
using Syncline.Core.Operations;
using Syncline.Engine;
using Syncline.Engine.Accounts;
using Syncline.Engine.Storage;
using Syncline.Sqlite.Accounts;
using Syncline.Sqlite.Spaces;

namespace Syncline.Sqlite.Backups;

/// <summary>
/// Restores a data folder, or one space of it, from a backup. Every restored log begins a new epoch that shares with the copy's what the copy has, so
/// that no cursor of what came after it is taken for one of what will come, and devices bring back what they had pushed since.
/// </summary>
/// <remarks>
/// All is prepared and checked beside the data before any of that is touched; see <see cref="Replacement"/> for how it takes its place. The epoch
/// is a new one each time, also when the same backup is restored twice.
/// </remarks>
public sealed class SqliteRestore
{
    private readonly string _backup;
    private readonly string _dataFolder;
    private readonly TimeProvider _timeProvider;
    private readonly SpaceFileContext _context;
    private readonly Action? _reached;

    /// <param name="backup">The backup's folder, which is only read.</param>
    /// <param name="dataFolder">The data folder, which no server uses; made when it is not there.</param>
    /// <param name="timeProvider">For the name of what is put aside, and the times that people read.</param>
    /// <param name="randomBytes">For new epochs.</param>
    public SqliteRestore(string backup, string dataFolder, TimeProvider timeProvider, IRandomBytes randomBytes)
        : this(backup, dataFolder, timeProvider, randomBytes, reached: null)
    {
    }

    internal SqliteRestore(string backup, string dataFolder, TimeProvider timeProvider, IRandomBytes randomBytes, Action? reached)
    {
        _backup = Path.GetFullPath(backup);
        _dataFolder = dataFolder;
        _timeProvider = timeProvider;
        _context = new SpaceFileContext(Durability.Full, SpaceSchema.Current, timeProvider, randomBytes, DataDisk.OfTheSystem);
        _reached = reached;
    }

    /// <summary>Restores everything: all spaces and the accounts. What is there now goes aside.</summary>
    /// <param name="discard">Whether what was replaced is deleted in the end.</param>
    /// <param name="cancellationToken">Looked at while it is prepared; after that it is finished.</param>
    /// <exception cref="BackupException">The folder is no backup, a file of it is damaged or of a newer version, or a backup is being made.</exception>
    /// <exception cref="DataFolderLockedException">A server uses the data folder.</exception>
    /// <exception cref="StoreUnavailableException">A file cannot be read or written.</exception>
    /// <exception cref="IOException">A file cannot be read or written.</exception>
    /// <exception cref="UnauthorizedAccessException">A file cannot be read or written.</exception>
    public RestoreReport RestoreAll(bool discard, CancellationToken cancellationToken) =>
        Run(
            (folder, replacement, manifest) =>
            {
                string accountFile = DataLayout.AccountFile(replacement.New);
                CopyAccounts(accountFile);
                int spaces = 0;
                using (SqliteConnection accounts = DatabaseCopy.OpenAccounts(accountFile))
                {
                    AccountDatabase.WriteAudit(accounts, Now(), "accounts.restored", TextOf(manifest.MadeAt));
                    foreach (SpaceId space in AccountCopy.ReadSpaces(accounts))
                    {
                        cancellationToken.ThrowIfCancellationRequested();
                        PrepareSpace(replacement, space);
                        spaces++;
                    }
                }

                DatabaseCopy.Flush(accountFile);
                if (spaces != manifest.Spaces)
                    throw new BackupException($"The backup says that it has {manifest.Spaces} spaces, and has {spaces}: it is damaged.");
                return (spaces, Replace(folder, replacement, space: null, discard));
            });

    /// <summary>
    /// Restores one space; its present log goes aside. Its members stay as they are; those of a space that was deleted come back with it.
    /// </summary>
    /// <inheritdoc cref="RestoreAll"/>
    /// <param name="space">The space.</param>
    /// <param name="discard">Whether what was replaced is deleted in the end.</param>
    /// <param name="cancellationToken">Looked at while it is prepared; after that it is finished.</param>
    /// <exception cref="BackupException">As for all; or the backup has no such space, or none of its owners has an account any more.</exception>
    public RestoreReport RestoreSpace(SpaceId space, bool discard, CancellationToken cancellationToken) =>
        Run(
            (folder, replacement, manifest) =>
            {
                // From a copy: a backup may lie on a medium that cannot be written to, and is not to be changed.
                string accountFile = Path.Combine(replacement.New, "..", DataLayout.AccountFileName);
                CopyAccounts(accountFile);
                SpaceRecord record;
                IReadOnlyList<KeyValuePair<UserId, Role>> members;
                using (SqliteConnection copy = DatabaseCopy.OpenAccounts(accountFile))
                {
                    record = AccountCopy.FindSpace(copy, space) ?? throw new BackupException($"The backup has no space {space}.");
                    members = AccountCopy.ReadMembers(copy, space);
                }

                using SqliteAccountStore accounts = new(folder);
                if (!Wait(accounts.CanRestoreSpaceAsync(space, members, cancellationToken)))
                {
                    throw new BackupException(
                        $"Space {space} was deleted, and none of its owners in the backup has an account here any more: it would belong to nobody.");
                }

                cancellationToken.ThrowIfCancellationRequested();
                PrepareSpace(replacement, space);
                string? aside = Replace(folder, replacement, space, discard);
                using (LastHeads heads = new(folder.Path, _timeProvider))
                    heads.Forget(space);

                // After its log: a crash in between leaves a log that no account knows, and running the restore again puts it right.
                _ = Wait(accounts.RestoreSpaceAsync(record, members, Now(), CancellationToken.None));
                return (1, aside);
            });

    private RestoreReport Run(Func<SqliteDataFolder, Replacement, BackupManifest, (int Spaces, string? Aside)> restore)
    {
        BackupManifest manifest = BackupManifest.Read(_backup);
        try
        {
            using SqliteDataFolder folder = new(new SqliteOptions { Folder = _dataFolder });
            Replacement replacement = new(folder.Path, _reached);
            using FileStream noBackup = replacement.Prepare();
            try
            {
                (int spaces, string? aside) = restore(folder, replacement, manifest);
                return new RestoreReport(manifest.MadeAt, spaces, aside);
            }
            finally
            {
                // What was prepared in vain goes; what was decided is finished.
                replacement.Finish();
            }
        }
        catch (SqliteException exception)
        {
            throw Unavailable.From(exception);
        }
    }

    private void CopyAccounts(string destination)
    {
        string source = DataLayout.AccountFile(_backup);
        if (!File.Exists(source)) throw new BackupException($"The backup is damaged: it has no {DataLayout.AccountFileName}.");
        File.Copy(source, destination);
        MakeWritable(destination);
        _reached?.Invoke();
    }

    private void PrepareSpace(Replacement replacement, SpaceId space)
    {
        string source = DataLayout.SpaceFile(_backup, space);
        if (!File.Exists(source)) throw new BackupException($"The backup is damaged: it has no file of space {space}.");
        string path = DataLayout.SpaceFile(replacement.New, space);
        SqliteDataFolder.Make(Path.GetDirectoryName(path)!, DataDisk.OfTheSystem);
        File.Copy(source, path);
        MakeWritable(path);
        using (SqliteConnection log = DatabaseCopy.OpenSpace(path, space))
        {
            DatabaseCopy.DemandNewEpoch(log);
        }

        // Opening it is what begins the epoch, and brings the file up to date.
        SpaceFile file = new(space, path, _context);
        file.TryWrite(log => log.ReadHead(), out LogHead _);
        file.Close();
        DatabaseCopy.Flush(path);
        _reached?.Invoke();
    }

    private string? Replace(SqliteDataFolder folder, Replacement replacement, SpaceId? space, bool discard)
    {
        foreach (string spaceFolder in DataLayout.SpaceFolders(replacement.New))
            DirectorySync.Flush(spaceFolder);
        DirectorySync.Flush(replacement.New);
        string name = NameOfAside(folder.Path);
        replacement.Decide(space, name, discard);
        replacement.Finish();
        string aside = Path.Combine(folder.Path, name);
        return Directory.Exists(aside) ? aside : null;
    }

    private string NameOfAside(string data)
    {
        string name = _timeProvider.GetUtcNow().ToString("'replaced-'yyyyMMdd'T'HHmmss'Z'", CultureInfo.InvariantCulture);
        string free = name;
        for (int n = 2; Path.Exists(Path.Combine(data, free)); n++)
            free = string.Create(CultureInfo.InvariantCulture, $"{name}-{n}");
        return free;
    }

    // A copy has the mode of its original, which may be protected.
    private static void MakeWritable(string path)
    {
        if (OperatingSystem.IsWindows()) File.SetAttributes(path, FileAttributes.Normal);
        else File.SetUnixFileMode(path, UnixFileMode.UserRead | UnixFileMode.UserWrite);
    }

    private Audit Now() => new(By: null, _timeProvider.GetUtcNow());

    private static string TextOf(DateTimeOffset time) => time.UtcDateTime.ToString("O", CultureInfo.InvariantCulture);

    // The store works on the calling thread.
    private static T Wait<T>(ValueTask<T> done) => done.AsTask().GetAwaiter().GetResult();
}
