using System.Text.Json;
using Syncline.Core.Json;
using Syncline.Core.Operations;

namespace Syncline.Core.Lists;

/// <summary>
/// Reads operations of lists as JavaScript clients write them: mostly their whole operation, in which what stands here among other members is looked
/// for by name (docs/protocol.md, "Task lists").
/// </summary>
internal static class ListOperationReader
{
    private static readonly IdentifierCache Ids = new(4_096, Identifiers.IsGeneral);

    private static readonly (string Name, Kind Kind)[] Kinds =
    [
        ("insert", Kind.Insert),
        ("remove", Kind.Remove),
        ("move", Kind.Move),
        ("update", Kind.Update),
        ("createList", Kind.CreateList),
        ("removeList", Kind.RemoveList),
        ("reorderList", Kind.ReorderList),
        ("renameList", Kind.RenameList),
    ];

    /// <summary>Reads what an operation writes.</summary>
    /// <param name="id">Its identity; the resource is the list of a <c>list</c> operation.</param>
    /// <param name="json">One well-formed JSON value, no member name repeated in an object.</param>
    /// <returns>Null when the shape is not known, or nothing is written.</returns>
    public static ListOperation? Read(in OperationId id, ReadOnlySpan<byte> json)
    {
        Utf8JsonReader reader = new(json, JsonNormalForm.AnyDepth);
        reader.Read();
        Members members = default;
        if (!TryReadOperation(ref reader, ref members))
            return null;
        return id.Scope == ListModel.RegistryScope ? OfRegistry(members) : OfList(id.ResourceId.Value, members);
    }

    private static ListOperation.WriteList? OfRegistry(Members members)
    {
        if ((members.ItemId ?? members.ListId) is not { } listId)
            return null;
        return members.Kind switch
        {
            Kind.CreateList => new ListOperation.WriteList(listId, members.Title, members.Position, IsDeleted: false),
            Kind.RemoveList => new ListOperation.WriteList(listId, Title: null, Position: null, IsDeleted: true),
            Kind.ReorderList when members.Position is { } position => new ListOperation.WriteList(listId, Title: null, position, IsDeleted: null),
            Kind.RenameList when members.Title is { } title => new ListOperation.WriteList(listId, title, Position: null, IsDeleted: null),
            _ => null,
        };
    }

    private static ListOperation? OfList(string homeId, Members members)
    {
        if (members.Kind == Kind.RenameList)
            return members.Title is { } title ? new ListOperation.WriteList(homeId, title, Position: null, IsDeleted: null) : null;
        if (members.ItemId is not { } taskId)
            return null;
        return members.Kind switch
        {
            Kind.Insert => new ListOperation.WriteTask(homeId, taskId)
            {
                Text = members.Text,
                IsDone = members.IsDone,
                Note = members.Note,
                Place = members.Position is { } position ? new Place(homeId, position) : null,
                IsDeleted = false,
            },
            Kind.Remove => new ListOperation.WriteTask(homeId, taskId) { IsDeleted = true },
            Kind.Move when members.Position is not null || members.ListId is not null => new ListOperation.WriteTask(homeId, taskId)
            {
                Place = new Place(members.ListId ?? homeId, members.Position ?? default),
            },
            Kind.Update when members.Text is not null || members.IsDone is not null || members.Note is not null =>
                new ListOperation.WriteTask(homeId, taskId) { Text = members.Text, IsDone = members.IsDone, Note = members.Note },
            _ => null,
        };
    }

    // False when a member that counts is not of its type. Which members count does not depend on the operation's kind: that may come last.
    private static bool TryReadOperation(ref Utf8JsonReader reader, ref Members members)
    {
        if (reader.TokenType != JsonTokenType.StartObject)
            return false;
        while (reader.Read() && reader.TokenType == JsonTokenType.PropertyName)
        {
            bool isGood = true;
            if (JsonStrings.NameIs(ref reader, "type"u8))
            {
                reader.Read();
                members.Kind = KindOf(ref reader);
                isGood = members.Kind != Kind.Unknown;
            }
            else if (JsonStrings.NameIs(ref reader, "itemId"u8))
            {
                reader.Read();
                isGood = TryReadId(ref reader, out members.ItemId);
            }
            else if (JsonStrings.NameIs(ref reader, "listId"u8))
            {
                reader.Read();
                isGood = TryReadId(ref reader, out members.ListId);
            }
            else if (JsonStrings.NameIs(ref reader, "payload"u8))
            {
                reader.Read();
                isGood = reader.TokenType == JsonTokenType.Null || TryReadPayload(ref reader, ref members);
            }
            else
            {
                reader.Read();
                reader.Skip();
            }

            if (!isGood)
                return false;
        }

        return true;
    }

    private static bool TryReadPayload(ref Utf8JsonReader reader, ref Members members)
    {
        if (reader.TokenType != JsonTokenType.StartObject)
            return false;
        while (reader.Read() && reader.TokenType == JsonTokenType.PropertyName)
        {
            bool isGood = true;
            if (JsonStrings.NameIs(ref reader, "title"u8))
            {
                reader.Read();
                isGood = TryReadText(ref reader, out members.Title);
            }
            else if (JsonStrings.NameIs(ref reader, "pos"u8))
            {
                reader.Read();
                isGood = TryReadPosition(ref reader, out members.Position);
            }
            else if (JsonStrings.NameIs(ref reader, "data"u8))
            {
                reader.Read();
                isGood = reader.TokenType == JsonTokenType.Null || TryReadData(ref reader, ref members.Inner);
            }
            else
            {
                isGood = TryReadField(ref reader, ref members.Outer);
            }

            if (!isGood)
                return false;
        }

        return true;
    }

    private static bool TryReadData(ref Utf8JsonReader reader, ref Fields fields)
    {
        if (reader.TokenType != JsonTokenType.StartObject)
            return false;
        while (reader.Read() && reader.TokenType == JsonTokenType.PropertyName)
        {
            if (!TryReadField(ref reader, ref fields))
                return false;
        }

        return true;
    }

    private static bool TryReadField(ref Utf8JsonReader reader, ref Fields fields)
    {
        bool isText = JsonStrings.NameIs(ref reader, "text"u8);
        bool isNote = !isText && JsonStrings.NameIs(ref reader, "note"u8);
        bool isDone = !isText && !isNote && JsonStrings.NameIs(ref reader, "done"u8);
        reader.Read();
        if (isText)
            return TryReadText(ref reader, out fields.Text);
        if (isNote)
            return TryReadText(ref reader, out fields.Note);
        if (isDone)
            return TryReadFlag(ref reader, out fields.IsDone);
        reader.Skip();
        return true;
    }

    // Those clients take an empty id for none.
    private static bool TryReadId(ref Utf8JsonReader reader, out string? id)
    {
        id = null;
        if (reader.TokenType == JsonTokenType.Null || (reader.TokenType == JsonTokenType.String && reader.ValueSpan.IsEmpty))
            return true;
        if (reader.TokenType != JsonTokenType.String)
            return false;
        return reader.ValueIsEscaped ? JsonStrings.TryGetText(ref reader, out id) && Identifiers.IsGeneral(id) : Ids.TryGet(reader.ValueSpan, out id);
    }

    private static bool TryReadText(ref Utf8JsonReader reader, out string? text)
    {
        text = reader.TokenType == JsonTokenType.String ? JsonStrings.GetText16(ref reader) : null;
        return text is not null || reader.TokenType == JsonTokenType.Null;
    }

    private static bool TryReadFlag(ref Utf8JsonReader reader, out bool? flag)
    {
        flag = reader.TokenType switch
        {
            JsonTokenType.True => true,
            JsonTokenType.False => false,
            JsonTokenType.String when JsonStrings.NameIs(ref reader, "true"u8) => true,
            JsonTokenType.String when JsonStrings.NameIs(ref reader, "false"u8) => false,
            _ => null,
        };
        return flag is not null || reader.TokenType == JsonTokenType.Null;
    }

    private static bool TryReadPosition(ref Utf8JsonReader reader, out Position? position)
    {
        position = Position.TryRead(ref reader, out Position read) ? read : null;
        return position is not null || reader.TokenType == JsonTokenType.Null;
    }

    private static Kind KindOf(ref Utf8JsonReader reader)
    {
        if (reader.TokenType != JsonTokenType.String)
            return Kind.Unknown;
        foreach ((string name, Kind kind) in Kinds)
        {
            if (reader.ValueTextEquals(name))
                return kind;
        }

        return Kind.Unknown;
    }

    private enum Kind
    {
        Unknown,
        Insert,
        Remove,
        Move,
        Update,
        CreateList,
        RemoveList,
        ReorderList,
        RenameList,
    }

    /// <summary>What was read; null where it is absent, or null.</summary>
    private struct Members
    {
        public Kind Kind;
        public string? ItemId;
        public string? ListId;
        public string? Title;
        public Position? Position;
        public Fields Outer;
        public Fields Inner;

        public readonly string? Text => Inner.Text ?? Outer.Text;

        public readonly bool? IsDone => Inner.IsDone ?? Outer.IsDone;

        public readonly string? Note => Inner.Note ?? Outer.Note;
    }

    /// <summary>What stands in the payload, or one deeper in its <c>data</c>, which counts where both have it.</summary>
    private struct Fields
    {
        public string? Text;
        public bool? IsDone;
        public string? Note;
    }
}
