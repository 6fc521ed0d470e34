using System.Text.Json;
using Syncline.Core.Operations;
using Syncline.Core.Tree;

namespace Syncline.AspNetCore.Doors;

/// <summary>
/// Reads the envelope of a request member by member over the raw text, so that whatever is inside an operation stays that operation's
/// affair. Unknown members are passed over; a known one of the wrong type is named.
/// </summary>
internal ref struct JsonBody
{
    private readonly ReadOnlySpan<byte> _text;
    private Utf8JsonReader _reader;

    public JsonBody(ReadOnlySpan<byte> text)
    {
        _text = text;
        _reader = new Utf8JsonReader(text, RequestBody.AnyDepth);
        if (!Advance() || _reader.TokenType != JsonTokenType.StartObject)
            throw Invalid("the body is not a JSON object");
    }

    /// <summary>Moves to the next member of the outermost object; null after the last.</summary>
    public string? NextMember()
    {
        Advance();
        if (_reader.TokenType == JsonTokenType.EndObject)
        {
            if (Advance())
                throw Invalid("the body has more than one JSON value");
            return null;
        }

        string name = Text("a member's name");
        Advance();
        return name;
    }

    /// <summary>Passes over the value.</summary>
    public void Skip()
    {
        try
        {
            _reader.Skip();
        }
        catch (JsonException)
        {
            throw NotJson();
        }
    }

    /// <summary>A text, or null for JSON's null.</summary>
    public string? OptionalText(string member) => _reader.TokenType == JsonTokenType.Null ? null : RequiredText(member);

    /// <summary>A text.</summary>
    public string RequiredText(string member) =>
        _reader.TokenType == JsonTokenType.String ? Text(member) : throw Invalid($"{member} is not a text");

    /// <summary>A number that is not negative; null for JSON's null.</summary>
    public double? OptionalNumber(string member)
    {
        if (_reader.TokenType == JsonTokenType.Null)
            return null;
        return _reader.TokenType == JsonTokenType.Number && _reader.TryGetDouble(out double number) && number >= 0
            ? number
            : throw Invalid($"{member} is not a number of at least 0");
    }

    /// <summary>An integer that is not negative; null for JSON's null.</summary>
    public long? OptionalInteger(string member)
    {
        if (_reader.TokenType == JsonTokenType.Null)
            return null;
        return _reader.TokenType == JsonTokenType.Number && _reader.TryGetInt64(out long number) && number >= 0
            ? number
            : throw Invalid($"{member} is not an integer of at least 0");
    }

    /// <summary>True or false; false for JSON's null.</summary>
    public readonly bool Flag(string member) => _reader.TokenType switch
    {
        JsonTokenType.True => true,
        JsonTokenType.False or JsonTokenType.Null => false,
        _ => throw Invalid($"{member} is not true or false"),
    };

    /// <summary>Whether the value is JSON's null.</summary>
    public readonly bool IsNull => _reader.TokenType == JsonTokenType.Null;

    /// <summary>Begins an array; then <see cref="NextItem"/>.</summary>
    public readonly void BeginArray(string member)
    {
        if (_reader.TokenType != JsonTokenType.StartArray)
            throw Invalid($"{member} is not an array");
    }

    /// <summary>Moves to the next item of the array; false after the last.</summary>
    public bool NextItem() => Advance() && _reader.TokenType != JsonTokenType.EndArray;

    /// <summary>Begins an object; then <see cref="NextKey"/>.</summary>
    public readonly void BeginObject(string member)
    {
        if (_reader.TokenType != JsonTokenType.StartObject)
            throw Invalid($"{member} is not an object");
    }

    /// <summary>Moves to the value of the next member of an inner object; null after the last.</summary>
    public string? NextKey()
    {
        Advance();
        if (_reader.TokenType == JsonTokenType.EndObject)
            return null;
        string name = Text("a member's name");
        Advance();
        return name;
    }

    /// <summary>The raw text of the value; the next move passes it.</summary>
    public ReadOnlySpan<byte> Raw() => _text[Place()];

    /// <summary>Where the raw text of the value stands in the body's; the next move passes it.</summary>
    public Range Place()
    {
        int start = (int)_reader.TokenStartIndex;
        Skip();
        return start..(int)_reader.BytesConsumed;
    }

    /// <summary>A state vector.</summary>
    public StateVector StateVector()
    {
        try
        {
            return Core.Tree.StateVector.Read(ref _reader, out string? problem) ?? throw Invalid(problem!);
        }
        catch (JsonException)
        {
            throw NotJson();
        }
    }

    /// <summary>What is wrong with the request.</summary>
    public static RequestException Invalid(string detail) => new(ErrorCodes.InvalidRequest, detail);

    /// <summary>That a member is missing.</summary>
    public static RequestException Missing(string member) => Invalid($"the member {member} is missing");

    private static RequestException NotJson() => Invalid("the body is not JSON");

    private bool Advance()
    {
        try
        {
            return _reader.Read();
        }
        catch (JsonException)
        {
            throw NotJson();
        }
    }

    private readonly string Text(string member)
    {
        try
        {
            return _reader.GetString()!;
        }
        catch (InvalidOperationException)
        {
            throw Invalid($"{member} has half of a surrogate pair and is no text");
        }
    }
}
