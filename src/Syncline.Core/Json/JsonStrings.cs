using System.Buffers;
using System.Diagnostics;
using System.Diagnostics.CodeAnalysis;
using System.Globalization;
using System.Text;
using System.Text.Json;
using System.Text.Unicode;

namespace Syncline.Core.Json;

/// <summary>
/// Reads JSON strings where the framework's reader would throw: JavaScript writes a lone surrogate as an escape, which has no UTF-8 form.
/// Here it becomes the three bytes that its number would have (WTF-8), so that texts with it can be hashed and compared.
/// </summary>
internal static class JsonStrings
{
    private const int LoneSurrogateBytes = 3;

    /// <summary>Undoes the escapes of a well-formed JSON string's inside.</summary>
    /// <param name="escaped">The text between the quotation marks.</param>
    /// <param name="destination">At least as long as <paramref name="escaped"/>.</param>
    /// <returns>The bytes written.</returns>
    public static int Unescape(ReadOnlySpan<byte> escaped, Span<byte> destination)
    {
        int read = 0;
        int written = 0;
        while (read < escaped.Length)
        {
            byte current = escaped[read];
            if (current != (byte)'\\')
            {
                destination[written++] = current;
                read++;
                continue;
            }

            byte kind = escaped[read + 1];
            read += 2;
            if (kind != (byte)'u')
            {
                destination[written++] = kind switch
                {
                    (byte)'b' => (byte)'\b',
                    (byte)'f' => (byte)'\f',
                    (byte)'n' => (byte)'\n',
                    (byte)'r' => (byte)'\r',
                    (byte)'t' => (byte)'\t',
                    _ => kind,
                };
                continue;
            }

            int unit = HexUnit(escaped[read..]);
            read += 4;
            if (char.IsHighSurrogate((char)unit) && read + 6 <= escaped.Length && escaped[read] == (byte)'\\' && escaped[read + 1] == (byte)'u')
            {
                int low = HexUnit(escaped[(read + 2)..]);
                if (char.IsLowSurrogate((char)low))
                {
                    unit = char.ConvertToUtf32((char)unit, (char)low);
                    read += 6;
                }
            }

            written += Encode(unit, destination[written..]);
        }

        return written;
    }

    /// <summary>The string that <paramref name="reader"/> stands on; false when it is no text: a lone surrogate, or bytes that are not UTF-8.</summary>
    public static bool TryGetText(ref Utf8JsonReader reader, [NotNullWhen(true)] out string? text)
    {
        Debug.Assert(reader.TokenType is JsonTokenType.String or JsonTokenType.PropertyName, "not on a string");
        if (!reader.ValueIsEscaped)
        {
            text = Utf8.IsValid(reader.ValueSpan) ? Encoding.UTF8.GetString(reader.ValueSpan) : null;
            return text is not null;
        }

        byte[] buffer = ArrayPool<byte>.Shared.Rent(reader.ValueSpan.Length);
        int length = Unescape(reader.ValueSpan, buffer);
        bool valid = Utf8.IsValid(buffer.AsSpan(0, length));
        text = valid ? Encoding.UTF8.GetString(buffer, 0, length) : null;
        ArrayPool<byte>.Shared.Return(buffer);
        return valid;
    }

    /// <summary>Whether the string or name that <paramref name="reader"/> stands on is <paramref name="name"/>, however it is escaped.</summary>
    public static bool NameIs(ref Utf8JsonReader reader, ReadOnlySpan<byte> name)
    {
        if (!reader.ValueIsEscaped)
            return reader.ValueSpan.SequenceEqual(name);
        byte[] buffer = ArrayPool<byte>.Shared.Rent(reader.ValueSpan.Length);
        bool equal = buffer.AsSpan(0, Unescape(reader.ValueSpan, buffer)).SequenceEqual(name);
        ArrayPool<byte>.Shared.Return(buffer);
        return equal;
    }

    /// <summary>
    /// The string that <paramref name="reader"/> stands on as JavaScript has it: a lone surrogate stays what it is. For texts that are kept and shown,
    /// not for ids.
    /// </summary>
    public static string GetText16(ref Utf8JsonReader reader)
    {
        if (!reader.ValueIsEscaped)
            return Encoding.UTF8.GetString(reader.ValueSpan);
        byte[] buffer = ArrayPool<byte>.Shared.Rent(reader.ValueSpan.Length);
        string text = FromWtf8(buffer.AsSpan(0, Unescape(reader.ValueSpan, buffer)));
        ArrayPool<byte>.Shared.Return(buffer);
        return text;
    }

    /// <summary>UTF-8, in which a lone surrogate takes three bytes.</summary>
    public static byte[] ToWtf8(string text)
    {
        if (!text.AsSpan().ContainsAnyInRange('\uD800', '\uDFFF'))
            return Encoding.UTF8.GetBytes(text);
        byte[] bytes = new byte[text.Length * 3];
        int length = 0;
        for (int i = 0; i < text.Length; i++)
        {
            bool isPair = i + 1 < text.Length && char.IsSurrogatePair(text[i], text[i + 1]);
            length += Encode(isPair ? char.ConvertToUtf32(text[i], text[i + 1]) : text[i], bytes.AsSpan(length));
            i += isPair ? 1 : 0;
        }

        return bytes[..length];
    }

    /// <summary>Whether <see cref="ToWtf8"/> may have written these bytes.</summary>
    public static bool IsWtf8(ReadOnlySpan<byte> bytes)
    {
        if (Utf8.IsValid(bytes))
            return true;
        while (!bytes.IsEmpty)
        {
            if (Rune.DecodeFromUtf8(bytes, out _, out int length) == OperationStatus.Done)
                bytes = bytes[length..];
            else if (IsLoneSurrogate(bytes))
                bytes = bytes[LoneSurrogateBytes..];
            else
                return false;
        }

        return true;
    }

    /// <summary>What <see cref="ToWtf8"/> was given.</summary>
    /// <exception cref="InvalidDataException">It did not write these bytes.</exception>
    public static string FromWtf8(ReadOnlySpan<byte> bytes)
    {
        if (Utf8.IsValid(bytes))
            return Encoding.UTF8.GetString(bytes);
        StringBuilder text = new(bytes.Length);
        while (!bytes.IsEmpty)
        {
            if (Rune.DecodeFromUtf8(bytes, out Rune rune, out int length) == OperationStatus.Done)
            {
                text.Append(rune);
            }
            else if (IsLoneSurrogate(bytes))
            {
                text.Append((char)(0xD000 | ((bytes[1] & 0x3F) << 6) | (bytes[2] & 0x3F)));
                length = LoneSurrogateBytes;
            }
            else
            {
                throw new InvalidDataException("The bytes are no text.");
            }

            bytes = bytes[length..];
        }

        return text.ToString();
    }

    private static bool IsLoneSurrogate(ReadOnlySpan<byte> bytes) =>
        bytes.Length >= LoneSurrogateBytes && bytes[0] == 0xED && bytes[1] is >= 0xA0 and <= 0xBF && bytes[2] is >= 0x80 and <= 0xBF;

    /// <summary>Writes a text as a JSON string that gives it back, lone surrogates included.</summary>
    public static void AppendQuoted(StringBuilder json, string text)
    {
        json.Append('"');
        int plain = 0;
        for (int i = 0; i < text.Length; i++)
        {
            char unit = text[i];
            if (char.IsHighSurrogate(unit) && i + 1 < text.Length && char.IsLowSurrogate(text[i + 1]))
            {
                i++;
                continue;
            }

            bool isQuote = unit is '"' or '\\';
            if (!isQuote && !char.IsControl(unit) && !char.IsSurrogate(unit))
                continue;
            json.Append(text, plain, i - plain);
            plain = i + 1;
            if (isQuote)
                json.Append('\\').Append(unit);
            else
                json.Append(CultureInfo.InvariantCulture, $"\\u{(int)unit:x4}");
        }

        json.Append(text, plain, text.Length - plain).Append('"');
    }

    private static int HexUnit(ReadOnlySpan<byte> digits)
    {
        // The JSON reader has checked that these are four hexadecimal digits.
        int unit = 0;
        for (int i = 0; i < 4; i++)
            unit = (unit << 4) | (digits[i] <= (byte)'9' ? digits[i] - '0' : (digits[i] | 0x20) - 'a' + 10);
        return unit;
    }

    private static int Encode(int code, Span<byte> destination)
    {
        switch (code)
        {
            case < 0x80:
                destination[0] = (byte)code;
                return 1;
            case < 0x800:
                destination[0] = (byte)(0xC0 | (code >> 6));
                destination[1] = (byte)(0x80 | (code & 0x3F));
                return 2;
            case < 0x10000:
                destination[0] = (byte)(0xE0 | (code >> 12));
                destination[1] = (byte)(0x80 | ((code >> 6) & 0x3F));
                destination[2] = (byte)(0x80 | (code & 0x3F));
                return 3;
            default:
                destination[0] = (byte)(0xF0 | (code >> 18));
                destination[1] = (byte)(0x80 | ((code >> 12) & 0x3F));
                destination[2] = (byte)(0x80 | ((code >> 6) & 0x3F));
                destination[3] = (byte)(0x80 | (code & 0x3F));
                return 4;
        }
    }
}
