using System.Diagnostics.CodeAnalysis;

namespace Syncline.Core.Operations;

/// <summary>What kind of thing an operation changes: <c>tree</c>, <c>list</c>, an application's own …</summary>
public readonly record struct Scope(string Value) : IParsable<Scope>
{
    /// <summary>Takes <paramref name="value"/> when it is <c>[a-z][a-z0-9.-]{0,31}</c> and not reserved.</summary>
    public static bool TryParse([NotNullWhen(true)] string? value, out Scope result)
    {
        bool valid = Identifiers.IsScope(value);
        result = valid ? new Scope(value!) : default;
        return valid;
    }

    /// <inheritdoc />
    public static bool TryParse([NotNullWhen(true)] string? s, IFormatProvider? provider, out Scope result) => TryParse(s, out result);

    /// <inheritdoc />
    public static Scope Parse(string s, IFormatProvider? provider) =>
        TryParse(s, out Scope result) ? result : throw new FormatException($"'{s}' is no scope");

    /// <inheritdoc />
    public override string ToString() => Value;
}
