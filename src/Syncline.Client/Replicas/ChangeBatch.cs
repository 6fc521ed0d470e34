namespace Syncline.Client.Replicas;

/// <summary>Collects what changed until it is told of, in one event.</summary>
/// <param name="replica">Whose lock guards it.</param>
/// <param name="events">Where events are raised.</param>
/// <param name="close">Completes what was collected, within the lock.</param>
/// <param name="raise">Raises the event, outside the lock.</param>
internal sealed class ChangeBatch<T>(SpaceReplica replica, EventPost events, Action<T> close, Action<T> raise)
    where T : class, new()
{
    private T? _open;

    /// <summary>What is being collected; called within the lock.</summary>
    public T Open()
    {
        if (_open is { } open)
            return open;
        T changes = new();
        _open = changes;
        events.Post(() =>
        {
            replica.Locked<object?>(() =>
            {
                _open = null;
                close(changes);
                return null;
            });
            raise(changes);
        });
        return changes;
    }
}
