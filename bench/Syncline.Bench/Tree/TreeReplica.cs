using System.Globalization;
using Syncline.Core.Json;
using Syncline.Core.Operations;
using Syncline.Core.Tree;

namespace Syncline.Bench.Tree;

/// <summary>The product's state of one tree, with short ways to give it operations.</summary>
internal sealed class TreeReplica
{
    private static readonly UserId User = new("u");
    private readonly ResourceId _treeId;
    private long _seq;

    public TreeReplica(string treeId)
    {
        _treeId = new ResourceId(treeId);
        State = (TreesState)new TreeModel(new TreeLimits(HeldBackPerActorMax: int.MaxValue)).CreateState();
    }

    public TreesState State { get; }

    public Syncline.Core.Tree.Tree Tree => State.Trees[_treeId];

    /// <summary>A replica with the shape of <paramref name="parents"/>, vertices named v0, v1 …</summary>
    public static TreeReplica WithBase(int[] parents)
    {
        TreeReplica replica = new(VertexId(0));
        for (int i = 0; i < parents.Length; i++)
            replica.Apply(replica.Move(i + 2, "base", VertexId(i), i == 0 ? null : VertexId(parents[i])));
        replica.State.Commit();
        return replica;
    }

    public static string VertexId(int number) => string.Create(CultureInfo.InvariantCulture, $"v{number}");

    public LoggedOperation Move(long clock, string actor, string target, string? parent) =>
        Logged(clock, new ActorId(actor), new TreeOperation.Move(target, parent), default);

    public LoggedOperation Set(long clock, string actor, string target, string key, JsonText value) =>
        Logged(clock, new ActorId(actor), new TreeOperation.SetProperty(target, key, value), default);

    public LoggedOperation Logged(long clock, ActorId actor, TreeOperation content, JsonText payload)
    {
        long seq = ++_seq;
        return new LoggedOperation
        {
            Seq = seq,
            Operation = new Operation { Id = new OperationId(TreeModel.Scope, _treeId, actor, clock), Payload = payload, Hash = 0, Content = content },
            UserId = User,
            ReceivedAt = DateTimeOffset.UnixEpoch,
            GroupEnd = seq,
            Digest = OperationDigest.Empty,
        };
    }

    public void Apply(LoggedOperation operation) => State.Apply(operation);

    /// <summary>Takes operations in by pages, as a door or a reader of the log does. Nobody looks in between.</summary>
    public void Merge(ReadOnlySpan<LoggedOperation> operations)
    {
        const int Page = 1_000;
        for (int i = 0; i < operations.Length; i++)
        {
            State.Apply(operations[i]);
            if (i % Page == Page - 1 || i == operations.Length - 1)
                State.Commit();
        }
    }
}
