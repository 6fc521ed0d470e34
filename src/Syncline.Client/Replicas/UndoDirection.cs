namespace Syncline.Client.Replicas;

/// <summary>Whether operations are new, or take others back.</summary>
internal enum UndoDirection
{
    /// <summary>An edit.</summary>
    None,

    /// <summary>Takes back an edit.</summary>
    Undo,

    /// <summary>Takes back an undo.</summary>
    Redo,
}
