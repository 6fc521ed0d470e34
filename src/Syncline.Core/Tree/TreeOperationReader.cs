using System.Buffers;
using System.Buffers.Text;
using System.Diagnostics.CodeAnalysis;
using System.Text;
using System.Text.Json;
using Syncline.Core.Json;
using Syncline.Core.Operations;

namespace Syncline.Core.Tree;

/// <summary>Reads RepTree's own JSON of an operation, and the identity in it.</summary>
/// <remarks>
/// Each operation of a cold tree passes through here, so what RepTree writes is recognised as it writes it: members in its order, no white
/// space, no escapes, plain values. That is one pass over the bytes without a token in between. Whatever looks
/// different in any place goes to the reader that understands everything, and both agree where both understand.
/// </remarks>
public static class TreeOperationReader
{
    private const int KeyBytesMax = 256;

    private static readonly SearchValues<byte> AfterScalar = SearchValues.Create(" \t\r\n,}"u8);

    private static readonly IdentifierCache Ids = new(4_096, Identifiers.IsGeneral);
    private static readonly IdentifierCache Peers = new(256, Identifiers.IsPeer);
    private static readonly IdentifierCache KeyTexts = new(256, IsPlainKey);

    /// <summary>Reads an operation.</summary>
    /// <param name="json">One well-formed JSON value. What it writes is a part of this memory, not a copy.</param>
    /// <param name="operation">What was read.</param>
    /// <returns>Null, or why it is none.</returns>
    public static Refusal? Read(ReadOnlyMemory<byte> json, out Bare operation) =>
        TryReadPlain(json, out operation) ? null : ReadAny(json, out operation);

    /// <summary>Reads what RepTree writes, in the form in which it writes it; false when anything is different.</summary>
    internal static bool TryReadPlain(ReadOnlyMemory<byte> text, out Bare operation)
    {
        ReadOnlySpan<byte> json = text.Span;
        operation = default;
        if (!TryTake(ref json, "{\"id\":{\"counter\":"u8)
            || !TryTakeCounter(ref json, out long counter)
            || !TryTake(ref json, ",\"peerId\":\""u8)
            || !TryTakeWord(ref json, Peers, out string? peer)
            || !TryTake(ref json, "\"},\"targetId\":\""u8)
            || !TryTakeWord(ref json, Ids, out string? targetId))
        {
            return false;
        }

        if (TryTake(ref json, "\",\"parentId\":"u8))
        {
            string? parentId = null;
            if (!(TryTake(ref json, "null}"u8) || (TryTake(ref json, "\""u8) && TryTakeWord(ref json, Ids, out parentId) && TryTake(ref json, "\"}"u8))) || json.Length > 0)
                return false;
            operation = new Bare(counter, peer, new TreeOperation.Move(targetId, parentId), IsTransient: false);
            return true;
        }

        if (!TryTake(ref json, "\",\"key\":\""u8)
            || !TryTakeWord(ref json, KeyTexts, out string? key)
            || !TryTake(ref json, "\""u8))
        {
            return false;
        }

        JsonText? value = null;
        if (TryTake(ref json, ",\"value\":"u8))
        {
            int length = LengthOfPlainValue(json);
            if (length == 0)
                return false;
            value = new JsonText(text.Slice(text.Length - json.Length, length));
            json = json[length..];
        }

        bool isTransient = TryTake(ref json, ",\"transient\":true"u8);
        if (!isTransient)
            TryTake(ref json, ",\"transient\":false"u8);
        if (!json.SequenceEqual("}"u8))
            return false;
        operation = new Bare(counter, peer, new TreeOperation.SetProperty(targetId, key, value), isTransient);
        return true;
    }

    private static bool TryTake(ref ReadOnlySpan<byte> json, ReadOnlySpan<byte> text)
    {
        if (!json.StartsWith(text))
            return false;
        json = json[text.Length..];
        return true;
    }

    private static bool TryTakeCounter(ref ReadOnlySpan<byte> json, out long counter)
    {
        bool isNumber = Utf8Parser.TryParse(json, out counter, out int length) && length < json.Length && json[length] == (byte)',';
        json = json[length..];
        return isNumber;
    }

    // A word that was taken before is good; another is checked, and one with an escape, or cut by it, is good for nothing here.
    private static bool TryTakeWord(ref ReadOnlySpan<byte> json, IdentifierCache words, [NotNullWhen(true)] out string? word)
    {
        word = null;
        int end = json.IndexOf((byte)'"');
        if (end is < 0 or > KeyBytesMax || !words.TryGet(json[..end], out word))
            return false;
        json = json[end..];
        return true;
    }

    private static bool IsPlainKey(string key) =>
        !key.Contains('\\', StringComparison.Ordinal) && !key.Any(char.IsControl) && !Identifiers.ReservedNames.Contains(key);

    // 0 where the value is not plain: an object, an array, a text with escapes, white space before it.
    private static int LengthOfPlainValue(ReadOnlySpan<byte> json)
    {
        switch (json[0])
        {
            case (byte)'"':
                int end = json[1..].IndexOfAny((byte)'"', (byte)'\\');
                return end >= 0 && json[end + 1] == (byte)'"' ? end + 2 : 0;
            case (byte)'-' or (>= (byte)'0' and <= (byte)'9') or (byte)'t' or (byte)'f' or (byte)'n':
                return Math.Max(0, json.IndexOfAny(AfterScalar));
            default:
                return 0;
        }
    }

    /// <summary>Reads any JSON: members in any order, white space, escapes, members that nobody knows; and tells what is wrong.</summary>
    internal static Refusal? ReadAny(ReadOnlyMemory<byte> json, out Bare operation)
    {
        operation = default;
        Utf8JsonReader reader = new(json.Span, JsonNormalForm.AnyDepth);
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
                value = new JsonText(json[start..(int)reader.BytesConsumed]);
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
