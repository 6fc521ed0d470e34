namespace Syncline.Core.Operations;

/// <summary>The one order of merging: clock, then actor, ordinal.</summary>
public readonly record struct Stamp(long Clock, ActorId Actor) : IComparable<Stamp>
{
    /// <inheritdoc />
    public int CompareTo(Stamp other) =>
        Clock != other.Clock ? Clock.CompareTo(other.Clock) : string.CompareOrdinal(Actor.Value, other.Actor.Value);

    public static bool operator <(Stamp left, Stamp right) => left.CompareTo(right) < 0;

    public static bool operator >(Stamp left, Stamp right) => left.CompareTo(right) > 0;

    public static bool operator <=(Stamp left, Stamp right) => left.CompareTo(right) <= 0;

    public static bool operator >=(Stamp left, Stamp right) => left.CompareTo(right) >= 0;

    /// <summary>As RepTree writes it: <c>clock@actor</c>.</summary>
    public override string ToString() => $"{Clock}@{Actor.Value}";
}
