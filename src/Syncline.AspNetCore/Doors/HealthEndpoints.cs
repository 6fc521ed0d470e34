using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;
using Syncline.Engine.Storage;

namespace Syncline.AspNetCore.Doors;

/// <summary>How the server is.</summary>
/// <param name="Status">ok.</param>
public sealed record HealthAnswer(string Status);

/// <summary>Liveness, and readiness by a durable write.</summary>
internal sealed class HealthEndpoints(ISpaceStore store)
{
    private static readonly HealthAnswer Ok = new("ok");

    public void Map(RouteGroupBuilder group)
    {
        foreach (string path in (ReadOnlySpan<string>)["/healthz", "/health/live"])
        {
            group.MapGet(path, (Delegate)(() => Results.Json(Ok, DoorJson.Default.HealthAnswer)))
                .WithSummary("Answers while the process serves requests.").WithTags("Health").Produces<HealthAnswer>()
                .WithMetadata(new DoorFilter.AnonymousEndpoint());
        }

        group.MapGet("/health/ready", (Delegate)ReadyAsync)
            .WithSummary("Answers when the store can write; else 503.").WithTags("Health").Produces<HealthAnswer>().WithProblems(503)
            .WithMetadata(new DoorFilter.AnonymousEndpoint());
    }

    private async Task<IResult> ReadyAsync(HttpContext context)
    {
        await store.CheckAsync(context.RequestAborted);
        return Results.Json(Ok, DoorJson.Default.HealthAnswer);
    }
}
