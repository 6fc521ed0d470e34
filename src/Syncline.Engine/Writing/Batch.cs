using System.Runtime.InteropServices;
using Syncline.Core.Operations;
using Syncline.Engine.Storage;

namespace Syncline.Engine.Writing;

/// <summary>What a round of the writer is about to append, with what later operations of the round must know of earlier ones.</summary>
/// <remarks>
/// What an actor numbers anew is above all that it numbered before, so one number for its resource and actor shows that an identity is new in
/// the round, and neighbours share that number. Only what is not above it is looked up, in an index that most rounds never need.
/// </remarks>
/// <param name="head">Where the log stands.</param>
/// <param name="receivedAt">The round's time.</param>
/// <param name="capacity">Operations expected.</param>
internal sealed class Batch(LogHead head, DateTimeOffset receivedAt, int capacity = 0)
{
    private readonly List<LoggedOperation> _operations = new(capacity);
    private readonly Dictionary<(Scope Scope, ResourceId ResourceId, ActorId Actor), Highest> _highestClocks = [];
    private OperationId _last;
    private Highest _highestOfLast = new();
    private Dictionary<OperationId, StoredIdentity>? _identities;
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

    public bool TryFind(in OperationId id, out StoredIdentity stored)
    {
        if (id.Clock > HighestOf(id).Clock)
        {
            stored = default;
            return false;
        }

        _identities ??= _operations.ToDictionary(logged => logged.Operation.Id, logged => new StoredIdentity(logged.Seq, logged.Operation.Hash));
        return _identities.TryGetValue(id, out stored);
    }

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
        Highest highest = HighestOf(operation.Id);
        highest.Clock = Math.Max(highest.Clock, operation.Id.Clock);
        _operations.Add(logged);
        _identities?.Add(operation.Id, new StoredIdentity(logged.Seq, operation.Hash));
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
        // The highest clocks stay too high by that, and send more to the index than need be.
        for (int i = mark.Operations; _identities is not null && i < _operations.Count; i++)
            _identities.Remove(_operations[i].Operation.Id);
        _operations.RemoveRange(mark.Operations, _operations.Count - mark.Operations);
        foreach ((ActorId actor, _) in _newActors.Skip(mark.NewActors))
            _actorOwners.Remove(actor);
        _newActors.RemoveRange(mark.NewActors, _newActors.Count - mark.NewActors);
        (HighestClock, Digest) = (mark.HighestClock, mark.Digest);
    }

    private Highest HighestOf(in OperationId id)
    {
        if (id.Actor == _last.Actor && id.ResourceId == _last.ResourceId && id.Scope == _last.Scope)
            return _highestOfLast;
        _last = id;
        ref Highest? highest = ref CollectionsMarshal.GetValueRefOrAddDefault(_highestClocks, (id.Scope, id.ResourceId, id.Actor), out _);
        return _highestOfLast = highest ??= new Highest();
    }

    internal readonly record struct Mark(int Operations, int NewActors, long HighestClock, OperationDigest Digest);

    private sealed class Highest
    {
        public long Clock { get; set; } = long.MinValue;
    }
}
