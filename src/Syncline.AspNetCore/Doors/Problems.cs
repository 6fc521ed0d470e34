using System.Globalization;
using System.Text.Json.Nodes;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.WebUtilities;
using Syncline.AspNetCore.Doors.Lists;
using Syncline.Core.Operations;
using Syncline.Engine.Storage;

namespace Syncline.AspNetCore.Doors;

/// <summary>Errors as HTTP says them: RFC 9457 problem details with <c>code</c>, <c>detail</c>, <c>retryable</c> and <c>retryAfter</c>.</summary>
public static class Problems
{
    internal const string ContentType = "application/problem+json";
    private static readonly TimeSpan DefaultRetryAfter = TimeSpan.FromSeconds(1);

    /// <summary>The status that goes with a code.</summary>
    public static int StatusOf(string code) => code switch
    {
        ErrorCodes.InvalidRequest => StatusCodes.Status400BadRequest,
        ErrorCodes.Unauthenticated => StatusCodes.Status401Unauthorized,
        ErrorCodes.Forbidden => StatusCodes.Status403Forbidden,
        ErrorCodes.NotFound => StatusCodes.Status404NotFound,
        ErrorCodes.MethodNotAllowed => StatusCodes.Status405MethodNotAllowed,
        ErrorCodes.NameTaken or ErrorCodes.StaleGeneration => StatusCodes.Status409Conflict,
        ErrorCodes.ResyncRequired => StatusCodes.Status410Gone,
        ErrorCodes.PayloadTooLarge => StatusCodes.Status413PayloadTooLarge,
        ErrorCodes.UnsupportedMediaType => StatusCodes.Status415UnsupportedMediaType,
        ErrorCodes.RateLimited or ErrorCodes.TooManyWaits or ErrorCodes.QuotaExceeded => StatusCodes.Status429TooManyRequests,
        ErrorCodes.Unavailable => StatusCodes.Status503ServiceUnavailable,
        _ => StatusCodes.Status500InternalServerError,
    };

    /// <summary>Whether the same request may succeed later.</summary>
    public static bool IsRetryable(string code) =>
        code is ErrorCodes.RateLimited or ErrorCodes.TooManyWaits or ErrorCodes.QuotaExceeded or ErrorCodes.Unavailable or ErrorCodes.Internal;

    /// <summary>An answer that says what went wrong.</summary>
    public static IResult Of(string code, string detail, TimeSpan? retryAfter = null) => Make(code, detail, retryAfter, []);

    /// <summary>The cursor cannot be served; where the log stands and what it shares with its earlier lives.</summary>
    public static IResult ResyncRequired(LogHead head) => Make(
        ErrorCodes.ResyncRequired, "the cursor is of another life of the log, or ahead of it; start anew and keep the outbox", null, PositionOf(head));

    /// <summary>Writes a problem where no result can be returned.</summary>
    public static Task WriteAsync(HttpContext context, string code, string detail) => Of(code, detail).ExecuteAsync(context);

    private static JsonProblem Make(string code, string detail, TimeSpan? retryAfter, JsonObject more)
    {
        TimeSpan? wait = WaitBefore(code, retryAfter);
        JsonObject problem = Describe(code, detail);
        if (wait is { } seconds)
            problem["retryAfter"] = Seconds(seconds);
        foreach ((string name, JsonNode? value) in more)
            problem[name] = value?.DeepClone();
        return new JsonProblem(StatusOf(code), problem, wait);
    }

    /// <summary>How long to wait before the same is tried again; null when that is of no use.</summary>
    internal static TimeSpan? WaitBefore(string code, TimeSpan? retryAfter) => IsRetryable(code) ? retryAfter ?? DefaultRetryAfter : null;

    /// <summary>Where a log stands, and what it shares with its earlier lives: members of <c>resync_required</c>.</summary>
    internal static JsonObject PositionOf(LogHead head) => new()
    {
        ["epoch"] = head.Epoch.Value,
        ["head"] = head.Seq,
        ["previous"] = head.Earlier.Count == 0
            ? null
            : new JsonObject { ["epoch"] = head.Earlier[0].Epoch.Value, ["sharedUpTo"] = head.Earlier[0].SharedUpTo },
    };

    /// <summary>The members that every problem has.</summary>
    internal static JsonObject Describe(string code, string detail)
    {
        int status = StatusOf(code);
        return new JsonObject
        {
            ["type"] = "about:blank",
            ["title"] = ReasonPhrases.GetReasonPhrase(status),
            ["status"] = status,
            ["code"] = code,
            ["detail"] = detail,
            ["retryable"] = IsRetryable(code),
        };
    }

    internal static int Seconds(TimeSpan time) => Math.Max(1, (int)Math.Ceiling(time.TotalSeconds));

    private sealed class JsonProblem(int status, JsonObject problem, TimeSpan? retryAfter) : IResult
    {
        public async Task ExecuteAsync(HttpContext httpContext)
        {
            httpContext.Response.StatusCode = status;
            httpContext.Response.ContentType = ContentType;
            if (retryAfter is { } wait)
                httpContext.Response.Headers.RetryAfter = Seconds(wait).ToString(CultureInfo.InvariantCulture);
            if (status == StatusCodes.Status401Unauthorized)
                httpContext.Response.Headers.WWWAuthenticate = "Bearer";
            if (ListErrors.AreFor(httpContext))
                ListErrors.AddTo(problem);
            await httpContext.Response.WriteAsync(problem.ToJsonString(), httpContext.RequestAborted);
        }
    }
}
