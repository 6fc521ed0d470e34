using System.Buffers;
using System.Text.Json;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;
using Syncline.Core.Operations;
using Syncline.Engine.Accounts;
using Syncline.Engine.Snapshots;
using Syncline.Engine.Spaces;
using Syncline.Engine.Storage;

namespace Syncline.AspNetCore.Doors.Log;

/// <summary>A whole space as lines of JSON, for clients that have nothing of it yet (docs/protocol.md, "Bootstrap").</summary>
internal sealed partial class BootstrapEndpoints(
    LiveSpaces spaces, IOptions<LimitOptions> limits, BodyBudget bodies, ILogger<BootstrapEndpoints> logger)
{
    public void Map(RouteGroupBuilder group) =>
        group.MapGet("/spaces/{spaceId}/bootstrap", (Delegate)BootstrapAsync)
            .WithName("Bootstrap").WithSummary("The whole space as of one seq: states of trees and lists, and the other operations.").WithTags("Operations")
            .Produces(200, contentType: "application/x-ndjson").WithProblems(401, 404, 429, 503);

    private async Task<IResult> BootstrapAsync(HttpContext context, string spaceId)
    {
        LiveSpace space = await context.UseSpaceAsync(spaces, spaceId, Role.Viewer);
        UserId userId = context.Caller().UserId;
        Bootstrap bootstrap = await space.BootstrapAsync(userId, context.RequestAborted);

        // However slowly it is read: it holds a state that is stored nowhere, and is bounded together with what bodies hold.
        BodyBudget.Claim claim = bodies.Begin(userId);
        context.Response.RegisterForDispose(claim);
        claim.Grow(bootstrap.BytesHeld);
        return new Answer(bootstrap, new PageLimits(limits.Value.PageOperationsMax, limits.Value.PageBytesMax), logger);
    }

    [LoggerMessage(120, LogLevel.Warning, "A bootstrap of {Path} was broken off")]
    private static partial void LogBrokenOff(ILogger logger, string path, Exception exception);

    private sealed class Answer(Bootstrap bootstrap, PageLimits limits, ILogger logger) : IResult
    {
        public async Task ExecuteAsync(HttpContext httpContext)
        {
            httpContext.Response.ContentType = "application/x-ndjson";
            try
            {
                await WriteAsync(httpContext.Response, httpContext.RequestAborted);
            }
            catch (Exception e) when (e is InvalidDataException or SpaceAccessException or StoreUnavailableException or SpaceNotFoundException)
            {
                // Half of it is sent: only a connection that breaks tells the client that it has not got all.
                LogBrokenOff(logger, httpContext.Request.Path, e);
                httpContext.Abort();
            }
        }

        private async Task WriteAsync(HttpResponse response, CancellationToken cancellationToken)
        {
            IBufferWriter<byte> output = response.BodyWriter;
            await using Utf8JsonWriter writer = new(output, JsonAnswer.Options);
            writer.WriteStartObject();
            writer.WriteString("epoch"u8, bootstrap.Epoch.Value);
            writer.WriteNumber("cursor"u8, bootstrap.Seq);
            writer.WriteString("digest"u8, bootstrap.Digest.ToString());
            writer.WriteNumber("clock"u8, bootstrap.HighestClock);
            writer.WriteEndObject();
            await EndLineAsync(response, writer, cancellationToken);
            for (int i = 0; i < bootstrap.Parts.Count; i++)
                await WritePartAsync(response, writer, i, cancellationToken);
            await foreach (IReadOnlyList<LoggedOperation> page in bootstrap.ReadOperationsAsync(limits, cancellationToken))
            {
                foreach (LoggedOperation logged in page)
                {
                    OperationJson.WriteAll(output, [logged]);
                    output.Write("\n"u8);
                }

                await response.BodyWriter.FlushAsync(cancellationToken);
            }
        }

        private async Task WritePartAsync(HttpResponse response, Utf8JsonWriter writer, int number, CancellationToken cancellationToken)
        {
            Bootstrap.Part part = bootstrap.Parts[number];
            writer.WriteStartObject();
            writer.WriteString("scope"u8, part.Scope.Value);
            writer.WriteString("resourceId"u8, part.ResourceId.Value);
            writer.WriteNumber("format"u8, part.Format);
            writer.WritePropertyName("state"u8);
            await foreach (ReadOnlyMemory<byte> piece in bootstrap.ReadAsync(number, cancellationToken))
            {
                writer.WriteBase64StringSegment(piece.Span, isFinalSegment: false);
                await writer.FlushAsync(cancellationToken);
                await response.BodyWriter.FlushAsync(cancellationToken);
            }

            writer.WriteBase64StringSegment([], isFinalSegment: true);
            writer.WriteEndObject();
            await EndLineAsync(response, writer, cancellationToken);
        }

        private static async Task EndLineAsync(HttpResponse response, Utf8JsonWriter writer, CancellationToken cancellationToken)
        {
            await writer.FlushAsync(cancellationToken);
            writer.Reset();
            response.BodyWriter.Write("\n"u8);
            await response.BodyWriter.FlushAsync(cancellationToken);
        }
    }
}
