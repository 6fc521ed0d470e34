using Syncline.Core.Operations;
using Syncline.Core.Tree;

namespace Syncline.Engine.Storage;

/// <summary>
/// What a store does for compaction: it drops single operations from a log and keeps a stub of each, by which a repeat is known as a duplicate
/// with the seq it had. Calls fail as those of <see cref="ISpaceStore"/> do, and run beside appends and reads of the same space.
/// </summary>
public interface ILogCompaction
{
    /// <summary>Seq up to which the log was looked through; 0 at first.</summary>
    ValueTask<long> ReadCompactedUpToAsync(SpaceId space, CancellationToken cancellationToken);

    /// <summary>The winners of registers among what was looked through; registers without one are left out.</summary>
    ValueTask<IReadOnlyDictionary<RegisterKey, LoggedOperation>> FindWinnersAsync(
        SpaceId space, IReadOnlyCollection<RegisterKey> registers, CancellationToken cancellationToken);

    /// <summary>The identities of dropped operations of a scope after a seq, as far as their stubs are there: a vector for each resource.</summary>
    ValueTask<IReadOnlyDictionary<ResourceId, StateVector>> ReadDroppedAsync(
        SpaceId space, Scope scope, long after, CancellationToken cancellationToken);

    /// <summary>Drops what a step found, in one transaction; false, and nothing written, when it is not for the log as it is.</summary>
    ValueTask<bool> CompactAsync(SpaceId space, CompactionStep step);

    /// <summary>The things that were purged.</summary>
    ValueTask<IReadOnlyList<RegisterKey>> ReadPurgedAsync(SpaceId space, CancellationToken cancellationToken);

    /// <summary>Purges things, in one transaction; false, and nothing written, when the log has another epoch.</summary>
    ValueTask<bool> PurgeAsync(SpaceId space, PurgeStep step);

    /// <summary>
    /// Does a small part of what is left to do after steps: removes stubs, and gives room back to the file system. The stubs of a group go
    /// together, once no operation of the group is left and the last stub is old enough, so that a repeat of the group is known as a whole.
    /// </summary>
    /// <param name="space">The space.</param>
    /// <param name="stubsBefore">Stubs that were left before this time are removed.</param>
    /// <param name="cancellationToken">Before it has begun.</param>
    /// <returns>Whether there is more to do.</returns>
    ValueTask<bool> TidyAsync(SpaceId space, DateTimeOffset stubsBefore, CancellationToken cancellationToken);
}
