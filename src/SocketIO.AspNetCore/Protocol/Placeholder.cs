using System.Text.Json;

namespace SocketIO.AspNetCore.Protocol;

/// <summary>What stands in JSON for an attachment: <c>{"_placeholder":true,"num":0}</c>.</summary>
internal static class Placeholder
{
    private static readonly JsonEncodedText Mark = JsonEncodedText.Encode("_placeholder");
    private static readonly JsonEncodedText Number = JsonEncodedText.Encode("num");

    /// <summary>Whether a reader stands at one. The reader is a copy, and stays where it was.</summary>
    /// <param name="reader">At the beginning of an object.</param>
    /// <param name="number">Which attachment it says it stands for; -1 when it does not say.</param>
    public static bool TryRead(Utf8JsonReader reader, out long number)
    {
        number = -1;
        bool isMarked = false;
        while (reader.Read() && reader.TokenType == JsonTokenType.PropertyName)
        {
            // Clients do not escape these names; and what is escaped may be half of a surrogate pair, which cannot be compared.
            if (reader.ValueIsEscaped)
                return isMarked;
            if (reader.ValueTextEquals(Mark.EncodedUtf8Bytes))
                isMarked |= reader.Read() && reader.TokenType == JsonTokenType.True;
            else if (reader.ValueTextEquals(Number.EncodedUtf8Bytes))
                number = reader.Read() && reader.TokenType == JsonTokenType.Number && reader.TryGetInt64(out long value) ? value : -1;
            else
                return isMarked;
        }

        return isMarked;
    }

    public static void Write(Utf8JsonWriter json, int number)
    {
        json.WriteStartObject();
        json.WriteBoolean(Mark, value: true);
        json.WriteNumber(Number, number);
        json.WriteEndObject();
    }
}
