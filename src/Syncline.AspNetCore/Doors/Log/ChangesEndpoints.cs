using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;
using Microsoft.Extensions.Options;
using Syncline.AspNetCore.Accounts;
using Syncline.AspNetCore.Doors.Spaces;
using Syncline.Core.Operations;
using Syncline.Engine.Accounts;
using Syncline.Engine.Following;
using Syncline.Engine.Spaces;

namespace Syncline.AspNetCore.Doors.Log;

/// <summary>One wait for all of a user's spaces (docs/protocol.md, "Changes").</summary>
internal sealed class ChangesEndpoints(LiveSpaces spaces, IAccountStore accounts, IOptions<LimitOptions> limits, WaitGate waits)
{
    public void Map(RouteGroupBuilder group) =>
        group.MapPost("/changes", (Delegate)ChangesAsync)
            .WithName("Changes").WithSummary("Says which of the caller's spaces have something new; with wait, when one has.").WithTags("Operations")
            .TakesJson<ChangesBody>().Produces<ChangesAnswer>()
            .WithProblems(400, 401, 413, 415, 429, 503);

    private async Task<IResult> ChangesAsync(HttpContext context)
    {
        Caller caller = context.Caller();
        ReadOnlyMemory<byte> body = await RequestBody.ReadAsync(context, limits.Value);
        (Dictionary<SpaceId, (Epoch? Epoch, long After)> cursors, TimeSpan wait) = Read(body.Span, limits.Value.SpacesPerUserMax);
        using ChangeWatch watch = spaces.Watches.Watch(caller.UserId, []);
        Task changed = watch.Changed;

        // Only the caller's own spaces are watched: what happens in others must cost nothing here. One that is gained later ends the wait.
        IReadOnlyList<Membership> memberships = await accounts.ReadMembershipsAsync(caller.UserId, context.RequestAborted);
        watch.Add(memberships.Select(membership => membership.Space.Id).Where(cursors.ContainsKey));
        Look first = await LookAsync(memberships, cursors, context.RequestAborted);

        // What was there before does not end the wait; only a membership gained or lost during it does.
        if (first.Changed.Count > 0 || wait == TimeSpan.Zero)
            return Answer(first);
        using WaitGate.Wait entered = waits.Enter(caller, wait, context.RequestAborted);
        Look look = first;
        try
        {
            while (look.Changed.Count == 0 && look.SameMemberships(first))
            {
                if (watch.IsStopped)
                    throw new RequestException(ErrorCodes.Unavailable, "the server is shutting down");
                await changed.WaitAsync(entered.Token);
                changed = watch.Changed;
                memberships = await accounts.ReadMembershipsAsync(caller.UserId, entered.Token);
                look = await LookAsync(memberships, cursors, entered.Token);
            }
        }
        catch (OperationCanceledException) when (entered.IsOver)
        {
            // The time is over; what was seen last is the answer.
        }

        entered.DemandCaller();
        return Answer(look);
    }

    private static (Dictionary<SpaceId, (Epoch? Epoch, long After)> Cursors, TimeSpan Wait) Read(ReadOnlySpan<byte> text, int cursorsMax)
    {
        Dictionary<SpaceId, (Epoch? Epoch, long After)>? cursors = null;
        TimeSpan wait = TimeSpan.Zero;
        JsonBody body = new(text);
        while (body.NextMember() is { } member)
        {
            switch (member)
            {
                case "clientId":
                    Query.ClientId(body.OptionalText(member));
                    break;
                case "wait":
                    wait = Query.ToTime(body.OptionalNumber(member) ?? 0);
                    break;
                case "cursors":
                    cursors = [];
                    body.BeginObject(member);
                    while (body.NextKey() is { } name)
                    {
                        if (!SpaceId.TryParse(name, out SpaceId space))
                            throw JsonBody.Invalid("cursors names an invalid space id");
                        cursors[space] = ReadCursor(ref body);
                        if (cursors.Count > cursorsMax)
                            throw new RequestException(ErrorCodes.PayloadTooLarge, $"more cursors than the limit of {cursorsMax} spaces of one user");
                    }

                    break;
                default:
                    body.Skip();
                    break;
            }
        }

        return (cursors ?? throw JsonBody.Missing("cursors"), wait);
    }

    private static (Epoch? Epoch, long After) ReadCursor(ref JsonBody body)
    {
        string? epoch = null;
        long after = 0;
        body.BeginObject("a cursor");
        while (body.NextKey() is { } member)
        {
            switch (member)
            {
                case "epoch":
                    epoch = body.OptionalText(member);
                    break;
                case "after":
                    after = body.OptionalInteger(member) ?? 0;
                    break;
                default:
                    body.Skip();
                    break;
            }
        }

        return (Query.EpochOf(epoch, after), after);
    }

    private async ValueTask<Look> LookAsync(
        IReadOnlyList<Membership> memberships, Dictionary<SpaceId, (Epoch? Epoch, long After)> cursors, CancellationToken cancellationToken)
    {
        List<ChangedSpace> changed = [];
        List<SpaceAnswer> added = [];
        HashSet<SpaceId> present = [];
        foreach (Membership membership in memberships)
        {
            SpaceId id = membership.Space.Id;
            present.Add(id);
            if (!cursors.TryGetValue(id, out (Epoch? Epoch, long After) cursor))
            {
                added.Add(SpaceAnswer.From(membership, await spaces.TryHeadOfAsync(id, cancellationToken)));
                continue;
            }

            // A log that cannot be read now has nothing new to tell.
            if (await spaces.TryHeadOfAsync(id, cancellationToken) is not { } head)
                continue;

            // Somebody may have read what is durable and not yet published here.
            if (cursor.After > head.Seq)
                head = await spaces.FreshHeadOfAsync(id, cancellationToken) ?? head;
            if (!head.CanServe(cursor.Epoch, cursor.After))
                changed.Add(new ChangedSpace(id.Value, head.Seq, ErrorCodes.ResyncRequired));
            else if (head.Seq > cursor.After)
                changed.Add(new ChangedSpace(id.Value, head.Seq, Code: null));
        }

        return new Look(changed, added, [.. cursors.Keys.Where(id => !present.Contains(id)).Select(id => id.Value)]);
    }

    private static IResult Answer(Look look) =>
        Results.Json(new ChangesAnswer(look.Changed, look.Added, look.Removed), DoorJson.Default.ChangesAnswer);

    private sealed record Look(List<ChangedSpace> Changed, List<SpaceAnswer> Added, List<string> Removed)
    {
        public bool SameMemberships(Look other) =>
            Removed.SequenceEqual(other.Removed, StringComparer.Ordinal)
            && Added.Count == other.Added.Count
            && Added.Select(space => space.Id).SequenceEqual(other.Added.Select(space => space.Id), StringComparer.Ordinal);
    }
}
