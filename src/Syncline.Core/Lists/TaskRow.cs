using System.Text;
using Syncline.Core.Json;
using Syncline.Core.Operations;

namespace Syncline.Core.Lists;

/// <summary>A task as it stands in a snapshot. What is not among its parts has no value.</summary>
internal ref struct TaskRow
{
    public ReadOnlySpan<byte> Id;
    public TaskParts Parts;
    public StampReader.Indexed TextWrite;
    public StampReader.Indexed DoneWrite;
    public StampReader.Indexed NoteWrite;
    public StampReader.Indexed PlaceWrite;
    public StampReader.Indexed DeletedWrite;
    public ReadOnlySpan<byte> Text;
    public ReadOnlySpan<byte> Note;
    public PositionBytes Position;

    /// <summary>Where it stands when that is another list than its home: the index of that one's id.</summary>
    public int List;

    public readonly bool IsElsewhere => Has(TaskParts.IsElsewhere);

    /// <summary>Whether it is deleted and has more than that.</summary>
    public readonly bool IsMoreThanDeleted =>
        Has(TaskParts.Deleted) && Has(TaskParts.IsDeleted) && Has(TaskParts.Text | TaskParts.Done | TaskParts.Note | TaskParts.Place);

    /// <exception cref="InvalidDataException">Its id is none, or what is to be a text is none.</exception>
    public readonly void DemandTexts()
    {
        Span<char> id = stackalloc char[Identifiers.GeneralLengthMax];
        if (Id.Length > id.Length || !Identifiers.IsGeneral(id[..Encoding.UTF8.GetChars(Id, id)]))
            throw new InvalidDataException("An id is none.");
        if (!JsonStrings.IsWtf8(Text) || !JsonStrings.IsWtf8(Note))
            throw new InvalidDataException("The bytes are no text.");
    }

    /// <summary>The task, which stands in its home for now.</summary>
    public readonly TaskEntry ToEntry(ListEntry home, string[] names)
    {
        TaskEntry task = new(home, Encoding.ASCII.GetString(Id));
        if (Has(TaskParts.Text))
            (task.TextWrite, task.Text) = (TextWrite.ToRegister(names), JsonStrings.FromWtf8(Text));
        if (Has(TaskParts.Done))
            (task.DoneWrite, task.IsDone) = (DoneWrite.ToRegister(names), Has(TaskParts.IsDone));
        if (Has(TaskParts.Note))
            (task.NoteWrite, task.Note) = (NoteWrite.ToRegister(names), JsonStrings.FromWtf8(Note));
        if (Has(TaskParts.Place))
            (task.PlaceWrite, task.Position) = (PlaceWrite.ToRegister(names), Position.ToPosition(names));
        if (Has(TaskParts.Deleted))
            (task.DeletedWrite, task.IsDeleted) = (DeletedWrite.ToRegister(names), Has(TaskParts.IsDeleted));
        return task;
    }

    private readonly bool Has(TaskParts any) => (Parts & any) != 0;
}
