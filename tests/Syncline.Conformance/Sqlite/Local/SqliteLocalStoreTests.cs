using LibSqlite;
using Syncline.Client.Storage;
using Syncline.Conformance.InMemory;

namespace Syncline.Conformance.Sqlite.Local;

/// <summary>The rules of local stores, on SQLite.</summary>
public sealed class SqliteLocalStoreTests : LocalStoreConformance, IDisposable
{
    private readonly TemporaryData _data = new();
    private readonly Random _random = new(1);

    private string File => _data.PathOf("local.db");

    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(3)]
    public async Task After_any_writes_it_says_what_the_twin_says(int seed)
    {
        Random random = new(seed);
        InMemoryLocalDisk disk = new();
        await using InMemoryLocalStore twin = InMemoryLocalStore.Open(disk, new Random(seed));
        for (int write = 0; write < 400; write++)
        {
            LocalWrite[] writes = await RandomLocalWrites.NextAsync(twin, random);
            await twin.WriteAsync(writes, default);
            await Store.WriteAsync(writes, default);
            if (random.Next(20) == 0) await ReopenAsync();
            if (write % 10 == 0) Assert.Equal(await RandomLocalWrites.DumpAsync(twin), await RandomLocalWrites.DumpAsync(Store));
        }

        Assert.Equal(await RandomLocalWrites.DumpAsync(twin), await RandomLocalWrites.DumpAsync(Store));
    }

    /// <inheritdoc />
    public void Dispose() => _data.Dispose();

    /// <inheritdoc />
    protected override ILocalStore Open() => SqliteLocalStore.Open(File, new StandingClock(), _random);

    /// <inheritdoc />
    protected override void DamageSnapshots()
    {
        using SqliteConnection file = SqliteConnection.Open(File, SqliteOpenMode.ReadWrite);
        file.Execute("UPDATE snapshot_chunks SET bytes = CAST(zeroblob(length(bytes) - 1) || x'01' AS BLOB) WHERE place % 2 = 1");
        Assert.True(file.Changes > 0);
    }
}
