using System.Diagnostics;

namespace Syncline.Core.Lists;

/// <summary>A list's registers, and the tasks that belong to it.</summary>
internal sealed class ListEntry(string id)
{
    private HashSet<TaskEntry>? _guests;

    public string Id => id;

    public Register TitleWrite;
    public Register PositionWrite;
    public Register DeletedWrite;
    public string? Title;
    public Position Position;
    public bool IsDeleted;

    /// <summary>The tasks whose home it is, wherever they stand.</summary>
    public Dictionary<string, TaskEntry> Tasks { get; } = new(StringComparer.Ordinal);

    /// <summary>Tasks of other homes that stand here.</summary>
    public IReadOnlyCollection<TaskEntry> Guests => _guests is null ? [] : _guests;

    /// <summary>Operations of scope <c>list</c> on it whose shape is not known.</summary>
    public SeqSet Opaque { get; init; } = new();

    /// <summary>Whether an operation named it; else it is only known as a place.</summary>
    public bool HasOperations => TitleWrite.IsWritten || PositionWrite.IsWritten || DeletedWrite.IsWritten || Tasks.Count > 0 || Opaque.Count > 0;

    public void AddGuest(TaskEntry task) => (_guests ??= []).Add(task);

    public void RemoveGuest(TaskEntry task)
    {
        bool wasThere = _guests?.Remove(task) ?? false;
        Debug.Assert(wasThere, "a task is a guest where it stands");
    }
}
