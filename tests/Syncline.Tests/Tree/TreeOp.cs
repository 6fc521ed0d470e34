using Syncline.Core.Json;
using Syncline.Core.Operations;
using Syncline.Core.Tree;

namespace Syncline.Tests.Trees;

/// <summary>An operation of a tree before it has a place in a log.</summary>
internal sealed record TreeOp(Stamp Stamp, TreeOperation Content)
{
    public const string TreeId = "r";

    public static TreeOp Move(long clock, string peer, string target, string? parent) =>
        new(new Stamp(clock, new ActorId(peer)), new TreeOperation.Move(target, parent));

    /// <summary>A write of <paramref name="json"/>; a removal when that is null.</summary>
    public static TreeOp Set(long clock, string peer, string target, string key, string? json) =>
        new(new Stamp(clock, new ActorId(peer)), new TreeOperation.SetProperty(target, key, json is null ? null : JsonText.From(json)));

    public Operation ToOperation(string treeId = TreeId) => new()
    {
        Id = new OperationId(TreeModel.Scope, new ResourceId(treeId), Stamp.Actor, Stamp.Clock),
        Payload = JsonText.From(Json),
        Hash = 0,
        Content = Content,
    };

    /// <summary>The operation as RepTree writes it.</summary>
    public string Json
    {
        get
        {
            string id = $$"""{"id":{"counter":{{Stamp.Clock}},"peerId":"{{Stamp.Actor}}"},"targetId":"{{Content.TargetId}}",""";
            return Content switch
            {
                TreeOperation.Move { ParentId: { } parent } => $$"""{{id}}"parentId":"{{parent}}"}""",
                TreeOperation.Move => id + "\"parentId\":null}",
                TreeOperation.SetProperty { Value: { } value } set => $$"""{{id}}"key":{{KeyText(set)}},"value":{{value}},"transient":false}""",
                TreeOperation.SetProperty set => $$"""{{id}}"key":{{KeyText(set)}},"transient":false}""",
                _ => throw new System.Diagnostics.UnreachableException(),
            };
        }
    }

    private static string KeyText(TreeOperation.SetProperty set) => $"\"{System.Text.Json.JsonEncodedText.Encode(set.Key)}\"";

    public LoggedOperation At(long seq, string treeId = TreeId) => Log(ToOperation(treeId), seq);

    public static LoggedOperation Log(Operation operation, long seq) => new()
    {
        Seq = seq,
        Operation = operation,
        UserId = new UserId("u"),
        ReceivedAt = DateTimeOffset.UnixEpoch,
        GroupEnd = seq,
        Digest = OperationDigest.Empty,
    };
}
