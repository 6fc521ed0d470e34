using System.Diagnostics;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Logging;
using Syncline.AspNetCore.Accounts;
using Syncline.Core.Operations;
using Syncline.Engine.Storage;

namespace Syncline.AspNetCore.Doors;

/// <summary>
/// Stands before every endpoint: screens the request, finds the caller where one is needed, gives the log a correlation id, and turns what
/// was thrown into a problem.
/// </summary>
internal sealed partial class DoorFilter(ICallers callers, ILogger<DoorFilter> logger) : IEndpointFilter
{
    private const string CorrelationHeader = "X-Correlation-Id";

    public async ValueTask<object?> InvokeAsync(EndpointFilterInvocationContext context, EndpointFilterDelegate next)
    {
        HttpContext http = context.HttpContext;
        string correlationId = CorrelationIdOf(http);
        http.Response.Headers[CorrelationHeader] = correlationId;
        using IDisposable? scope = Correlate(correlationId);
        try
        {
            callers.Screen(http);
            if (http.GetEndpoint()?.Metadata.GetMetadata<AnonymousEndpoint>() is null)
                http.Features.Set(await FindCallerAsync(http));
            return await next(context);
        }
        catch (Exception e) when (ProblemOf(e, http, correlationId) is { } problem)
        {
            return problem;
        }
    }

    /// <summary>
    /// The same before an endpoint of a space, as one call: each link of a chain of filters is memory that a waiting request holds, and that
    /// is cold when a thousand of them wake.
    /// </summary>
    public async Task ServeAsync(HttpContext http, SpaceEndpoint endpoint)
    {
        string correlationId = CorrelationIdOf(http);
        using IDisposable? scope = Correlate(correlationId);
        IResult result;
        try
        {
            callers.Screen(http);
            http.Features.Set(await FindCallerAsync(http));
            result = await endpoint(http, (string)http.Request.RouteValues["spaceId"]!);
        }
        catch (Exception e) when (ProblemOf(e, http, correlationId) is { } problem)
        {
            result = problem;
        }

        // Last: a header that Kestrel does not know by its name takes a dictionary.
        http.Response.Headers[CorrelationHeader] = correlationId;
        await result.ExecuteAsync(http);
    }

    private IDisposable? Correlate(string correlationId) =>
        logger.BeginScope(new KeyValuePair<string, object?>[] { new("CorrelationId", correlationId) });

    private ValueTask<Caller> FindCallerAsync(HttpContext http)
    {
        ValueTask<Caller?> finding = callers.FindAsync(http);
        return finding.IsCompletedSuccessfully ? new ValueTask<Caller>(Known(finding.Result)) : AwaitAsync(finding);

        static async ValueTask<Caller> AwaitAsync(ValueTask<Caller?> finding) => Known(await finding);

        static Caller Known(Caller? caller) => caller ?? throw new RequestException(ErrorCodes.Unauthenticated, "a valid bearer token is needed");
    }

    // Null: not for the client to know.
    private IResult? ProblemOf(Exception exception, HttpContext http, string correlationId)
    {
        if (exception is StoreUnavailableException)
            LogUnavailable(http.Request.Path, exception);
        if (DoorError.Of(exception) is { } error)
            return error.ToResult();
        switch (exception)
        {
            case BadHttpRequestException e:
                return Problems.Of(
                    e.StatusCode == StatusCodes.Status413PayloadTooLarge ? ErrorCodes.PayloadTooLarge : ErrorCodes.InvalidRequest, e.Message);
            case OperationCanceledException:
                return http.RequestAborted.IsCancellationRequested ? Results.Empty : null;
            default:
                LogFault(http.Request.Path, exception);
                return http.Response.HasStarted
                    ? null
                    : Problems.Of(ErrorCodes.Internal, $"a fault of the server's; its log has it under {correlationId}");
        }
    }

    // The trace's, where the request is part of one: also when the host traces nothing itself, which costs every request an activity.
    private static string CorrelationIdOf(HttpContext http)
    {
        if (Activity.Current is { } activity)
            return activity.TraceId.ToHexString();
        return ActivityContext.TryParse(http.Request.Headers.TraceParent, traceState: null, out ActivityContext trace)
            ? trace.TraceId.ToHexString()
            : http.TraceIdentifier;
    }

    [LoggerMessage(100, LogLevel.Error, "{Path} cannot be served: the store is unavailable")]
    private partial void LogUnavailable(string path, Exception exception);

    [LoggerMessage(101, LogLevel.Critical, "{Path} failed by a fault of the server's")]
    private partial void LogFault(string path, Exception exception);

    /// <summary>Marks endpoints that answer anybody.</summary>
    internal sealed class AnonymousEndpoint;

    /// <summary>An endpoint of the space that the path names.</summary>
    internal delegate ValueTask<IResult> SpaceEndpoint(HttpContext context, string spaceId);
}
