using LibSqlite;
using Syncline.Client.Storage;
using Syncline.Core.Operations;
using static Syncline.Conformance.Operations;

namespace Syncline.Conformance.Sqlite.Local;

/// <summary>A local store's file in a folder of its own, and the words in which tests speak of it.</summary>
internal static class LocalStoreFile
{
    public static readonly SpaceId Space = new("space-1");

    public static string FileOf(TemporaryData data) => data.PathOf("local.db");

    public static SqliteLocalStore Open(TemporaryData data, Action<SqliteConnection>? opened = null) => Open(FileOf(data), opened);

    public static SqliteLocalStore Open(string path, Action<SqliteConnection>? opened = null) =>
        SqliteLocalStore.Open(
            path, new StandingClock(), new Random(Random.Shared.Next()), LocalStoreContext.OfTheSystem with { Opened = opened });

    /// <summary>Makes own operations with the next numbers and clocks, as the client does.</summary>
    public static async Task<IReadOnlyList<OwnOperation>> MakeAsync(this ILocalStore store, int count, string payload = "{}")
    {
        LocalDevice device = await store.ReadDeviceAsync(default);
        LocalSpace? space = (await store.ReadSpacesAsync(default)).SingleOrDefault(one => one.Id == Space);
        OwnOperation[] own =
        [
            .. Enumerable.Range(0, count).Select(n => new OwnOperation(
                device.NextNumber + n,
                Logged(Id(device.Actor.Value, (space?.ClockMax ?? 0) + 1 + n), payload).Operation,
                OwnOperationState.Pending,
                0,
                null,
                Now)),
        ];
        await store.WriteAsync([new LocalWrite.AddSpace(Space), new LocalWrite.AddOwn(Space, own)], default);
        return own;
    }

    public static async Task<ActorId> ActorAsync(this ILocalStore store) => (await store.ReadDeviceAsync(default)).Actor;

    public static async Task<IReadOnlyList<OwnOperation>> OutboxAsync(this ILocalStore store) => await store.ReadOutboxAsync(Space, default);

    /// <summary>Opens a store that nobody has open, and says what it says of itself.</summary>
    public static async Task<LocalDevice> LookAsync(TemporaryData data)
    {
        await using SqliteLocalStore store = Open(data);
        return await store.ReadDeviceAsync(default);
    }

    /// <summary>Makes operations in a store that nobody has open.</summary>
    public static async Task<IReadOnlyList<OwnOperation>> UseAsync(TemporaryData data, int operations = 2)
    {
        await using SqliteLocalStore store = Open(data);
        return await store.MakeAsync(operations);
    }
}
