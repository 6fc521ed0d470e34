using Microsoft.AspNetCore.Http;
using Syncline.AspNetCore.Accounts;
using Syncline.Core.Operations;
using Syncline.Engine.Accounts;
using Syncline.Engine.Spaces;

namespace Syncline.AspNetCore.Doors;

/// <summary>What the doors ask of a request.</summary>
internal static class DoorContext
{
    /// <summary>Who asks; found by <see cref="DoorFilter"/>.</summary>
    public static Caller Caller(this HttpContext context) => context.Features.GetRequiredFeature<Caller>();

    /// <summary>As <see cref="UseSpaceAsync"/>, in use until the caller gives it back: what waits, or comes often, holds it no longer than it must.</summary>
    /// <exception cref="RequestException">No such space, or the caller may not know of it.</exception>
    public static async ValueTask<LiveSpaces.Lease> LeaseSpaceAsync(this HttpContext context, LiveSpaces spaces, string spaceId, Role least)
    {
        if (!SpaceId.TryParse(spaceId, out SpaceId id) || await spaces.UseAsync(id, context.RequestAborted) is not { } lease)
            throw new RequestException(ErrorCodes.NotFound, "no such space");
        try
        {
            lease.Space.DemandRole(context.Caller().UserId, least);
            return lease;
        }
        catch
        {
            await lease.DisposeAsync();
            throw;
        }
    }

    /// <summary>The space that the path names, in use until the request ends, when the caller may do what <paramref name="least"/> may.</summary>
    /// <exception cref="RequestException">No such space, or the caller may not know of it.</exception>
    public static async ValueTask<LiveSpace> UseSpaceAsync(this HttpContext context, LiveSpaces spaces, string spaceId, Role least)
    {
        LiveSpaces.Lease lease = await context.LeaseSpaceAsync(spaces, spaceId, least);
        context.Response.RegisterForDisposeAsync(lease);
        return lease.Space;
    }

    private static T GetRequiredFeature<T>(this Microsoft.AspNetCore.Http.Features.IFeatureCollection features) =>
        features.Get<T>() ?? throw new InvalidOperationException($"The request has no {typeof(T).Name}.");
}
