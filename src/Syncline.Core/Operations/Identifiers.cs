using System.Buffers;
using System.Collections.Frozen;

namespace Syncline.Core.Operations;

/// <summary>The alphabets of identifiers (docs/protocol.md, "Ids"). Everything here compares ordinally.</summary>
internal static class Identifiers
{
    /// <summary>Most characters of an id.</summary>
    public const int GeneralLengthMax = 128;

    /// <summary>Names that break clients which use ids as keys of plain objects.</summary>
    public static readonly FrozenSet<string> ReservedNames = new[]
    {
        "__proto__", "constructor", "prototype", "toString", "toLocaleString", "valueOf", "hasOwnProperty", "isPrototypeOf",
        "propertyIsEnumerable", "__defineGetter__", "__defineSetter__", "__lookupGetter__", "__lookupSetter__",
    }.ToFrozenSet(StringComparer.Ordinal);

    private static readonly FrozenSet<string> DeviceNames =
        new[] { "con", "prn", "aux", "nul" }
            .Concat(Enumerable.Range(0, 10).SelectMany(n => new[] { $"com{n}", $"lpt{n}" }))
            .ToFrozenSet(StringComparer.Ordinal);

    private static readonly SearchValues<char> SpaceCharacters = SearchValues.Create("0123456789abcdefghijklmnopqrstuvwxyz_-");
    private static readonly SearchValues<char> ScopeCharacters = SearchValues.Create("0123456789abcdefghijklmnopqrstuvwxyz.-");
    private static readonly SearchValues<char> PeerCharacters = SearchValues.Create("0123456789abcdefghijklmnopqrstuvwxyz-");

    private static readonly SearchValues<char> GeneralCharacters =
        SearchValues.Create("0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz._:-");

    /// <summary><c>[0-9a-z][0-9a-z_-]{1,63}</c>, and a file name on every system.</summary>
    public static bool IsSpace(string? value) =>
        value is { Length: >= 2 and <= 64 }
        && value[0] is not ('_' or '-')
        && !value.AsSpan().ContainsAnyExcept(SpaceCharacters)
        && !DeviceNames.Contains(value)
        && !ReservedNames.Contains(value);

    /// <summary><c>[a-z][a-z0-9.-]{0,31}</c>.</summary>
    public static bool IsScope(string? value) =>
        value is { Length: >= 1 and <= 32 }
        && char.IsAsciiLetterLower(value[0])
        && !value.AsSpan().ContainsAnyExcept(ScopeCharacters)
        && !ReservedNames.Contains(value);

    /// <summary><c>[0-9A-Za-z_-][0-9A-Za-z._:-]{0,127}</c>: resources, actors, clients, vertices, records, fields.</summary>
    public static bool IsGeneral(string? value) => IsGeneral(value.AsSpan());

    /// <inheritdoc cref="IsGeneral(string?)" />
    public static bool IsGeneral(ReadOnlySpan<char> value) =>
        value.Length is >= 1 and <= GeneralLengthMax
        && (char.IsAsciiLetterOrDigit(value[0]) || value[0] is '_' or '-')
        && !value[1..].ContainsAnyExcept(GeneralCharacters)
        && !ReservedNames.GetAlternateLookup<ReadOnlySpan<char>>().Contains(value);

    /// <summary><c>[0-9a-z-]{1,64}</c>: a tree's actors, because JavaScript peers break ties by locale.</summary>
    public static bool IsPeer(string? value) =>
        value is { Length: >= 1 and <= 64 }
        && !value.AsSpan().ContainsAnyExcept(PeerCharacters)
        && !ReservedNames.Contains(value);
}
