using Syncline.Core.Operations;
using Syncline.Engine.Storage;

namespace Syncline.Bench.Logs;

/// <summary>Numbers edits and makes a log's batches of them, as a space's writer would have: devices by turns, a batch each.</summary>
internal sealed class Logbook(Epoch epoch, UserId user, DateTimeOffset receivedAt, ActorId[] actors)
{
    private readonly HashSet<ActorId> _known = [];
    private long _seq;
    private OperationDigest _digest = OperationDigest.Empty;

    /// <summary>The next batch, by the next device, whose clock is above all before.</summary>
    public LogAppend Next(Func<Edit> next, int count)
    {
        ActorId actor = actors[_seq / count % actors.Length];
        long head = _seq;
        LoggedOperation[] operations = new LoggedOperation[count];
        foreach (ref LoggedOperation operation in operations.AsSpan())
        {
            long seq = ++_seq;
            Operation edit = next().Operation(actor, seq);
            _digest = _digest.Add(edit.Id);
            operation = new LoggedOperation { Seq = seq, Operation = edit, UserId = user, ReceivedAt = receivedAt, GroupEnd = seq, Digest = _digest };
        }

        return new LogAppend(epoch, head, operations, _known.Add(actor) ? [new(actor, user)] : []);
    }
}
