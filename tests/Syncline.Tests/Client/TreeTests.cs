using System.Text.Json.Serialization;
using Syncline.Client;
using Syncline.Core.Json;

namespace Syncline.Tests.Client;

/// <summary>Every method of <see cref="Syncline.Client.Tree"/>, and what it writes.</summary>
public sealed partial class TreeTests : IAsyncLifetime, IDisposable
{
    private Device _device = null!;
    private Syncline.Client.Tree _tree = null!;

    public async Task InitializeAsync()
    {
        _device = await Device.OpenAsync(seed: 2);
        _tree = _device.Space.OpenTree("outline");
    }

    public Task DisposeAsync() => Task.CompletedTask;

    public void Dispose() => _device.Dispose();

    [Fact]
    public void A_tree_begins_with_what_RepTree_begins_with_and_a_child_has_time_and_name()
    {
        string inbox = _tree.Create(_tree.Id, "Inbox");
        _tree.SetProperty(inbox, "n", 1.5);
        _tree.RemoveProperty(inbox, "n");
        _tree.Delete(inbox);
        string actor = _device.Actor.Value;
        string now = "2030-01-01T12:00:00.000Z";
        Assert.Equal(
            [
                $$"""{"id":{"counter":1,"peerId":"{{actor}}"},"targetId":"0","parentId":null}""",
                $$"""{"id":{"counter":2,"peerId":"{{actor}}"},"targetId":"0","key":"_c","value":"{{now}}","transient":false}""",
                $$"""{"id":{"counter":3,"peerId":"{{actor}}"},"targetId":"outline","parentId":null}""",
                $$"""{"id":{"counter":4,"peerId":"{{actor}}"},"targetId":"outline","key":"_c","value":"{{now}}","transient":false}""",
                $$"""{"id":{"counter":5,"peerId":"{{actor}}"},"targetId":"{{inbox}}","parentId":"outline"}""",
                $$"""{"id":{"counter":6,"peerId":"{{actor}}"},"targetId":"{{inbox}}","key":"_c","value":"{{now}}","transient":false}""",
                $$"""{"id":{"counter":7,"peerId":"{{actor}}"},"targetId":"{{inbox}}","key":"name","value":"Inbox","transient":false}""",
                $$"""{"id":{"counter":8,"peerId":"{{actor}}"},"targetId":"{{inbox}}","key":"n","value":1.5,"transient":false}""",
                $$"""{"id":{"counter":9,"peerId":"{{actor}}"},"targetId":"{{inbox}}","key":"n","transient":false}""",
                $$"""{"id":{"counter":10,"peerId":"{{actor}}"},"targetId":"{{inbox}}","parentId":"0"}""",
            ],
            _device.Made.Select(operation => operation.Payload.ToString()));
        Assert.Equal(7, _device.Made.Count(operation => operation.Tx == $"{actor}-1"));
        Assert.Matches("^[0-9a-f]{12}4[0-9a-f]{3}[89ab][0-9a-f]{15}$", inbox);
        Assert.Equal(["outline"], _device.Space.TreeIds);
    }

    [Fact]
    public void Vertices_are_read_in_order_of_creation_by_path_and_as_a_whole()
    {
        Assert.Null(_tree.Root);
        Assert.Empty(_tree.GetChildren(_tree.Id));
        Assert.Empty(_tree.ReadAll());
        string b = _tree.Create(_tree.Id, "B");
        string c = _tree.Create(_tree.Id, "C");
        string inner = _tree.Create(b, "Inner");
        _tree.SetProperty(c, Vertex.CreatedKey, "2020-01-01T00:00:00.000Z");
        Assert.Equal(["C", "B"], _tree.GetChildren(_tree.Id).Select(child => child.Name));
        Assert.Equal(inner, _tree.FindByPath("B", "Inner")!.Id);
        Assert.Null(_tree.FindByPath("B", "Outer", "Inner"));
        Assert.Equal(_tree.Id, _tree.FindByPath()!.Id);
        Assert.Equal([_tree.Id, c, b, inner], _tree.ReadAll().Select(vertex => vertex.Id));
        Assert.Equal(_device.Time.GetUtcNow(), _tree.Find(b)!.CreatedAt);

        _tree.Move(c, inner);
        Assert.Equal((inner, b), (_tree.Find(c)!.ParentId, _tree.Find(inner)!.ParentId));
        Assert.Equal(["C"], _tree.GetChildren(inner).Select(child => child.Name));
        Assert.Equal(["B"], _tree.GetChildren(_tree.Id).Select(child => child.Name));
        _tree.SetName(b, "Box");
        Assert.Equal(c, _tree.FindByPath("Box", "Inner", "C")!.Id);
    }

    [Fact]
    public void What_is_deleted_comes_back_where_it_was_or_under_the_root()
    {
        string a = _tree.Create(_tree.Id);
        string b = _tree.Create(a);
        string c = _tree.Create(b);
        _tree.Delete(c);
        Assert.True(_tree.IsDeleted(c));
        Assert.Equal([_tree.Id, a, b], _tree.ReadAll().Select(vertex => vertex.Id));
        Assert.Equal([_tree.Id, a, b, "0", c], _tree.ReadAll(includeDeleted: true).Select(vertex => vertex.Id));
        _tree.Restore(c);
        Assert.Equal((b, false), (_tree.Find(c)!.ParentId, _tree.IsDeleted(c)));
        _tree.Restore(c);
        Assert.Equal(b, _tree.Find(c)!.ParentId);

        _tree.Delete(c);
        _tree.Delete(a);
        Assert.True(_tree.IsDeleted(b));
        _tree.Restore(c);
        Assert.Equal(_tree.Id, _tree.Find(c)!.ParentId);
        _tree.Restore(b, c);
        Assert.Equal(c, _tree.Find(b)!.ParentId);
        _tree.Restore(a);
        Assert.Equal(_tree.Id, _tree.Find(a)!.ParentId);
    }

    [Fact]
    public void Properties_of_all_kinds_are_given_back()
    {
        string vertex = _tree.Create(_tree.Id);
        _tree.SetProperty(vertex, "text", "a \"b\" \ud83d\ude42 \ud800");
        _tree.SetProperty(vertex, "number", -1e300);
        _tree.SetProperty(vertex, "flag", value: true);
        _tree.SetProperty(vertex, "json", JsonText.From("""{"a":[1,null]}"""));
        _tree.SetProperty(vertex, "point", new Point(1, 2), Shapes.Default.Point);
        _tree.SetProperty(vertex, "", JsonText.From("null"));
        Vertex read = _tree.Find(vertex)!;
        Assert.Equal("a \"b\" \ud83d\ude42 \ud800", read.TextOf("text"));
        Assert.Equal(-1e300, read.NumberOf("number"));
        Assert.Equal(true, read.FlagOf("flag"));
        Assert.Equal("""{"a":[1,null]}""", read.Find("json").ToString());
        Assert.Equal(new Point(1, 2), read.ValueOf("point", Shapes.Default.Point));
        Assert.Equal("null", read.Find("").ToString());
        Assert.Null(read.TextOf("number") ?? read.TextOf("nobody"));
        Assert.Null(read.NumberOf("text") ?? read.NumberOf("nobody"));
        Assert.Null(read.FlagOf("text") ?? read.FlagOf("nobody"));
        Assert.Null(read.ValueOf("nobody", Shapes.Default.Point));

        int made = _device.Made.Count;
        _tree.SetProperty(vertex, "flag", value: true);
        _tree.RemoveProperty(vertex, "nobody");
        _tree.Move(vertex, _tree.Id);
        Assert.Equal(made, _device.Made.Count);
        _tree.RemoveProperty(vertex, "flag");
        Assert.Null(_tree.Find(vertex)!.Find("flag"));
        Assert.Equal(true, read.FlagOf("flag"));
    }

    [Fact]
    public void Bad_input_is_named_and_changes_nothing()
    {
        string a = _tree.Create(_tree.Id, "A");
        string b = _tree.Create(a, "B");
        (string Named, Action Call)[] calls =
        [
            ("'nobody'", () => _tree.Create("nobody")),
            ("'nobody'", () => _tree.GetChildren("nobody")),
            ("'nobody'", () => _tree.Move("nobody", a)),
            ("'nobody'", () => _tree.Move(b, "nobody")),
            ("'nobody'", () => _tree.Delete("nobody")),
            ("'nobody'", () => _tree.Restore("nobody")),
            ("'nobody'", () => _tree.SetName("nobody", "x")),
            ("'nobody'", () => _tree.RemoveProperty("nobody", "x")),
            ("root", () => _tree.Delete(_tree.Id)),
            ("trash", () => _tree.Move("0", a)),
            (b, () => _tree.Move(a, b)),
            (a, () => _tree.Move(a, a)),
            ("256 bytes", () => _tree.SetProperty(a, new string('k', 257), "x")),
            ("__proto__", () => _tree.SetProperty(a, "p", JsonText.From("""{"__proto__":1}"""))),
            ("64 levels", () => _tree.SetProperty(a, "p", JsonText.From(new string('[', 64) + new string(']', 64)))),
            ("no JSON", () => _tree.SetProperty(a, "p", JsonText.From("""1,"x":2"""))),
            ("no JSON", () => _tree.SetProperty(a, "p", JsonText.From(""))),
            ("NaN", () => _tree.SetProperty(a, "p", double.NaN)),
            ("262144 bytes", () => _tree.SetName(a, new string('x', 256 * 1024))),
            ("262144 bytes", () => _tree.Create(a, new string('x', 256 * 1024))),
        ];
        string before = _device.Everything();
        int made = _device.Made.Count;
        foreach ((string named, Action call) in calls)
            Assert.Contains(named, Assert.ThrowsAny<ArgumentException>(call).Message, StringComparison.Ordinal);
        Assert.Equal((before, made), (_device.Everything(), _device.Made.Count));
        Assert.Throws<FormatException>(() => _device.Space.OpenTree("0"));
        Assert.Throws<FormatException>(() => _device.Space.OpenTree("a b"));
        Assert.Throws<ArgumentException>(() => _device.Space.Append("note", "n", "{"));
    }

    [Fact]
    public async Task Two_devices_that_make_a_tree_have_made_one()
    {
        using Device other = await Device.OpenAsync(seed: 3);
        SharedLog log = new();
        string mine = _tree.Create(_tree.Id, "Mine");
        string theirs = other.Space.OpenTree("outline").Create("outline", "Theirs");
        log.Exchange(_device, other);
        Assert.Equal(_device.Everything(), other.Everything());
        Assert.Equal([mine, theirs], _tree.GetChildren("outline").Select(child => child.Id).OrderBy(id => id == theirs));
        Assert.Same(_tree, _device.Space.OpenTree("outline"));
        Syncline.Client.Tree fresh = _device.Space.NewTree();
        fresh.Create(fresh.Id, "In another");
        Assert.Equal(2, _device.Space.TreeIds.Count);
    }

    private sealed record Point(int X, int Y);

    [JsonSerializable(typeof(Point))]
    private sealed partial class Shapes : JsonSerializerContext;
}
