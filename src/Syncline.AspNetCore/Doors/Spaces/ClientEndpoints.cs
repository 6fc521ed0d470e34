using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;
using Syncline.Engine.Accounts;
using Syncline.Engine.Spaces;
using Syncline.Engine.Storage;

namespace Syncline.AspNetCore.Doors.Spaces;

/// <summary>How far the clients of a space have read (docs/protocol.md, "Clients").</summary>
internal sealed class ClientEndpoints(LiveSpaces spaces)
{
    public void Map(RouteGroupBuilder group) =>
        group.MapGet("/spaces/{spaceId}/clients", (Delegate)ListAsync)
            .WithName("ListClients").WithSummary("How far the clients of a space have read. Owners.").WithTags("Spaces")
            .Produces<ClientsAnswer>().WithProblems(401, 403, 404, 503);

    private async Task<IResult> ListAsync(HttpContext context, string spaceId)
    {
        LiveSpace space = await context.UseSpaceAsync(spaces, spaceId, Role.Owner);
        IReadOnlyList<ClientCursor> clients = await space.ReadClientsAsync(context.Caller().UserId, context.RequestAborted);
        long head = space.Feed.Now.Head.Seq;
        return Results.Json(new ClientsAnswer([.. clients.Select(client => ClientAnswer.From(client, head))], head), DoorJson.Default.ClientsAnswer);
    }
}
