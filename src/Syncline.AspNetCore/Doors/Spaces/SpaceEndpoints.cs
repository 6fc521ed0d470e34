using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;
using Microsoft.Extensions.Options;
using Syncline.Core.Operations;
using Syncline.Engine;
using Syncline.Engine.Accounts;
using Syncline.Engine.Spaces;
using Syncline.Engine.Storage;

namespace Syncline.AspNetCore.Doors.Spaces;

/// <summary>Spaces and their members (docs/protocol.md, "Spaces").</summary>
internal sealed class SpaceEndpoints(
    LiveSpaces spaces, IAccountStore accounts, IOptions<LimitOptions> limits, IRandomBytes randomBytes, TimeProvider time)
{
    private const int NameLengthMax = 200;

    public void Map(RouteGroupBuilder group)
    {
        RouteGroupBuilder tagged = group.MapGroup("/spaces").WithTags("Spaces");
        tagged.MapPost("", (Delegate)CreateAsync).WithName("CreateSpace").WithSummary("Makes a space; the caller is its owner.")
            .TakesJson<SpaceBody>().Produces<SpaceAnswer>(201).WithProblems(400, 401, 409, 413, 415, 429, 503);
        tagged.MapGet("", (Delegate)ListAsync).WithName("ListSpaces").WithSummary("The caller's spaces.")
            .Produces<SpacesAnswer>().WithProblems(401, 503);
        tagged.MapGet("/{spaceId}", (Delegate)ReadAsync).WithName("ReadSpace").WithSummary("One space.")
            .Produces<SpaceAnswer>().WithProblems(401, 404, 503);
        tagged.MapPatch("/{spaceId}", (Delegate)RenameAsync).WithName("RenameSpace").WithSummary("Gives a space another name. Owners.")
            .TakesJson<RenameBody>().Produces<SpaceAnswer>().WithProblems(400, 401, 403, 404, 413, 415, 503);
        tagged.MapDelete("/{spaceId}", (Delegate)DeleteAsync).WithName("DeleteSpace").WithSummary("Deletes a space and its log. Owners.")
            .Produces(204).WithProblems(401, 403, 404, 503);
        tagged.MapGet("/{spaceId}/members", (Delegate)ListMembersAsync).WithName("ListMembers").WithSummary("The members of a space.")
            .Produces<MembersAnswer>().WithProblems(401, 404, 503);
        tagged.MapPut("/{spaceId}/members/{userName}", (Delegate)SetMemberAsync).WithName("SetMember").WithSummary("Gives a user a role. Owners.")
            .TakesJson<MemberBody>().Produces<MemberAnswer>().WithProblems(400, 401, 403, 404, 413, 415, 429, 503);
        tagged.MapDelete("/{spaceId}/members/{userName}", (Delegate)RemoveMemberAsync)
            .WithName("RemoveMember").WithSummary("Ends a membership. Owners; everybody their own.")
            .Produces(204).WithProblems(401, 403, 404, 503);
    }

    private async Task<IResult> CreateAsync(HttpContext context)
    {
        UserId userId = context.Caller().UserId;
        TextMembers body = TextMembers.Read(await RequestBody.ReadAsync(context, limits.Value, RequestBody.SmallBytesMax), "id", "name");
        string name = Name(body);
        if (!SpaceId.TryParse(body.Optional("id") ?? randomBytes.NewId(), out SpaceId id))
            throw JsonBody.Invalid("id is not [0-9a-z][0-9a-z_-]{1,63}, or a name that no file may have");
        SpaceRecord space = new(id, name, time.GetUtcMilliseconds());
        switch (await spaces.CreateAsync(space, userId, limits.Value.SpacesPerUserMax, context.RequestAborted))
        {
            case AddSpaceOutcome.NameTaken:
                return Problems.Of(ErrorCodes.NameTaken, $"the space id {id} is in use");
            case AddSpaceOutcome.QuotaExceeded:
                return Problems.Of(ErrorCodes.QuotaExceeded, $"more than {limits.Value.SpacesPerUserMax} spaces of one user");
            default:
                context.Response.Headers.Location = $"/spaces/{id}";
                return Results.Json(
                    SpaceAnswer.From(space, Role.Owner, await HeadAsync(id, context.RequestAborted)),
                    DoorJson.Default.SpaceAnswer,
                    statusCode: StatusCodes.Status201Created);
        }
    }

    private async Task<IResult> ListAsync(HttpContext context)
    {
        List<SpaceAnswer> answers = [];
        foreach (Membership membership in await accounts.ReadMembershipsAsync(context.Caller().UserId, context.RequestAborted))
            answers.Add(SpaceAnswer.From(membership, await spaces.TryHeadOfAsync(membership.Space.Id, context.RequestAborted)));

        return Results.Json(new SpacesAnswer(answers), DoorJson.Default.SpacesAnswer);
    }

    private async Task<IResult> ReadAsync(HttpContext context, string spaceId)
    {
        LiveSpace space = await context.UseSpaceAsync(spaces, spaceId, Role.Viewer);
        return await AnswerAsync(context, space);
    }

    private async Task<IResult> RenameAsync(HttpContext context, string spaceId)
    {
        LiveSpace space = await context.UseSpaceAsync(spaces, spaceId, Role.Owner);
        string name = Name(TextMembers.Read(await RequestBody.ReadAsync(context, limits.Value, RequestBody.SmallBytesMax), "name"));

        // Again: a body may take its time, and the role may have been taken away meanwhile.
        space.DemandRole(context.Caller().UserId, Role.Owner);
        await accounts.RenameSpaceAsync(space.Id, name, By(context), context.RequestAborted);
        return await AnswerAsync(context, space);
    }

    private async Task<IResult> DeleteAsync(HttpContext context, string spaceId)
    {
        LiveSpace space = await context.UseSpaceAsync(spaces, spaceId, Role.Owner);
        await spaces.DeleteAsync(space.Id, context.Caller().UserId, context.RequestAborted);
        return Results.NoContent();
    }

    private async Task<IResult> ListMembersAsync(HttpContext context, string spaceId)
    {
        LiveSpace space = await context.UseSpaceAsync(spaces, spaceId, Role.Viewer);
        IReadOnlyList<Member> members = await accounts.ReadMembersAsync(space.Id, context.RequestAborted);
        return Results.Json(new MembersAnswer([.. members.Select(MemberAnswer.From)]), DoorJson.Default.MembersAnswer);
    }

    private async Task<IResult> SetMemberAsync(HttpContext context, string spaceId, string userName)
    {
        LiveSpace space = await context.UseSpaceAsync(spaces, spaceId, Role.Owner);
        Role role = ReadRole(await RequestBody.ReadAsync(context, limits.Value, RequestBody.SmallBytesMax));
        User user = await FindUserAsync(userName, context.RequestAborted) ?? throw NoSuchUser();
        ChangeMemberOutcome outcome = await spaces.SetMemberAsync(
            space.Id, user.Id, role, limits.Value.SpacesPerUserMax, context.Caller().UserId, context.RequestAborted);
        return outcome == ChangeMemberOutcome.Changed
            ? Results.Json(MemberAnswer.From(new Member(user, role)), DoorJson.Default.MemberAnswer)
            : Refused(outcome);
    }

    private async Task<IResult> RemoveMemberAsync(HttpContext context, string spaceId, string userName)
    {
        LiveSpace space = await context.UseSpaceAsync(spaces, spaceId, Role.Viewer);
        UserId caller = context.Caller().UserId;
        User? user = await FindUserAsync(userName, context.RequestAborted);

        // The right first: only owners may learn from the answer who has an account.
        if (user?.Id != caller)
            space.DemandRole(caller, Role.Owner);
        if (user is null)
            throw NoSuchUser();
        ChangeMemberOutcome outcome = await spaces.RemoveMemberAsync(space.Id, user.Id, caller, context.RequestAborted);
        return outcome == ChangeMemberOutcome.Changed ? Results.NoContent() : Refused(outcome);
    }

    private static IResult Refused(ChangeMemberOutcome outcome) => outcome switch
    {
        ChangeMemberOutcome.LastOwner => Problems.Of(ErrorCodes.Forbidden, "the last owner of a space stays its owner"),
        ChangeMemberOutcome.QuotaExceeded => Problems.Of(ErrorCodes.QuotaExceeded, "the user belongs to as many spaces as allowed"),
        _ => Problems.Of(ErrorCodes.NotFound, "no such member"),
    };

    private async ValueTask<User?> FindUserAsync(string userName, CancellationToken cancellationToken) =>
        (await accounts.FindCredentialsAsync(userName.ToLowerInvariant(), cancellationToken))?.User;

    private static RequestException NoSuchUser() => new(ErrorCodes.NotFound, "no such user");

    private async ValueTask<LogHead> HeadAsync(SpaceId id, CancellationToken cancellationToken) =>
        await spaces.HeadOfAsync(id, cancellationToken) ?? throw new RequestException(ErrorCodes.NotFound, "no such space");

    private async ValueTask<IResult> AnswerAsync(HttpContext context, LiveSpace space)
    {
        SpaceRecord record = await accounts.FindSpaceAsync(space.Id, context.RequestAborted)
            ?? throw new RequestException(ErrorCodes.NotFound, "no such space");
        Role role = space.RoleOf(context.Caller().UserId) ?? throw new RequestException(ErrorCodes.NotFound, "no such space");
        return Results.Json(SpaceAnswer.From(record, role, space.Feed.Now.Head), DoorJson.Default.SpaceAnswer);
    }

    private Audit By(HttpContext context) => new(context.Caller().UserId, time.GetUtcNow());

    private static string Name(TextMembers body)
    {
        string name = body.Required("name");
        return name.Length is > 0 and <= NameLengthMax && !name.Any(char.IsControl)
            ? name
            : throw JsonBody.Invalid($"name has 1 to {NameLengthMax} characters, none of them a control character");
    }

    private static Role ReadRole(ReadOnlyMemory<byte> text) =>
        RoleNames.Parse(TextMembers.Read(text, "role").Required("role")) ?? throw JsonBody.Invalid("role is owner, editor or viewer");
}
