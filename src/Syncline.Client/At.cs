namespace Syncline.Client;

/// <summary>Where something is put among its like: a task in its list, a list among the lists. The default is the end.</summary>
public readonly record struct At
{
    private At(bool isAtStart, bool isAfter, string? otherId) => (IsAtStart, IsAfter, OtherId) = (isAtStart, isAfter, otherId);

    /// <summary>After all others.</summary>
    public static At End => default;

    /// <summary>Before all others.</summary>
    public static At Start { get; } = new(isAtStart: true, isAfter: false, otherId: null);

    internal bool IsAtStart { get; }

    internal bool IsAfter { get; }

    internal string? OtherId { get; }

    /// <summary>Right before another.</summary>
    public static At Before(string id)
    {
        ArgumentException.ThrowIfNullOrEmpty(id);
        return new At(isAtStart: false, isAfter: false, id);
    }

    /// <summary>Right after another.</summary>
    public static At After(string id)
    {
        ArgumentException.ThrowIfNullOrEmpty(id);
        return new At(isAtStart: false, isAfter: true, id);
    }
}
