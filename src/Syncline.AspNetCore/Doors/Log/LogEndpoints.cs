using System.Text.Json;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;
using Microsoft.Extensions.Options;
using Syncline.AspNetCore.Accounts;
using Syncline.Core.Operations;
using Syncline.Engine;
using Syncline.Engine.Accounts;
using Syncline.Engine.Following;
using Syncline.Engine.Spaces;
using Syncline.Engine.Writing;

namespace Syncline.AspNetCore.Doors.Log;

/// <summary>The native protocol: push, and pull with a wait (docs/protocol.md, "Push" and "Pull").</summary>
internal sealed class LogEndpoints(
    LiveSpaces spaces,
    OperationReader reader,
    IOptions<LimitOptions> limits,
    BodyBudget bodies,
    WaitGate waits,
    OperationRate rate,
    DoorFilter door,
    EngineMeters meters,
    TimeProvider time)
{
    public void Map(RouteGroupBuilder group)
    {
        group.MapPost("/spaces/{spaceId}/push", (Delegate)PushAsync)
            .WithName("Push").WithSummary("Pushes operations; each is judged on its own.").WithTags("Operations")
            .TakesJson<PushBody>().Produces<PushAnswer>()
            .WithProblems(400, 401, 403, 404, 410, 413, 415, 429, 503)
            .Directly(door, PushAsync);
        group.MapGet("/spaces/{spaceId}/pull", (Delegate)PullAsync)
            .WithName("Pull").WithSummary("Pulls what is after a cursor; with wait, when there is something.").WithTags("Operations")
            .Produces<PullAnswer>().WithQuery("after", "epoch", "limit", "wait", "clientId", "scope", "resourceId")
            .WithProblems(400, 401, 403, 404, 410, 429, 503)
            .Directly(door, PullAsync);
    }

    private async ValueTask<IResult> PushAsync(HttpContext context, string spaceId)
    {
        UserId userId = context.Caller().UserId;
        await using LiveSpaces.Lease lease = await context.LeaseSpaceAsync(spaces, spaceId, Role.Editor);
        using RequestBody.Held body = await RequestBody.HoldAsync(context, bodies, limits.Value);
        PushRequest request = PushRequest.Read(body.Text.Span, reader, limits.Value);
        body.GiveBackText();
        rate.Demand(userId, request.Operations.Count);
        return await lease.Space.PushAsync(userId, request.Epoch, request.Operations, context.RequestAborted) switch
        {
            PushOutcome.Judged judged => new JsonAnswer(writer => Write(writer, judged)),
            PushOutcome other => Refused(other),
        };
    }

    /// <summary>The answer to a push that was not judged.</summary>
    public static IResult Refused(PushOutcome outcome) => DoorError.Of(RefusalOf(outcome))!.ToResult();

    /// <summary>The same where it has to be thrown.</summary>
    public static Exception RefusalOf(PushOutcome outcome) => outcome switch
    {
        PushOutcome.NotFound => new RequestException(ErrorCodes.NotFound, "no such space"),
        PushOutcome.Forbidden => new RequestException(ErrorCodes.Forbidden, "viewers do not write"),
        PushOutcome.ResyncRequired resync => SpaceAccessException.ResyncRequired(resync.Head),
        PushOutcome.Unavailable unavailable => new RequestException(ErrorCodes.Unavailable, unavailable.Reason),
        _ => throw new System.Diagnostics.UnreachableException(),
    };

    private async ValueTask<IResult> PullAsync(HttpContext context, string spaceId)
    {
        Caller caller = context.Caller();
        await using LiveSpaces.Lease lease = await context.LeaseSpaceAsync(spaces, spaceId, Role.Viewer);
        PullRequest request = PullRequest.Read(context.Request, limits.Value);
        Follower follower = lease.Space.Follow(caller.UserId, request.After, request.Selection, request.Page);
        TimeSpan wait = request.Wait;
        await lease.Space.DemandServableAsync(request.Epoch, request.After, context.RequestAborted);
        lease.Space.NoteClient(caller.UserId, request.ClientId, request.After);
        FollowPage page = await follower.NextAsync(wait: false, context.RequestAborted);
        if (page.Operations.Count == 0 && wait > TimeSpan.Zero)
            page = await WaitAsync(follower, caller, wait, context.RequestAborted);
        return new PageAnswer(page);
    }

    private async ValueTask<FollowPage> WaitAsync(Follower follower, Caller caller, TimeSpan asked, CancellationToken aborted)
    {
        using WaitGate.Wait wait = waits.Enter(caller, asked, aborted);
        FollowPage page;
        try
        {
            page = await follower.NextAsync(wait: true, wait.Token);
            meters.DeliveryDelay.Record((time.GetUtcNow() - page.Operations[0].ReceivedAt).TotalSeconds);
        }
        catch (OperationCanceledException) when (wait.IsOver)
        {
            page = follower.Nothing();
        }

        wait.DemandCaller();
        return page;
    }

    private static void Write(Utf8JsonWriter writer, PushOutcome.Judged judged)
    {
        writer.WriteStartObject();
        WriteMembers(writer, judged);
        writer.WriteEndObject();
    }

    /// <summary>Writes the members of the answer to a push.</summary>
    public static void WriteMembers(Utf8JsonWriter writer, PushOutcome.Judged judged)
    {
        writer.WriteString("epoch"u8, judged.Epoch.Value);
        writer.WriteNumber("head"u8, judged.Head);
        writer.WriteStartArray("results"u8);
        foreach (OperationResult result in judged.Results)
            PushResults.Write(writer, result);

        writer.WriteEndArray();
    }
}
