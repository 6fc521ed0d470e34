using Syncline.Core.Operations;

namespace Syncline.Core.Lists;

/// <summary>The greatest write of one field that is known, as a stamp without its value, which stands beside it.</summary>
/// <param name="Clock">0 before the first write.</param>
/// <param name="Actor">Null before the first write.</param>
internal readonly record struct Register(long Clock, string? Actor)
{
    public bool IsWritten => Clock > 0;

    public Stamp Stamp => new(Clock, new ActorId(Actor!));

    /// <summary>Whether a later write takes its place: the greater clock, then the greater actor, ordinally.</summary>
    public bool IsBefore(long clock, string actor) =>
        Clock != clock ? Clock < clock : string.CompareOrdinal(Actor, actor) < 0;

    /// <summary>Whether another write of the same actor with the same clock is there.</summary>
    public bool IsOf(long clock, string actor) => Clock == clock && string.Equals(Actor, actor, StringComparison.Ordinal);
}
