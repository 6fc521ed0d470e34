using System.Globalization;

namespace Syncline.Core.Json;

/// <summary>Numbers by their decimal value: 1, 1.0 and 1e0 are one number, and nothing is rounded.</summary>
internal static class JsonNumber
{
    /// <summary>Splits a well-formed JSON number into sign, significant digits without zeros at either end, and the power of ten of the last digit.</summary>
    /// <param name="text">The number's text.</param>
    /// <param name="digits">At least as long as <paramref name="text"/>; receives the digits.</param>
    public static (bool Negative, int DigitCount, long Exponent) Normalise(ReadOnlySpan<byte> text, Span<byte> digits)
    {
        bool negative = text[0] == (byte)'-';
        int count = 0;
        long exponent = 0;
        bool inFraction = false;
        int i = negative ? 1 : 0;
        for (; i < text.Length && (text[i] | 0x20) != 'e'; i++)
        {
            if (text[i] == (byte)'.')
            {
                inFraction = true;
                continue;
            }

            if (inFraction)
                exponent--;
            if (count > 0 || text[i] != (byte)'0')
                digits[count++] = text[i];
        }

        // An exponent too long for 64 bits saturates: such numbers differ from all that software writes, and only from each other not.
        if (i < text.Length)
        {
            ReadOnlySpan<byte> written = text[(i + 1)..];
            if (!long.TryParse(written, NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out long power))
                power = written[0] == (byte)'-' ? long.MinValue / 2 : long.MaxValue / 2;
            exponent += Math.Clamp(power, long.MinValue / 2, long.MaxValue / 2);
        }

        while (count > 0 && digits[count - 1] == (byte)'0')
        {
            count--;
            exponent++;
        }

        return count == 0 ? (false, 0, 0) : (negative, count, exponent);
    }

    /// <summary>How a number stands to the 64-bit integers.</summary>
    public enum IntegerKind
    {
        Integer,
        TooLarge,
        NotAnInteger,
    }

    /// <summary>Reads a number as an integer by its decimal value; one beyond 64 bits as the last integer on its side.</summary>
    public static IntegerKind ReadInteger(ReadOnlySpan<byte> text, out long value)
    {
        if (long.TryParse(text, NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out value))
            return IntegerKind.Integer;

        Span<byte> digits = text.Length <= 256 ? stackalloc byte[256] : new byte[text.Length];
        (bool negative, int count, long exponent) = Normalise(text, digits);
        if (exponent < 0)
            return IntegerKind.NotAnInteger;
        value = negative ? long.MinValue : long.MaxValue;
        if (count + exponent > 19)
            return IntegerKind.TooLarge;

        UInt128 magnitude = 0;
        foreach (byte digit in digits[..count])
            magnitude = (magnitude * 10) + (UInt128)(digit - '0');
        for (; exponent > 0; exponent--)
            magnitude *= 10;
        if (magnitude > (UInt128)long.MaxValue)
            return IntegerKind.TooLarge;
        value = negative ? -(long)magnitude : (long)magnitude;
        return IntegerKind.Integer;
    }
}
