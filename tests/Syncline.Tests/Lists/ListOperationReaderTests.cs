using Syncline.Core.Json;
using Syncline.Core.Lists;
using Syncline.Core.Operations;

namespace Syncline.Tests.Lists;

/// <summary>Every shape that existing clients write is read; every other is kept, and changes nothing.</summary>
public sealed class ListOperationReaderTests
{
    private static readonly ListModel Model = new();
    private static readonly OperationReader Reader = new([Model], OperationLimits.Default);

    [Theory]
    [InlineData("""{"type":"createList","listId":"l","payload":{"title":"Plan","pos":[{"digit":512,"actor":"a"}]}}""", "l title='Plan' pos=512:a deleted=False")]
    [InlineData("""{"type":"createList","itemId":"l","actor":"a","clock":1,"payload":{"title":"Plan","pos":null},"more":{}}""", "l title='Plan' deleted=False")]
    [InlineData("""{"type":"createList","itemId":"l","listId":"l","payload":null}""", "l deleted=False")]
    [InlineData("""{"type":"createList","itemId":"","listId":"l"}""", "l deleted=False")]
    [InlineData("""{"payload":{"title":""},"itemId":"l","listId":"other","type":"renameList"}""", "l title=''")]
    [InlineData("""{"type":"removeList","listId":"l","payload":{"title":"not written"}}""", "l deleted=True")]
    [InlineData("""{"type":"reorderList","itemId":"l","payload":{"pos":[{"digit":3.5,"actor":"a"},{}]}}""", "l pos=3:a|0:")]
    [InlineData("""{"\u0074ype":"remove\u004cist","listId":"\u006c"}""", "l deleted=True")]
    public void Operations_of_the_registry_are_read(string payload, string expected) => Assert.Equal(expected, Read("registry", "registry", payload));

    [Theory]
    [InlineData("""{"type":"insert","itemId":"t","payload":{"text":"Milk","done":false,"note":"","pos":[]}}""", "h/t text='Milk' done=False note='' place=h: deleted=False")]
    [InlineData("""{"type":"insert","itemId":"t","payload":{"data":{"text":"Milk","done":"true"},"pos":[{"digit":1,"actor":"a"}]}}""", "h/t text='Milk' done=True place=h:1:a deleted=False")]
    [InlineData("""{"type":"insert","itemId":"t","payload":{"text":"outer","note":"n","data":{"text":"inner"}}}""", "h/t text='inner' note='n' deleted=False")]
    [InlineData("""{"type":"insert","itemId":"t","payload":{"data":{"text":"inner"},"text":"outer"}}""", "h/t text='inner' deleted=False")]
    [InlineData("""{"type":"insert","itemId":"t"}""", "h/t deleted=False")]
    [InlineData("""{"type":"remove","itemId":"t"}""", "h/t deleted=True")]
    [InlineData("""{"type":"remove","itemId":"t","payload":{"text":"not written"}}""", "h/t deleted=True")]
    [InlineData("""{"type":"update","itemId":"t","payload":{"done":"false","note":null,"pos":[],"colour":5}}""", "h/t done=False")]
    [InlineData("""{"type":"move","itemId":"t","payload":{"pos":[{"digit":1,"actor":"a"}],"text":"not written"}}""", "h/t place=h:1:a")]
    [InlineData("""{"type":"move","itemId":"t","listId":"other","payload":{"pos":[{"digit":1,"actor":"a"}]}}""", "h/t place=other:1:a")]
    [InlineData("""{"type":"move","itemId":"t","listId":"other"}""", "h/t place=other:")]
    [InlineData("""{"type":"renameList","payload":{"title":"Plan"}}""", "h title='Plan'")]
    [InlineData("""{"type":"renameList","itemId":"t","listId":"other","payload":{"title":"Plan"}}""", "h title='Plan'")]
    public void Operations_of_a_list_are_read(string payload, string expected) => Assert.Equal(expected, Read("list", "h", payload));

    [Theory]
    [InlineData("registry", """{"type":"insert","itemId":"t"}""")]
    [InlineData("registry", """{"type":"createList"}""")]
    [InlineData("registry", """{"type":"createList","listId":"no id"}""")]
    [InlineData("registry", """{"type":"createList","listId":5}""")]
    [InlineData("registry", """{"type":"createList","listId":"l","payload":[]}""")]
    [InlineData("registry", """{"type":"createList","listId":"l","payload":{"title":5}}""")]
    [InlineData("registry", """{"type":"createList","listId":"l","payload":{"pos":{}}}""")]
    [InlineData("registry", """{"type":"renameList","listId":"l","payload":{}}""")]
    [InlineData("registry", """{"type":"reorderList","listId":"l"}""")]
    [InlineData("registry", """{"type":5,"listId":"l"}""")]
    [InlineData("registry", """{"listId":"l"}""")]
    [InlineData("registry", "null")]
    [InlineData("list", "[]")]
    [InlineData("list", "{}")]
    [InlineData("list", """{"title":"Milk"}""")]
    [InlineData("list", """{"type":"createList","listId":"l"}""")]
    [InlineData("list", """{"type":"Insert","itemId":"t"}""")]
    [InlineData("list", """{"type":"insert"}""")]
    [InlineData("list", """{"type":"insert","itemId":"constructor"}""")]
    [InlineData("list", """{"type":"insert","itemId":"t","payload":{"text":5}}""")]
    [InlineData("list", """{"type":"insert","itemId":"t","payload":{"done":"yes"}}""")]
    [InlineData("list", """{"type":"insert","itemId":"t","payload":{"done":1}}""")]
    [InlineData("list", """{"type":"insert","itemId":"t","payload":{"data":"x"}}""")]
    [InlineData("list", """{"type":"insert","itemId":"t","payload":{"data":{"note":{}}}}""")]
    [InlineData("list", """{"type":"move","itemId":"t","payload":{}}""")]
    [InlineData("list", """{"type":"move","itemId":"t","listId":[],"payload":{"pos":[]}}""")]
    [InlineData("list", """{"type":"update","itemId":"t","payload":{"pos":[]}}""")]
    [InlineData("list", """{"type":"renameList","payload":{}}""")]
    public void A_shape_that_is_not_known_is_accepted_without_content_and_never_dropped(string scope, string payload)
    {
        Operation operation = Operation(scope, "h", payload);
        Assert.Null(operation.Content);
        Assert.Empty(Model.RegistersOf(operation));
        ListsState state = new();
        Assert.IsType<Decision.Accepted>(state.Decide(operation, default));
        state.Apply(operation.Log(7));
        state.Apply(operation.Log(7));
        state.Apply((operation with { Id = operation.Id with { Clock = 2 } }).Log(5));
        state.Commit();
        Assert.Equal([5, 7], state.OpaqueSeqs(new Scope(scope), new ResourceId("h")));
        Assert.Empty(state.TasksOf("h"));

        ListsState loaded = new();
        ResourceSnapshot snapshot = Assert.Single(state.WriteSnapshots());
        Assert.Equal((scope, "h"), (snapshot.Scope.Value, snapshot.ResourceId.Value));
        Assert.True(loaded.TryLoad(snapshot.State, out _));
        Assert.Equal([5, 7], loaded.OpaqueSeqs(new Scope(scope), new ResourceId("h")));
    }

    [Fact]
    public void A_text_keeps_half_of_a_character_as_JavaScript_does() => Assert.Equal(
        "h/t text='a \ud83d b'", Read("list", "h", """{"type":"update","itemId":"t","payload":{"data":{"text":"a \ud83d b","colour":[{}]}}}"""));

    [Fact]
    public void Each_operation_names_the_registers_that_it_writes()
    {
        Assert.Equal(
            ["task\nh\nt\ntext", "task\nh\nt\ndone", "task\nh\nt\nplace", "task\nh\nt\ndeleted"],
            Model.RegistersOf(ListOp.Insert("h", 1, "a", "t", "Milk")));
        Assert.Equal(["task\nh\nt\nnote"], Model.RegistersOf(ListOp.Note("h", 1, "a", "t", "n")));
        Assert.Equal(["task\nh\nt\nplace"], Model.RegistersOf(ListOp.Move("h", 1, "a", "t", "[]", "other")));
        Assert.Equal(["list\nh\ntitle", "list\nh\npos", "list\nh\ndeleted"], Model.RegistersOf(ListOp.Create(1, "a", "h")));
        Assert.Equal(["list\nh\ntitle"], Model.RegistersOf(ListOp.List("h", 1, "a", """ "type":"renameList","payload":{"title":"x"} """)));
    }

    [Fact]
    public void A_repeat_with_other_spelling_is_known_by_its_hash() => Assert.Equal(
        Operation("list", "h", """{"type":"insert","itemId":"t","payload":{"pos":[{"digit":1.0,"actor":"a"}]}}""").Hash,
        Operation("list", "h", """{ "payload":{"pos":[{"actor":"\u0061","digit":1}]},"itemId":"t","type":"insert"}""").Hash);

    private static string Read(string scope, string resource, string payload)
    {
        Operation operation = Operation(scope, resource, payload);
        Assert.Equal(operation.Content, Model.ReadContent(operation.Id, operation.Payload));
        return operation.Content switch
        {
            ListOperation.WriteList list => list.ListId + Text("title", list.Title) + Positioned(" pos=", list.Position) + Flag("deleted", list.IsDeleted),
            ListOperation.WriteTask task => $"{task.HomeId}/{task.TaskId}" + Text("text", task.Text) + Flag("done", task.IsDone) + Text("note", task.Note)
                + Positioned($" place={task.Place?.ListId}:", task.Place?.Position) + Flag("deleted", task.IsDeleted),
            _ => "opaque",
        };
    }

    private static string Text(string name, string? value) => value is null ? "" : $" {name}='{value}'";

    private static string Flag(string name, bool? value) => value is null ? "" : $" {name}={value}";

    private static string Positioned(string name, Position? position) => position is null
        ? ""
        : name + string.Join('|', position.Value.Components.ToArray().Select(component => $"{component.Digit}:{component.Actor}"));

    private static Operation Operation(string scope, string resource, string payload)
    {
        OperationReader.Reading reading = Reader.Create(
            new OperationId(new Scope(scope), new ResourceId(resource), new ActorId("a"), 1), JsonText.From(payload).Utf8.Span, key: null, tx: null, allowTransient: false);
        Assert.Null(reading.Refusal);
        return reading.Operation!;
    }
}
