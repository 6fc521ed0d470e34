using System.Diagnostics.CodeAnalysis;

namespace Syncline.Core.Operations;

/// <summary>Which thing of its scope an operation changes: a tree, a list …</summary>
public readonly record struct ResourceId(string Value) : IParsable<ResourceId>
{
    /// <summary>Takes <paramref name="value"/> when it is <c>[0-9A-Za-z_-][0-9A-Za-z._:-]{0,127}</c> and not reserved.</summary>
    public static bool TryParse([NotNullWhen(true)] string? value, out ResourceId result)
    {
        bool valid = Identifiers.IsGeneral(value);
        result = valid ? new ResourceId(value!) : default;
        return valid;
    }

    /// <inheritdoc />
    public static bool TryParse([NotNullWhen(true)] string? s, IFormatProvider? provider, out ResourceId result) => TryParse(s, out result);

    /// <inheritdoc />
    public static ResourceId Parse(string s, IFormatProvider? provider) =>
        TryParse(s, out ResourceId result) ? result : throw new FormatException($"'{s}' is no resource id");

    /// <inheritdoc />
    public override string ToString() => Value;
}
