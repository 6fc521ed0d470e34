using Microsoft.AspNetCore.Builder;

namespace Syncline.AspNetCore.Doors;

/// <summary>Endpoints that many requests wait in, or that come often, are called without the chain that filters need.</summary>
internal static class ServedDirectly
{
    /// <summary>
    /// Has <see cref="DoorFilter.ServeAsync"/> call the endpoint. It was mapped with its handler, which the document is made from. Where the
    /// application has added filters of its own, all goes through the chain.
    /// </summary>
    public static RouteHandlerBuilder Directly(this RouteHandlerBuilder builder, DoorFilter door, DoorFilter.SpaceEndpoint endpoint)
    {
        builder.Finally(built =>
        {
            bool isOnlyFilter = built.FilterFactories.Count == 1;
            if (isOnlyFilter)
                built.RequestDelegate = context => door.ServeAsync(context, endpoint);
        });
        return builder;
    }
}
