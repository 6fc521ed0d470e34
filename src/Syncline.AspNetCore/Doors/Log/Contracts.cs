using System.Text.Json;

namespace Syncline.AspNetCore.Doors.Log;

// The shapes of the native protocol, for the OpenAPI document. The doors read and write them without these objects.

/// <summary>A push.</summary>
/// <param name="ClientId">The device that pushes.</param>
/// <param name="Epoch">The epoch the client knows; left out, whichever it is.</param>
/// <param name="Operations">At most 1,000.</param>
public sealed record PushBody(string? ClientId, string? Epoch, IReadOnlyList<PushedOperation> Operations);

/// <summary>One operation of a push.</summary>
public sealed record PushedOperation(string Scope, string ResourceId, string Actor, long Clock, JsonElement Payload, string? Tx, string? Key);

/// <summary>The answer to a push: a result for each operation, in their order.</summary>
public sealed record PushAnswer(string Epoch, long Head, IReadOnlyList<PushResult> Results);

/// <summary>What became of an operation.</summary>
/// <param name="Status">accepted, duplicate, rejected or conflict.</param>
/// <param name="Seq">Its place in the log.</param>
/// <param name="Code">Why it was rejected.</param>
/// <param name="Detail">The same for people.</param>
/// <param name="Payload">What was stored instead.</param>
/// <param name="Conflict">What it collided with.</param>
public sealed record PushResult(string Status, long? Seq, string? Code, string? Detail, JsonElement? Payload, JsonElement? Conflict);

/// <summary>A page of the log.</summary>
public sealed record PullAnswer(
    string Epoch, IReadOnlyList<PulledOperation> Operations, long Cursor, long Head, bool HasMore, string? Digest, string? DigestFrom);

/// <summary>One operation of the log.</summary>
public sealed record PulledOperation(
    long Seq,
    string Scope,
    string ResourceId,
    string Actor,
    long Clock,
    JsonElement Payload,
    string? Tx,
    string? Key,
    string UserId,
    DateTimeOffset ReceivedAt);

/// <summary>A wait for all spaces of a user.</summary>
/// <param name="ClientId">The device that waits.</param>
/// <param name="Cursors">What it has of each space.</param>
/// <param name="Wait">Seconds to wait at most.</param>
public sealed record ChangesBody(string? ClientId, IReadOnlyDictionary<string, ChangesCursor> Cursors, double? Wait);

/// <summary>A cursor.</summary>
public sealed record ChangesCursor(string? Epoch, long After);

/// <summary>Spaces with something new, and spaces that the user came into or went out of.</summary>
public sealed record ChangesAnswer(IReadOnlyList<ChangedSpace> Changed, IReadOnlyList<Spaces.SpaceAnswer> Added, IReadOnlyList<string> Removed);

/// <summary>A space with something new, or with a cursor that cannot be served (<paramref name="Code"/>).</summary>
public sealed record ChangedSpace(string SpaceId, long Head, string? Code);
