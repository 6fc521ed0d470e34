using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;
using Microsoft.Extensions.DependencyInjection;
using SocketIO.AspNetCore;
using Syncline.AspNetCore.Accounts;

namespace Syncline.AspNetCore.Doors.RealTime;

/// <summary>Where Socket.IO is served.</summary>
internal static class RealTimeEndpoint
{
    private const string Path = "/socket.io";

    /// <summary>Adds it, with what stands before every door: who must not be answered at all is not, and who is known by the request is found.</summary>
    public static void Map(IEndpointRouteBuilder routes)
    {
        IServiceProvider services = routes.ServiceProvider;
        RealTimeDoor door = services.GetRequiredService<RealTimeDoor>();
        ICallers callers = services.GetRequiredService<ICallers>();
        routes.MapSocketIO(Path, door.Map).ExcludeFromDescription().Add(endpoint =>
        {
            RequestDelegate serve = endpoint.RequestDelegate!;
            endpoint.RequestDelegate = http => ServeAsync(http, callers, serve);
        });
    }

    private static async Task ServeAsync(HttpContext http, ICallers callers, RequestDelegate serve)
    {
        try
        {
            callers.Screen(http);

            // The application's own authentication may go by cookies, which only the request has.
            if (callers is ApplicationCallers && !http.Request.Query.ContainsKey("sid"))
                await callers.FindAsync(http);
        }
        catch (RequestException e)
        {
            await Problems.WriteAsync(http, e.Code, e.Message);
            return;
        }

        await serve(http);
    }
}
