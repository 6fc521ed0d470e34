using Syncline.Core.Operations;
using Syncline.Engine.Storage;

namespace Syncline.Engine.Writing;

/// <summary>What a round of the writer is about to append, with what later operations of the round must know of earlier ones.</summary>
internal sealed class Batch(LogHead head, DateTimeOffset receivedAt)
{
    private readonly List<LoggedOperation> _operations = [];
    private readonly Dictionary<OperationId, StoredIdentity> _identities = [];
    private readonly List<KeyValuePair<ActorId, UserId>> _newActors = [];
    private readonly Dictionary<ActorId, UserId> _actorOwners = [];

    public IReadOnlyList<LoggedOperation> Operations => _operations;

    public IReadOnlyList<KeyValuePair<ActorId, UserId>> NewActors => _newActors;

    public long NextSeq => head.Seq + _operations.Count + 1;

    public long HighestClock { get; private set; } = head.HighestClock;

    public OperationDigest Digest { get; private set; } = head.Digest;

    public DateTimeOffset ReceivedAt => receivedAt;

    /// <summary>The head once the batch is appended.</summary>
    public LogHead NewHead => head with { Seq = head.Seq + _operations.Count, Digest = Digest, HighestClock = HighestClock };

    public bool TryFind(in OperationId id, out StoredIdentity stored) => _identities.TryGetValue(id, out stored);

    public bool TryFindOwner(ActorId actor, out UserId owner) => _actorOwners.TryGetValue(actor, out owner);

    public void AddActor(ActorId actor, UserId owner)
    {
        _actorOwners.Add(actor, owner);
        _newActors.Add(new(actor, owner));
    }

    public LoggedOperation Add(Operation operation, UserId userId)
    {
        Digest = Digest.Add(operation.Id);
        HighestClock = Math.Max(HighestClock, operation.Id.Clock);
        LoggedOperation logged = new()
        {
            Seq = NextSeq,
            Operation = operation,
            UserId = userId,
            ReceivedAt = receivedAt,
            GroupEnd = NextSeq,
            Digest = Digest,
        };
        _operations.Add(logged);
        _identities.Add(operation.Id, new StoredIdentity(logged.Seq, operation.Hash));
        return logged;
    }

    /// <summary>Makes what was added since <paramref name="mark"/> one group.</summary>
    public void CloseGroup(Mark mark)
    {
        long end = NextSeq - 1;
        for (int i = mark.Operations; i < _operations.Count && end > _operations[i].Seq; i++)
            _operations[i] = _operations[i] with { GroupEnd = end };
    }

    public Mark Here() => new(_operations.Count, _newActors.Count, HighestClock, Digest);

    public void RollbackTo(Mark mark)
    {
        foreach (LoggedOperation logged in _operations.Skip(mark.Operations))
            _identities.Remove(logged.Operation.Id);
        _operations.RemoveRange(mark.Operations, _operations.Count - mark.Operations);
        foreach ((ActorId actor, _) in _newActors.Skip(mark.NewActors))
            _actorOwners.Remove(actor);
        _newActors.RemoveRange(mark.NewActors, _newActors.Count - mark.NewActors);
        (HighestClock, Digest) = (mark.HighestClock, mark.Digest);
    }

    internal readonly record struct Mark(int Operations, int NewActors, long HighestClock, OperationDigest Digest);
}
