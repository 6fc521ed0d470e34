using Syncline.Core.Json;
using Syncline.Core.Operations;
using Syncline.Engine.Storage;

namespace Syncline.Conformance;

/// <summary>Operations and batches for tests.</summary>
public static class Operations
{
    /// <summary>When everything happens, unless a test says otherwise.</summary>
    public static DateTimeOffset Now { get; } = new(2026, 3, 4, 5, 6, 7, 89, TimeSpan.Zero);

    /// <summary>An identity; the scope is one that no model claims.</summary>
    public static OperationId Id(string actor, long clock, string resource = "r1", string scope = "note") =>
        new(new Scope(scope), new ResourceId(resource), new ActorId(actor), clock);

    /// <summary>An operation as a log gives it out, not yet placed in one.</summary>
    public static LoggedOperation Logged(
        OperationId id, string payload = "{}", string user = "alice", string? key = null, string? tx = null, ulong hash = 1) =>
        new()
        {
            Seq = 0,
            Operation = new Operation { Id = id, Payload = JsonText.From(payload), Key = key, Tx = tx, Hash = hash },
            UserId = new UserId(user),
            ReceivedAt = Now,
            GroupEnd = 0,
            Digest = OperationDigest.Empty,
        };

    /// <summary>Places operations after a head; those that follow each other with one tx are a group.</summary>
    public static LogAppend After(LogHead head, params IReadOnlyList<LoggedOperation> operations)
    {
        OperationDigest digest = head.Digest;
        LoggedOperation[] placed = new LoggedOperation[operations.Count];
        for (int i = 0; i < placed.Length; i++)
        {
            digest = digest.Add(operations[i].Operation.Id);
            int end = i;
            while (operations[i].Operation.Tx is { } tx && end + 1 < operations.Count && operations[end + 1].Operation.Tx == tx)
                end++;
            placed[i] = operations[i] with { Seq = head.Seq + 1 + i, GroupEnd = head.Seq + 1 + end, Digest = digest };
        }

        return new LogAppend(
            head.Epoch,
            head.Seq,
            placed,
            [.. placed.Select(logged => new KeyValuePair<ActorId, UserId>(logged.Operation.Id.Actor, logged.UserId)).DistinctBy(pair => pair.Key)]);
    }
}
