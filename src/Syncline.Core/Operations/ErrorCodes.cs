namespace Syncline.Core.Operations;

/// <summary>The codes that serve every door (docs/protocol.md, "Errors"). A code is never reused for something else.</summary>
public static class ErrorCodes
{
    /// <summary>The request is not JSON, or a member of its envelope is missing or of the wrong type. Send it as documented.</summary>
    public const string InvalidRequest = "invalid_request";

    /// <summary>No valid token. Log in or refresh.</summary>
    public const string Unauthenticated = "unauthenticated";

    /// <summary>The role does not allow it. Ask an owner.</summary>
    public const string Forbidden = "forbidden";

    /// <summary>No such thing, or the caller may not know of it.</summary>
    public const string NotFound = "not_found";

    /// <summary>The name is in use. Choose another.</summary>
    public const string NameTaken = "name_taken";

    /// <summary>The cursor cannot be served. Start anew and keep the outbox.</summary>
    public const string ResyncRequired = "resync_required";

    /// <summary>The data set was begun anew under another key, which the answer carries. Take its snapshot, or replace it in turn.</summary>
    public const string StaleGeneration = "stale_generation";

    /// <summary>A body, batch or inflated size over its limit. Send less at a time.</summary>
    public const string PayloadTooLarge = "payload_too_large";

    /// <summary>The path knows no such method.</summary>
    public const string MethodNotAllowed = "method_not_allowed";

    /// <summary>The body's content type or encoding is not supported. Send JSON, plain or gzip, br.</summary>
    public const string UnsupportedMediaType = "unsupported_media_type";

    /// <summary>A bug of the server's. The log has it under the correlation id.</summary>
    public const string Internal = "internal";

    /// <summary>Too many requests or operations at once. Try again after the time named.</summary>
    public const string RateLimited = "rate_limited";

    /// <summary>Too many requests of this user are waiting. End one first.</summary>
    public const string TooManyWaits = "too_many_waits";

    /// <summary>More than the user may hold (spaces, held-back operations). Retry when some were resolved or deleted.</summary>
    public const string QuotaExceeded = "quota_exceeded";

    /// <summary>Shutting down, or the store is unreachable, full or damaged. Nothing was acknowledged; try again.</summary>
    public const string Unavailable = "unavailable";

    /// <summary>Per operation: its shape or content is wrong. It will never be accepted as it is.</summary>
    public const string InvalidOperation = "invalid_operation";

    /// <summary>Per operation: another operation has this identity. Give the new one a new clock.</summary>
    public const string IdentityReused = "identity_reused";

    /// <summary>Per operation: what it changes was deleted for good. It will never be accepted.</summary>
    public const string EntityDeleted = "entity_deleted";

    /// <summary>Per operation: the actor belongs to another user. Take a new actor and renumber what is unsent.</summary>
    public const string ActorTaken = "actor_taken";

    /// <summary>Per operation: the clock is out of bounds. Number from the highest clock seen, plus one.</summary>
    public const string ClockOutOfRange = "clock_out_of_range";

    /// <summary>Per operation: it is older than the thing it needs. Number it after what it builds on.</summary>
    public const string NotCausal = "not_causal";

    /// <summary>Per operation: an operation of the same group was refused. Mend that one and send the group again.</summary>
    public const string BlockedBy = "blocked_by";
}
