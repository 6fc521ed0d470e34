using LibSqlite;
using Syncline.Core.Operations;
using Syncline.Engine.Storage;
using Syncline.Sqlite;
using Syncline.Sqlite.Spaces;
using static Syncline.Conformance.Operations;

namespace Syncline.Conformance.Sqlite;

/// <summary>A data folder and the store on it, and the words in which tests speak of them.</summary>
internal sealed class SqliteServer : IDisposable
{
    public static readonly SpaceId Space = new("space-1");
    public static readonly Epoch First = new("epoch-1");
    public static readonly PageLimits NoLimits = new(int.MaxValue, long.MaxValue);

    public SqliteServer(
        TemporaryData data,
        Durability durability = Durability.Full,
        int openSpacesMax = 256,
        DatabaseSchema? schema = null,
        Action<SqliteConnection>? opened = null,
        DataDisk? disk = null)
    {
        Folder = new SqliteDataFolder(data.Options(durability, openSpacesMax), disk ?? DataDisk.OfTheSystem);
        Accounts = new SqliteAccountStore(Folder);
        Store = new SqliteSpaceStore(
            Folder, new SpaceFileContext(
                durability, schema ?? SpaceSchema.Current, new StandingClock(), new CountingBytes(), Folder.Disk, opened));
    }

    public SqliteDataFolder Folder { get; }

    public SqliteSpaceStore Store { get; }

    public SqliteAccountStore Accounts { get; }

    public static string FileOf(TemporaryData data) => data.PathOf("sp", "space-1.db");

    /// <summary>The files of the space as a crash leaves them at this moment.</summary>
    public static void CopyAsAfterCrash(TemporaryData from, TemporaryData to)
    {
        Directory.CreateDirectory(to.PathOf("sp"));
        File.Copy(FileOf(from), FileOf(to));
        if (File.Exists(FileOf(from) + "-wal")) File.Copy(FileOf(from) + "-wal", FileOf(to) + "-wal");
    }

    public async Task CreateAsync(SpaceId? space = null) => await Store.CreateAsync(space ?? Space, First, Now, default);

    public async Task<LogHead> HeadAsync(SpaceId? space = null) =>
        Assert.IsType<LogHead>(await Store.ReadHeadAsync(space ?? Space, default));

    public async Task<LogAppend> AppendAsync(params LoggedOperation[] operations) => await AppendToAsync(Space, operations);

    public async Task<LogAppend> AppendToAsync(SpaceId space, params LoggedOperation[] operations)
    {
        LogAppend append = After(await HeadAsync(space), operations);
        Assert.Equal(AppendOutcome.Appended, await Store.AppendAsync(space, append));
        return append;
    }

    public async Task<LogAppend> AppendManyAsync(int count) =>
        await AppendAsync([.. Enumerable.Range(1, count).Select(n => Logged(Id("a", n)))]);

    public async Task<IReadOnlyList<LoggedOperation>> ReadAllAsync(SpaceId? space = null) =>
        (await Store.ReadAsync(space ?? Space, 0, Selection.All, NoLimits, default)).Operations;

    public async Task<StoreUnavailableException> AssertUnavailableAsync(SpaceId? space = null) =>
        await Assert.ThrowsAsync<StoreUnavailableException>(async () => await Store.ReadHeadAsync(space ?? Space, default));

    public void Dispose()
    {
        Store.Dispose();
        Accounts.Dispose();
        Folder.Dispose();
    }
}
