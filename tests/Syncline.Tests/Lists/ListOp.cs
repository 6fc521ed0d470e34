using Syncline.Core.Json;
using Syncline.Core.Lists;
using Syncline.Core.Operations;

namespace Syncline.Tests.Lists;

/// <summary>Makes operations of lists as existing clients write them.</summary>
internal static class ListOp
{
    private static readonly OperationReader Reader = new([new ListModel()], OperationLimits.Default);

    /// <summary>Of the registry; the members of the operation without its braces.</summary>
    public static Operation Registry(long clock, string actor, string members, string resource = "registry") =>
        Read(ListModel.RegistryScope, resource, clock, actor, members);

    /// <summary>Of a list; the members of the operation without its braces.</summary>
    public static Operation List(string list, long clock, string actor, string members) => Read(ListModel.ListScope, list, clock, actor, members);

    public static Operation Create(long clock, string actor, string list, string title = "Plan", string pos = "[]") =>
        Registry(clock, actor, $$""" "type":"createList","listId":"{{list}}","payload":{"title":"{{title}}","pos":{{pos}} } """);

    public static Operation RemoveList(long clock, string actor, string list) =>
        Registry(clock, actor, $""" "type":"removeList","listId":"{list}" """);

    public static Operation Insert(string list, long clock, string actor, string task, string text, string pos = "[]") =>
        List(list, clock, actor, $$""" "type":"insert","itemId":"{{task}}","payload":{"text":"{{text}}","done":false,"pos":{{pos}} } """);

    public static Operation Restore(string list, long clock, string actor, string task) =>
        List(list, clock, actor, $""" "type":"insert","itemId":"{task}" """);

    public static Operation Remove(string list, long clock, string actor, string task) =>
        List(list, clock, actor, $$""" "type":"remove","itemId":"{{task}}","payload":{} """);

    public static Operation Text(string list, long clock, string actor, string task, string text) =>
        List(list, clock, actor, $$""" "type":"update","itemId":"{{task}}","payload":{"text":"{{text}}"} """);

    public static Operation Note(string list, long clock, string actor, string task, string note) =>
        List(list, clock, actor, $$""" "type":"update","itemId":"{{task}}","payload":{"data":{"note":"{{note}}"} } """);

    public static Operation Done(string list, long clock, string actor, string task, bool done) =>
        List(list, clock, actor, $$""" "type":"update","itemId":"{{task}}","payload":{"done":{{(done ? "true" : "false")}} } """);

    /// <summary>A move; to another list when <paramref name="to"/> names one.</summary>
    public static Operation Move(string list, long clock, string actor, string task, string pos, string? to = null) =>
        List(list, clock, actor, $$""" "type":"move","itemId":"{{task}}",{{(to is null ? "" : $"\"listId\":\"{to}\",")}}"payload":{"pos":{{pos}} } """);

    /// <summary>A position of one component.</summary>
    public static string At(long digit, string actor = "a") => $$"""[{"digit":{{digit}},"actor":"{{actor}}"}]""";

    public static LoggedOperation Log(this Operation operation, long seq) => Trees.TreeOp.Log(operation, seq);

    private static Operation Read(Scope scope, string resource, long clock, string actor, string members)
    {
        OperationReader.Reading reading = Reader.Create(
            new OperationId(scope, new ResourceId(resource), new ActorId(actor), clock),
            JsonText.From($"{{{members},\"actor\":\"{actor}\",\"clock\":{clock}}}").Utf8.Span,
            key: null,
            tx: null,
            allowTransient: false);
        Assert.Null(reading.Refusal);
        return reading.Operation!;
    }
}
