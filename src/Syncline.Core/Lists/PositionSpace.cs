namespace Syncline.Core.Lists;

/// <summary>
/// Chooses positions so that they stay short, whatever is inserted where. No state: what it needs to know it reads from the neighbours.
/// </summary>
/// <remarks>
/// <para>
/// A level that is entered anew begins high above 0, and what comes before or after all of it steps away by a fixed width: hundreds of thousands
/// of prepends and millions of appends lie on one level. That holds for the list as a whole and again for each level inside a gap.
/// </para>
/// <para>
/// Between two neighbours of a level the middle is a good place only for strangers: who always inserts at the same place would halve
/// the gap each time. So the lowest bits of a digit tell how many insertions deep it lies in its gap (its <em>generation</em>). Of two neighbours whose
/// generations follow each other, the newer came beside the older: whoever goes on like that goes on between the last two, and is put near
/// the older, which leaves the rest of the gap to the next. Where they do not, one neighbour stays and the other was replaced again and again: the
/// new one is put near the newer. A wrong guess costs a few bits, a right one a sixteenth of the gap, and once a gap has seen
/// many, a 256th. Generations decide nothing but that.
/// </para>
/// <para>
/// The last component of a new position carries the actor that asked for it, so that two actors never choose the same one; except where
/// other clients have left room for just one position.
/// </para>
/// </remarks>
internal static class PositionSpace
{
    /// <summary>The greatest whole number up to which a double has all.</summary>
    private const long DigitMax = (1L << 53) - 1;

    private const long Start = 1L << 50;
    private const long Step = 1L << 32;

    private const int GenerationBits = 10;
    private const long GenerationMask = (1L << GenerationBits) - 1;
    private const long GenerationsBegin = (GenerationMask + 1) / 2;

    // From this many insertions in one gap on, who inserts there is taken to go on as before.
    private const long PatternSeen = 32;

    // Below this width the generations' bits would be most of what there is.
    private const long WidthMin = 16 << GenerationBits;

    public static Position Between(Position? left, Position? right, string actor)
    {
        ReadOnlySpan<PositionComponent> low = (left ?? default).Components;
        bool endsWithZero = low.Length > 0 && low[^1].IsZero;
        if (endsWithZero)
            low = low[..^1];
        if (right is not { } end)
            return After(low, 0, actor);
        ReadOnlySpan<PositionComponent> high = end.Components;
        int level = low.CommonPrefixLength(high);

        // The left one ends where the right one goes on with a zero, or they are equal: there is nothing between them.
        if (level == low.Length && (level == high.Length || high[level].IsZero))
            return left is null && high.Length > 0 ? default : After(high, high.Length, actor);
        if (level < low.Length)
            return Inside(low, high, level, actor);
        if (Before(high, level, actor) is { } before)
            return before;

        // Only the left one and a zero are left, where it is not that itself.
        if (left is null)
            return default;
        return endsWithZero ? After(high, high.Length, actor) : Position.Of([.. low, PositionComponent.Zero]);
    }

    /// <summary>A path after <paramref name="low"/> that shares its first <paramref name="kept"/> components.</summary>
    private static Position After(ReadOnlySpan<PositionComponent> low, int kept, string actor)
    {
        if (low.Length > 0 && low[^1].IsZero)
            low = low[..^1];
        for (int level = Math.Min(kept, low.Length); level < low.Length; level++)
        {
            if (low[level].Digit <= DigitMax - Step)
                return Path(low[..level], Round((long)low[level].Digit + Step), actor);
        }

        return Path(low, Start, actor);
    }

    /// <summary>A path between two that differ first at <paramref name="level"/>, where both have a component.</summary>
    private static Position Inside(ReadOnlySpan<PositionComponent> low, ReadOnlySpan<PositionComponent> high, int level, string actor)
    {
        long lowDigit = Bounded(low[level].Digit);
        long highDigit = Bounded(high[level].Digit);
        if (highDigit - lowDigit >= 2)
            return Path(low[..level], Choose(lowDigit, highDigit), actor);

        // No digit between them, but perhaps this actor lies between theirs.
        PositionComponent own = new(low[level].Digit, actor);
        return own > low[level] && own < high[level]
            ? Position.Of([.. low[..level], own])
            : After(low, level + 1, actor);
    }

    /// <summary>
    /// A path before <paramref name="high"/> that shares its first <paramref name="shared"/> components and goes on; null when there is none.
    /// </summary>
    private static Position? Before(ReadOnlySpan<PositionComponent> high, int shared, string actor)
    {
        int level = shared;
        for (; level < high.Length && !high[level].IsZero; level++)
        {
            long digit = Bounded(high[level].Digit);
            if (digit >= 2 * Step)
                return Path(high[..level], Round(digit - Step), actor);
            if (digit >= 2)
                return Path(high[..level], digit / 2, actor);

            // Nothing would fit before the least digit, so a level of its own follows, with room before it.
            if (digit == 1)
                return Path([.. high[..level], new PositionComponent(0, actor)], Start, actor);
        }

        // Digits of 0 all the way: an actor before theirs makes room, at the last level that has one.
        for (level--; level >= shared; level--)
        {
            string other = high[level].Actor;
            string? lesser = string.CompareOrdinal(actor, other) < 0 ? actor : LesserThan(other);
            if (lesser is not null)
                return Path([.. high[..level], new PositionComponent(0, lesser)], Start, actor);
        }

        // Those are the least actors that there are. What is left is what the path goes through.
        return high.Length > shared + 1 ? Position.Of(high[..^1]) : null;
    }

    // Ids begin with '-' at least, so '!' is before all of them, and printable.
    private static string? LesserThan(string actor)
    {
        if (string.CompareOrdinal("!", actor) < 0)
            return "!";
        return string.CompareOrdinal("\0", actor) < 0 ? "\0" : null;
    }

    /// <summary>A digit between two that are at least 2 apart.</summary>
    private static long Choose(long low, long high)
    {
        long width = high - low;
        if (width < WidthMin)
            return low + (width / 2);
        long lowGeneration = low & GenerationMask;
        long highGeneration = high & GenerationMask;
        if (lowGeneration == highGeneration)
            return Round(low + (width / 2)) | Next(lowGeneration);

        bool isHighNext = highGeneration == Next(lowGeneration);
        bool isLowNext = lowGeneration == Next(highGeneration);
        bool isHighNewer = isHighNext || (!isLowNext && highGeneration > lowGeneration);
        bool goNearLow = isHighNext || isLowNext ? isHighNewer : !isHighNewer;
        long newer = isHighNewer ? highGeneration : lowGeneration;
        long distance = Math.Max(width / (newer >= PatternSeen ? 256 : 16), 2 << GenerationBits);
        return Round(goNearLow ? low + distance : high - distance) | Next(newer);
    }

    // The generations that tell of a pattern come round again, so that they go on telling it.
    private static long Next(long generation) => generation == GenerationMask ? GenerationsBegin : generation + 1;

    private static long Round(long digit) => digit & ~GenerationMask;

    // Nothing of ours goes beyond, so to us a greater digit is the first that we do not have.
    private static long Bounded(double digit) => digit > DigitMax ? DigitMax + 1 : (long)digit;

    private static Position Path(ReadOnlySpan<PositionComponent> before, long digit, string actor) =>
        Position.Of([.. before, new PositionComponent(digit, actor)]);
}
