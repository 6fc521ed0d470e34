using System.Diagnostics.CodeAnalysis;
using System.Globalization;
using LibSqlite;
using Syncline.Client.Storage;
using Syncline.Conformance.InMemory;

namespace Syncline.Conformance.Sqlite.PowerLoss;

/// <summary>Random writes to a client's local store; its twin in memory remembers what was acknowledged.</summary>
/// <param name="random">For what stays the same through the whole life of the workload.</param>
/// <param name="pragmas">Run on every connection: where a test makes the store worse than it is.</param>
internal sealed class LocalStoreWorkload(Random random, string pragmas = "") : IWorkload
{
    // Small, so that a checkpoint also happens within a write.
    private readonly int _checkpointPages = random.Next(8, 80);
    private readonly Random _actors = new(1);

    // As it is when everything so far was written; and as it was before the write that was under way when the power went.
    private InMemoryLocalDisk _written = new();
    private InMemoryLocalDisk? _before;

    [SuppressMessage("Usage", "CA2213", Justification = "Who starts the workload owns the disk.")]
    private PowerLossDisk _disk = null!;

    private SqliteLocalStore _store = null!;
    private string _path = "";

    public void Start(string folder, PowerLossDisk disk)
    {
        (_path, _disk) = (Path.Combine(folder, "local.db"), disk);
        Open();
    }

    public void Dispose() => _store.DisposeAsync().AsTask().GetAwaiter().GetResult();

    public async Task CheckAsync()
    {
        string found = await RandomLocalWrites.DumpAsync(_store);
        bool isWritten = found == await DumpAsync(_written);
        if (!isWritten && (_before is null || found != await DumpAsync(_before)))
            throw new AcknowledgedLostException("The local store is neither as it was before the write that was under way, nor as it is after it.");

        CheckFile();
        if (!_disk.IsUp) return;
        if (!isWritten) _written = _before!;
        _before = null;
    }

    public async Task StepAsync(Random random)
    {
        int choice = random.Next(100);
        if (choice < 85) await WriteAsync(random);
        else if (choice < 95) Restart();
        else await RandomLocalWrites.DumpAsync(_store);
    }

    private void Open() => _store = SqliteLocalStore.Open(
        _path, new StandingClock(), _actors, new LocalStoreContext(_disk.FileSystem, _disk.SyncNames, Prepare));

    private void Restart()
    {
        Dispose();
        Open();
    }

    private void Prepare(SqliteConnection connection) =>
        connection.Execute(string.Create(CultureInfo.InvariantCulture, $"PRAGMA wal_autocheckpoint = {_checkpointPages}; {pragmas}"));

    private async Task WriteAsync(Random random)
    {
        _before = _written.Copy();
        LocalWrite[] writes;
        await using (InMemoryLocalStore twin = InMemoryLocalStore.Open(_written, _actors))
        {
            writes = await RandomLocalWrites.NextAsync(twin, random);
            await twin.WriteAsync(writes, default);
        }

        await _store.WriteAsync(writes, default);
        if (_disk.IsUp) _before = null;
    }

    private async Task<string> DumpAsync(InMemoryLocalDisk disk)
    {
        await using InMemoryLocalStore twin = InMemoryLocalStore.Open(disk, _actors);
        return await RandomLocalWrites.DumpAsync(twin);
    }

    private void CheckFile()
    {
        using SqliteConnection file = SqliteConnection.Open(_path, SqliteOpenMode.ReadOnly);
        using SqliteStatement check = file.Prepare("PRAGMA integrity_check");
        Assert.True(check.Step());
        Assert.Equal("ok", check.Text(0));
    }
}
