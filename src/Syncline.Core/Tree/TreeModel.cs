using System.Text;
using System.Text.Json;
using Syncline.Core.Json;
using Syncline.Core.Operations;

namespace Syncline.Core.Tree;

/// <summary>
/// RepTree's replicated tree. Scope <c>tree</c>, resource = tree id, actor = peer id, clock = counter; the payload is RepTree's whole
/// operation (docs/protocol.md, "Trees").
/// </summary>
/// <param name="limits">How much may wait for vertices that are not known.</param>
public sealed class TreeModel(TreeLimits limits) : IModel
{
    /// <summary>The id of the vertex that deleted ones are moved under.</summary>
    public const string TrashId = "0";

    private const int KeyBytesMax = 256;

    /// <summary>The scope of trees.</summary>
    public static Scope Scope { get; } = new("tree");

    /// <inheritdoc />
    public IReadOnlyCollection<Scope> Scopes { get; } = [Scope];

    /// <inheritdoc />
    public IModelState CreateState() => new TreesState(limits);

    /// <inheritdoc />
    public Refusal? Read(in OperationId id, JsonText payload, out IModel.Reading reading)
    {
        reading = default;
        if (!Identifiers.IsPeer(id.Actor.Value))
            return Invalid("a tree's peer id is [0-9a-z-]{1,64}");
        if (id.ResourceId.Value == TrashId)
            return Invalid($"\"{TrashId}\" is the trash of every tree, not a tree");
        if (ReadBare(payload.Utf8.Span, out Bare bare) is { } refusal)
            return refusal;
        if (bare.PeerId != id.Actor.Value || bare.Counter != id.Clock)
            return Invalid("the payload's id does not agree with actor and clock");
        reading = new IModel.Reading(bare.Operation, JsonNormalForm.Hash(payload.Utf8.Span, "transient"u8), bare.IsTransient);
        return null;
    }

    /// <summary>Reads RepTree's own JSON of an operation, and the identity in it.</summary>
    /// <param name="json">One well-formed JSON value.</param>
    /// <param name="operation">What was read.</param>
    public static Refusal? ReadBare(ReadOnlySpan<byte> json, out Bare operation)
    {
        operation = default;
        Utf8JsonReader reader = new(json, JsonNormalForm.AnyDepth);
        reader.Read();
        if (reader.TokenType != JsonTokenType.StartObject)
            return Invalid("an operation is an object");

        string? peerId = null;
        string? targetId = null;
        string? parentId = null;
        string? key = null;
        JsonText? value = null;
        JsonNumber.IntegerKind? counterKind = null;
        long counter = 0;
        bool hasParent = false;
        bool transient = false;
        while (reader.Read() && reader.TokenType == JsonTokenType.PropertyName)
        {
            if (JsonStrings.NameIs(ref reader, "id"u8))
            {
                reader.Read();
                if (ReadId(ref reader, out peerId, out counterKind, out counter) is { } refusal)
                    return refusal;
            }
            else if (JsonStrings.NameIs(ref reader, "targetId"u8))
            {
                reader.Read();
                if (!TryReadVertexId(ref reader, out targetId))
                    return Invalid("targetId is no valid id");
            }
            else if (JsonStrings.NameIs(ref reader, "parentId"u8))
            {
                reader.Read();
                hasParent = true;
                if (reader.TokenType != JsonTokenType.Null && !TryReadVertexId(ref reader, out parentId))
                    return Invalid("parentId is neither null nor a valid id");
            }
            else if (JsonStrings.NameIs(ref reader, "key"u8))
            {
                reader.Read();
                if (reader.TokenType != JsonTokenType.String || !JsonStrings.TryGetText(ref reader, out key))
                    return Invalid("key is not a text");
                if (Encoding.UTF8.GetByteCount(key) > KeyBytesMax || Identifiers.ReservedNames.Contains(key))
                    return Invalid($"key is at most {KeyBytesMax} bytes and no reserved name");
            }
            else if (JsonStrings.NameIs(ref reader, "value"u8))
            {
                reader.Read();
                int start = (int)reader.TokenStartIndex;
                reader.Skip();
                value = new JsonText(json[start..(int)reader.BytesConsumed].ToArray());
            }
            else if (JsonStrings.NameIs(ref reader, "transient"u8))
            {
                reader.Read();
                if (reader.TokenType is not (JsonTokenType.True or JsonTokenType.False))
                    return Invalid("transient is not true or false");
                transient = reader.TokenType == JsonTokenType.True;
            }
            else
            {
                reader.Read();
                reader.Skip();
            }
        }

        if (counterKind is null)
            return Invalid("the member id is missing");
        if (targetId is null)
            return Invalid("the member targetId is missing");
        if (hasParent == key is not null)
            return Invalid("an operation has either parentId or key");
        if (hasParent && transient)
            return Invalid("a move is never transient");
        operation = new Bare(
            counter,
            peerId!,
            hasParent ? new TreeOperation.Move(targetId, parentId) : new TreeOperation.SetProperty(targetId, key!, value),
            transient);
        return null;
    }

    private static Refusal? ReadId(ref Utf8JsonReader reader, out string? peerId, out JsonNumber.IntegerKind? kind, out long counter)
    {
        peerId = null;
        kind = null;
        counter = 0;
        if (reader.TokenType != JsonTokenType.StartObject)
            return Invalid("id is not an object");
        while (reader.Read() && reader.TokenType == JsonTokenType.PropertyName)
        {
            if (JsonStrings.NameIs(ref reader, "counter"u8))
            {
                reader.Read();
                if (reader.TokenType != JsonTokenType.Number)
                    return Invalid("id.counter is not a number");
                kind = JsonNumber.ReadInteger(reader.ValueSpan, out counter);
            }
            else if (JsonStrings.NameIs(ref reader, "peerId"u8))
            {
                reader.Read();
                if (reader.TokenType != JsonTokenType.String || !JsonStrings.TryGetText(ref reader, out peerId) || !Identifiers.IsPeer(peerId))
                    return Invalid("id.peerId is not [0-9a-z-]{1,64}, or a reserved name");
            }
            else
            {
                reader.Read();
                reader.Skip();
            }
        }

        if (kind is null || peerId is null)
            return Invalid("id has counter and peerId");
        return kind == JsonNumber.IntegerKind.NotAnInteger ? Invalid("id.counter is not an integer") : null;
    }

    private static bool TryReadVertexId(ref Utf8JsonReader reader, out string? id)
    {
        id = null;
        return reader.TokenType == JsonTokenType.String && JsonStrings.TryGetText(ref reader, out id) && Identifiers.IsGeneral(id);
    }

    private static Refusal Invalid(string detail) => new(ErrorCodes.InvalidOperation, detail);

    /// <summary>RepTree's operation: its own id and what it does.</summary>
    public readonly record struct Bare(long Counter, string PeerId, TreeOperation Operation, bool IsTransient);
}
