using System.Text;
using System.Text.Json;
using Syncline.Core.Operations;
using Syncline.Core.Tree;

namespace Syncline.Tests.Trees;

/// <summary>States and answers as text, so that two are equal exactly when their texts are.</summary>
internal static class TreeText
{
    public static string Of(VertexState? vertex) => vertex is null
        ? "unknown"
        : $"{vertex.Id} under {vertex.ParentId ?? "nothing"}: {string.Join(", ", vertex.Properties.Select(pair => $"'{pair.Key}'={pair.Value}"))}";

    public static string Of(IEnumerable<VertexState> vertices) => string.Join('\n', vertices.Select(Of));

    public static string Of(StateVector vector)
    {
        using MemoryStream stream = new();
        using (Utf8JsonWriter writer = new(stream))
            vector.Write(writer);
        return Encoding.UTF8.GetString(stream.ToArray());
    }

    public static string Of(IEnumerable<Stamp> stamps) => string.Join(' ', stamps);

    /// <summary>The operations that <paramref name="vector"/> covers, in (counter, peer) order. Only for vectors of what is stored.</summary>
    public static List<Stamp> Expand(StateVector vector)
    {
        List<Stamp> stamps = [];
        foreach ((ActorId actor, ClockRanges ranges) in vector.Actors)
        {
            foreach (ClockRange range in ranges)
            {
                for (long clock = range.First; clock <= range.Last; clock++)
                    stamps.Add(new Stamp(clock, actor));
            }
        }

        stamps.Sort();
        return stamps;
    }

    public static StateVector ReadVector(string json)
    {
        Utf8JsonReader reader = new(Encoding.UTF8.GetBytes(json));
        reader.Read();
        StateVector? vector = StateVector.Read(ref reader, out string? problem);
        Assert.Null(problem);
        return vector!;
    }
}
