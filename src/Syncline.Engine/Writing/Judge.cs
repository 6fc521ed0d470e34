using System.Diagnostics;
using Syncline.Core.Operations;
using Syncline.Engine.Accounts;
using Syncline.Engine.Storage;

namespace Syncline.Engine.Writing;

/// <summary>
/// Judges the operations of a round one after the other, each on a state that has the accepted ones before it applied
/// (docs/protocol.md, "How an operation is judged").
/// </summary>
internal sealed class Judge(SpaceId space, SpaceState state, Batch batch, Known known, ILookup<Scope, IOperationRule> rules)
{
    /// <summary>Any clock up to here is allowed: no client that counts reaches it, and nobody can drive the others over it.</summary>
    private const long ClockAlwaysAllowed = 1L << 42;
    private const long ClockAhead = 1_000_000;
    private (ActorId Actor, UserId Owner) _lastKnown;

    public OperationResult[] Push(IReadOnlyList<PushItem> items, UserId userId, Role role)
    {
        OperationResult[] results = new OperationResult[items.Count];
        Dictionary<string, int>? torn = TornGroups(items);
        for (int first = 0; first < items.Count;)
        {
            int end = first + 1;
            string? tx = items[first].Tx;
            while (tx is not null && end < items.Count && string.Equals(items[end].Tx, tx, StringComparison.Ordinal))
                end++;
            if (tx is null)
                results[first] = One(items[first], userId, role);
            else if (torn is not null && torn.TryGetValue(tx, out int tornAt))
                Refuse(results, first, end, tornAt, Rejected(ErrorCodes.InvalidOperation, "the members of a group must stand together"));
            else
                Group(items, results, first, end, userId, role);
            first = end;
        }

        return results;
    }

    // The index where a group goes on after something else stood between; null when none does.
    private static Dictionary<string, int>? TornGroups(IReadOnlyList<PushItem> items)
    {
        HashSet<string>? seen = null;
        Dictionary<string, int>? torn = null;
        string? before = null;
        for (int i = 0; i < items.Count; i++)
        {
            string? tx = items[i].Tx;
            if (tx is not null && !string.Equals(tx, before, StringComparison.Ordinal) && !(seen ??= new(StringComparer.Ordinal)).Add(tx))
                (torn ??= new(StringComparer.Ordinal)).TryAdd(tx, i);
            before = tx;
        }

        return torn;
    }

    private void Group(IReadOnlyList<PushItem> items, OperationResult[] results, int first, int end, UserId userId, Role role)
    {
        Batch.Mark batchMark = batch.Here();
        (IModelState State, int Mark)[] stateMarks = state.Mark();
        long firstSeq = batch.NextSeq;
        bool? stored = null;
        for (int i = first; i < end; i++)
        {
            results[i] = One(items[i], userId, role);
            if (results[i] is not OperationResult.Rejected)
            {
                // A member that repeats another of the same group is neither stored before nor new.
                bool isStored = results[i] is OperationResult.Duplicate duplicate && duplicate.Seq < firstSeq;
                bool isRepeatWithin = results[i] is OperationResult.Duplicate && !isStored;
                if (isRepeatWithin || stored is null || stored == isStored)
                {
                    stored = isRepeatWithin ? stored : isStored;
                    continue;
                }

                results[i] = Rejected(ErrorCodes.InvalidOperation, "some members of the group are stored and some are new");
            }

            batch.RollbackTo(batchMark);
            SpaceState.RollbackTo(stateMarks);
            Refuse(results, first, end, i, results[i]);
            return;
        }

        batch.CloseGroup(batchMark);
    }

    private static void Refuse(OperationResult[] results, int first, int end, int culprit, OperationResult reason)
    {
        for (int i = first; i < end; i++)
            results[i] = i == culprit ? reason : Rejected(ErrorCodes.BlockedBy, $"operation {culprit} of the same group was refused");
    }

    private OperationResult One(PushItem item, UserId userId, Role role)
    {
        if (item.Operation is not { } operation)
            return new OperationResult.Rejected(item.Refusal!);
        OperationId id = operation.Id;
        StoredIdentity stored = default;
        if ((known.Operations.Count > 0 && known.Operations.TryGetValue(id, out stored)) || batch.TryFind(id, out stored))
        {
            return stored.Hash == operation.Hash
                ? new OperationResult.Duplicate(stored.Seq)
                : Rejected(ErrorCodes.IdentityReused, $"{id} is stored with other content, at seq {stored.Seq}");
        }

        bool isOwned = IsOwned(id.Actor, out UserId owner);
        if (id.Actor == Decision.ReservedActor || (isOwned && owner != userId))
            return Rejected(ErrorCodes.ActorTaken, $"the actor {id.Actor} belongs to another user");

        long clockMax = Math.Max(ClockAlwaysAllowed, batch.HighestClock + ClockAhead);
        if (id.Clock < 1 || id.Clock > clockMax)
            return Rejected(ErrorCodes.ClockOutOfRange, id.Clock < 1 ? $"clock {id.Clock} is below 1" : $"clock {id.Clock} is above {clockMax}");

        IModelState model = state.Of(id.Scope);
        if (JudgeByRules(operation, model, userId, role) is { } refusal)
            return new OperationResult.Rejected(refusal);

        if (state.IsPurged(operation))
            return Rejected(ErrorCodes.EntityDeleted, "what the operation changes was deleted for good");

        Decision decision = model.Decide(operation, new DecisionContext(userId, batch.ReceivedAt, batch.HighestClock + 1));
        if (decision is Decision.Refused refused)
            return new OperationResult.Rejected(refused.Refusal);
        if (operation.IsTransient)
            return new OperationResult.Accepted(Seq: null);
        return decision is Decision.Accepted ? Take(operation, userId, isOwned) : Take(operation, decision, userId, isOwned);
    }

    private bool IsOwned(ActorId actor, out UserId owner)
    {
        // Neighbours mostly are of one actor; who owns it in the log does not change during a round.
        if (_lastKnown.Actor == actor)
        {
            owner = _lastKnown.Owner;
            return true;
        }

        if (!known.Actors.TryGetValue(actor, out owner))
            return batch.TryFindOwner(actor, out owner);
        _lastKnown = (actor, owner);
        return true;
    }

    private Refusal? JudgeByRules(Operation operation, IModelState model, UserId userId, Role role)
    {
        if (rules.Count == 0)
            return null;
        RuleContext ruleContext = new(space, userId, role, batch.ReceivedAt, model);
        foreach (IOperationRule rule in rules[operation.Id.Scope])
        {
            if (rule.Judge(operation, ruleContext) is { } refusal)
                return refusal;
        }

        return null;
    }

    // The plain case: it is stored as it is.
    private OperationResult.Accepted Take(Operation operation, UserId userId, bool actorIsKnown)
    {
        if (!actorIsKnown)
            batch.AddActor(operation.Id.Actor, userId);
        LoggedOperation logged = batch.Add(operation, userId);
        state.Apply(logged);
        return new OperationResult.Accepted(logged.Seq);
    }

    private OperationResult Take(Operation operation, Decision decision, UserId userId, bool actorIsKnown)
    {
        IReadOnlyList<Operation> operations = decision is Decision.AcceptedAs accepted
            ? [.. accepted.Operations.Select(one => one.Id == operation.Id ? one with { Hash = operation.Hash } : one)]
            : [operation];
        if (operations.Count == 0)
            return new OperationResult.Accepted(Seq: null);

        if (!actorIsKnown)
            batch.AddActor(operation.Id.Actor, userId);
        Batch.Mark mark = batch.Here();
        LoggedOperation? own = null;
        foreach (Operation one in operations)
        {
            Debug.Assert(one.Id == operation.Id || one.Id.Actor == Decision.ReservedActor, "an operation under somebody else's identity");
            LoggedOperation logged = batch.Add(one, userId);
            state.Apply(logged);
            own = one.Id == operation.Id || own is null ? logged : own;
        }

        if (operation.Tx is null)
            batch.CloseGroup(mark);
        return decision switch
        {
            Decision.Conflict conflict => new OperationResult.Conflict(own!.Seq, conflict.Description),
            Decision.AcceptedAs when own!.Operation.Id == operation.Id && own.Operation.Payload != operation.Payload =>
                new OperationResult.Accepted(own.Seq, own.Operation.Payload),
            _ => new OperationResult.Accepted(own!.Seq),
        };
    }

    private static OperationResult.Rejected Rejected(string code, string detail) => new(new Refusal(code, detail));
}
