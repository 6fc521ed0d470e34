namespace Syncline.Core.Lists;

/// <summary>A task's registers.</summary>
internal sealed class TaskEntry
{
    public Register TextWrite;
    public Register DoneWrite;
    public Register NoteWrite;
    public Register PlaceWrite;
    public Register DeletedWrite;
    public string? Text;
    public string? Note;
    public Position Position;
    public bool IsDone;
    public bool IsDeleted;

    public TaskEntry(ListEntry home, string id) => (Home, List, Id) = (home, home, id);

    public string Id { get; }

    public ListEntry Home { get; }

    /// <summary>Where it stands; its home until somebody moves it. It is a guest of any other.</summary>
    public ListEntry List { get; private set; }

    /// <summary>Whether it was inserted and is not removed.</summary>
    public bool IsThere => DeletedWrite.IsWritten && !IsDeleted;

    public void StandIn(ListEntry list)
    {
        if (ReferenceEquals(List, list))
            return;
        if (!ReferenceEquals(List, Home))
            List.RemoveGuest(this);
        if (!ReferenceEquals(list, Home))
            list.AddGuest(this);
        List = list;
    }
}
