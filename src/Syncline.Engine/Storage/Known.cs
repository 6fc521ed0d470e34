using Syncline.Core.Operations;

namespace Syncline.Engine.Storage;

/// <summary>What a log knows of a batch before it is judged. What is not known is left out.</summary>
/// <param name="Epoch">The log's epoch at that moment.</param>
/// <param name="Head">The log's last seq at that moment: a caller that is behind reads on before it judges.</param>
/// <param name="Operations">Those of the identities asked for that are stored.</param>
/// <param name="Actors">Those of the actors asked for that belong to a user.</param>
public sealed record Known(
    Epoch Epoch, long Head, IReadOnlyDictionary<OperationId, StoredIdentity> Operations, IReadOnlyDictionary<ActorId, UserId> Actors);
