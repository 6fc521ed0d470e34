namespace Syncline.Client.Replicas;

/// <summary>The last steps of editing a space, and those that were undone. In memory only, guarded by the replica's lock.</summary>
internal sealed class UndoHistory(SpaceReplica replica, int stepsMax)
{
    private readonly LinkedList<UndoStep> _undo = new();
    private readonly LinkedList<UndoStep> _redo = new();

    public bool CanUndo => replica.Locked(() => _undo.Count > 0);

    public bool CanRedo => replica.Locked(() => _redo.Count > 0);

    /// <summary>Takes back the last step of which anything is left to take back; false when there is none.</summary>
    public bool Undo() => Replay(_undo, UndoDirection.Undo);

    /// <summary>Takes back the last undo of which anything is left to take back; false when there is none.</summary>
    public bool Redo() => Replay(_redo, UndoDirection.Redo);

    /// <summary>A step was made, within the lock.</summary>
    public void Add(UndoStep step)
    {
        if (step.IsEmpty)
            return;
        if (step.Direction == UndoDirection.None)
            _redo.Clear();
        LinkedList<UndoStep> steps = step.Direction == UndoDirection.Undo ? _redo : _undo;
        steps.AddLast(step);
        if (steps.Count > stepsMax)
            steps.RemoveFirst();
    }

    private bool Replay(LinkedList<UndoStep> steps, UndoDirection direction) => replica.Locked(() =>
    {
        if (replica.IsEditing)
            throw new InvalidOperationException("an edit is being made: undo and redo are steps of their own");
        return replica.Edit(edit =>
        {
            edit.Undo.Direction = direction;
            while (edit.Operations.Count == 0 && steps.Last is { } last)
            {
                last.Value.WriteBack(edit);
                steps.RemoveLast();
            }

            return edit.Operations.Count > 0;
        });
    });
}
