using System.Globalization;
using System.Text;
using Syncline.Core.Json;

namespace Syncline.Core.Tree;

/// <summary>The one order of a vertex's children: time of the property <c>_c</c>, none or no ISO 8601 time first, then creating stamp.</summary>
internal sealed class SiblingOrder(VertexTable vertices, PropertyTable properties, ActorTable actors)
{
    private const string CreatedKey = "_c";

    private const int LengthMax = 40;
    private const int EscapedLength = 6;

    private static readonly string[] Formats =
    [
        "yyyy-MM-dd'T'HH:mm:ss.FFFK", "yyyy-MM-dd'T'HH:mm:ssK", "yyyy-MM-dd'T'HH:mmK", "yyyy-MM-dd",
    ];

    private readonly Comparer<(long Time, int Vertex)> _comparer = Comparer<(long Time, int Vertex)>.Create((left, right) =>
    {
        if (left.Time != right.Time)
            return left.Time.CompareTo(right.Time);
        ref VertexTable.Row first = ref vertices[left.Vertex];
        ref VertexTable.Row second = ref vertices[right.Vertex];
        return actors.Compare(first.CreatedClock, first.CreatedActor, second.CreatedClock, second.CreatedActor);
    });

    /// <summary>The children of a vertex in their order.</summary>
    public int[] Sort(Places.Children children, int parent)
    {
        int first = children.FirstOf(parent);
        if (first < 0)
            return [];
        int[] sorted = new int[children.CountOf(parent)];
        int count = 0;
        for (int child = first; child >= 0; child = children.After(child))
            sorted[count++] = child;
        if (count < 2)
            return sorted;
        (long Time, int Vertex)[] keys = Array.ConvertAll(sorted, child => (TimeOf(child), child));
        Array.Sort(keys, sorted, _comparer);
        return sorted;
    }

    private long TimeOf(int vertex)
    {
        if (!properties.TryFind(vertex, vertices[vertex].FirstProperty, CreatedKey, out int register)
            || properties.ValueOf(register).GetValueOrDefault().Utf8.Span is not [(byte)'"', .. var text, (byte)'"'])
        {
            return long.MinValue;
        }

        // A client may escape any character, and some serializers escape the sign of an offset.
        if (text.Length > LengthMax * EscapedLength)
            return long.MinValue;
        Span<byte> plain = stackalloc byte[LengthMax * EscapedLength];
        plain = plain[..JsonStrings.Unescape(text, plain)];
        Span<char> characters = stackalloc char[LengthMax];
        return plain.Length <= LengthMax
            && DateTimeOffset.TryParseExact(
                ToMilliseconds(characters[..Encoding.UTF8.GetChars(plain, characters)]),
                Formats,
                CultureInfo.InvariantCulture,
                DateTimeStyles.AssumeUniversal,
                out DateTimeOffset time)
            // JavaScript's clock has milliseconds, and peers sort by it.
            ? time.ToUnixTimeMilliseconds()
            : long.MinValue;
    }

    // Some clocks write nine digits of a second, which the framework does not read; three count.
    private static Span<char> ToMilliseconds(Span<char> time)
    {
        int point = time.IndexOf('.');
        if (point < 0)
            return time;
        int end = point + 1;
        while (end < time.Length && char.IsAsciiDigit(time[end]))
            end++;
        if (end - point - 1 <= 3)
            return time;
        time[end..].CopyTo(time[(point + 4)..]);
        return time[..(time.Length - (end - point - 4))];
    }
}
