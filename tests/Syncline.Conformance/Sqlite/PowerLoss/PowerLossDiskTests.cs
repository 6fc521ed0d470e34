using LibSqlite;

namespace Syncline.Conformance.Sqlite.PowerLoss;

/// <summary>The disk itself: SQLite alone keeps on it what SQLite promises, and loses what it does not.</summary>
public sealed class PowerLossDiskTests
{
    private const int EventsMax = 60;

    [PowerLossTheory]
    [InlineData("DELETE")]
    [InlineData("TRUNCATE")]
    [InlineData("PERSIST")]
    [InlineData("WAL")]
    public void What_was_committed_is_kept_and_a_transaction_is_whole_or_not_there(string journalMode)
    {
        for (int seed = 0; seed < EventsMax * 3; seed++)
        {
            (int committed, int found) = CommitUntilPowerLoss(journalMode, "EXTRA", seed);
            Assert.True(found == committed || found == committed + 1, $"seed {seed}: {committed} committed, {found} found");
        }
    }

    [PowerLossTheory]
    [InlineData("DELETE")]
    [InlineData("WAL")]
    public void Without_syncs_commits_are_lost(string journalMode)
    {
        int losses = 0;
        for (int seed = 0; seed < EventsMax; seed++)
        {
            try
            {
                (int committed, int found) = CommitUntilPowerLoss(journalMode, "OFF", seed);
                if (found < committed) losses++;
            }
            catch (SqliteException exception) when (exception.IsCorrupt)
            {
                losses++;
            }
        }

        Assert.InRange(losses, EventsMax / 4, EventsMax);
    }

    [Fact]
    public void Of_what_was_not_synced_each_sector_is_there_or_not()
    {
        DiskFile file = new(new byte[1024]);
        file.Write(256, Enumerable.Repeat((byte)1, 1024).ToArray());
        Queue<bool> kept = new([true, false, true]); // 256 to 511, 512 to 1023, 1024 to 1279.

        byte[] left = file.AfterPowerLoss(kept.Dequeue);

        Assert.Empty(kept);
        Assert.Equal([.. new byte[256], .. Enumerable.Repeat((byte)1, 256), .. new byte[512], .. Enumerable.Repeat((byte)1, 256)], left);
    }

    [Theory]
    [InlineData(true, 3)]
    [InlineData(false, 2)]
    public void A_sync_of_the_data_alone_may_not_keep_that_a_file_became_shorter(bool dataOnly, int length)
    {
        DiskFile file = new([1, 2, 3]);
        file.Write(0, [7]);
        file.Truncate(2);
        file.Sync(dataOnly);

        Assert.Equal(((byte[])[7, 2, 3])[..length], file.AfterPowerLoss(() => true));
    }

    /// <summary>Rows of some pages each, two in a transaction; counted in transactions.</summary>
    private static (int Committed, int Found) CommitUntilPowerLoss(string journalMode, string synchronous, int seed)
    {
        using TemporaryData data = new();
        using TemporaryData left = new();
        int committed = 0;
        using (PowerLossDisk disk = new(data.Path))
        {
            using SqliteConnection connection = SqliteConnection.Open(
                data.PathOf("rows.db"), SqliteOpenMode.ReadWriteCreate, fileSystem: disk.FileSystem);
            connection.Execute($"PRAGMA journal_mode = {journalMode}; CREATE TABLE rows (id INTEGER PRIMARY KEY, text TEXT)");
            disk.SyncNames(data.Path);
            connection.Execute($"PRAGMA synchronous = {synchronous}");
            disk.LosePowerAfter(seed % EventsMax, new Random(seed), left.Path);
            while (disk.IsUp)
            {
                connection.Execute(
                    "BEGIN; INSERT INTO rows (text) VALUES (printf('%.9000c', 'x')); INSERT INTO rows (text) VALUES (printf('%.9000c', 'y')); COMMIT");
                if (disk.IsUp) committed++;
            }
        }

        using SqliteConnection after = SqliteConnection.Open(left.PathOf("rows.db"), SqliteOpenMode.ReadWrite);
        using SqliteStatement count = after.Prepare("SELECT count(*) FROM rows");
        Assert.True(count.Step());
        Assert.Equal(0, count.Int64(0) % 2);
        return (committed, (int)count.Int64(0) / 2);
    }
}
