using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;
using Syncline.Engine.Storage;

namespace Syncline.AspNetCore.Doors;

/// <summary>How the server is.</summary>
/// <param name="Status">ok.</param>
public sealed record HealthAnswer(string Status);

/// <summary>Liveness, and readiness by a durable write.</summary>
internal sealed class HealthEndpoints(ISpaceStore store, TimeProvider time) : IDisposable
{
    // Anybody may ask, and each answer costs a write: those who ask within a second share one.
    private static readonly TimeSpan CheckedEvery = TimeSpan.FromSeconds(1);

    private readonly SemaphoreSlim _checking = new(1);
    private long? _checkedAt;
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
        await _checking.WaitAsync(context.RequestAborted);
        try
        {
            if (_checkedAt is not { } last || time.GetElapsedTime(last) >= CheckedEvery)
            {
                _checkedAt = null;
                await store.CheckAsync(context.RequestAborted);
                _checkedAt = time.GetTimestamp();
            }
        }
        finally
        {
            _checking.Release();
        }

        return Results.Json(Ok, DoorJson.Default.HealthAnswer);
    }

    public void Dispose() => _checking.Dispose();
}
