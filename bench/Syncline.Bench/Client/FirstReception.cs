using Syncline.Bench.Harness;
using Syncline.Bench.Http;
using Syncline.Bench.Snapshots;
using Syncline.Bench.Storage;
using Syncline.Client;
using Syncline.Core.Operations;

namespace Syncline.Bench.Client;

/// <summary>A device that has nothing of a space yet, until it has all of it in its file and can show it; beside a client that pulls and throws away.</summary>
internal static class FirstReception
{
    private const int Operations = 1_000_000;

    public static async Task<Sample> MeasureAsync(bool throwsAway, string serverFolder, string token, string space)
    {
        using ServerProcess server = await ServerProcess.SynclineAsync(serverFolder);
        return throwsAway ? await PullAsync(server.Address, token, space) : await SyncAsync(server.Address, token, space);
    }

    private static async Task<Sample> PullAsync(string address, string token, string space)
    {
        using SpaceClient client = new(address, token);
        Stage stage = Stage.Begin();
        await client.PullAsync(new SpaceId(space), page: null);
        return stage.End(Operations);
    }

    private static async Task<Sample> SyncAsync(string address, string token, string space)
    {
        using TemporaryFolder folder = new();
        await using SynclineClient client = await SynclineClient.OpenAsync(
            Path.Combine(folder.Path, "client.db"), new Uri(address), new SynclineClientOptions { EventContext = null, CreatesSpaces = false });
        client.UseTokens((_, _) => ValueTask.FromResult<string?>(token));
        Stage stage = Stage.Begin();
        Space opened = await client.OpenSpaceAsync(space);
        await client.SyncAsync();
        int seen = opened.TreeIds.Sum(tree => opened.OpenTree(tree).GetChildren(tree).Count) + opened.Lists.GetLists().Count;
        await client.SaveAsync();
        Sample sample = stage.End(Operations);
        return sample with { Check = seen > 0 ? "ok" : "nothing to see" };
    }
}
