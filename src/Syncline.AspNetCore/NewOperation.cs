using Syncline.Core.Json;
using Syncline.Core.Operations;

namespace Syncline.AspNetCore;

/// <summary>An operation that code in the same process makes.</summary>
/// <param name="Id">Its identity: the actor is one of this process's own, the clock one more than the greatest it has seen.</param>
/// <param name="Payload">What to do, as JSON.</param>
/// <param name="Tx">The group that is accepted all or none.</param>
/// <param name="Key">In opaque scopes: what a later operation with the same key supersedes.</param>
public sealed record NewOperation(OperationId Id, JsonText Payload, string? Tx = null, string? Key = null);
