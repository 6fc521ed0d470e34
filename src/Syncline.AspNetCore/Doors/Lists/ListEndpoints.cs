using System.Text.Json;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;
using Syncline.AspNetCore.Doors.Log;
using Syncline.Core.Operations;
using Syncline.Engine.Accounts;
using Syncline.Engine.Following;
using Syncline.Engine.Spaces;
using Syncline.Engine.Storage;
using Syncline.Engine.Writing;

namespace Syncline.AspNetCore.Doors.Lists;

/// <summary>The caller's personal space in the words of the task-list protocol (docs/protocol.md, "Task lists").</summary>
internal sealed partial class ListEndpoints(
    LiveSpaces spaces,
    OperationReader reader,
    IOptions<LimitOptions> limits,
    BodyBudget bodies,
    OperationRate rate,
    ILogger<ListEndpoints> logger)
{
    private const int KeyLengthMax = 128;

    // Between the look for the space and its use it may be deleted, and then made anew.
    private const int LooksMax = 3;

    public void Map(RouteGroupBuilder group)
    {
        RouteGroupBuilder tagged = group.MapGroup("/sync").WithTags("Task lists").WithMetadata(new ListErrors());
        tagged.MapGet("/bootstrap", (Delegate)BootstrapAsync)
            .WithName("BootstrapLists").WithSummary("The caller's whole data set: its snapshot and everything since.")
            .Produces<ListBootstrapAnswer>().WithProblems(401, 429, 503);
        tagged.MapPost("/push", (Delegate)PushAsync)
            .WithName("PushLists").WithSummary("Pushes any number of operations of the caller's data set.")
            .TakesJson<ListPushBody>().Produces<ListPushAnswer>().WithProblems(400, 401, 409, 413, 415, 429, 503);
        tagged.MapGet("/pull", (Delegate)PullAsync)
            .WithName("PullLists").WithSummary("Pulls what is after a cursor of the caller's data set.")
            .Produces<ListPullAnswer>().WithQuery("since", "clientId", "datasetGenerationKey", "limit").WithProblems(400, 401, 409, 429, 503);
        tagged.MapPost("/reset", (Delegate)ResetAsync)
            .WithName("ResetLists").WithSummary("Begins the caller's data set anew with a snapshot.")
            .TakesJson<ListResetBody>().Produces<ListResetAnswer>().WithProblems(400, 401, 409, 413, 415, 429, 503);
    }

    private async Task<IResult> BootstrapAsync(HttpContext context)
    {
        LiveSpace space = await UsePersonalSpaceAsync(context);
        PageLimits page = new(limits.Value.PageOperationsMax, limits.Value.PageBytesMax);
        while (true)
        {
            (Generation generation, string snapshot) = await ReadPresentAsync(context, space);
            Follower follower = space.Follow(context.Caller().UserId, after: 0, Selection.All, page);
            Bootstrap bootstrap = new(context, space, generation, snapshot, follower);
            try
            {
                await bootstrap.WriteAsync();
                return Results.Empty;
            }
            catch (SpaceAccessException e) when (e.Code == ErrorCodes.ResyncRequired && !bootstrap.HasBegun)
            {
                // The data set began anew in between.
            }
            catch (Exception e) when (bootstrap.HasBegun)
            {
                if (!context.RequestAborted.IsCancellationRequested)
                    LogBrokenOff(space.Id, e);
                context.Abort();
                return Results.Empty;
            }
        }
    }

    private async Task<IResult> PushAsync(HttpContext context)
    {
        UserId userId = context.Caller().UserId;
        LiveSpace space = await UsePersonalSpaceAsync(context);
        BodyBudget.Claim claim = bodies.Begin(userId);
        context.Response.RegisterForDispose(claim);
        ListPush push = ListPush.Read(await RequestBody.ReadAsync(context, limits.Value), claim);
        rate.Demand(userId, push.Count);
        Generation generation = await space.FindGenerationAsync(isFresh: false, context.RequestAborted);
        if (IsStale(push.Key, generation))
            return await StaleAsync(context, space);

        // Part by part, each a round of the writer's: other pushes go in between, and a batch stays as large as any.
        ListResults results = new(claim);
        long head = space.Feed.Now.Head.Seq;
        int partMax = limits.Value.PushOperationsMax;
        for (int first = 0; first < push.Count;)
        {
            PushItem[] part = push.Items(reader, first, Math.Min(partMax, push.Count - first));
            switch (await space.PushAsync(userId, generation.Epoch, part, context.RequestAborted))
            {
                case PushOutcome.Judged judged:
                    results.Add(judged.Results);
                    head = judged.Head;
                    first += part.Length;
                    break;
                case PushOutcome.ResyncRequired when push.Key is not null:
                    return await StaleAsync(context, space);
                case PushOutcome.ResyncRequired when first > 0:
                    return Problems.Of(ErrorCodes.Unavailable, "the data set was begun anew while the operations were taken; send them again");
                case PushOutcome.ResyncRequired:
                    generation = await space.FindGenerationAsync(isFresh: true, context.RequestAborted);
                    break;
                case PushOutcome other:
                    return LogEndpoints.Refused(other);
            }
        }

        return results.ToAnswer(head, generation.Key);
    }

    private async Task<IResult> PullAsync(HttpContext context)
    {
        UserId userId = context.Caller().UserId;
        IQueryCollection query = context.Request.Query;
        string clientId = Query.ClientId(query.Text("clientId")) ?? throw JsonBody.Missing("clientId");
        long since = query.ContainsKey("since") ? query.Integer("since", absent: 0) : throw JsonBody.Missing("since");
        string? key = query.Text("datasetGenerationKey");
        long limit = Math.Clamp(query.Integer("limit", limits.Value.PageOperationsMax), 1, limits.Value.PageOperationsMax);
        LiveSpace space = await UsePersonalSpaceAsync(context);
        Generation generation = await space.FindGenerationAsync(isFresh: false, context.RequestAborted);
        if (IsStale(key, generation))
            return await StaleAsync(context, space);
        try
        {
            // A cursor below the generation's begin is one of a generation before.
            if (since > 0 && (since < generation.After || !await space.CanServeAsync(generation.Epoch, since, context.RequestAborted)))
                return await StaleAsync(context, space);
            space.NoteClient(userId, clientId, since);
            Follower follower = space.Follow(userId, since, Selection.All, new PageLimits((int)limit, limits.Value.PageBytesMax));
            FollowPage page = await follower.NextAsync(wait: false, context.RequestAborted);
            await space.DemandEpochAsync(generation.Epoch, context.RequestAborted);
            return new JsonAnswer(writer => Write(writer, page, generation));
        }
        catch (SpaceAccessException e) when (e.Code == ErrorCodes.ResyncRequired)
        {
            return await StaleAsync(context, space);
        }
    }

    private async Task<IResult> ResetAsync(HttpContext context)
    {
        LiveSpace space = await UsePersonalSpaceAsync(context);
        TextMembers body = TextMembers.Read(
            await RequestBody.ReadAsync(context, limits.Value), "clientId", "datasetGenerationKey", "snapshot", "expectedGenerationKey");
        Query.ClientId(body.Required("clientId"));
        string? key = body.Optional("datasetGenerationKey");
        if (key is { Length: 0 or > KeyLengthMax })
            throw JsonBody.Invalid($"datasetGenerationKey has 1 to {KeyLengthMax} characters");
        return await space.ResetAsync(
            context.Caller().UserId, key, body.Optional("snapshot") ?? "", body.Optional("expectedGenerationKey"), context.RequestAborted) switch
        {
            GenerationOutcome.Present present => new JsonAnswer(writer =>
            {
                writer.WriteStartObject();
                writer.WriteNumber("serverSeq"u8, present.Generation.After);
                writer.WriteString("datasetGenerationKey"u8, present.Generation.Key);
                writer.WriteEndObject();
            }),
            GenerationOutcome.Stale => await StaleAsync(context, space),
            _ => Problems.Of(ErrorCodes.NameTaken, "datasetGenerationKey names, or named, another generation of the data set"),
        };
    }

    private static void Write(Utf8JsonWriter writer, FollowPage page, Generation generation)
    {
        writer.WriteStartObject();
        writer.WriteNumber("serverSeq"u8, page.Cursor);
        writer.WriteString("datasetGenerationKey"u8, generation.Key);
        writer.WriteStartArray("ops"u8);
        foreach (LoggedOperation logged in page.Operations)
            ListJson.Write(writer, logged);
        writer.WriteEndArray();
        writer.WriteBoolean("hasMore"u8, page.HasMore);
        writer.WriteEndObject();
    }

    private static bool IsStale(string? key, Generation present) => key is not null && !string.Equals(key, present.Key, StringComparison.Ordinal);

    // In use until the request ends. Only its owner comes this way; others speak the native protocol.
    private async ValueTask<LiveSpace> UsePersonalSpaceAsync(HttpContext context)
    {
        UserId userId = context.Caller().UserId;
        int spacesMax = limits.Value.SpacesPerUserMax;
        for (int i = 0; i < LooksMax; i++)
        {
            SpaceId id = await spaces.FindPersonalSpaceAsync(userId, spacesMax, context.RequestAborted)
                ?? throw new RequestException(ErrorCodes.QuotaExceeded, $"more than {spacesMax} spaces of one user");
            if (await spaces.UseAsync(id, context.RequestAborted) is not { } lease)
                continue;
            context.Response.RegisterForDisposeAsync(lease);
            lease.Space.DemandRole(userId, Role.Owner);
            return lease.Space;
        }

        throw new RequestException(ErrorCodes.NotFound, "no such space");
    }

    private async ValueTask<IResult> StaleAsync(HttpContext context, LiveSpace space)
    {
        (Generation generation, string snapshot) = await ReadPresentAsync(context, space);
        return new StaleGeneration(generation, snapshot);
    }

    // What snapshots of answers under way hold in memory is bounded together with what bodies do.
    private async ValueTask<(Generation Generation, string Snapshot)> ReadPresentAsync(HttpContext context, LiveSpace space)
    {
        BodyBudget.Claim claim = bodies.Begin(context.Caller().UserId);
        context.Response.RegisterForDispose(claim);
        while (true)
        {
            Generation generation = await space.FindGenerationAsync(isFresh: true, context.RequestAborted);
            claim.Grow(Math.Max(0, ((long)generation.SnapshotBytes * sizeof(char)) - claim.Bytes));
            if (await space.ReadGenerationSnapshotAsync(generation, context.RequestAborted) is { } snapshot)
                return (generation, snapshot);
        }
    }

    [LoggerMessage(110, LogLevel.Warning, "A bootstrap of space {Space} was broken off")]
    private partial void LogBrokenOff(SpaceId space, Exception exception);
}
