using System.Collections.Immutable;
using Syncline.Client.Storage;
using Syncline.Core.Operations;

namespace Syncline.Conformance.InMemory;

/// <summary>What a write to a local store in memory comes to.</summary>
public enum LocalFault
{
    /// <summary>It is written.</summary>
    None = 0,

    /// <summary>It is refused, as by a full disk: nothing is written, and the store goes on.</summary>
    Refuse = 1,

    /// <summary>The client is killed before it is written.</summary>
    CrashBefore = 2,

    /// <summary>The client is killed after it was written, and before it knows.</summary>
    CrashAfter = 3,
}

/// <summary>
/// Where an <see cref="InMemoryLocalStore"/> keeps what survives it: one store's file. A client that crashed or was closed is followed by the next store on
/// the same disk.
/// </summary>
public sealed class InMemoryLocalDisk
{
    /// <summary>What becomes of a write; asked before each.</summary>
    public Func<IReadOnlyList<LocalWrite>, LocalFault> FaultOf { get; set; } = _ => LocalFault.None;

    /// <summary>Whether a read of a space fails; asked before each.</summary>
    public Func<bool> FailsReads { get; set; } = static () => false;

    /// <summary>Whether a store has it open.</summary>
    public bool IsOpen { get; internal set; }

    /// <summary>How many writes were made to it.</summary>
    public long Writes { get; internal set; }

    /// <summary>Null before the first store.</summary>
    internal LocalContents? Contents { get; set; }

    /// <summary>Whether the contents came from elsewhere since a store was last opened.</summary>
    internal bool IsCopy { get; set; }

    /// <summary>Spaces whose snapshots do not read.</summary>
    internal HashSet<SpaceId> Damaged { get; } = [];

    /// <summary>The file as it is now, on another disk. Whoever opens it takes a new actor.</summary>
    public InMemoryLocalDisk Copy() => new() { Contents = Contents, IsCopy = true };

    /// <summary>The file as it is now, with the whole disk that it lies on: nobody who opens it notices.</summary>
    public InMemoryLocalDisk Twin() => new() { Contents = Contents };

    /// <summary>Puts a copy in the place of the file; nobody has it open. Whoever opens it next takes a new actor.</summary>
    public void PutBack(InMemoryLocalDisk copy)
    {
        if (IsOpen) throw new InvalidOperationException("A store has it open.");
        (Contents, IsCopy) = (copy.Contents, true);
    }

    /// <summary>Damages the snapshots of a space, until they are replaced.</summary>
    public void DamageSnapshots(SpaceId space) => Damaged.Add(space);
}

/// <summary>All that a local store holds; never changed, so that a write is all or nothing and a copy costs nothing.</summary>
internal sealed record LocalContents(
    ActorId Actor,
    long NextNumber,
    LocalAccount? Account,
    string? RefreshToken,
    ImmutableSortedDictionary<string, LocalSpaceContents> Spaces)
{
    public static LocalContents Empty(ActorId actor) =>
        new(actor, 1, null, null, ImmutableSortedDictionary.Create<string, LocalSpaceContents>(StringComparer.Ordinal));
}

/// <summary>All of one space.</summary>
internal sealed record LocalSpaceContents(
    LocalSpace Space,
    ImmutableList<LocalSnapshot> Snapshots,
    ImmutableSortedDictionary<long, LoggedOperation> Operations,
    ImmutableSortedDictionary<long, OwnOperation> Own,
    ImmutableDictionary<(ActorId Actor, long Clock), long> NumberByClock)
{
    public static LocalSpaceContents Empty(SpaceId space) => new(
        new LocalSpace(space, null, 0, 0, null),
        [],
        ImmutableSortedDictionary<long, LoggedOperation>.Empty,
        ImmutableSortedDictionary<long, OwnOperation>.Empty,
        ImmutableDictionary<(ActorId, long), long>.Empty);

    public LocalSpaceContents WithOwn(IEnumerable<OwnOperation> changed) =>
        this with { Own = Own.SetItems(changed.Select(own => KeyValuePair.Create(own.Number, own))) };

    public LocalSpaceContents WithoutOwn(IReadOnlyCollection<OwnOperation> removed) => this with
    {
        Own = Own.RemoveRange(removed.Select(own => own.Number)),
        NumberByClock = NumberByClock.RemoveRange(removed.Select(own => (own.Operation.Id.Actor, own.Operation.Id.Clock))),
    };

    public LocalSpaceContents WithClock(long clock) => this with { Space = Space with { ClockMax = Math.Max(Space.ClockMax, clock) } };
}
