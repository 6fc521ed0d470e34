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
        Payload = default,
        Hash = 0,
        Content = Content,
    };

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
