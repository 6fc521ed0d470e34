using System.Diagnostics;
using Syncline.Core.Lists;
using Syncline.Core.Operations;

namespace Syncline.Client.Replicas;

/// <summary>
/// What an edit of lists writes: each method one operation, or none where that is there already, and what takes it back. Others' later writes of the
/// same field are told by its value, and left alone.
/// </summary>
internal sealed class ListEdits(EditSession edit)
{
    private static readonly ResourceId Registry = new("registry");

    private readonly ListsState _state = edit.States.Of<ListsState>();

    public void Create(string listId, string title, At at)
    {
        Write(new ListOperation.WriteList(listId, title, PositionOf(at), IsDeleted: false));
        edit.Undo.Make(listId, IfKnown(listId, later => later.SetDeleted(listId, from: false, to: true)));
    }

    public void SetTitle(string listId, string title)
    {
        string? before = Demand(listId).Title;
        if (before == title)
            return;
        Write(new ListOperation.WriteList(listId, title, Position: null, IsDeleted: null));
        AddUndo(listId, later =>
        {
            if (later._state.FindList(listId)?.Title == title)
                later.SetTitle(listId, before ?? "");
        });
    }

    public void Move(string listId, At at)
    {
        Demand(listId);
        if (at.OtherId == listId)
            throw new ArgumentException($"the list '{listId}' cannot stand beside itself", nameof(at));
        SetPosition(listId, PositionOf(at));
    }

    public void SetDeleted(string listId, bool isDeleted) => SetDeleted(listId, !isDeleted, isDeleted);

    public void Add(string listId, string taskId, string text, string? note, At at)
    {
        Demand(listId);
        Write(new ListOperation.WriteTask(listId, taskId)
        {
            Text = text,
            IsDone = false,
            Note = note,
            Place = new Place(listId, PositionOf(listId, at)),
            IsDeleted = false,
        });
        string id = TaskItem.IdOf(listId, taskId);
        edit.Undo.Make(id, IfKnown(id, later => later.SetTaskDeleted(id, from: false, to: true)));
    }

    public void SetText(string id, string text)
    {
        ListTask task = DemandTask(id);
        if (task.Text == text)
            return;
        Write(new ListOperation.WriteTask(task.HomeId, task.Id) { Text = text });
        AddUndo(id, later =>
        {
            if (later.DemandTask(id).Text == text)
                later.SetText(id, task.Text ?? "");
        });
    }

    public void SetNote(string id, string note)
    {
        ListTask task = DemandTask(id);
        if ((task.Note ?? "") == note)
            return;
        Write(new ListOperation.WriteTask(task.HomeId, task.Id) { Note = note });
        AddUndo(id, later =>
        {
            if (later.DemandTask(id).Note == note)
                later.SetNote(id, task.Note ?? "");
        });
    }

    public void SetDone(string id, bool isDone)
    {
        ListTask task = DemandTask(id);
        if (task.IsDone == isDone)
            return;
        Write(new ListOperation.WriteTask(task.HomeId, task.Id) { IsDone = isDone });
        AddUndo(id, later =>
        {
            if (later.DemandTask(id).IsDone == isDone)
                later.SetDone(id, task.IsDone);
        });
    }

    /// <summary>Moves a task; without a list, to where the other one stands that it is put beside, else within its own.</summary>
    public void MoveTask(string id, string? listId, At at)
    {
        ListTask task = DemandTask(id);
        if (at.OtherId == id)
            throw new ArgumentException($"the task '{id}' cannot stand beside itself", nameof(at));
        listId ??= at.OtherId is { } other ? DemandTask(other).Place.ListId : task.Place.ListId;
        Demand(listId);
        SetPlace(id, new Place(listId, PositionOf(listId, at)));
    }

    public void SetTaskDeleted(string id, bool isDeleted) => SetTaskDeleted(id, !isDeleted, isDeleted);

    private void SetPosition(string listId, Position position)
    {
        Position before = Demand(listId).Position;
        Write(new ListOperation.WriteList(listId, Title: null, position, IsDeleted: null));
        AddUndo(listId, later =>
        {
            if (later._state.FindList(listId)?.Position == position)
                later.SetPosition(listId, before);
        });
    }

    private void SetPlace(string id, Place place)
    {
        ListTask task = DemandTask(id);
        Write(new ListOperation.WriteTask(task.HomeId, task.Id) { Place = place });
        AddUndo(id, later =>
        {
            bool isOldListThere = later._state.FindList(task.Place.ListId) is { IsDeleted: false };
            if (isOldListThere && later.DemandTask(id).Place == place)
                later.SetPlace(id, task.Place);
        });
    }

    private void SetDeleted(string listId, bool from, bool to)
    {
        if (Demand(listId).IsDeleted != from)
            return;
        Write(new ListOperation.WriteList(listId, Title: null, Position: null, to));
        AddUndo(listId, later => later.SetDeleted(listId, to, from));
    }

    private void SetTaskDeleted(string id, bool from, bool to)
    {
        ListTask task = DemandTask(id);
        if (task.IsDeleted != from)
            return;
        Write(new ListOperation.WriteTask(task.HomeId, task.Id) { IsDeleted = to });
        AddUndo(id, later => later.SetTaskDeleted(id, to, from));
    }

    private TaskList Demand(string listId) => _state.FindList(listId) ?? throw new ArgumentException($"there is no list '{listId}'", nameof(listId));

    private ListTask DemandTask(string id) => TaskItem.Find(_state, id) ?? throw new ArgumentException($"there is no task '{id}'", nameof(id));

    private Position PositionOf(At at)
    {
        if (at.OtherId is not { } other)
        {
            return at.IsAtStart
                ? Position.Between(null, _state.FirstListAfter(null), edit.Actor.Value)
                : Position.Between(_state.LastListBefore(null), null, edit.Actor.Value);
        }

        Position beside = Demand(other).Position;
        return at.IsAfter
            ? Position.Between(beside, _state.FirstListAfter(beside), edit.Actor.Value)
            : Position.Between(_state.LastListBefore(beside), beside, edit.Actor.Value);
    }

    // What stood beside another that has gone to another list meanwhile goes to the end.
    private Position PositionOf(string listId, At at)
    {
        Place? other = at.OtherId is { } otherId ? DemandTask(otherId).Place : null;
        if (other is null || other.Value.ListId != listId)
        {
            return at.IsAtStart
                ? Position.Between(null, _state.FirstTaskAfter(listId, null), edit.Actor.Value)
                : Position.Between(_state.LastTaskBefore(listId, null), null, edit.Actor.Value);
        }

        Position beside = other.Value.Position;
        return at.IsAfter
            ? Position.Between(beside, _state.FirstTaskAfter(listId, beside), edit.Actor.Value)
            : Position.Between(_state.LastTaskBefore(listId, beside), beside, edit.Actor.Value);
    }

    private void Write(ListOperation.WriteList write) => Write(ListModel.RegistryScope, Registry, write);

    private void Write(ListOperation.WriteTask write) => Write(ListModel.ListScope, new ResourceId(write.HomeId), write);

    private void Write(Scope scope, ResourceId resourceId, ListOperation write) =>
        edit.Add(scope, resourceId, id => ListOperationWriter.Write(id, write) ?? throw new UnreachableException($"no operation writes {write}"));

    private void AddUndo(string thing, Action<ListEdits> writeBack)
    {
        if (!edit.Undo.HasMade(thing))
            edit.Undo.Add(IfKnown(thing, writeBack));
    }

    // A refused creation may have taken the thing away; then there is nothing to write back to.
    private static Action<EditSession> IfKnown(string thing, Action<ListEdits> writeBack) => later =>
    {
        ListEdits edits = new(later);
        if (edits._state.FindList(thing) is not null || TaskItem.Find(edits._state, thing) is not null)
            writeBack(edits);
    };
}
