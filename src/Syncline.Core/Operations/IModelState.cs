using Syncline.Core.Tree;

namespace Syncline.Core.Operations;

/// <summary>
/// The state of one model in one space. Used by one caller at a time. What was applied since the last <see cref="Commit"/> can be taken
/// back to any mark; readers look only after a commit.
/// </summary>
public interface IModelState
{
    /// <summary>Judges an operation against the state, with the accepted ones before it applied. Changes nothing.</summary>
    Decision Decide(Operation operation, in DecisionContext context);

    /// <summary>Takes a logged operation in. Never fails: what is in the log is law. Recovery replays through it.</summary>
    void Apply(LoggedOperation operation);

    /// <summary>Whether an operation was taken in, where taking it in again would not leave the state as it is.</summary>
    bool Contains(in OperationId id) => false;

    /// <summary>What an operation, its content read, makes that others mean nothing without, by a name of this state's own; null when it makes nothing.</summary>
    string? MadeBy(Operation operation) => null;

    /// <summary>
    /// Of what an operation, its content read, means nothing without, what is not in this state, by the names of <see cref="MadeBy"/>: where one that makes it was
    /// refused, this one is set aside with it.
    /// </summary>
    IEnumerable<string> MissingFor(Operation operation) => [];

    /// <summary>A point to return to, valid until the next <see cref="Commit"/> or a rollback below it.</summary>
    int Mark();

    /// <summary>Takes back what was applied after <paramref name="mark"/>.</summary>
    void RollbackTo(int mark);

    /// <summary>Makes what was applied permanent; all marks end.</summary>
    void Commit();

    /// <summary>Whether clients are told which operations the log has, so that those that were dropped have to be recalled.</summary>
    bool TellsWhatIsStored => false;

    /// <summary>
    /// Says which operations of a resource, none of which decides anything any more, were in the log that was replayed, and are not. For models
    /// that tell clients what the log has.
    /// </summary>
    void Recall(ResourceId resourceId, StateVector dropped)
    {
    }

    /// <summary>What is deleted, and of which there is more than that.</summary>
    IEnumerable<DeletedThing> FindDeleted() => [];

    /// <summary>One of them as it is now; null when it is none.</summary>
    DeletedThing? FindDeleted(string register) => null;

    /// <summary>Takes away all there is of a deleted thing but that it is deleted, between two commits.</summary>
    void Purge(DeletedThing thing)
    {
    }

    /// <summary>The whole state as bytes, resource by resource, between two commits.</summary>
    IEnumerable<ResourceSnapshot> WriteSnapshots() => [];

    /// <summary>Whether there are operations that the state does not stand for: kept, without content, and of no effect.</summary>
    bool HasOperationsBeside => false;

    /// <summary>Takes in a resource that <see cref="WriteSnapshots"/> wrote, in the place of its operations up to the snapshot.</summary>
    /// <param name="snapshot">The bytes, which the state may keep: they do not change any more.</param>
    /// <param name="problem">Why they were not taken: damaged, or of another version.</param>
    /// <returns>Whether they were; else nothing has changed.</returns>
    bool TryLoad(ReadOnlyMemory<byte> snapshot, out string? problem)
    {
        problem = "the model has no snapshots";
        return false;
    }
}
