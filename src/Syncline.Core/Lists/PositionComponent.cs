namespace Syncline.Core.Lists;

/// <summary>One step of a <see cref="Position"/>.</summary>
/// <param name="Digit">A whole number, at least 0, finite. A double, because JavaScript clients read and compare it as one.</param>
/// <param name="Actor">Who made it, or "". Any text: other clients write what they like.</param>
public readonly record struct PositionComponent(double Digit, string Actor) : IComparable<PositionComponent>
{
    /// <summary>What a missing component counts as: the least of all.</summary>
    public static PositionComponent Zero { get; } = new(0, "");

    internal bool IsZero => Digit == 0 && Actor.Length == 0;

    public static bool operator <(PositionComponent left, PositionComponent right) => left.CompareTo(right) < 0;

    public static bool operator >(PositionComponent left, PositionComponent right) => left.CompareTo(right) > 0;

    public static bool operator <=(PositionComponent left, PositionComponent right) => left.CompareTo(right) <= 0;

    public static bool operator >=(PositionComponent left, PositionComponent right) => left.CompareTo(right) >= 0;

    /// <summary>By digit, then by actor in UTF-16 code units, as JavaScript's <c>&lt;</c>.</summary>
    public int CompareTo(PositionComponent other) =>
        Digit != other.Digit ? Digit.CompareTo(other.Digit) : string.CompareOrdinal(Actor, other.Actor);
}
