using System.Text.Json.Nodes;
using Microsoft.AspNetCore.Http;

namespace Syncline.AspNetCore.Doors.Lists;

/// <summary>
/// Errors as clients of <c>/sync</c> read them: beside the members of a problem, <c>error</c> as a text. As metadata it marks the endpoints that
/// answer so; a path that none of them has is known by its name.
/// </summary>
internal sealed class ListErrors
{
    public static bool AreFor(HttpContext context) =>
        context.GetEndpoint()?.Metadata.GetMetadata<ListErrors>() is not null || context.Request.Path.StartsWithSegments("/sync", StringComparison.Ordinal);

    public static void AddTo(JsonObject problem) => problem["error"] = problem["detail"]!.GetValue<string>();
}
