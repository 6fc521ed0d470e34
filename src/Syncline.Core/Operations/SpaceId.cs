using System.Diagnostics.CodeAnalysis;

namespace Syncline.Core.Operations;

/// <summary>The unit of access: names a space, its log, and its file.</summary>
public readonly record struct SpaceId(string Value) : IParsable<SpaceId>
{
    /// <summary>Takes <paramref name="value"/> when it is <c>[0-9a-z][0-9a-z_-]{1,63}</c>, a file name on every system, and not reserved.</summary>
    public static bool TryParse([NotNullWhen(true)] string? value, out SpaceId result)
    {
        bool valid = Identifiers.IsSpace(value);
        result = valid ? new SpaceId(value!) : default;
        return valid;
    }

    /// <inheritdoc />
    public static bool TryParse([NotNullWhen(true)] string? s, IFormatProvider? provider, out SpaceId result) => TryParse(s, out result);

    /// <inheritdoc />
    public static SpaceId Parse(string s, IFormatProvider? provider) =>
        TryParse(s, out SpaceId result) ? result : throw new FormatException($"'{s}' is no space id");

    /// <inheritdoc />
    public override string ToString() => Value;
}
