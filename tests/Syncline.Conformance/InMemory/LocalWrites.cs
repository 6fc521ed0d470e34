using System.Collections.Immutable;
using System.Diagnostics;
using Syncline.Client.Storage;
using Syncline.Core.Operations;

namespace Syncline.Conformance.InMemory;

/// <summary>What a write makes of a local store's contents: the definition, without regard to cost.</summary>
internal static class LocalWrites
{
    private const long SeqEnd = 1L << 40;

    /// <exception cref="ArgumentException">It contradicts what is there, or itself.</exception>
    public static LocalContents Apply(LocalContents contents, LocalWrite write) => write switch
    {
        LocalWrite.SetActor set => contents with { Actor = set.Actor },
        LocalWrite.SetAccount set => contents with { Account = set.Account },
        LocalWrite.SetRefreshToken set => contents with { RefreshToken = set.Token },
        LocalWrite.AddSpace add => contents.Spaces.ContainsKey(add.Space.Value) ? contents : With(contents, LocalSpaceContents.Empty(add.Space)),
        LocalWrite.RemoveSpace remove => contents with { Spaces = contents.Spaces.Remove(remove.Space.Value) },
        LocalWrite.AddOwn add => AddOwn(contents, add),
        LocalWrite.SetOwn set => With(contents, SetOwn(Demand(contents, set.Space), set.Changes)),
        LocalWrite.RemoveOwn remove => With(contents, RemoveOwn(Demand(contents, remove.Space), remove.Numbers)),
        LocalWrite.Receive receive => With(contents, Receive(Demand(contents, receive.Space), receive)),
        LocalWrite.ReplaceSnapshots replace => With(contents, ReplaceSnapshots(Demand(contents, replace.Space), replace)),
        LocalWrite.StartAnew anew => With(contents, StartAnew(PutBack(Demand(contents, anew.Space), anew.PutBackAbove))),
        LocalWrite.PutBack back => With(contents, PutBack(Demand(contents, back.Space), back.Above)),
        LocalWrite.SetLastSuccess set => With(contents, SetLastSuccess(Demand(contents, set.Space), Milliseconds(set.At))),
        LocalWrite.ForgetReceivedOwn forget => contents.Spaces.Values.Aggregate(
            contents, (all, space) => With(all, space.WithoutOwn([.. space.Own.Values.Where(own => IsForgotten(own, forget.MadeBefore))]))),
        _ => throw new UnreachableException(),
    };

    private static LocalContents With(LocalContents contents, LocalSpaceContents space) =>
        contents with { Spaces = contents.Spaces.SetItem(space.Space.Id.Value, space) };

    private static LocalSpaceContents Demand(LocalContents contents, SpaceId space) =>
        contents.Spaces.GetValueOrDefault(space.Value) ?? throw new ArgumentException($"The space {space} is not in the store.", nameof(space));

    private static bool IsForgotten(OwnOperation own, DateTimeOffset madeBefore) =>
        own.State == OwnOperationState.Received && own.MadeAt < Milliseconds(madeBefore);

    private static DateTimeOffset Milliseconds(DateTimeOffset time) => DateTimeOffset.FromUnixTimeMilliseconds(time.ToUnixTimeMilliseconds());

    private static LocalContents AddOwn(LocalContents contents, LocalWrite.AddOwn add)
    {
        LocalSpaceContents space = Demand(contents, add.Space);
        long next = contents.NextNumber;
        foreach (OwnOperation own in add.Operations)
        {
            (ActorId, long) clock = (own.Operation.Id.Actor, own.Operation.Id.Clock);
            if (space.NumberByClock.ContainsKey(clock) || space.Own.ContainsKey(own.Number)
                || contents.Spaces.Values.Any(other => other.Own.ContainsKey(own.Number)))
            {
                throw new ArgumentException("A number, or an actor's clock, is taken already.", nameof(add));
            }

            OwnOperation kept = own with { MadeAt = Milliseconds(own.MadeAt), Operation = WithoutContent(own.Operation) };
            space = space with { Own = space.Own.Add(own.Number, kept), NumberByClock = space.NumberByClock.Add(clock, own.Number) };
            space = space.WithClock(own.Operation.Id.Clock);
            next = Math.Max(next, own.Number + 1);
        }

        return With(contents, space) with { NextNumber = next };
    }

    private static LocalSpaceContents SetOwn(LocalSpaceContents space, IReadOnlyList<OwnOperationChange> changes) => changes.Aggregate(
        space,
        (all, change) => all.Own.TryGetValue(change.Number, out OwnOperation? own)
            ? all.WithOwn([own with { State = change.State, Seq = change.Seq, Refusal = change.Refusal }])
            : all);

    private static LocalSpaceContents RemoveOwn(LocalSpaceContents space, IReadOnlyList<long> numbers) =>
        space.WithoutOwn([.. numbers.Distinct().Where(space.Own.ContainsKey).Select(number => space.Own[number])]);

    private static LocalSpaceContents Receive(LocalSpaceContents space, LocalWrite.Receive receive)
    {
        long last = space.Operations.Keys.LastOrDefault();
        foreach (LoggedOperation logged in receive.Operations)
        {
            if (logged.Seq <= last || logged.Seq >= SeqEnd)
                throw new ArgumentException($"The operation with seq {logged.Seq} cannot follow those before it.", nameof(receive));
            last = logged.Seq;
            LoggedOperation kept = logged with
            {
                Operation = WithoutContent(logged.Operation),
                ReceivedAt = Milliseconds(logged.ReceivedAt),
                GroupEnd = logged.Seq,
                Digest = OperationDigest.Empty,
            };
            space = space with { Operations = space.Operations.Add(logged.Seq, kept) };
            if (space.NumberByClock.TryGetValue((logged.Operation.Id.Actor, logged.Operation.Id.Clock), out long number)
                && space.Own[number].IsLoggedAs(logged.Operation))
            {
                space = space.WithOwn([space.Own[number] with { State = OwnOperationState.Received, Seq = logged.Seq, Refusal = null }]);
            }
        }

        LocalSpace at = space.Space;
        return (space with { Space = at with { Cursor = receive.Cursor ?? at.Cursor } }).WithClock(receive.ClockMax);
    }

    private static LocalSpaceContents ReplaceSnapshots(LocalSpaceContents space, LocalWrite.ReplaceSnapshots replace)
    {
        if (replace.Snapshots.DistinctBy(snapshot => (snapshot.Resource.Scope, snapshot.Resource.ResourceId)).Count() < replace.Snapshots.Count)
            throw new ArgumentException("There are two snapshots of one resource.", nameof(replace));
        return (space with
        {
            Snapshots = [.. replace.Snapshots.Select(Kept)],
            Operations = space.Operations.RemoveRange(space.Operations.Values
                .Where(logged => logged.Seq <= replace.Cursor.Seq && replace.Scopes.Contains(logged.Operation.Id.Scope))
                .Select(logged => logged.Seq)),
            Space = space.Space with { Cursor = replace.Cursor, SnapshotSeq = replace.Cursor.Seq },
        }).WithClock(replace.ClockMax);
    }

    // Whoever handed out the bytes may use their memory for something else.
    private static LocalSnapshot Kept(LocalSnapshot snapshot) =>
        snapshot with { Resource = snapshot.Resource with { State = snapshot.Resource.State.ToArray() } };

    private static LocalSpaceContents StartAnew(LocalSpaceContents space) => space with
    {
        Snapshots = [],
        Operations = ImmutableSortedDictionary<long, LoggedOperation>.Empty,
        Space = space.Space with { Cursor = null, SnapshotSeq = 0 },
    };

    private static LocalSpaceContents PutBack(LocalSpaceContents space, long above) => space.WithOwn(
        space.Own.Values
            .Where(own => own.State is OwnOperationState.Stored or OwnOperationState.Received && own.Seq > Math.Max(above, 0))
            .Select(own => own with { State = OwnOperationState.Pending, Seq = 0 }));

    private static LocalSpaceContents SetLastSuccess(LocalSpaceContents space, DateTimeOffset at) =>
        space with { Space = space.Space with { LastSuccess = at } };

    private static Operation WithoutContent(Operation operation) =>
        operation with { Content = null, IsTransient = false, Payload = new(operation.Payload.Utf8.ToArray()) };
}
