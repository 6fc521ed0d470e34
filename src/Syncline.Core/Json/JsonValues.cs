using System.Globalization;
using System.Text;
using System.Text.Json;

namespace Syncline.Core.Json;

/// <summary>Plain JSON values as .NET has them.</summary>
public static class JsonValues
{
    /// <summary>A text, a lone surrogate in it as an escape, as JavaScript writes it.</summary>
    public static JsonText Of(string text)
    {
        StringBuilder json = new(text.Length + 2);
        JsonStrings.AppendQuoted(json, text);
        return JsonText.From(json.ToString());
    }

    /// <summary>A number, so that reading gives the same back.</summary>
    /// <exception cref="ArgumentException">It is not finite: JSON has no such numbers.</exception>
    public static JsonText Of(double number) => double.IsFinite(number)
        ? JsonText.From(number.ToString("R", CultureInfo.InvariantCulture))
        : throw new ArgumentException($"JSON has no number for {number.ToString(CultureInfo.InvariantCulture)}", nameof(number));

    /// <summary>True or false.</summary>
    public static JsonText Of(bool flag) => JsonText.From(flag ? "true" : "false");

    /// <summary>The text that a value is; null when it is something else.</summary>
    public static string? TextOf(JsonText value)
    {
        Utf8JsonReader reader = Read(value);
        return reader.TokenType == JsonTokenType.String ? JsonStrings.GetText16(ref reader) : null;
    }

    /// <summary>The number that a value is, as JavaScript has it; null when it is something else. One beyond the doubles is an infinity.</summary>
    public static double? NumberOf(JsonText value)
    {
        Utf8JsonReader reader = Read(value);
        return reader.TokenType == JsonTokenType.Number ? double.Parse(reader.ValueSpan, NumberStyles.Float, CultureInfo.InvariantCulture) : null;
    }

    /// <summary>True or false, when a value is one of them; else null.</summary>
    public static bool? FlagOf(JsonText value) => Read(value).TokenType switch
    {
        JsonTokenType.True => true,
        JsonTokenType.False => false,
        _ => null,
    };

    /// <summary>Whether bytes are one well-formed JSON value, and nothing beside it.</summary>
    public static bool IsOne(ReadOnlySpan<byte> utf8)
    {
        Utf8JsonReader reader = new(utf8, JsonNormalForm.AnyDepth);
        try
        {
            while (reader.Read())
            {
            }

            return true;
        }
        catch (JsonException)
        {
            return false;
        }
    }

    private static Utf8JsonReader Read(JsonText value)
    {
        Utf8JsonReader reader = new(value.Utf8.Span, JsonNormalForm.AnyDepth);
        reader.Read();
        return reader;
    }
}
