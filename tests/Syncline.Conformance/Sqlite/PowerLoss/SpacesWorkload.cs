using System.Diagnostics.CodeAnalysis;
using System.Globalization;
using LibSqlite;
using Syncline.Core.Operations;
using Syncline.Engine.Storage;
using Syncline.Sqlite;
using Syncline.Sqlite.Spaces;
using static Syncline.Conformance.Operations;

namespace Syncline.Conformance.Sqlite.PowerLoss;

/// <summary>Random work on a few spaces: batches of all sizes, groups, reads, checkpoints, restarts; creations and deletions if wanted.</summary>
/// <param name="random">For what stays the same through the whole life of the workload.</param>
/// <param name="durability">What an append survives.</param>
/// <param name="creationPercent">How many of a hundred steps create or delete a space.</param>
/// <param name="pragmas">Run on every connection: where a test makes the store worse than it is.</param>
internal sealed class SpacesWorkload(
    Random random, Durability durability = Durability.Full, int creationPercent = 2, string pragmas = "") : IWorkload
{
    private const int PayloadCharactersMax = 400;
    private const int LongPayloadCharacters = 9_000;

    private static readonly string[] Actors = ["a", "b", "c"];
    private static readonly SqliteCheckpointMode[] CheckpointModes =
        [SqliteCheckpointMode.Passive, SqliteCheckpointMode.Full, SqliteCheckpointMode.Restart, SqliteCheckpointMode.Truncate];

    // Small, so that a checkpoint also happens within an append.
    private readonly int _checkpointPages = random.Next(8, 80);
    private readonly CountingBytes _epochs = new();
    private readonly SpaceHistory[] _spaces =
        [.. Enumerable.Range(1, 2).Select(n => new SpaceHistory(new SpaceId($"s{n}-space"), mayLoseEnd: durability == Durability.Normal))];

    [SuppressMessage("Usage", "CA2213", Justification = "Who starts the workload owns the disk.")]
    private PowerLossDisk _disk = null!;

    private SqliteDataFolder _folder = null!;
    private SqliteSpaceStore _store = null!;
    private string _path = "";
    private int _created;
    private int _pushed;

    public void Start(string folder, PowerLossDisk disk)
    {
        (_path, _disk) = (folder, disk);
        Open();
    }

    public void Dispose()
    {
        _store.Dispose();
        _folder.Dispose();
    }

    public async Task CheckAsync()
    {
        foreach (SpaceHistory space in _spaces)
        {
            FoundLog? found = await FindAsync(space.Id);
            space.Check(found);

            // Whether a space is there is settled when what was broken off is repeated, as its caller does: not by a look.
            if (found is null && space.Acknowledged is not null) await DeleteAsync(space);
            else if (found is not null && space.Acknowledged is null) await CreateAsync(space, found.Head.Epoch);
            else if (_disk.IsUp) space.Accept(found);
        }
    }

    public async Task StepAsync(Random random)
    {
        SpaceHistory space = _spaces[random.Next(_spaces.Length)];
        int choice = random.Next(100);
        if (space.Acknowledged is null) await CreateAsync(space, new Epoch($"created-{++_created}"));
        else if (choice < creationPercent) await DeleteAsync(space);
        else if (choice < 80) await AppendAsync(space, random);
        else if (choice < 88) Checkpoint(space.Id, CheckpointModes[random.Next(CheckpointModes.Length)]);
        else if (choice < 94) Restart();
        else await FindAsync(space.Id);
    }

    private void Open()
    {
        SqliteOptions options = new() { Folder = _path, Durability = durability, OpenSpacesMax = 1 };
        _folder = new SqliteDataFolder(options, _disk);
        _store = new SqliteSpaceStore(
            _folder, new SpaceFileContext(durability, SpaceSchema.Current, new StandingClock(), _epochs, _disk, Prepare));
    }

    private void Restart()
    {
        Dispose();
        Open();
    }

    private void Prepare(SqliteConnection connection) =>
        connection.Execute(string.Create(CultureInfo.InvariantCulture, $"PRAGMA wal_autocheckpoint = {_checkpointPages}; {pragmas}"));

    private async Task CreateAsync(SpaceHistory space, Epoch epoch)
    {
        space.Begin(new AcknowledgedLog(epoch, [], new HashSet<long> { 0 }));
        await _store.CreateAsync(space.Id, epoch, Now, default);
        if (_disk.IsUp) space.Acknowledge();
    }

    private async Task DeleteAsync(SpaceHistory space)
    {
        space.Begin(null);
        await _store.DeleteAsync(space.Id, default);
        if (_disk.IsUp) space.Acknowledge();
    }

    private async Task AppendAsync(SpaceHistory space, Random random)
    {
        LogHead? head = await _store.ReadHeadAsync(space.Id, default);
        if (!_disk.IsUp) return;
        if (head is null) throw new AcknowledgedLostException($"{space.Id} has gone without a loss of power.");

        LogAppend append = After(head, Batch(head.HighestClock, random));
        AcknowledgedLog before = space.Acknowledged!;
        space.Begin(before with
        {
            Operations = [.. before.Operations, .. append.Operations],
            Ends = new HashSet<long>([.. before.Ends, append.Operations[^1].Seq]),
        });
        Assert.Equal(AppendOutcome.Appended, await _store.AppendAsync(space.Id, append));
        if (_disk.IsUp) space.Acknowledge();
    }

    // Now and then more than the writer's cache holds: then pages of it are in the file before its commit.
    private LoggedOperation[] Batch(long highestClock, Random random)
    {
        bool isLarge = random.Next(40) == 0;
        int count = isLarge ? 60 : random.Next(1, 8);
        string? tx = null;
        LoggedOperation[] batch = new LoggedOperation[count];
        for (int i = 0; i < count; i++)
        {
            if (random.Next(3) == 0) tx = random.Next(2) == 0 ? null : $"tx-{_pushed}";
            string actor = Actors[random.Next(Actors.Length)];
            int characters = isLarge ? LongPayloadCharacters : random.Next(PayloadCharactersMax);
            batch[i] = Logged(
                Id(actor, highestClock + 1 + i, $"r{random.Next(3)}"),
                $"\"{new string('x', characters)}\"",
                user: $"user-of-{actor}",
                tx: tx,
                hash: (ulong)++_pushed);
        }

        return batch;
    }

    // As somebody with the sqlite3 program would: the server itself only has SQLite's own.
    private void Checkpoint(SpaceId space, SqliteCheckpointMode mode)
    {
        using SqliteConnection connection = SqliteConnection.Open(FileOf(space), SqliteOpenMode.ReadWrite, fileSystem: _disk.FileSystem);
        Prepare(connection);
        connection.Checkpoint(mode);
    }

    private async Task<FoundLog?> FindAsync(SpaceId space)
    {
        LogHead? head = await _store.ReadHeadAsync(space, default);
        if (head is null) return null;

        LogPage page = await _store.ReadAsync(space, 0, Selection.All, SqliteServer.NoLimits, default);
        Assert.Equal((head.Seq, head.Seq), (page.Cursor, page.Operations.Count));
        CheckConsistent(head, page.Operations);
        await CheckIdentitiesAsync(space, page.Operations);
        CheckFile(space);
        return new FoundLog(head, page.Operations);
    }

    private static void CheckConsistent(LogHead head, IReadOnlyList<LoggedOperation> log)
    {
        OperationDigest digest = OperationDigest.Empty;
        for (int i = 0; i < log.Count; i++)
        {
            digest = digest.Add(log[i].Operation.Id);
            Assert.Equal((i + 1, digest), (log[i].Seq, log[i].Digest));
            Assert.InRange(log[i].GroupEnd, log[i].Seq, head.Seq);
        }

        Assert.Equal(digest, head.Digest);
        Assert.Equal(log.Select(logged => logged.Operation.Id.Clock).DefaultIfEmpty(0).Max(), head.HighestClock);
    }

    private async Task CheckIdentitiesAsync(SpaceId space, IReadOnlyList<LoggedOperation> log)
    {
        Known known = await _store.FindAsync(
            space,
            [.. log.Select(logged => logged.Operation.Id)],
            [.. log.Select(logged => logged.Operation.Id.Actor).Distinct()],
            default);
        foreach (LoggedOperation logged in log)
        {
            Assert.Equal(new StoredIdentity(logged.Seq, logged.Operation.Hash), known.Operations.GetValueOrDefault(logged.Operation.Id));
            Assert.Equal(logged.UserId, known.Actors.GetValueOrDefault(logged.Operation.Id.Actor));
        }
    }

    private void CheckFile(SpaceId space)
    {
        using SqliteConnection file = SqliteConnection.Open(FileOf(space), SqliteOpenMode.ReadOnly);
        using SqliteStatement check = file.Prepare("PRAGMA integrity_check");
        Assert.True(check.Step());
        Assert.Equal("ok", check.Text(0));
    }

    private string FileOf(SpaceId space) => Path.Combine(_path, space.Value[..2], space.Value + ".db");
}
