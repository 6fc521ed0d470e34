using System.Globalization;
using System.Text;
using Syncline.Core.Json;
using Syncline.Core.Operations;

namespace Syncline.Core.Lists;

/// <summary>Writes operations of lists as JavaScript clients do: clock and actor stand in the payload too, where some of them look for them.</summary>
public static class ListOperationWriter
{
    private const string Payload = ",\"payload\":{";

    // Of an ordinary operation, so that it is written in one piece.
    private const int Capacity = 256;

    /// <summary>The payload of an operation.</summary>
    /// <param name="id">Its identity; the resource of a task's operation is the task's home.</param>
    /// <param name="operation">What it writes.</param>
    /// <returns>Null when no single kind of operation writes just that.</returns>
    public static JsonText? Write(in OperationId id, ListOperation operation)
    {
        if (TypeOf(operation) is not { } type)
            return null;
        StringBuilder json = new(Capacity);
        json.Append("{\"type\":\"").Append(type).Append('"');
        if (operation is ListOperation.WriteTask task)
        {
            json.Append(",\"itemId\":\"").Append(task.TaskId).Append('"');
            if (task.Place is { } place && place.ListId != task.HomeId)
                json.Append(",\"listId\":\"").Append(place.ListId).Append('"');
            json.Append(Payload);
            Append(json, "text", task.Text);
            Append(json, "done", task.IsDone);
            Append(json, "note", task.Note);
            Append(json, task.Place?.Position);
        }
        else if (operation is ListOperation.WriteList list)
        {
            json.Append(",\"listId\":\"").Append(list.ListId).Append('"');
            json.Append(Payload);
            Append(json, "title", list.Title);
            Append(json, list.Position);
        }

        json.Append("},\"actor\":\"").Append(id.Actor.Value).Append("\",\"clock\":").Append(CultureInfo.InvariantCulture, $"{id.Clock}").Append('}');
        return JsonText.From(json.ToString());
    }

    private static string? TypeOf(ListOperation operation) => operation switch
    {
        ListOperation.WriteList { IsDeleted: false } => "createList",
        ListOperation.WriteList { IsDeleted: true, Title: null, Position: null } => "removeList",
        ListOperation.WriteList { IsDeleted: null, Title: not null, Position: null } => "renameList",
        ListOperation.WriteList { IsDeleted: null, Title: null, Position: not null } => "reorderList",
        ListOperation.WriteTask { IsDeleted: false } task when task.Place is null || task.Place.Value.ListId == task.HomeId => "insert",
        ListOperation.WriteTask { IsDeleted: true, Text: null, IsDone: null, Note: null, Place: null } => "remove",
        ListOperation.WriteTask { IsDeleted: null, Text: null, IsDone: null, Note: null, Place: not null } => "move",
        ListOperation.WriteTask { IsDeleted: null, Place: null } task when (task.Text ?? task.Note) is not null || task.IsDone is not null => "update",
        _ => null,
    };

    private static void Append(StringBuilder payload, string name, string? text)
    {
        if (text is null)
            return;
        JsonStrings.AppendQuoted(Named(payload, name), text);
    }

    private static void Append(StringBuilder payload, string name, bool? flag)
    {
        if (flag is { } value)
            Named(payload, name).Append(value ? "true" : "false");
    }

    private static void Append(StringBuilder payload, Position? position)
    {
        if (position is { } value)
            Named(payload, "pos").Append(value.ToJson());
    }

    private static StringBuilder Named(StringBuilder payload, string name) =>
        payload.Append(payload[^1] == '{' ? "" : ",").Append('"').Append(name).Append("\":");
}
