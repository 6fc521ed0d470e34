using Microsoft.AspNetCore.Http;
using Syncline.Core.Operations;
using Syncline.Engine.Spaces;
using Syncline.Engine.Storage;

namespace Syncline.AspNetCore.Doors;

/// <summary>What went wrong, for any door to say in its own way.</summary>
/// <param name="Code">One of <see cref="ErrorCodes"/>.</param>
/// <param name="Detail">For people.</param>
/// <param name="RetryAfter">When it may be worth a try again, where that is known.</param>
/// <param name="Head">Where the log stands; with <c>resync_required</c> only.</param>
internal sealed record DoorError(string Code, string Detail, TimeSpan? RetryAfter = null, LogHead? Head = null)
{
    /// <summary>What an exception is for the client; null when that is not for it to know.</summary>
    public static DoorError? Of(Exception exception) => exception switch
    {
        RequestException e => new DoorError(e.Code, e.Message, e.RetryAfter),
        SpaceAccessException e => new DoorError(e.Code, e.Message, Head: e.Head),
        SpaceNotFoundException => new DoorError(ErrorCodes.NotFound, "no such space"),
        StoreUnavailableException e => new DoorError(ErrorCodes.Unavailable, e.Message),
        _ => null,
    };

    /// <summary>As HTTP says it.</summary>
    public IResult ToResult() => Head is { } head ? Problems.ResyncRequired(head) : Problems.Of(Code, Detail, RetryAfter);
}
