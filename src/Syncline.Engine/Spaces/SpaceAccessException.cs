using Syncline.Core.Operations;
using Syncline.Engine.Storage;

namespace Syncline.Engine.Spaces;

/// <summary>A read that was allowed when it began is not any more, or the space or the server is going away, or the cursor cannot be served.</summary>
public sealed class SpaceAccessException(string code, string message) : Exception(message)
{
    /// <summary>One of <see cref="ErrorCodes"/>: <c>not_found</c>, <c>forbidden</c>, <c>unauthenticated</c>, <c>unavailable</c> or <c>resync_required</c>.</summary>
    public string Code { get; } = code;

    /// <summary>Where the log stands; with <c>resync_required</c> only.</summary>
    public LogHead? Head { get; private init; }

    /// <summary>The cursor cannot be served.</summary>
    public static SpaceAccessException ResyncRequired(LogHead head) =>
        new(ErrorCodes.ResyncRequired, "the cursor is of another life of the log, or ahead of it; start anew and keep the outbox") { Head = head };
}
