using System.Globalization;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Primitives;
using Syncline.Core.Operations;

namespace Syncline.AspNetCore.Doors;

/// <summary>Reads query parameters; what is not of its type is <c>invalid_request</c> and named.</summary>
internal static class Query
{
    /// <summary>An integer of at least 0, or <paramref name="absent"/>.</summary>
    public static long Integer(this IQueryCollection query, string name, long absent)
    {
        if (!query.TryGetValue(name, out StringValues text))
            return absent;
        if (long.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out long value))
            return value;

        // Digits only, and more than 64 bits: above every limit, which lowers it.
        return text.ToString() is { Length: > 0 } digits && digits.All(char.IsAsciiDigit)
            ? long.MaxValue
            : throw JsonBody.Invalid($"{name} is not an integer of at least 0");
    }

    /// <summary>A number of seconds of at least 0; 0 when absent.</summary>
    public static TimeSpan Seconds(this IQueryCollection query, string name)
    {
        if (!query.TryGetValue(name, out StringValues text))
            return TimeSpan.Zero;

        // Whatever the style, .NET takes "NaN" and "Infinity" for numbers.
        return double.TryParse(text, NumberStyles.AllowDecimalPoint | NumberStyles.AllowExponent, CultureInfo.InvariantCulture, out double value) && double.IsFinite(value)
            ? ToTime(value)
            : throw JsonBody.Invalid($"{name} is not a number of seconds of at least 0");
    }

    /// <summary>True or false; false when absent.</summary>
    public static bool Flag(this IQueryCollection query, string name)
    {
        if (!query.TryGetValue(name, out StringValues text))
            return false;
        return bool.TryParse(text, out bool value) ? value : throw JsonBody.Invalid($"{name} is not true or false");
    }

    /// <summary>A text, or null.</summary>
    public static string? Text(this IQueryCollection query, string name) =>
        query.TryGetValue(name, out StringValues text) && text.ToString() is { Length: > 0 } value ? value : null;

    /// <summary>All values of a repeatable parameter, each of its type.</summary>
    public static IEnumerable<T> All<T>(this IQueryCollection query, string name)
        where T : IParsable<T>
    {
        foreach (string? text in query[name])
        {
            yield return T.TryParse(text, CultureInfo.InvariantCulture, out T? value)
                ? value
                : throw JsonBody.Invalid($"{name} has an invalid value");
        }
    }

    /// <summary>The epoch that a cursor belongs to; needed where the cursor is not 0.</summary>
    public static Epoch? EpochOf(string? text, long after)
    {
        if (text is null && after > 0)
            throw JsonBody.Missing("epoch");
        return text is null ? null : new Epoch(text);
    }

    /// <summary>A client's id, where it gives one.</summary>
    public static string? ClientId(string? text) =>
        text is null || ActorId.TryParse(text, out _) ? text : throw JsonBody.Invalid("clientId is no valid id");

    /// <summary>Seconds as a time, lowered to what a time can hold.</summary>
    public static TimeSpan ToTime(double seconds) => TimeSpan.FromSeconds(Math.Min(seconds, 1e9));
}
