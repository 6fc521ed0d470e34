using Syncline.Core.Operations;

namespace Syncline.Engine.Storage;

/// <summary>A batch to append.</summary>
/// <param name="Epoch">The epoch that the log must have, else nothing is written: a file that is opened again may have begun another.</param>
/// <param name="ExpectedHead">The seq that the log must stand at, else nothing is written.</param>
/// <param name="Operations">At least one, with seqs from <paramref name="ExpectedHead"/> + 1 without a gap.</param>
/// <param name="NewActors">Actors that belong to a user from now on.</param>
public sealed record LogAppend(
    Epoch Epoch,
    long ExpectedHead,
    IReadOnlyList<LoggedOperation> Operations,
    IReadOnlyList<KeyValuePair<ActorId, UserId>> NewActors);
