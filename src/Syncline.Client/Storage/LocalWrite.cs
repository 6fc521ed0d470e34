using Syncline.Core.Operations;

namespace Syncline.Client.Storage;

/// <summary>One thing to write. What belongs together is written in one transaction by <see cref="ILocalStore.WriteAsync"/>.</summary>
public abstract record LocalWrite
{
    private LocalWrite()
    {
    }

    /// <summary>From now on operations are numbered as this actor's.</summary>
    public sealed record SetActor(ActorId Actor) : LocalWrite;

    /// <summary>Binds the store to a user of a server.</summary>
    public sealed record SetAccount(LocalAccount Account) : LocalWrite;

    /// <summary>Keeps what a login needs to go on; null forgets it.</summary>
    public sealed record SetRefreshToken(string? Token) : LocalWrite;

    /// <summary>Adds an empty space; nothing when it is there.</summary>
    public sealed record AddSpace(SpaceId Space) : LocalWrite;

    /// <summary>Removes a space with everything in it, its outbox too; nothing when it is not there.</summary>
    public sealed record RemoveSpace(SpaceId Space) : LocalWrite;

    /// <summary>Adds own operations, with numbers and clocks that nobody had. The space's highest clock rises to theirs.</summary>
    public sealed record AddOwn(SpaceId Space, IReadOnlyList<OwnOperation> Operations) : LocalWrite;

    /// <summary>Changes how far own operations have come. Numbers that are not there are passed over.</summary>
    public sealed record SetOwn(SpaceId Space, IReadOnlyList<OwnOperationChange> Changes) : LocalWrite;

    /// <summary>
    /// Removes own operations: refused ones that were dropped, or received ones that are too old to be needed. Numbers that are not there are passed over.
    /// </summary>
    public sealed record RemoveOwn(SpaceId Space, IReadOnlyList<long> Numbers) : LocalWrite;

    /// <summary>
    /// Takes in operations from the log, in seq order, each after those that are there. Own operations among them (<see cref="OwnOperation.IsLoggedAs"/>)
    /// become <see cref="OwnOperationState.Received"/> with their seq.
    /// </summary>
    /// <param name="Space">The space.</param>
    /// <param name="Operations">What was received.</param>
    /// <param name="Cursor">Up to where; null in the middle of a bootstrap, which counts only once its cursor is there.</param>
    /// <param name="ClockMax">The space's highest clock rises to it.</param>
    public sealed record Receive(SpaceId Space, IReadOnlyList<LoggedOperation> Operations, LocalCursor? Cursor, long ClockMax) : LocalWrite;

    /// <summary>
    /// Takes snapshots as of the cursor in place of those that are there, and drops the received operations up to it of the scopes named.
    /// </summary>
    /// <param name="Space">The space.</param>
    /// <param name="Cursor">What the snapshots are as of; it becomes the space's.</param>
    /// <param name="Snapshots">The states.</param>
    /// <param name="Scopes">Scopes whose operations the snapshots stand for.</param>
    /// <param name="ClockMax">The space's highest clock rises to it.</param>
    public sealed record ReplaceSnapshots(
        SpaceId Space, LocalCursor Cursor, IReadOnlyList<LocalSnapshot> Snapshots, IReadOnlyList<Scope> Scopes, long ClockMax) : LocalWrite;

    /// <summary>
    /// Forgets all that was received: snapshots, operations, cursor. Own operations that the log had above <paramref name="PutBackAbove"/> are pending again,
    /// as by <see cref="PutBack"/>. The highest clock stays.
    /// </summary>
    /// <param name="Space">The space.</param>
    /// <param name="PutBackAbove">Exclusive; <see cref="long.MaxValue"/> puts none back.</param>
    public sealed record StartAnew(SpaceId Space, long PutBackAbove) : LocalWrite;

    /// <summary>Own operations that the log had above a seq, stored or received, are pending again, without a seq; nothing else changes.</summary>
    public sealed record PutBack(SpaceId Space, long Above) : LocalWrite;

    /// <summary>Notes when a space was last known to be up to date.</summary>
    public sealed record SetLastSuccess(SpaceId Space, DateTimeOffset At) : LocalWrite;

    /// <summary>Removes received own operations that were made before a time: no backup that old is expected to come back.</summary>
    public sealed record ForgetReceivedOwn(DateTimeOffset MadeBefore) : LocalWrite;
}
