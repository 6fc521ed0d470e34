using Syncline.Core.Operations;

namespace Syncline.Core.Tree;

/// <summary>
/// Counts what waits for vertices that are not known: operations per actor, and bytes of payload per user, since a user may have any number
/// of actors. What waits is kept in memory, and one operation can release all that waits for it into one answer.
/// </summary>
internal sealed class HeldBackQuota(TreeLimits limits)
{
    // An operation with next to no payload has its share too.
    private const int BytesEach = 200;

    private readonly Dictionary<ActorId, int> _operations = [];
    private readonly Dictionary<UserId, long> _bytes = [];

    /// <summary>Why one more operation may not wait; null when it may.</summary>
    public string? Refuse(ActorId actor, UserId userId, int payloadBytes)
    {
        if (_operations.GetValueOrDefault(actor) >= limits.HeldBackPerActorMax)
            return $"{limits.HeldBackPerActorMax} operations of this actor wait for vertices that are not known";
        return _bytes.GetValueOrDefault(userId) + BytesEach + payloadBytes > limits.HeldBackBytesPerUserMax
            ? $"{limits.HeldBackBytesPerUserMax} bytes of this user's operations wait for vertices that are not known"
            : null;
    }

    public void Add(LoggedOperation logged) => Count(logged, 1);

    public void Remove(LoggedOperation logged) => Count(logged, -1);

    private void Count(LoggedOperation logged, int change)
    {
        ActorId actor = logged.Operation.Id.Actor;
        int operations = _operations.GetValueOrDefault(actor) + change;
        if (operations == 0)
            _operations.Remove(actor);
        else
            _operations[actor] = operations;

        long bytes = _bytes.GetValueOrDefault(logged.UserId) + ((long)change * (BytesEach + logged.Operation.Payload.Utf8.Length));
        if (bytes == 0)
            _bytes.Remove(logged.UserId);
        else
            _bytes[logged.UserId] = bytes;
    }
}
