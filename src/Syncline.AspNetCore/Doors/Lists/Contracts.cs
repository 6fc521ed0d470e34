using System.Text.Json;
using Syncline.AspNetCore.Doors.Log;

namespace Syncline.AspNetCore.Doors.Lists;

// The shapes of the task-list protocol, for the OpenAPI document. The door reads and writes them without these objects.

/// <summary>Everything of the caller's data set.</summary>
/// <param name="DatasetGenerationKey">Names the generation of the data set.</param>
/// <param name="Snapshot">What the last reset brought; empty at first.</param>
/// <param name="ServerSeq">The cursor to go on from.</param>
/// <param name="Ops">All operations since that reset.</param>
public sealed record ListBootstrapAnswer(string DatasetGenerationKey, string Snapshot, long ServerSeq, IReadOnlyList<ListOperation> Ops);

/// <summary>An operation of the data set.</summary>
public sealed record ListOperation(string Scope, string ResourceId, string Actor, long Clock, JsonElement Payload, long ServerSeq);

/// <summary>A push of any number of operations.</summary>
/// <param name="ClientId">The device that pushes.</param>
/// <param name="DatasetGenerationKey">The generation that the client knows; left out, whichever it is.</param>
/// <param name="Ops">The operations, in order.</param>
public sealed record ListPushBody(string ClientId, string? DatasetGenerationKey, IReadOnlyList<ListPushedOperation> Ops);

/// <summary>One operation of a push.</summary>
public sealed record ListPushedOperation(string Scope, string ResourceId, string Actor, long Clock, JsonElement Payload);

/// <summary>The answer to a push.</summary>
/// <param name="ServerSeq">The log's head; no cursor.</param>
/// <param name="DatasetGenerationKey">The present generation.</param>
/// <param name="Results">For each operation, in their order.</param>
public sealed record ListPushAnswer(long ServerSeq, string DatasetGenerationKey, IReadOnlyList<PushResult> Results);

/// <summary>A page of the data set's operations.</summary>
/// <param name="ServerSeq">The cursor of the page.</param>
/// <param name="DatasetGenerationKey">The present generation.</param>
/// <param name="Ops">The operations after the cursor that was sent.</param>
/// <param name="HasMore">Whether there are more now.</param>
public sealed record ListPullAnswer(long ServerSeq, string DatasetGenerationKey, IReadOnlyList<ListOperation> Ops, bool HasMore);

/// <summary>A data set to begin anew.</summary>
/// <param name="ClientId">The device that does it.</param>
/// <param name="DatasetGenerationKey">The new generation's key, 1 to 128 characters, never used before.</param>
/// <param name="Snapshot">The client's whole state, any text.</param>
/// <param name="ExpectedGenerationKey">The generation that it replaces; left out, whichever it is.</param>
public sealed record ListResetBody(string ClientId, string? DatasetGenerationKey, string? Snapshot, string? ExpectedGenerationKey);

/// <summary>The answer to a reset.</summary>
/// <param name="ServerSeq">The cursor to go on from.</param>
/// <param name="DatasetGenerationKey">The present generation.</param>
public sealed record ListResetAnswer(long ServerSeq, string DatasetGenerationKey);
