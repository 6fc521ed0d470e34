using Syncline.Core.Operations;

namespace Syncline.Engine.Storage;

/// <summary>A batch to append.</summary>
/// <param name="ExpectedHead">The seq that the log must stand at, else nothing is written.</param>
/// <param name="Operations">At least one, with seqs from <paramref name="ExpectedHead"/> + 1 without a gap.</param>
/// <param name="NewActors">Actors that belong to a user from now on.</param>
public sealed record LogAppend(
    long ExpectedHead, IReadOnlyList<LoggedOperation> Operations, IReadOnlyList<KeyValuePair<ActorId, UserId>> NewActors);
