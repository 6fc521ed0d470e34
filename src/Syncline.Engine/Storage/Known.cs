using Syncline.Core.Operations;

namespace Syncline.Engine.Storage;

/// <summary>What a log knows of a batch before it is judged. What is not known is left out.</summary>
/// <param name="Operations">Those of the identities asked for that are stored.</param>
/// <param name="Actors">Those of the actors asked for that belong to a user.</param>
public sealed record Known(IReadOnlyDictionary<OperationId, StoredIdentity> Operations, IReadOnlyDictionary<ActorId, UserId> Actors);
