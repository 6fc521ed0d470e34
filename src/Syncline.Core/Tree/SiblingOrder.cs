using System.Globalization;
using System.Text;
using Syncline.Core.Operations;

namespace Syncline.Core.Tree;

/// <summary>The one order of a vertex's children: time of the property <c>_c</c>, none or no ISO 8601 time first, then creating stamp.</summary>
internal static class SiblingOrder
{
    private const string CreatedKey = "_c";

    private static readonly string[] Formats =
    [
        "yyyy-MM-dd'T'HH:mm:ss.FFFFFFFK", "yyyy-MM-dd'T'HH:mm:ssK", "yyyy-MM-dd'T'HH:mmK", "yyyy-MM-dd",
    ];

    public static Vertex[] Sort(IEnumerable<Vertex> children)
    {
        Vertex[] sorted = [.. children];
        if (sorted.Length < 2)
            return sorted;
        (long Time, Stamp Created)[] keys = Array.ConvertAll(sorted, child => (TimeOf(child), child.Created));
        Array.Sort(keys, sorted);
        return sorted;
    }

    private static long TimeOf(Vertex vertex)
    {
        if (vertex.Properties.Find(CreatedKey)?.Value is not { } value || value.Utf8.Span is not [(byte)'"', .. var text, (byte)'"'])
            return long.MinValue;
        Span<char> characters = stackalloc char[40];
        return text.Length <= characters.Length
            && DateTimeOffset.TryParseExact(
                characters[..Encoding.UTF8.GetChars(text, characters)],
                Formats,
                CultureInfo.InvariantCulture,
                DateTimeStyles.AssumeUniversal,
                out DateTimeOffset time)
            ? time.UtcTicks
            : long.MinValue;
    }
}
