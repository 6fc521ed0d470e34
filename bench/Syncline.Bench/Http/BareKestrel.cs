using System.Collections.Concurrent;
using System.Text.Json.Serialization;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;

namespace Syncline.Bench.Http;

/// <summary>
/// The limit: a minimal API on Kestrel that parses and serialises a push with source-generated JSON, and lets requests wait for one signal.
/// </summary>
internal static class BareKestrel
{
    public static WebApplication Build(string url)
    {
        WebApplicationBuilder builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders();
        builder.WebHost.UseUrls(url);
        builder.Services.ConfigureHttpJsonOptions(options => options.SerializerOptions.TypeInfoResolverChain.Insert(0, BareJson.Default));
        WebApplication app = builder.Build();
        app.MapPost("/echo", (BarePush push) => push);

        ConcurrentQueue<TaskCompletionSource<string>> waiters = new();
        app.MapGet("/poll", async (HttpContext context) =>
        {
            TaskCompletionSource<string> waiter = new(TaskCreationOptions.RunContinuationsAsynchronously);
            waiters.Enqueue(waiter);
            await context.Response.WriteAsync(await waiter.Task);
        });
        app.MapPost("/wake", async (HttpContext context) =>
        {
            using StreamReader reader = new(context.Request.Body);
            string text = await reader.ReadToEndAsync();
            while (waiters.TryDequeue(out TaskCompletionSource<string>? waiter))
                waiter.TrySetResult(text);
        });
        return app;
    }
}

internal sealed record BareOperation(long Clock, string PeerId, string TargetId, string Key, string Value);

internal sealed record BarePush(string TreeId, BareOperation[] Operations);

[JsonSourceGenerationOptions(System.Text.Json.JsonSerializerDefaults.Web)]
[JsonSerializable(typeof(BarePush))]
internal sealed partial class BareJson : JsonSerializerContext;
