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

    /// <summary>A point to return to, valid until the next <see cref="Commit"/> or a rollback below it.</summary>
    int Mark();

    /// <summary>Takes back what was applied after <paramref name="mark"/>.</summary>
    void RollbackTo(int mark);

    /// <summary>Makes what was applied permanent; all marks end.</summary>
    void Commit();
}
