using System.CommandLine;
using System.Globalization;
using Syncline.Client;
using Syncline.Client.Storage;
using Syncline.Client.Sync;
using Syncline.Core.Operations;

namespace Syncline.Server.Client;

/// <summary><c>syncline status</c>: what is here, what waits, and what the server has.</summary>
internal static class StatusCommand
{
    public static Command Create()
    {
        Option<bool> follow = new("--follow", "-f") { Description = "Goes on telling." };
        Command command = ClientSession.With(new Command("status", "Says how far this device and the server are in agreement.") { follow });
        command.SetAction((result, cancellationToken) => ClientSession.RunAsync(
            result, (session, token) => ShowAsync(session, result.GetValue(follow), token), cancellationToken));
        return command;
    }

    private static async Task<int> ShowAsync(ClientSession session, bool follow, CancellationToken cancellationToken)
    {
        bool isReached = await session.SyncAsync(space: null, cancellationToken);
        Console.WriteLine($"device  {session.Client.Actor}");
        Show(session.Client.Status);
        HashSet<string> here = [.. session.Client.Spaces.Select(space => space.Value)];
        if (isReached || session.Client.Status.State is SyncState.UpToDate or SyncState.Refused or SyncState.Syncing)
        {
            foreach (RemoteSpace space in await session.Client.ListSpacesAsync(cancellationToken))
                Console.WriteLine($"space   {space.Id}  {space.Name}  ({space.Role}{(here.Remove(space.Id) ? ", here" : "")})");
        }

        foreach (string id in here)
            Console.WriteLine($"space   {id}  (here)");
        foreach (SpaceId id in session.Client.Spaces)
        {
            Space space = await session.Client.OpenSpaceAsync(id.Value, cancellationToken);
            foreach (OwnOperation refused in space.Refused)
                Console.WriteLine($"refused {id}: {refused.Operation.Id}: {refused.Refusal?.Code}: {refused.Refusal?.Detail}");
        }

        if (!follow)
            return 0;
        session.Client.StatusChanged += (_, change) => Show(change.Status);
        return await ClientSession.FollowAsync(cancellationToken);
    }

    private static void Show(SyncStatus status)
    {
        string last = status.LastSuccess is { } at ? at.ToString("u", CultureInfo.InvariantCulture) : "never";
        Console.WriteLine(string.Create(
            CultureInfo.InvariantCulture,
            $"status  {status.State}, {status.PendingCount} not sent, {status.RefusedCount} refused, {status.Behind} behind, last in agreement {last}{(status.Problem is { } problem ? $": {problem.Detail}" : "")}"));
    }
}
