using System.Text.Json;
using LibSqlite;
using Syncline.Core.Operations;
using Syncline.Sqlite.Spaces;

namespace Syncline.Sqlite.Backups;

/// <summary>
/// Puts prepared files in the place of those of a data folder: a crash at any moment leaves all of the old ones or, once somebody opens the
/// folder again, all of the new ones.
/// </summary>
/// <remarks>
/// All happens by renaming inside the data folder, in a folder <c>restoring</c>:
/// <code>
/// restoring/new/      what is prepared. Without one of the two files beside it nothing is decided yet: it is thrown away.
/// restoring/decided   what is prepared is complete and on the disk. Now what is replaced goes aside: whatever of it still lies in its place is old.
/// restoring/placing   the same file under its second name, when all of it has gone. Now what is prepared goes to its place.
/// </code>
/// Every step may be repeated, so whoever finds one of the two files goes on from there. Only the holder of the data folder's lock does.
/// </remarks>
internal sealed class Replacement
{
    private const string FolderName = "restoring";
    private const string NewName = "new";
    private const string DecidedName = "decided";
    private const string PlacingName = "placing";
    private const string BackupLockName = "backup.lock";

    private readonly string _data;
    private readonly string _folder;
    private readonly Action? _reached;

    /// <param name="data">The data folder, locked by the caller.</param>
    /// <param name="reached">Called after every step: where a test looks at what a crash would leave.</param>
    public Replacement(string data, Action? reached = null)
    {
        _data = data;
        _folder = Path.Combine(data, FolderName);
        _reached = reached;
    }

    /// <summary>Where what is new is prepared, in the layout of a data folder.</summary>
    public string New => Path.Combine(_folder, NewName);

    private string DecidedPath => Path.Combine(_folder, DecidedName);

    private string PlacingPath => Path.Combine(_folder, PlacingName);

    /// <summary>Keeps restores out of a data folder while its files are being copied.</summary>
    /// <exception cref="BackupException">One is under way, or was broken off.</exception>
    public static FileStream KeepOut(string data)
    {
        FileStream held = Take(data, FileAccess.Read, FileShare.Read, $"The data in {data} is being restored: try again when that is done.");
        Replacement replacement = new(data);
        if (!File.Exists(replacement.DecidedPath) && !File.Exists(replacement.PlacingPath)) return held;

        held.Dispose();
        throw new BackupException($"A restore of {data} was broken off: start the server, or run the restore again, which ends it.");
    }

    /// <summary>Begins: from now on no backup is made of the data folder.</summary>
    /// <exception cref="BackupException">One is being made.</exception>
    public FileStream Prepare()
    {
        FileStream held = Take(
            _data, FileAccess.ReadWrite, FileShare.None, $"A backup of {_data} is being made: try again when that is done.");
        try
        {
            SqliteDataFolder.Make(New, DataDisk.OfTheSystem);
            _reached?.Invoke();
            return held;
        }
        catch
        {
            held.Dispose();
            throw;
        }
    }

    /// <summary>Decides that what is prepared takes its place. It is on the disk.</summary>
    /// <param name="space">The one space to replace; null replaces everything.</param>
    /// <param name="aside">Name of the folder, in the data folder, that what is replaced goes to.</param>
    /// <param name="discard">Whether that is deleted in the end.</param>
    public void Decide(SpaceId? space, string aside, bool discard)
    {
        string draft = Path.Combine(_folder, "draft");
        using (FileStream file = new(draft, FileMode.Create, FileAccess.Write, FileShare.None))
        {
            using (Utf8JsonWriter writer = new(file))
            {
                writer.WriteStartObject();
                if (space is { } one) writer.WriteString("space", one.Value);
                writer.WriteString("aside", aside);
                writer.WriteBoolean("discard", discard);
                writer.WriteEndObject();
            }

            file.Flush(flushToDisk: true);
        }

        _reached?.Invoke();
        DirectorySync.Flush(_folder);
        DirectorySync.Flush(_data);
        Move(draft, DecidedPath);
        DirectorySync.Flush(_folder);
    }

    /// <summary>Goes on where a restore was broken off, as far as its end; throws away what was not decided. Mostly there is nothing.</summary>
    public void Finish()
    {
        if (!Directory.Exists(_folder)) return;

        if (File.Exists(DecidedPath))
        {
            MoveAside(Decision.Read(DecidedPath));
            Move(DecidedPath, PlacingPath);
            DirectorySync.Flush(_folder);
        }

        if (File.Exists(PlacingPath))
        {
            Place();
            if (Decision.Read(PlacingPath) is { Discard: true } decision) Delete(Path.Combine(_data, decision.Aside));
            File.Delete(PlacingPath);
            DirectorySync.Flush(_folder);
            _reached?.Invoke();
        }

        Delete(_folder);
        DirectorySync.Flush(_data);
    }

    private static FileStream Take(string data, FileAccess access, FileShare share, string refusal)
    {
        try
        {
            return new FileStream(Path.Combine(data, BackupLockName), FileMode.OpenOrCreate, access, share);
        }
        catch (IOException exception) when (SqliteDataFolder.IsSharingViolation(exception))
        {
            throw new BackupException(refusal, exception);
        }
    }

    private void MoveAside(Decision decision)
    {
        string aside = Path.Combine(_data, decision.Aside);
        if (decision.Space is { } space)
        {
            // With what SQLite keeps beside it: the log of one file would otherwise be taken for that of the other.
            string folder = DataLayout.SpaceFolderName(space);
            string name = DataLayout.SpaceFileName(space);
            foreach (string one in DataLayout.EndingsBeside.Select(ending => name + ending).Prepend(name))
                MoveAside(Path.Combine(_data, folder, one), Path.Combine(aside, folder, one), File.Exists);
            FlushIfThere(Path.Combine(aside, folder));
            FlushIfThere(Path.Combine(_data, folder));
        }
        else
        {
            foreach (string name in (IEnumerable<string>)[DataLayout.AccountFileName, LastHeads.FileName])
            {
                foreach (string one in DataLayout.EndingsBeside.Select(ending => name + ending).Prepend(name))
                    MoveAside(Path.Combine(_data, one), Path.Combine(aside, one), File.Exists);
            }

            foreach (string folder in DataLayout.SpaceFolders(_data).ToList())
                MoveAside(folder, Path.Combine(aside, Path.GetFileName(folder)), Directory.Exists);
        }

        FlushIfThere(aside);
        DirectorySync.Flush(_data);
    }

    private void MoveAside(string path, string aside, Func<string, bool> exists)
    {
        if (!exists(path)) return;
        SqliteDataFolder.Make(Path.GetDirectoryName(aside)!, DataDisk.OfTheSystem);
        Move(path, aside);
    }

    private void Place()
    {
        if (!Directory.Exists(New)) return;
        foreach (string folder in Directory.GetDirectories(New))
        {
            string place = Path.Combine(_data, Path.GetFileName(folder));
            SqliteDataFolder.Make(place, DataDisk.OfTheSystem);
            foreach (string file in Directory.GetFiles(folder))
                Move(file, Path.Combine(place, Path.GetFileName(file)));
            DirectorySync.Flush(place);
        }

        foreach (string file in Directory.GetFiles(New))
            Move(file, Path.Combine(_data, Path.GetFileName(file)));
        DirectorySync.Flush(_data);
    }

    private void Move(string from, string to)
    {
        // A file and a folder are renamed by the same call of the system; .NET has two.
        if (Directory.Exists(from)) Directory.Move(from, to);
        else File.Move(from, to);
        _reached?.Invoke();
    }

    private void Delete(string folder)
    {
        if (Directory.Exists(folder)) Directory.Delete(folder, recursive: true);
        _reached?.Invoke();
    }

    private static void FlushIfThere(string folder)
    {
        if (Directory.Exists(folder)) DirectorySync.Flush(folder);
    }

    private sealed record Decision(SpaceId? Space, string Aside, bool Discard)
    {
        public static Decision Read(string path)
        {
            using JsonDocument json = JsonDocument.Parse(File.ReadAllBytes(path));
            JsonElement root = json.RootElement;
            return new Decision(
                root.TryGetProperty("space", out JsonElement space) ? SpaceId.Parse(space.GetString()!, null) : null,
                root.GetProperty("aside").GetString()!,
                root.GetProperty("discard").GetBoolean());
        }
    }
}
