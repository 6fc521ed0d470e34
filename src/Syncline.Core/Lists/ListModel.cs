using Syncline.Core.Json;
using Syncline.Core.Operations;

namespace Syncline.Core.Lists;

/// <summary>
/// Task lists: a register per field, in each of which the greatest (clock, actor) wins. Scope <c>registry</c> has the lists, scope <c>list</c>
/// the tasks of the list that is its resource (docs/protocol.md, "Task lists").
/// </summary>
/// <remarks>Nothing is refused: an operation of a shape that is not known has no content, is kept, and changes nothing.</remarks>
public sealed class ListModel : IModel
{
    internal const string Title = "title";
    internal const string Pos = "pos";
    internal const string Text = "text";
    internal const string Done = "done";
    internal const string Note = "note";
    internal const string Place = "place";
    internal const string Deleted = "deleted";

    /// <summary>The scope of operations on lists.</summary>
    public static Scope RegistryScope { get; } = new("registry");

    /// <summary>The scope of operations on tasks.</summary>
    public static Scope ListScope { get; } = new("list");

    /// <inheritdoc />
    public IReadOnlyCollection<Scope> Scopes { get; } = [RegistryScope, ListScope];

    /// <inheritdoc />
    public int SnapshotFormat => ListSnapshot.FormatVersion;

    /// <inheritdoc />
    public IModelState CreateState() => new ListsState();

    /// <inheritdoc />
    public Refusal? Read(in OperationId id, JsonText payload, out IModel.Reading reading)
    {
        reading = new IModel.Reading(ReadContent(id, payload), JsonNormalForm.Hash(payload.Utf8.Span));
        return null;
    }

    /// <inheritdoc />
    public object? ReadContent(in OperationId id, JsonText payload) => ListOperationReader.Read(id, payload.Utf8.Span);

    /// <inheritdoc />
    public string? ThingOf(Operation operation) => operation.Content switch
    {
        ListOperation.WriteTask write => NameOf(write.HomeId, write.TaskId, Deleted),
        ListOperation.WriteList write => NameOf(write.ListId, Deleted),
        _ => null,
    };

    /// <inheritdoc />
    public IReadOnlyList<string> RegistersOf(Operation operation)
    {
        List<string> registers = [];
        switch (operation.Content)
        {
            case ListOperation.WriteList write:
                Add(Title, write.Title is not null);
                Add(Pos, write.Position is not null);
                Add(Deleted, write.IsDeleted is not null);
                break;
            case ListOperation.WriteTask write:
                Add(Text, write.Text is not null);
                Add(Done, write.IsDone is not null);
                Add(Note, write.Note is not null);
                Add(Place, write.Place is not null);
                Add(Deleted, write.IsDeleted is not null);
                break;
        }

        return registers;

        void Add(string register, bool isWritten)
        {
            if (isWritten)
            {
                registers.Add(operation.Content is ListOperation.WriteTask task
                    ? NameOf(task.HomeId, task.TaskId, register)
                    : NameOf(((ListOperation.WriteList)operation.Content!).ListId, register));
            }
        }
    }

    /// <inheritdoc />
    public JsonText Renumber(Operation operation, in OperationId id)
    {
        // Clients may keep more in an operation than is read from it; that stays what it is.
        bool isOurs = operation.Content is ListOperation content && ListOperationWriter.Write(operation.Id, content) == operation.Payload;
        return isOurs ? ListOperationWriter.Write(id, (ListOperation)operation.Content!)!.Value : operation.Payload;
    }

    internal static string NameOf(string listId, string register) => $"list\n{listId}\n{register}";

    internal static string NameOf(string homeId, string taskId, string register) => $"task\n{homeId}\n{taskId}\n{register}";
}
