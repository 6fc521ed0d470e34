using System.Diagnostics;
using System.Diagnostics.CodeAnalysis;
using Syncline.Core.Operations;

namespace Syncline.Core.Lists;

/// <summary>
/// All lists of a space and their tasks. Every change is written into a journal first, so that it can be taken back to a mark. Applying an
/// operation again changes nothing.
/// </summary>
public sealed class ListsState : IModelState
{
    // Two changes for each of 2,000 operations.
    private const int JournalKept = 4_096;

    private readonly Dictionary<string, ListEntry> _lists = new(StringComparer.Ordinal);
    private readonly Dictionary<string, SeqSet> _registryOpaque = new(StringComparer.Ordinal);
    private readonly HashSet<string> _actors = new(StringComparer.Ordinal);
    private readonly List<Change> _journal = [];

    // Operations come in runs of one list and of one actor.
    private ListEntry? _latestList;
    private string? _latestActor;

    internal ListsState()
    {
    }

    private enum ChangeKind
    {
        ListAdded,
        TaskAdded,
        ActorAdded,
        OpaqueAdded,
        RegistryOpaqueAdded,
        ListTitle,
        ListPosition,
        ListDeleted,
        TaskText,
        TaskDone,
        TaskNote,
        TaskPlace,
        TaskDeleted,
    }

    /// <summary>Another one whenever something may have changed: what was read before is good as long as this is the same.</summary>
    public long Version { get; private set; }

    /// <summary>What changed since the last commit: some of it again and again.</summary>
    public IEnumerable<ListChange> ChangedSinceCommit => _journal.SelectMany(ChangesOf);

    /// <summary>Every list that an operation named, removed ones too, in order: by position, then by id.</summary>
    public IEnumerable<TaskList> Lists => _lists.Values
        .Where(list => list.HasOperations || list.HasGuests)
        .OrderBy(list => list.Position)
        .ThenBy(list => list.Id, StringComparer.Ordinal)
        .Select(View);

    /// <summary>A list, removed ones too; null when no operation named it.</summary>
    public TaskList? FindList(string listId) =>
        _lists.TryGetValue(listId, out ListEntry? list) && (list.HasOperations || list.HasGuests) ? View(list) : null;

    /// <summary>The tasks that show in a list, in order: by position, then by id, then by home. None in a list that is removed or unknown.</summary>
    public IEnumerable<ListTask> TasksOf(string listId) =>
        _lists.TryGetValue(listId, out ListEntry? list) && !list.IsDeleted ? InOrder(StandingIn(list).Where(task => task.IsThere)) : [];

    /// <summary>The tasks that were removed from a list, in the same order. Also of a list that is removed itself.</summary>
    public IEnumerable<ListTask> RemovedTasksOf(string listId) =>
        _lists.TryGetValue(listId, out ListEntry? list) ? InOrder(StandingIn(list).Where(task => task.IsDeleted)) : [];

    /// <summary>The greatest position of a list's tasks that is less than one; null when there is none. Removed tasks count: they may come back.</summary>
    /// <param name="listId">The list.</param>
    /// <param name="end">Exclusive; null: the greatest of all.</param>
    public Position? LastTaskBefore(string listId, Position? end) =>
        _lists.TryGetValue(listId, out ListEntry? list) ? LastBefore(StandingIn(list).Select(task => task.Position), end) : null;

    /// <summary>The least position of a list's tasks that is greater than one; null when there is none. Removed tasks count: they may come back.</summary>
    /// <param name="listId">The list.</param>
    /// <param name="start">Exclusive; null: the least of all.</param>
    public Position? FirstTaskAfter(string listId, Position? start) =>
        _lists.TryGetValue(listId, out ListEntry? list) ? FirstAfter(StandingIn(list).Select(task => task.Position), start) : null;

    /// <summary>As <see cref="LastTaskBefore"/>, among the lists.</summary>
    public Position? LastListBefore(Position? end) => LastBefore(_lists.Values.Select(list => list.Position), end);

    /// <summary>As <see cref="FirstTaskAfter"/>, among the lists.</summary>
    public Position? FirstListAfter(Position? start) => FirstAfter(_lists.Values.Select(list => list.Position), start);

    /// <summary>A task, removed ones too; null when no operation named it.</summary>
    /// <param name="homeId">The list that it was inserted in.</param>
    /// <param name="taskId">Its id.</param>
    public ListTask? FindTask(string homeId, string taskId) =>
        _lists.TryGetValue(homeId, out ListEntry? home) && home.Tasks.TryGetValue(taskId, out TaskEntry? task) ? View(task) : null;

    /// <summary>The seqs of a resource's operations that have no effect, because their shape is not known. Ascending.</summary>
    public IReadOnlyList<long> OpaqueSeqs(Scope scope, ResourceId resourceId) =>
        (scope == ListModel.RegistryScope
            ? _registryOpaque.GetValueOrDefault(resourceId.Value)
            : _lists.GetValueOrDefault(resourceId.Value)?.Opaque)?.All ?? [];

    /// <inheritdoc />
    public bool HasOperationsBeside => _registryOpaque.Values.Any(seqs => seqs.Count > 0) || _lists.Values.Any(list => list.Opaque.Count > 0);

    internal int ActorCount => _actors.Count;

    internal int ListCount => _lists.Count;

    /// <inheritdoc />
    public Decision Decide(Operation operation, in DecisionContext context) => Decision.Accept;

    /// <inheritdoc />
    public void Apply(LoggedOperation operation)
    {
        OperationId id = operation.Operation.Id;
        Version++;
        switch (operation.Operation.Content)
        {
            case ListOperation.WriteTask write:
                Write(write, id.Clock, id.Actor.Value);
                break;
            case ListOperation.WriteList write:
                Write(write, id.Clock, id.Actor.Value);
                break;
            default:
                NoteOpaque(id, operation.Seq);
                break;
        }
    }

    /// <inheritdoc />
    public string? MadeBy(Operation operation) => operation.Content switch
    {
        ListOperation.WriteTask { Place: not null } insertion => NameOf(insertion),
        ListOperation.WriteList creation => creation.ListId,
        _ => null,
    };

    /// <inheritdoc />
    public IEnumerable<string> MissingFor(Operation operation)
    {
        if (operation.Content is ListOperation.WriteList list && !IsCreated(list.ListId))
            yield return list.ListId;
        if (operation.Content is not ListOperation.WriteTask task)
            yield break;
        if (!(FindEntry(task)?.PlaceWrite.IsWritten ?? false))
            yield return NameOf(task);
        if (!IsCreated(task.HomeId))
            yield return task.HomeId;
        if (task.Place is { } place && place.ListId != task.HomeId && !IsCreated(place.ListId))
            yield return place.ListId;
    }

    /// <inheritdoc />
    public int Mark() => _journal.Count;

    /// <inheritdoc />
    public void RollbackTo(int mark)
    {
        for (int i = _journal.Count - 1; i >= mark; i--)
            TakeBack(_journal[i]);
        _journal.RemoveRange(mark, _journal.Count - mark);
        (_latestList, _latestActor) = (null, null);
        Version++;
    }

    /// <inheritdoc />
    public void Commit()
    {
        _journal.Clear();

        // The room for a batch is kept for the next; that for a greater one would be kept for ever, in each space that is live.
        if (_journal.Capacity > JournalKept)
            _journal.Capacity = JournalKept;
    }

    /// <inheritdoc />
    public IEnumerable<DeletedThing> FindDeleted() => _lists.Values
        .SelectMany(list => (list.MayHaveDeleted ? list.Tasks.Values.Select(DeletedOf) : []).Prepend(DeletedOf(list)))
        .OfType<DeletedThing>();

    /// <inheritdoc />
    public DeletedThing? FindDeleted(string register) => register.Split('\n') switch
    {
        [_, var listId, ListModel.Deleted] => _lists.TryGetValue(listId, out ListEntry? list) ? DeletedOf(list) : null,
        [_, var homeId, var taskId, ListModel.Deleted] =>
            _lists.TryGetValue(homeId, out ListEntry? home) && home.Tasks.TryGetValue(taskId, out TaskEntry? task) ? DeletedOf(task) : null,
        _ => null,
    };

    /// <inheritdoc />
    public void Purge(DeletedThing thing)
    {
        Version++;
        if (thing.Register.Split('\n') is [_, var homeId, var taskId, _])
        {
            TaskEntry task = _lists[homeId].Tasks[taskId];
            (task.TextWrite, task.DoneWrite, task.NoteWrite, task.PlaceWrite) = (default, default, default, default);
            (task.Text, task.Note, task.IsDone, task.Position) = (null, null, false, default);
            task.StandIn(task.Home);
        }
        else
        {
            ListEntry list = _lists[thing.Register.Split('\n')[1]];
            list.ReadTasks();
            (list.TitleWrite, list.PositionWrite, list.Title, list.Position) = (default, default, null, default);
        }
    }

    private static string NameOf(ListOperation.WriteTask write) => $"{write.HomeId}/{write.TaskId}";

    private bool IsCreated(string listId) => _lists.TryGetValue(listId, out ListEntry? list) && list.DeletedWrite.IsWritten;

    private TaskEntry? FindEntry(ListOperation.WriteTask write) =>
        _lists.TryGetValue(write.HomeId, out ListEntry? home) ? home.Tasks.GetValueOrDefault(write.TaskId) : null;

    private static DeletedThing? DeletedOf(ListEntry list)
    {
        if (!list.IsDeleted)
            return null;
        List<KeyValuePair<string, Stamp>> others = [];
        Add(ListModel.Title, list.TitleWrite);
        Add(ListModel.Pos, list.PositionWrite);
        return others.Count == 0 ? null : new DeletedThing(ListModel.NameOf(list.Id, ListModel.Deleted), list.DeletedWrite.Stamp, others);

        void Add(string register, Register write)
        {
            if (write.IsWritten)
                others.Add(KeyValuePair.Create(ListModel.NameOf(list.Id, register), write.Stamp));
        }
    }

    private static DeletedThing? DeletedOf(TaskEntry task)
    {
        if (!task.IsDeleted)
            return null;
        List<KeyValuePair<string, Stamp>> others = [];
        Add(ListModel.Text, task.TextWrite);
        Add(ListModel.Done, task.DoneWrite);
        Add(ListModel.Note, task.NoteWrite);
        Add(ListModel.Place, task.PlaceWrite);
        return others.Count == 0 ? null : new DeletedThing(ListModel.NameOf(task.Home.Id, task.Id, ListModel.Deleted), task.DeletedWrite.Stamp, others);

        void Add(string register, Register write)
        {
            if (write.IsWritten)
                others.Add(KeyValuePair.Create(ListModel.NameOf(task.Home.Id, task.Id, register), write.Stamp));
        }
    }

    /// <inheritdoc />
    public IEnumerable<ResourceSnapshot> WriteSnapshots()
    {
        foreach (ListEntry list in _lists.Values.Where(list => list.HasOperations).OrderBy(list => list.Id, StringComparer.Ordinal))
            yield return new ResourceSnapshot(ListModel.ListScope, new ResourceId(list.Id), list.Unread?.Snapshot ?? ListSnapshot.Write(list));
        foreach ((string resourceId, SeqSet opaque) in _registryOpaque.Where(pair => pair.Value.Count > 0).OrderBy(pair => pair.Key, StringComparer.Ordinal))
            yield return new ResourceSnapshot(ListModel.RegistryScope, new ResourceId(resourceId), ListSnapshot.WriteRegistry(resourceId, opaque));
    }

    /// <inheritdoc />
    public bool TryLoad(ReadOnlyMemory<byte> snapshot, out string? problem)
    {
        if (ListSnapshot.Read(snapshot, out problem) is not { } read)
            return false;
        Version++;
        bool isNew = read.Scope == ListModel.RegistryScope
            ? _registryOpaque.TryAdd(read.List.Id, read.List.Opaque)
            : TryAdopt(read);
        problem = isNew ? null : $"the {read.Scope} {read.List.Id} has operations already";
        return isNew;
    }

    private bool TryAdopt(ListSnapshot.Content read)
    {
        ListEntry list = read.List;
        if (_lists.TryGetValue(list.Id, out ListEntry? known))
        {
            if (known.HasOperations)
                return false;
            list.TakeGuestsOf(known);
        }

        (_lists[list.Id], _latestList) = (list, null);
        list.PutOff(read.Tasks, _lists);
        foreach (string listId in read.OtherLists)
            FindOrAddList(listId).AddHome(list);
        Commit();
        return true;
    }

    private static IEnumerable<TaskEntry> StandingIn(ListEntry list) =>
        list.Tasks.Values.Where(task => ReferenceEquals(task.List, list)).Concat(list.Guests);

    private static IEnumerable<ListTask> InOrder(IEnumerable<TaskEntry> tasks) => tasks
        .OrderBy(task => task.Position)
        .ThenBy(task => task.Id, StringComparer.Ordinal)
        .ThenBy(task => task.Home.Id, StringComparer.Ordinal)
        .Select(View);

    private static Position? LastBefore(IEnumerable<Position> positions, Position? end)
    {
        Position? last = null;
        foreach (Position position in positions)
        {
            if ((end is null || position < end) && (last is null || position > last))
                last = position;
        }

        return last;
    }

    private static Position? FirstAfter(IEnumerable<Position> positions, Position? start)
    {
        Position? first = null;
        foreach (Position position in positions)
        {
            if ((start is null || position > start) && (first is null || position < first))
                first = position;
        }

        return first;
    }

    private static IEnumerable<ListChange> ChangesOf(Change change)
    {
        if (change.Subject is ListEntry list && change.Kind != ChangeKind.OpaqueAdded)
            yield return new ListChange(list.Id, HomeId: null, TaskId: null);
        if (change.Subject is not TaskEntry task)
            yield break;
        yield return new ListChange(task.List.Id, task.Home.Id, task.Id);
        if (change.Kind == ChangeKind.TaskPlace && !ReferenceEquals(change.List, task.List))
            yield return new ListChange(change.List!.Id, task.Home.Id, task.Id);
    }

    private static TaskList View(ListEntry list) =>
        new(list.Id, list.Title, list.Position, list.DeletedWrite.IsWritten, list.IsDeleted);

    private static ListTask View(TaskEntry task) => new(
        task.Home.Id,
        task.Id,
        new Place(task.List.Id, task.Position),
        task.Text,
        task.IsDone,
        task.Note,
        task.IsDeleted,
        IsShown: task.IsThere && !task.List.IsDeleted);

    // An actor that uses a clock for two resources of the registry may write a list's register twice with it: then the greater value wins, so that
    // it is the same in any order. A task's registers are written by operations of one resource, where an actor uses a clock once.
    private void Write(ListOperation.WriteList write, long clock, string writer)
    {
        ListEntry list = FindOrAddList(write.ListId);
        list.ReadTasks();
        string actor = Intern(writer);
        if (write.Title is { } title
            && (list.TitleWrite.IsBefore(clock, actor) || (list.TitleWrite.IsOf(clock, actor) && string.CompareOrdinal(list.Title, title) < 0)))
        {
            _journal.Add(new Change(ChangeKind.ListTitle, list, list.TitleWrite) { Text = list.Title });
            (list.TitleWrite, list.Title) = (new Register(clock, actor), title);
        }

        if (write.Position is { } position
            && (list.PositionWrite.IsBefore(clock, actor) || (list.PositionWrite.IsOf(clock, actor) && list.Position < position)))
        {
            _journal.Add(new Change(ChangeKind.ListPosition, list, list.PositionWrite) { Position = list.Position });
            (list.PositionWrite, list.Position) = (new Register(clock, actor), position);
        }

        if (write.IsDeleted is { } isDeleted
            && (list.DeletedWrite.IsBefore(clock, actor) || (list.DeletedWrite.IsOf(clock, actor) && isDeleted && !list.IsDeleted)))
        {
            _journal.Add(new Change(ChangeKind.ListDeleted, list, list.DeletedWrite) { Flag = list.IsDeleted });
            (list.DeletedWrite, list.IsDeleted) = (new Register(clock, actor), isDeleted);
        }
    }

    private void Write(ListOperation.WriteTask write, long clock, string writer)
    {
        TaskEntry task = FindOrAddTask(write.HomeId, write.TaskId);
        string actor = Intern(writer);
        if (write.Text is { } text && task.TextWrite.IsBefore(clock, actor))
        {
            _journal.Add(new Change(ChangeKind.TaskText, task, task.TextWrite) { Text = task.Text });
            (task.TextWrite, task.Text) = (new Register(clock, actor), text);
        }

        if (write.IsDone is { } isDone && task.DoneWrite.IsBefore(clock, actor))
        {
            _journal.Add(new Change(ChangeKind.TaskDone, task, task.DoneWrite) { Flag = task.IsDone });
            (task.DoneWrite, task.IsDone) = (new Register(clock, actor), isDone);
        }

        if (write.Note is { } note && task.NoteWrite.IsBefore(clock, actor))
        {
            _journal.Add(new Change(ChangeKind.TaskNote, task, task.NoteWrite) { Text = task.Note });
            (task.NoteWrite, task.Note) = (new Register(clock, actor), note);
        }

        if (write.Place is { } place && task.PlaceWrite.IsBefore(clock, actor))
        {
            ListEntry list = FindOrAddList(place.ListId);
            _journal.Add(new Change(ChangeKind.TaskPlace, task, task.PlaceWrite) { List = task.List, Position = task.Position });
            (task.PlaceWrite, task.Position) = (new Register(clock, actor), place.Position);
            task.StandIn(list);
        }

        if (write.IsDeleted is { } isDeleted && task.DeletedWrite.IsBefore(clock, actor))
        {
            _journal.Add(new Change(ChangeKind.TaskDeleted, task, task.DeletedWrite) { Flag = task.IsDeleted });
            (task.DeletedWrite, task.IsDeleted) = (new Register(clock, actor), isDeleted);
        }
    }

    private void NoteOpaque(in OperationId id, long seq)
    {
        if (id.Scope != ListModel.RegistryScope)
        {
            ListEntry list = FindOrAddList(id.ResourceId.Value);
            list.ReadTasks();
            if (list.Opaque.Add(seq))
                _journal.Add(new Change(ChangeKind.OpaqueAdded, list, default) { Seq = seq });
            return;
        }

        if (!_registryOpaque.TryGetValue(id.ResourceId.Value, out SeqSet? seqs))
            _registryOpaque.Add(id.ResourceId.Value, seqs = new SeqSet());
        if (seqs.Add(seq))
            _journal.Add(new Change(ChangeKind.RegistryOpaqueAdded, id.ResourceId.Value, default) { Seq = seq });
    }

    private ListEntry FindOrAddList(string listId)
    {
        if (_latestList is { } latest && string.Equals(latest.Id, listId, StringComparison.Ordinal))
            return latest;
        if (!_lists.TryGetValue(listId, out ListEntry? list))
        {
            list = new ListEntry(listId);
            _lists.Add(listId, list);
            _journal.Add(new Change(ChangeKind.ListAdded, list, default));
        }

        return _latestList = list;
    }

    private TaskEntry FindOrAddTask(string homeId, string taskId)
    {
        ListEntry home = FindOrAddList(homeId);
        if (home.Tasks.TryGetValue(taskId, out TaskEntry? task))
            return task;
        task = new TaskEntry(home, taskId);
        home.Tasks.Add(taskId, task);
        _journal.Add(new Change(ChangeKind.TaskAdded, task, default));
        return task;
    }

    // The same text for the same actor: a register holds a reference.
    [SuppressMessage("Performance", "CA1868:Unnecessary call to 'Contains(item)'", Justification = "Tells the text that is kept.")]
    private string Intern(string actor)
    {
        if (_latestActor is { } latest && string.Equals(latest, actor, StringComparison.Ordinal))
            return latest;
        if (!_actors.TryGetValue(actor, out string? known))
        {
            _actors.Add(known = actor);
            _journal.Add(new Change(ChangeKind.ActorAdded, known, default));
        }

        return _latestActor = known;
    }

    private void TakeBack(in Change change)
    {
        switch (change.Kind)
        {
            case ChangeKind.ListAdded:
                _lists.Remove(((ListEntry)change.Subject).Id);
                break;
            case ChangeKind.TaskAdded:
                TaskEntry added = (TaskEntry)change.Subject;
                added.Home.Tasks.Remove(added.Id);
                break;
            case ChangeKind.ActorAdded:
                _actors.Remove((string)change.Subject);
                break;
            case ChangeKind.OpaqueAdded:
                ((ListEntry)change.Subject).Opaque.Remove(change.Seq);
                break;
            case ChangeKind.RegistryOpaqueAdded:
                SeqSet seqs = _registryOpaque[(string)change.Subject];
                seqs.Remove(change.Seq);
                if (seqs.Count == 0)
                    _registryOpaque.Remove((string)change.Subject);
                break;
            case ChangeKind.ListTitle or ChangeKind.ListPosition or ChangeKind.ListDeleted:
                TakeBack(change, (ListEntry)change.Subject);
                break;
            default:
                TakeBack(change, (TaskEntry)change.Subject);
                break;
        }
    }

    private static void TakeBack(in Change change, ListEntry list)
    {
        switch (change.Kind)
        {
            case ChangeKind.ListTitle:
                (list.TitleWrite, list.Title) = (change.Before, change.Text);
                break;
            case ChangeKind.ListPosition:
                (list.PositionWrite, list.Position) = (change.Before, change.Position);
                break;
            default:
                (list.DeletedWrite, list.IsDeleted) = (change.Before, change.Flag);
                break;
        }
    }

    private static void TakeBack(in Change change, TaskEntry task)
    {
        switch (change.Kind)
        {
            case ChangeKind.TaskText:
                (task.TextWrite, task.Text) = (change.Before, change.Text);
                break;
            case ChangeKind.TaskDone:
                (task.DoneWrite, task.IsDone) = (change.Before, change.Flag);
                break;
            case ChangeKind.TaskNote:
                (task.NoteWrite, task.Note) = (change.Before, change.Text);
                break;
            case ChangeKind.TaskPlace:
                (task.PlaceWrite, task.Position) = (change.Before, change.Position);
                task.StandIn(change.List!);
                break;
            case ChangeKind.TaskDeleted:
                (task.DeletedWrite, task.IsDeleted) = (change.Before, change.Flag);
                break;
            default:
                throw new UnreachableException();
        }
    }

    /// <summary>One change: a register with what it held before, or what was added.</summary>
    private readonly record struct Change(ChangeKind Kind, object Subject, Register Before)
    {
        public string? Text { get; init; }

        public Position Position { get; init; }

        public ListEntry? List { get; init; }

        public long Seq { get; init; }

        public bool Flag { get; init; }
    }
}
