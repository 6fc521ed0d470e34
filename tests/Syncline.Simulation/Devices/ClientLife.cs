using Syncline.Client;
using Syncline.Client.Storage;
using Syncline.Simulation.Scheduling;

namespace Syncline.Simulation.Devices;

/// <summary>One life of the client program on a device, with its spaces open.</summary>
internal sealed record ClientLife(Device Device, Process Process, SynclineClient Client, IReadOnlyList<Space> Spaces)
{
    public static async Task<ClientLife> OpenAsync(
        Device device, Process process, ILocalStore disk, SynclineClientOptions options, Uri server, IReadOnlyList<string> spaceIds)
    {
        SynclineClient client = await SynclineClient.OpenAsync(disk, server, options, CancellationToken.None);
        List<Space> spaces = [];
        foreach (string id in spaceIds)
            spaces.Add(await client.OpenSpaceAsync(id));
        return new ClientLife(device, process, client, spaces);
    }
}
