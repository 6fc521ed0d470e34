using System.Diagnostics;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Logging;
using Syncline.AspNetCore.Accounts;
using Syncline.Core.Operations;
using Syncline.Engine.Spaces;
using Syncline.Engine.Storage;

namespace Syncline.AspNetCore.Doors;

/// <summary>
/// Stands before every endpoint: screens the request, finds the caller where one is needed, gives the log a correlation id, and turns what
/// was thrown into a problem.
/// </summary>
internal sealed partial class DoorFilter(ICallers callers, ILogger<DoorFilter> logger) : IEndpointFilter
{
    public async ValueTask<object?> InvokeAsync(EndpointFilterInvocationContext context, EndpointFilterDelegate next)
    {
        HttpContext http = context.HttpContext;
        string correlationId = CorrelationIdOf(http);
        http.Response.Headers["X-Correlation-Id"] = correlationId;
        using IDisposable? scope = logger.BeginScope(new KeyValuePair<string, object?>[] { new("CorrelationId", correlationId) });
        try
        {
            callers.Screen(http);
            if (http.GetEndpoint()?.Metadata.GetMetadata<AnonymousEndpoint>() is null)
            {
                Caller caller = await callers.FindAsync(http)
                    ?? throw new RequestException(ErrorCodes.Unauthenticated, "a valid bearer token is needed");
                http.Features.Set(caller);
            }

            return await next(context);
        }
        catch (RequestException e)
        {
            return Problems.Of(e.Code, e.Message, e.RetryAfter);
        }
        catch (SpaceAccessException e)
        {
            return e.Head is { } head ? Problems.ResyncRequired(head) : Problems.Of(e.Code, e.Message);
        }
        catch (SpaceNotFoundException)
        {
            return Problems.Of(ErrorCodes.NotFound, "no such space");
        }
        catch (StoreUnavailableException e)
        {
            LogUnavailable(http.Request.Path, e);
            return Problems.Of(ErrorCodes.Unavailable, e.Message);
        }
        catch (BadHttpRequestException e)
        {
            return Problems.Of(
                e.StatusCode == StatusCodes.Status413PayloadTooLarge ? ErrorCodes.PayloadTooLarge : ErrorCodes.InvalidRequest, e.Message);
        }
        catch (OperationCanceledException) when (http.RequestAborted.IsCancellationRequested)
        {
            return Results.Empty;
        }
        catch (Exception e) when (e is not OperationCanceledException)
        {
            LogFault(http.Request.Path, e);
            if (http.Response.HasStarted)
                throw;
            return Problems.Of(ErrorCodes.Internal, $"a fault of the server's; its log has it under {correlationId}");
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
}
