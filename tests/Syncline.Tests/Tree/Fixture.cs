using System.Globalization;
using System.Text;
using System.Text.Json;
using Syncline.Core.Operations;
using Syncline.Core.Tree;

namespace Syncline.Tests.Trees;

/// <summary>Reads what the published package wrote (tests/fixtures/README.md).</summary>
internal static class Fixture
{
    private static readonly OperationReader Reader = new([new TreeModel(new TreeLimits())], OperationLimits.Default);

    public static JsonElement Load(string name)
    {
        using JsonDocument document = JsonDocument.Parse(File.ReadAllBytes(Path.Combine(AppContext.BaseDirectory, "fixtures", "reptree", name)));
        return document.RootElement.Clone();
    }

    public static Operation[] Operations(JsonElement operations, string treeId) =>
        [.. operations.EnumerateArray().Select(one => OperationOf(one, treeId))];

    /// <summary>Delivers operations once each, as the log does, and commits at the end.</summary>
    public static Tree Deliver(string treeId, IEnumerable<Operation> operations)
    {
        TreesState state = new(new TreeLimits());
        HashSet<OperationId> known = [];
        foreach (Operation operation in operations)
        {
            if (known.Add(operation.Id))
                state.Apply(TreeOp.Log(operation, known.Count));
        }

        state.Commit();
        return state.Trees[new ResourceId(treeId)];
    }

    public static Stamp StampOf(string id)
    {
        int at = id.IndexOf('@', StringComparison.Ordinal);
        return new Stamp(long.Parse(id.AsSpan(0, at), CultureInfo.InvariantCulture), new ActorId(id[(at + 1)..]));
    }

    /// <summary>Parents as text, sorted by vertex.</summary>
    public static string Parents(JsonElement parents) =>
        Lines(parents.EnumerateObject().Select(pair => (pair.Name, pair.Value.GetString())));

    public static string Parents(Tree tree) => Lines(tree.Read(includeDeleted: true).Select(vertex => (vertex.Id, vertex.ParentId)));

    public static void AssertFinal(JsonElement final, Tree tree)
    {
        VertexState[] shown = [.. tree.Read(includeDeleted: true)];
        JsonElement vertices = final.GetProperty("vertices");
        Assert.Equal(vertices.EnumerateObject().Count(), shown.Length);
        foreach (VertexState vertex in shown)
        {
            JsonElement expected = vertices.GetProperty(vertex.Id);
            Assert.Equal(expected.GetProperty("parentId").GetString(), vertex.ParentId);
            AssertProperties(expected.GetProperty("props"), vertex);
            Assert.Equal(
                expected.GetProperty("children").EnumerateArray().Select(child => child.GetString()),
                shown.Where(child => child.ParentId == vertex.Id).Select(child => child.Id));
        }
    }

    public static void AssertProperties(JsonElement expected, VertexState vertex)
    {
        Assert.Equal(
            expected.EnumerateObject().Select(pair => pair.Name).Order(StringComparer.Ordinal),
            vertex.Properties.Select(pair => pair.Key));
        foreach ((string key, Core.Json.JsonText value) in vertex.Properties)
        {
            using JsonDocument actual = JsonDocument.Parse(value.Utf8);
            Assert.True(JsonElement.DeepEquals(expected.GetProperty(key), actual.RootElement), $"{vertex.Id} '{key}' is {value}");
        }
    }

    private static Operation OperationOf(JsonElement json, string treeId)
    {
        JsonElement id = json.GetProperty("id");
        OperationReader.Reading reading = Reader.Create(
            new OperationId(
                TreeModel.Scope,
                new ResourceId(treeId),
                new ActorId(id.GetProperty("peerId").GetString()!),
                id.GetProperty("counter").GetInt64()),
            Encoding.UTF8.GetBytes(json.GetRawText()),
            key: null,
            tx: null,
            allowTransient: false);
        Assert.Null(reading.Refusal);
        return reading.Operation!;
    }

    private static string Lines(IEnumerable<(string Id, string? Parent)> pairs) =>
        string.Join('\n', pairs.OrderBy(pair => pair.Id, StringComparer.Ordinal).Select(pair => $"{pair.Id} under {pair.Parent ?? "nothing"}"));
}
