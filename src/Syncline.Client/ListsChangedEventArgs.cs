namespace Syncline.Client;

/// <summary>What has changed in a space's task lists since the last time this was told.</summary>
public sealed class ListsChangedEventArgs : EventArgs
{
    private readonly HashSet<string> _listIds = new(StringComparer.Ordinal);
    private readonly HashSet<string> _taskIds = new(StringComparer.Ordinal);

    /// <summary>Ids of the lists that changed, or in which a task did; of a task that moved, both lists.</summary>
    public IReadOnlySet<string> ListIds => _listIds;

    /// <summary>Ids of the tasks that changed.</summary>
    public IReadOnlySet<string> TaskIds => _taskIds;

    /// <summary>Whether anything may be different, so that everything has to be read again; then there are no ids.</summary>
    public bool IsReset { get; private set; }

    internal void Add(string listId, string? taskId)
    {
        if (IsReset)
            return;
        _listIds.Add(listId);
        if (taskId is not null)
            _taskIds.Add(taskId);
    }

    internal void Reset()
    {
        IsReset = true;
        _listIds.Clear();
        _taskIds.Clear();
    }
}
