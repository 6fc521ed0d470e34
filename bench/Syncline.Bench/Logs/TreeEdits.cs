using System.Globalization;
using Syncline.Bench.Tree;
using Syncline.Core.Tree;

namespace Syncline.Bench.Logs;

/// <summary>
/// Edits of an outline as RepTree's clients write them, the same in every run: vertices are made, get a creation time and a name, and are then
/// moved (20 %) and written (80 %, three keys by turns). A vertex moves under one made before it, so the tree stays bushy.
/// </summary>
/// <param name="vertices">How many vertices, the root included.</param>
internal sealed class TreeEdits(int vertices)
{
    private static readonly string[] Keys = ["name", "done", "color"];
    private readonly Func<uint> _next = TreeWorkloads.Numbers(seed: 43);
    private int _made;

    /// <summary>The tree's id and its root's.</summary>
    public static string TreeId => VertexId(0);

    /// <summary>All edits that make the tree, and then changes without end.</summary>
    public Edit Next()
    {
        int number = _made++;
        int vertex = number / 3;
        if (vertex < vertices)
        {
            return (number % 3) switch
            {
                0 => Move(vertex, vertex == 0 ? null : Below(vertex)),
                1 => Set(vertex, "_c", string.Create(CultureInfo.InvariantCulture, $"2026-11-{1 + (vertex % 28):00}T08:{vertex / 60 % 60:00}:{vertex % 60:00}.000Z")),
                _ => Set(vertex, "name", string.Create(CultureInfo.InvariantCulture, $"What stands at vertex {vertex}")),
            };
        }

        vertex = 1 + Below(vertices - 1);
        return Below(5) == 0
            ? Move(vertex, Below(vertex))
            : Set(vertex, Keys[Below(Keys.Length)], string.Create(CultureInfo.InvariantCulture, $"A value of some length, {number}"));
    }

    private static Edit Move(int vertex, int? parent) => new(
        TreeModel.Scope,
        TreeId,
        $"\"targetId\":\"{VertexId(vertex)}\",\"parentId\":{(parent is { } known ? $"\"{VertexId(known)}\"" : "null")}");

    private static Edit Set(int vertex, string key, string value) =>
        new(TreeModel.Scope, TreeId, $"\"targetId\":\"{VertexId(vertex)}\",\"key\":\"{key}\",\"value\":\"{value}\"");

    private static string VertexId(int number) => string.Create(CultureInfo.InvariantCulture, $"9f2c6d1e-4b1f-4c55-9d7e-{number:x12}");

    private int Below(int end) => (int)(_next() % (uint)end);
}
