using Syncline.Core.Operations;

namespace Syncline.Engine.Presence;

/// <summary>The colours of users: readable under white text, and told apart by most eyes.</summary>
public static class PresenceColors
{
    private static readonly string[] Colors =
    [
        "#c2410c", "#1d4ed8", "#15803d", "#a21caf", "#b91c1c", "#0e7490", "#4d7c0f", "#6d28d9",
        "#be185d", "#0f766e", "#a16207", "#4338ca", "#9f1239", "#166534", "#7e22ce", "#0369a1",
    ];

    /// <summary>How many there are.</summary>
    public static int Count => Colors.Length;

    /// <summary>As CSS has it.</summary>
    public static string At(int index) => Colors[index];

    /// <summary>The colour that a user gets wherever it is free; the same on every server (FNV-1a of the id).</summary>
    public static int IndexOf(UserId userId)
    {
        uint hash = 2166136261;
        foreach (char c in userId.Value)
            hash = (hash ^ c) * 16777619;
        return (int)(hash % (uint)Colors.Length);
    }
}
