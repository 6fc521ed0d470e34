using System.Diagnostics.CodeAnalysis;
using System.Security.Cryptography;
using Microsoft.Extensions.Logging.Abstractions;
using Syncline.Conformance.InMemory;
using Syncline.Core.Operations;
using Syncline.Engine;
using Syncline.Engine.Compaction;
using Syncline.Engine.Spaces;
using Syncline.Engine.Storage;
using Syncline.Engine.Writing;
using Syncline.Sqlite;
using Syncline.Sqlite.Spaces;
using static Syncline.Conformance.Operations;

namespace Syncline.Conformance.Sqlite.PowerLoss;

/// <summary>
/// A space that is written to, compacted and snapshotted all the while. Whatever is broken off: each operation that was acknowledged is in the
/// log, or is known and has a greater write of its key in the log; and a snapshot that counts has all its bytes.
/// </summary>
internal sealed class CompactionWorkload : IWorkload
{
    private static readonly SpaceId Space = new("s1-space");
    private static readonly string[] Keys = ["k", "l", "m"];

    private static readonly EngineMeters Meters = new();

    private readonly CountingBytes _epochs = new();
    private readonly List<LoggedOperation> _acknowledged = [];
    private List<LoggedOperation> _pending = [];
    private SqliteDataFolder _folder = null!;
    private SqliteSpaceStore _store = null!;

    [SuppressMessage("Usage", "CA2213", Justification = "Who starts the workload owns the disk.")]
    private PowerLossDisk _disk = null!;

    private Compactor _compactor = null!;
    private bool _isMade;

    public void Start(string folder, PowerLossDisk disk)
    {
        _disk = disk;
        SqliteOptions options = new() { Folder = folder, OpenSpacesMax = 1 };
        _folder = new SqliteDataFolder(options, disk);
        _store = new SqliteSpaceStore(_folder, new SpaceFileContext(Durability.Full, SpaceSchema.Current, new StandingClock(), _epochs, disk));
        _compactor = new Compactor(new EngineServices(
            _store,
            new InMemoryAccountStore(),
            new OperationReader([], OperationLimits.Default),
            Array.Empty<IOperationRule>().ToLookup(rule => rule.Scope),
            new EngineOptions { HistoryTime = TimeSpan.Zero, StubTime = TimeSpan.FromDays(36_500), CompactionStepMax = 5 },
            new StandingClock(),
            _epochs,
            Meters,
            NullLoggerFactory.Instance));
    }

    public void Dispose()
    {
        _store.Dispose();
        _folder.Dispose();
    }

    public async Task CheckAsync()
    {
        if (await _store.ReadHeadAsync(Space, default) is not { } head)
        {
            if (_isMade && _disk.IsUp) throw new AcknowledgedLostException("The space is gone.");
            return;
        }

        if (!_disk.IsUp) return;
        Settle(head);
        LogPage page = await _store.ReadAsync(Space, 0, Selection.All, SqliteServer.NoLimits, default);
        Dictionary<long, LoggedOperation> log = page.Operations.ToDictionary(logged => logged.Seq);
        Known known = await _store.FindAsync(Space, [.. _acknowledged.Select(logged => logged.Operation.Id)], [], default);
        foreach (LoggedOperation logged in _acknowledged)
        {
            if (!known.Operations.TryGetValue(logged.Operation.Id, out StoredIdentity stored) || stored != new StoredIdentity(logged.Seq, logged.Operation.Hash))
                throw new AcknowledgedLostException($"Operation {logged.Seq} is not known.");
            if (log.TryGetValue(logged.Seq, out LoggedOperation? found)) Assert.Equal(logged, found);
            else AssertIsSuperseded(logged, log.Values);
        }

        await CheckSnapshotAsync(head);
    }

    public async Task StepAsync(Random random)
    {
        if (!_isMade)
        {
            await _store.CreateAsync(Space, new Epoch("epoch-1"), Now, default);
            _isMade = _disk.IsUp;
            return;
        }

        switch (random.Next(10))
        {
            case < 6:
                await AppendAsync(random);
                break;
            case < 9:
                await _compactor.RunAsync(Space, default);
                break;
            default:
                await StoreSnapshotAsync(random);
                break;
        }
    }

    // What was under way is there whole, or not at all.
    private void Settle(LogHead head)
    {
        if (head.Seq == _acknowledged.Count + _pending.Count) _acknowledged.AddRange(_pending);
        else if (head.Seq < _acknowledged.Count) throw new AcknowledgedLostException($"The log ends at {head.Seq} of {_acknowledged.Count}.");
        _pending = [];
        Assert.Equal(head.Seq, _acknowledged.Count);
        Assert.Equal(_acknowledged.Count == 0 ? OperationDigest.Empty : _acknowledged[^1].Digest, head.Digest);
        Assert.Equal(_acknowledged.Select(logged => logged.Operation.Id.Clock).DefaultIfEmpty(0).Max(), head.HighestClock);
    }

    private static void AssertIsSuperseded(LoggedOperation dropped, IEnumerable<LoggedOperation> log)
    {
        string? key = dropped.Operation.Key;
        if (key is null || !log.Any(logged => logged.Operation.Key == key && logged.Operation.Id.Stamp > dropped.Operation.Id.Stamp))
            throw new AcknowledgedLostException($"Operation {dropped.Seq} was dropped, and nothing supersedes it.");
    }

    private async Task CheckSnapshotAsync(LogHead head)
    {
        if (await _store.FindSnapshotAsync(Space, default) is not { } snapshot) return;
        Assert.InRange(snapshot.Seq, 1, head.Seq);
        for (int part = 0; part < snapshot.Parts.Count; part++)
        {
            byte[]? bytes = await _store.ReadSnapshotChunkAsync(Space, snapshot.Id, part, 0, default);
            Assert.NotNull(bytes);
            Assert.Equal(snapshot.Parts[part].Hash.ToArray(), SHA256.HashData(bytes));
        }
    }

    private async Task AppendAsync(Random random)
    {
        if (await _store.ReadHeadAsync(Space, default) is not { } head || !_disk.IsUp) return;
        LoggedOperation[] batch = new LoggedOperation[random.Next(1, 8)];
        for (int i = 0; i < batch.Length; i++)
        {
            // Clocks that also fall, so that what comes late may be what loses.
            long clock = Math.Max(1, head.HighestClock + random.Next(-5, 3)) + (10 * i);
            string actor = $"a{_acknowledged.Count + i}";
            batch[i] = Logged(Id(actor, clock), $"\"{new string('x', random.Next(300))}\"", key: random.Next(5) == 0 ? null : Keys[random.Next(Keys.Length)]);
        }

        LogAppend append = After(head, batch);
        _pending = [.. append.Operations];
        Assert.Equal(AppendOutcome.Appended, await _store.AppendAsync(Space, append));
        if (!_disk.IsUp) return;
        _acknowledged.AddRange(_pending);
        _pending = [];
    }

    private async Task StoreSnapshotAsync(Random random)
    {
        if (_acknowledged.Count == 0) return;
        long id = await _store.BeginSnapshotAsync(Space, default);
        List<StoredSnapshot.Part> parts = [];
        for (int part = 0; part < 3; part++)
        {
            byte[] bytes = new byte[random.Next(1, 9_000)];
            random.NextBytes(bytes);
            await _store.AddSnapshotChunkAsync(Space, id, part, 0, bytes);
            parts.Add(new StoredSnapshot.Part(new Scope("note"), new ResourceId($"r{part}"), 1, bytes.Length, SHA256.HashData(bytes)));
        }

        await _store.CompleteSnapshotAsync(
            Space, new StoredSnapshot(id, new Epoch("epoch-1"), _acknowledged.Count, _acknowledged[^1].Digest, Now, [new Scope("note")], [], parts));
    }
}
