using System.Diagnostics.CodeAnalysis;

namespace Syncline.Core.Operations;

/// <summary>Who numbers operations: one per local store, never shared by two processes, never reused.</summary>
public readonly record struct ActorId(string Value) : IParsable<ActorId>
{
    /// <summary>Takes <paramref name="value"/> when it is <c>[0-9A-Za-z_-][0-9A-Za-z._:-]{0,127}</c> and not reserved.</summary>
    public static bool TryParse([NotNullWhen(true)] string? value, out ActorId result)
    {
        bool valid = Identifiers.IsGeneral(value);
        result = valid ? new ActorId(value!) : default;
        return valid;
    }

    /// <inheritdoc />
    public static bool TryParse([NotNullWhen(true)] string? s, IFormatProvider? provider, out ActorId result) => TryParse(s, out result);

    /// <inheritdoc />
    public static ActorId Parse(string s, IFormatProvider? provider) =>
        TryParse(s, out ActorId result) ? result : throw new FormatException($"'{s}' is no actor id");

    /// <inheritdoc />
    public override string ToString() => Value;
}
