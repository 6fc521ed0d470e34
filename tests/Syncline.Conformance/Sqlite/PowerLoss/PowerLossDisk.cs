using Syncline.Sqlite;

namespace Syncline.Conformance.Sqlite.PowerLoss;

/// <summary>
/// A disk that loses its power: real files below one folder, and beside them what of their names and contents is durable. Whatever is done
/// to them through SQLite or through <see cref="DataDisk"/> is an event; the power goes just before one. Then the folder is left in another
/// place as it might be found: with all that was synced, and of the rest any part, as seeded. The process goes on with the real files, as if
/// nothing had happened; what it does from then on leaves no trace. A server that is killed leaves everything, but what was not synced may
/// still be lost with the power later.
/// </summary>
/// <remarks>
/// Contents become durable by SQLite's xSync. Names become durable by <see cref="DataDisk.SyncNames"/>, by xDelete that asks for it, and, as
/// SQLite's file system for Unix does, by the first sync of a journal or write-ahead log. Nothing else is taken for granted: neither that a
/// disk keeps names in the order in which they were changed, nor that syncing a file keeps its name.
/// </remarks>
internal sealed class PowerLossDisk : DataDisk, IDisposable
{
    // How likely what was not synced is kept. The extremes are the likely ones in life, few losses among much the dangerous ones.
    private static readonly int[] KeptPercents = [0, 10, 50, 90, 100];

    private readonly Lock _gate = new();
    private readonly string _root;
    private readonly PowerLossFileSystem _fileSystem;

    // By full path; null stands for a folder.
    private readonly Dictionary<string, DiskFile?> _names = new(StringComparer.Ordinal);
    private readonly Dictionary<string, DiskFile?> _durableNames = new(StringComparer.Ordinal);
    private readonly List<NameChange> _unsyncedNames = [];
    private Action? _outage;
    private int _eventsUntilOutage;
    private Exception? _failure;

    /// <param name="root">What is in this folder already is durable.</param>
    public PowerLossDisk(string root)
        : this(root, isNew: true)
    {
        foreach (string folder in Directory.EnumerateDirectories(_root, "*", SearchOption.AllDirectories))
            _names.Add(folder, null);
        foreach (string file in Directory.EnumerateFiles(_root, "*", SearchOption.AllDirectories))
            _names.Add(file, new DiskFile(File.ReadAllBytes(file)));
        foreach ((string path, DiskFile? file) in _names)
            _durableNames.Add(path, file);
    }

    private PowerLossDisk(string root, bool isNew)
    {
        _root = Path.GetFullPath(root);
        _fileSystem = new PowerLossFileSystem(this);
    }

    /// <inheritdoc />
    public override string FileSystem => _fileSystem.Name;

    /// <summary>False once the power is gone or the server killed. What came to its end while this was true was acknowledged in time.</summary>
    public bool IsUp { get; private set; } = true;

    /// <summary>After the server was killed: the disk that the next one finds, to be disposed in place of this one.</summary>
    public PowerLossDisk? Next { get; private set; }

    /// <summary>A disk that says it has synced the contents of files and has not. To see that tests notice.</summary>
    public bool LiesAboutContents { get; init; }

    /// <summary>A disk that says it has synced names and has not. To see that tests notice.</summary>
    public bool LiesAboutNames { get; init; }

    /// <summary>Has the power go before one of the next events.</summary>
    /// <param name="events">How many still happen; 0: none.</param>
    /// <param name="random">What is kept of what was not synced.</param>
    /// <param name="leftIn">An empty folder for what is left.</param>
    public void LosePowerAfter(int events, Random random, string leftIn) =>
        (_eventsUntilOutage, _outage) = (events, () => LosePower(random, leftIn));

    /// <summary>Has the server killed before one of the next events: nothing is lost, but what was not synced still can be.</summary>
    /// <param name="events">How many still happen; 0: none.</param>
    /// <param name="leftIn">An empty folder for what is left, on the disk <see cref="Next"/>.</param>
    public void KillAfter(int events, string leftIn) => (_eventsUntilOutage, _outage) = (events, () => Kill(leftIn));

    /// <summary>Has what was planned happen now, if it has not happened yet.</summary>
    public void EndHere()
    {
        lock (_gate)
        {
            _eventsUntilOutage = 0;
            CountEvent();
        }
    }

    /// <inheritdoc />
    public override void Move(string path, string newPath)
    {
        Happens(() => ChangeNames(new NameChange(path, newPath, _names.GetValueOrDefault(path))));
        base.Move(path, newPath);
    }

    /// <inheritdoc />
    public override void Delete(string path)
    {
        Happens(() => RemoveName(path));
        base.Delete(path);
    }

    /// <inheritdoc />
    public override void SyncNames(string folder) => Happens(() => MakeNamesDurable(folder));

    /// <summary>The file that SQLite opens, which is new when it had no name.</summary>
    public DiskFile Opened(string path)
    {
        DiskFile? file = null;
        Happens(
            () =>
            {
                if (_names.TryGetValue(path, out file)) return;
                ChangeNames(new NameChange(Removed: null, path, file = new DiskFile([])));
            },
            evenWhenDown: true);
        return file ?? throw new InvalidOperationException($"{path} is a folder.");
    }

    /// <summary>SQLite removes a file.</summary>
    public void Deleted(string path, bool syncNames) => Happens(() =>
    {
        RemoveName(path);
        if (syncNames) MakeNamesDurable(Path.GetDirectoryName(path)!);
    });

    /// <summary>SQLite writes to a file.</summary>
    public void Written(DiskFile file, long offset, ReadOnlySpan<byte> bytes)
    {
        lock (_gate)
        {
            CountEvent();
            if (IsUp) file.Write(offset, bytes);
        }
    }

    /// <summary>SQLite cuts a file.</summary>
    public void Truncated(DiskFile file, long length) => Happens(() => file.Truncate(length));

    /// <summary>SQLite syncs a file.</summary>
    /// <param name="file">The file.</param>
    /// <param name="path">Its path.</param>
    /// <param name="dataOnly">Whether only what is in it must be kept, not that it has become shorter.</param>
    /// <param name="withName">Whether its name is synced with it.</param>
    public void Synced(DiskFile file, string path, bool dataOnly, bool withName) => Happens(() =>
    {
        if (!LiesAboutContents) file.Sync(dataOnly);
        if (withName) MakeNamesDurable(Path.GetDirectoryName(path)!);
    });

    /// <summary>Keeps an exception that cannot pass through SQLite, for <see cref="Dispose"/> to throw.</summary>
    public void Failed(Exception exception) => _failure ??= exception;

    /// <summary>All connections are closed.</summary>
    /// <exception cref="InvalidOperationException">The disk itself failed, not what was tested on it.</exception>
    public void Dispose()
    {
        _fileSystem.Dispose();
        if (_failure is not null) throw new InvalidOperationException("The disk has a bug.", _failure);
    }

    private void Happens(Action change, bool evenWhenDown = false)
    {
        lock (_gate)
        {
            CountEvent();
            if (IsUp || evenWhenDown) change();
        }
    }

    private void CountEvent()
    {
        if (!IsUp || _outage is null || _eventsUntilOutage-- > 0) return;

        IsUp = false;
        _outage();
    }

    private void RemoveName(string path)
    {
        if (_names.ContainsKey(path)) ChangeNames(new NameChange(path, Added: null, File: null));
    }

    private void ChangeNames(NameChange change)
    {
        if (change.Added is not null) KnowFolder(Path.GetDirectoryName(change.Added)!);
        change.ApplyTo(_names);
        _unsyncedNames.Add(change);
    }

    // Folders are made elsewhere; they are noticed when it matters.
    private void KnowFolder(string folder)
    {
        if (folder.Length <= _root.Length || _names.ContainsKey(folder)) return;
        ChangeNames(new NameChange(Removed: null, folder, File: null));
    }

    private void MakeNamesDurable(string folder)
    {
        if (LiesAboutNames) return;

        foreach (string below in Directory.EnumerateDirectories(folder))
            KnowFolder(below);
        foreach (NameChange change in _unsyncedNames.Where(change => change.Folder == folder))
            change.ApplyTo(_durableNames);
        _unsyncedNames.RemoveAll(change => change.Folder == folder);
    }

    private void LosePower(Random random, string leftIn)
    {
        int namesKeptPercent = KeptPercents[random.Next(KeptPercents.Length)];
        int contentsKeptPercent = KeptPercents[random.Next(KeptPercents.Length)];
        foreach (NameChange change in _unsyncedNames)
        {
            if (random.Next(100) < namesKeptPercent) change.ApplyTo(_durableNames);
        }

        Leave(_durableNames, leftIn, file => file.AfterPowerLoss(() => random.Next(100) < contentsKeptPercent));
    }

    private void Kill(string leftIn)
    {
        foreach (string folder in Directory.EnumerateDirectories(_root, "*", SearchOption.AllDirectories))
            KnowFolder(folder);
        Leave(_names, leftIn, file => file.Read());
        Next = new PowerLossDisk(leftIn, isNew: false) { LiesAboutContents = LiesAboutContents, LiesAboutNames = LiesAboutNames };
        Dictionary<DiskFile, DiskFile> copies = [];
        foreach ((string path, DiskFile? file) in _names)
            Next._names.Add(MovedTo(leftIn, path), Copied(file));
        foreach ((string path, DiskFile? file) in _durableNames)
            Next._durableNames.Add(MovedTo(leftIn, path), Copied(file));
        foreach (NameChange change in _unsyncedNames)
        {
            Next._unsyncedNames.Add(new NameChange(
                change.Removed is null ? null : MovedTo(leftIn, change.Removed),
                change.Added is null ? null : MovedTo(leftIn, change.Added),
                Copied(change.File)));
        }

        // A file that has two names, one of them durable, is still one.
        DiskFile? Copied(DiskFile? file)
        {
            if (file is null) return null;
            if (!copies.TryGetValue(file, out DiskFile? copy)) copies.Add(file, copy = file.Copy());
            return copy;
        }
    }

    private string MovedTo(string folder, string path) => Path.Combine(folder, Path.GetRelativePath(_root, path));

    private void Leave(Dictionary<string, DiskFile?> names, string leftIn, Func<DiskFile, byte[]> contentOf)
    {
        foreach ((string path, DiskFile? file) in names.OrderBy(pair => pair.Key, StringComparer.Ordinal))
        {
            string left = MovedTo(leftIn, path);
            // What is in a folder is lost with it.
            if (!Directory.Exists(Path.GetDirectoryName(left))) continue;
            if (file is null) Directory.CreateDirectory(left);
            else File.WriteAllBytes(left, contentOf(file));
        }
    }

    /// <summary>One change of a folder, which is made whole or not at all: a name added, one removed, or both at once when a file is renamed.</summary>
    private sealed record NameChange(string? Removed, string? Added, DiskFile? File)
    {
        public string Folder { get; } = Path.GetDirectoryName(Added ?? Removed)!;

        public void ApplyTo(Dictionary<string, DiskFile?> names)
        {
            if (Removed is not null) names.Remove(Removed);
            if (Added is not null) names[Added] = File;
        }
    }
}
