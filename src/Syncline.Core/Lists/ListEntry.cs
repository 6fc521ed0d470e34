using System.Diagnostics;

namespace Syncline.Core.Lists;

/// <summary>A list's registers, and the tasks that belong to it.</summary>
/// <remarks>
/// Tasks that come from a snapshot are read when somebody wants one of the list's tasks or guests, or changes the list: of many lists a few are open at
/// a time. Until then its snapshot is what it was loaded from.
/// </remarks>
internal sealed class ListEntry(string id)
{
    private Dictionary<string, TaskEntry>? _tasks;
    private HashSet<TaskEntry>? _guests;
    private UnreadTasks? _unread;
    private IReadOnlyDictionary<string, ListEntry>? _lists;

    // Lists of which some tasks stood here when they were loaded. Those that are still unread have one here for certain.
    private List<ListEntry>? _homes;

    public string Id => id;

    public Register TitleWrite;
    public Register PositionWrite;
    public Register DeletedWrite;
    public string? Title;
    public Position Position;
    public bool IsDeleted;

    /// <summary>The tasks whose home it is, wherever they stand.</summary>
    public Dictionary<string, TaskEntry> Tasks
    {
        get
        {
            ReadTasks();
            return _tasks ??= new Dictionary<string, TaskEntry>(StringComparer.Ordinal);
        }
    }

    /// <summary>Tasks of other homes that stand here.</summary>
    public IReadOnlyCollection<TaskEntry> Guests
    {
        get
        {
            ReadGuests();
            return _guests is null ? [] : _guests;
        }
    }

    public bool HasGuests => _guests is { Count: > 0 } || (_homes?.Exists(home => home.Unread is not null) ?? false);

    /// <summary>Whether one of its tasks may be deleted and have more than that.</summary>
    public bool MayHaveDeleted => _unread?.HasDeleted ?? _tasks is { Count: > 0 };

    /// <summary>Its snapshot as it was loaded, for as long as neither it nor its tasks can have changed since.</summary>
    public UnreadTasks? Unread => _unread;

    /// <summary>Operations of scope <c>list</c> on it whose shape is not known.</summary>
    public SeqSet Opaque { get; init; } = new();

    /// <summary>Whether an operation named it; else it is only known as a place.</summary>
    public bool HasOperations =>
        TitleWrite.IsWritten || PositionWrite.IsWritten || DeletedWrite.IsWritten || Opaque.Count > 0 || (_unread?.Count ?? _tasks?.Count ?? 0) > 0;

    /// <summary>Takes tasks that are read when they are wanted.</summary>
    /// <param name="unread">The tasks.</param>
    /// <param name="lists">All lists, those among them in which its tasks stand.</param>
    public void PutOff(UnreadTasks unread, IReadOnlyDictionary<string, ListEntry> lists) => (_unread, _lists) = (unread, lists);

    /// <summary>Reads the tasks where that was put off; before anything of the list changes.</summary>
    public void ReadTasks()
    {
        if (_unread is not { } unread)
            return;
        _unread = null;
        ListSnapshot.ReadTasks(unread.Snapshot.Span, this, _lists!);
    }

    /// <summary>Takes note of a list, not read yet, that has tasks which stand here.</summary>
    public void AddHome(ListEntry home) => (_homes ??= []).Add(home);

    /// <summary>Takes over what stands in another entry of the same list that was only known as a place.</summary>
    public void TakeGuestsOf(ListEntry place)
    {
        foreach (TaskEntry guest in place._guests?.ToArray() ?? [])
            guest.StandIn(this);
        _homes = place._homes;
    }

    public void AddGuest(TaskEntry task) => (_guests ??= []).Add(task);

    public void RemoveGuest(TaskEntry task)
    {
        bool wasThere = _guests?.Remove(task) ?? false;
        Debug.Assert(wasThere, "a task is a guest where it stands");
    }

    private void ReadGuests()
    {
        foreach (ListEntry home in _homes ?? [])
            home.ReadTasks();
        _homes = null;
    }
}
