using Syncline.Client.Replicas;
using Syncline.Core.Lists;

namespace Syncline.Client;

/// <summary>
/// The task lists of a space. Editing and reading wait for nothing: an edit is there when its method returns, and what is read is a copy that stays as
/// it is. Ids are given back as texts, and are good for ever. What is removed can be restored, and can be edited meanwhile.
/// </summary>
/// <remarks>
/// Everything may be called on any thread. All edits throw <see cref="ArgumentException"/>, and change nothing, for an id that is not known, and for
/// a text that is larger than the server takes; and <see cref="Storage.LocalStoreException"/> when the local file has failed for so long that no more
/// is kept in memory. What is there already is not written again.
/// </remarks>
public sealed class Lists
{
    private readonly SpaceReplica _replica;
    private readonly ClientServices _services;
    private readonly ChangeBatch<ListsChangedEventArgs> _changes;

    // What was read of the state as it is, by list: guarded by the replica's lock.
    private readonly Dictionary<string, IReadOnlyList<TaskItem>> _tasks = new(StringComparer.Ordinal);
    private IReadOnlyList<TaskList>? _lists;
    private (ListsState? State, long Version) _read;

    internal Lists(SpaceReplica replica, ClientServices services, EventPost events)
    {
        _replica = replica;
        _services = services;
        _changes = new ChangeBatch<ListsChangedEventArgs>(replica, events, static _ => { }, changes => events.Invoke(Changed, this, changes));
    }

    /// <summary>Raised after changes, own and others', several at once where they come quickly, in <see cref="SynclineClientOptions.EventContext"/>.</summary>
    public event EventHandler<ListsChangedEventArgs>? Changed;

    /// <summary>The lists in order, without those that are removed.</summary>
    public IReadOnlyList<TaskList> GetLists() => Read(state => _lists ??= [.. state.Lists.Where(list => !list.IsDeleted)]);

    /// <summary>The lists that are removed, in order.</summary>
    public IReadOnlyList<TaskList> GetRemovedLists() => Read<IReadOnlyList<TaskList>>(state => [.. state.Lists.Where(list => list.IsDeleted)]);

    /// <summary>A list, removed ones too; null when it is not known.</summary>
    public TaskList? FindList(string listId)
    {
        ArgumentNullException.ThrowIfNull(listId);
        return Read(state => state.FindList(listId));
    }

    /// <summary>The tasks that show in a list, in order; none when it is removed.</summary>
    /// <exception cref="ArgumentException">There is no such list.</exception>
    public IReadOnlyList<TaskItem> GetTasks(string listId)
    {
        ArgumentNullException.ThrowIfNull(listId);
        return Read(state =>
        {
            if (_tasks.TryGetValue(listId, out IReadOnlyList<TaskItem>? known))
                return known;
            DemandList(state, listId);
            return _tasks[listId] = [.. state.TasksOf(listId).Select(TaskItem.Of)];
        });
    }

    /// <summary>The tasks that were removed from a list, in order.</summary>
    /// <exception cref="ArgumentException">There is no such list.</exception>
    public IReadOnlyList<TaskItem> GetRemovedTasks(string listId)
    {
        ArgumentNullException.ThrowIfNull(listId);
        return Read<IReadOnlyList<TaskItem>>(state =>
        {
            DemandList(state, listId);
            return [.. state.RemovedTasksOf(listId).Select(TaskItem.Of)];
        });
    }

    /// <summary>A task, removed ones too; null when it is not known.</summary>
    public TaskItem? FindTask(string taskId)
    {
        ArgumentNullException.ThrowIfNull(taskId);
        return Read(state => TaskItem.Find(state, taskId) is { } task ? TaskItem.Of(task) : null);
    }

    /// <summary>Creates a list.</summary>
    /// <param name="title">What it is called.</param>
    /// <param name="at">Where among the lists; beside another list by its id.</param>
    /// <returns>Its id.</returns>
    public string CreateList(string title, At at = default)
    {
        ArgumentNullException.ThrowIfNull(title);
        string listId = _services.NewId();
        Edit(edits => edits.Create(listId, title, at));
        return listId;
    }

    /// <summary>Gives a list another title.</summary>
    public void RenameList(string listId, string title)
    {
        ArgumentNullException.ThrowIfNull(listId);
        ArgumentNullException.ThrowIfNull(title);
        Edit(edits => edits.SetTitle(listId, title));
    }

    /// <summary>Puts a list elsewhere among the lists; beside another list by its id.</summary>
    public void MoveList(string listId, At at)
    {
        ArgumentNullException.ThrowIfNull(listId);
        Edit(edits => edits.Move(listId, at));
    }

    /// <summary>Removes a list; its tasks do not show, and stay what they are.</summary>
    public void RemoveList(string listId)
    {
        ArgumentNullException.ThrowIfNull(listId);
        Edit(edits => edits.SetDeleted(listId, isDeleted: true));
    }

    /// <summary>Brings a removed list back, with its tasks.</summary>
    public void RestoreList(string listId)
    {
        ArgumentNullException.ThrowIfNull(listId);
        Edit(edits => edits.SetDeleted(listId, isDeleted: false));
    }

    /// <summary>Adds a task to a list. To one that is removed too: it shows when that is restored.</summary>
    /// <param name="listId">The list.</param>
    /// <param name="text">What is to be done.</param>
    /// <param name="at">Where in the list; beside another task by its id, or at the end when that stands in another list by now.</param>
    /// <param name="note">What else there is to say.</param>
    /// <returns>Its id.</returns>
    public string AddTask(string listId, string text, At at = default, string? note = null)
    {
        ArgumentNullException.ThrowIfNull(listId);
        ArgumentNullException.ThrowIfNull(text);
        string taskId = _services.NewId();
        Edit(edits => edits.Add(listId, taskId, text, note, at));
        return TaskItem.IdOf(listId, taskId);
    }

    /// <summary>Writes what is to be done.</summary>
    public void SetText(string taskId, string text)
    {
        ArgumentNullException.ThrowIfNull(taskId);
        ArgumentNullException.ThrowIfNull(text);
        Edit(edits => edits.SetText(taskId, text));
    }

    /// <summary>Says whether a task is done.</summary>
    public void SetDone(string taskId, bool isDone = true)
    {
        ArgumentNullException.ThrowIfNull(taskId);
        Edit(edits => edits.SetDone(taskId, isDone));
    }

    /// <summary>Writes what else there is to say; "" for nothing.</summary>
    public void SetNote(string taskId, string note)
    {
        ArgumentNullException.ThrowIfNull(taskId);
        ArgumentNullException.ThrowIfNull(note);
        Edit(edits => edits.SetNote(taskId, note));
    }

    /// <summary>Puts a task elsewhere: beside another task, into whatever list that stands in, or at an end of its own list.</summary>
    public void MoveTask(string taskId, At at)
    {
        ArgumentNullException.ThrowIfNull(taskId);
        Edit(edits => edits.MoveTask(taskId, listId: null, at));
    }

    /// <summary>Puts a task into a list, at its end unless <paramref name="at"/> says otherwise. It keeps its id.</summary>
    public void MoveTask(string taskId, string listId, At at = default)
    {
        ArgumentNullException.ThrowIfNull(taskId);
        ArgumentNullException.ThrowIfNull(listId);
        Edit(edits => edits.MoveTask(taskId, listId, at));
    }

    /// <summary>Removes a task.</summary>
    public void RemoveTask(string taskId)
    {
        ArgumentNullException.ThrowIfNull(taskId);
        Edit(edits => edits.SetTaskDeleted(taskId, isDeleted: true));
    }

    /// <summary>Brings a removed task back, to where it stood.</summary>
    public void RestoreTask(string taskId)
    {
        ArgumentNullException.ThrowIfNull(taskId);
        Edit(edits => edits.SetTaskDeleted(taskId, isDeleted: false));
    }

    /// <summary>Notes what changed, within the lock and before the commit.</summary>
    internal void Committing(ListsState state)
    {
        if (Changed is null)
            return;
        foreach (ListChange change in state.ChangedSinceCommit)
            _changes.Open().Add(change.ListId, change.TaskId is null ? null : TaskItem.IdOf(change.HomeId!, change.TaskId));
    }

    /// <summary>Notes that anything may have changed, within the lock.</summary>
    internal void WasReset()
    {
        if (Changed is not null)
            _changes.Open().Reset();
    }

    private static void DemandList(ListsState state, string listId)
    {
        if (state.FindList(listId) is null)
            throw new ArgumentException($"there is no list '{listId}'", nameof(listId));
    }

    private T Read<T>(Func<ListsState, T> read) => _replica.Read(states =>
    {
        ListsState state = states.Of<ListsState>();
        if (!ReferenceEquals(_read.State, state) || _read.Version != state.Version)
        {
            _tasks.Clear();
            (_lists, _read) = (null, (state, state.Version));
        }

        return read(state);
    });

    private void Edit(Action<ListEdits> make) => _replica.Edit<object?>(edit =>
    {
        make(new ListEdits(edit));
        return null;
    });
}
