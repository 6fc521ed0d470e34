using Syncline.Client.Storage;
using Syncline.Core.Operations;

namespace Syncline.Conformance.InMemory;

/// <summary>The twin of the local store: the same rules, nothing on a disk, the same for the same seed, and it fails when it is told to.</summary>
public sealed class InMemoryLocalStore : ILocalStore
{
    private const string ActorCharacters = "0123456789abcdefghijklmnopqrstuvwxyz";

    private readonly InMemoryLocalDisk _disk;
    private LocalContents _contents;
    private bool _hasCrashed;
    private bool _isDisposed;

    private InMemoryLocalStore(InMemoryLocalDisk disk, LocalContents contents) => (_disk, _contents) = (disk, contents);

    /// <summary>Opens a disk: a new one, one that was closed, or one whose client crashed.</summary>
    /// <param name="disk">What survives.</param>
    /// <param name="random">For the id of a new actor.</param>
    /// <exception cref="LocalStoreInUseException">Another store has it open.</exception>
    public static InMemoryLocalStore Open(InMemoryLocalDisk disk, Random random)
    {
        if (disk.IsOpen) throw new LocalStoreInUseException("in memory", null);

        if (disk.Contents is null || disk.IsCopy)
        {
            ActorId actor = new(random.GetString(ActorCharacters, 16));
            disk.Contents = disk.Contents is { } copied ? copied with { Actor = actor } : LocalContents.Empty(actor);
        }

        (disk.IsOpen, disk.IsCopy) = (true, false);
        return new InMemoryLocalStore(disk, disk.Contents);
    }

    /// <inheritdoc />
    public ValueTask<LocalDevice> ReadDeviceAsync(CancellationToken cancellationToken)
    {
        Demand(cancellationToken);
        return ValueTask.FromResult(
            new LocalDevice(_contents.Actor, _contents.NextNumber, _contents.Account, _contents.RefreshToken));
    }

    /// <inheritdoc />
    public ValueTask<IReadOnlyList<LocalSpace>> ReadSpacesAsync(CancellationToken cancellationToken)
    {
        Demand(cancellationToken);
        return ValueTask.FromResult<IReadOnlyList<LocalSpace>>([.. _contents.Spaces.Values.Select(space => space.Space)]);
    }

    /// <inheritdoc />
    public IAsyncEnumerable<LocalSnapshot> ReadSnapshotsAsync(SpaceId space, CancellationToken cancellationToken) =>
        ReadSnapshots(space, cancellationToken).ToAsyncEnumerable();

    /// <inheritdoc />
    public ValueTask<IReadOnlyList<LoggedOperation>> ReadOperationsAsync(
        SpaceId space, long after, int limit, CancellationToken cancellationToken)
    {
        DemandReads(cancellationToken);
        return ValueTask.FromResult<IReadOnlyList<LoggedOperation>>(
            Find(space) is { } found ? [.. found.Operations.Values.Where(logged => logged.Seq > after).Take(limit).Select(Fresh)] : []);
    }

    /// <inheritdoc />
    public ValueTask<IReadOnlyList<OwnOperation>> ReadOutboxAsync(SpaceId space, CancellationToken cancellationToken)
    {
        DemandReads(cancellationToken);
        return ValueTask.FromResult<IReadOnlyList<OwnOperation>>(
            Find(space) is { } found ? [.. found.Own.Values.Where(own => own.State != OwnOperationState.Received).Select(Fresh)] : []);
    }

    /// <inheritdoc />
    public ValueTask WriteAsync(IReadOnlyList<LocalWrite> writes, CancellationToken cancellationToken)
    {
        Demand(cancellationToken);
        LocalFault fault = _disk.FaultOf(writes);
        if (fault == LocalFault.Refuse) throw new LocalStoreException("The local store is full: free some space on its disk.");
        if (fault == LocalFault.CrashBefore) throw Crash();

        _disk.Contents = _contents = writes.Aggregate(_contents, LocalWrites.Apply);
        _disk.Writes++;
        foreach (LocalWrite write in writes)
            Mend(write);
        return fault == LocalFault.CrashAfter ? throw Crash() : ValueTask.CompletedTask;
    }

    /// <summary>The client is killed: from now on everything fails, and the disk can be opened anew.</summary>
    public void Kill() => _ = Crash();

    /// <inheritdoc />
    public ValueTask DisposeAsync()
    {
        if (!_isDisposed && !_hasCrashed) _disk.IsOpen = false;
        _isDisposed = true;
        return ValueTask.CompletedTask;
    }

    private IEnumerable<LocalSnapshot> ReadSnapshots(SpaceId space, CancellationToken cancellationToken)
    {
        DemandReads(cancellationToken);
        foreach (LocalSnapshot snapshot in Find(space)?.Snapshots ?? [])
        {
            Demand(cancellationToken);
            if (_disk.Damaged.Contains(space))
                throw new LocalSnapshotDamagedException(space, snapshot.Resource.Scope, snapshot.Resource.ResourceId);
            yield return snapshot;
        }
    }

    // Each reader gets an operation of its own: what it reads of the content is its own too, as when it comes from a file.
    private static LoggedOperation Fresh(LoggedOperation logged) => logged with { Operation = logged.Operation with { } };

    private static OwnOperation Fresh(OwnOperation own) => own with { Operation = own.Operation with { } };

    private LocalSpaceContents? Find(SpaceId space) => _contents.Spaces.GetValueOrDefault(space.Value);

    private void Mend(LocalWrite write)
    {
        if (write is LocalWrite.StartAnew anew) _disk.Damaged.Remove(anew.Space);
        if (write is LocalWrite.ReplaceSnapshots replace) _disk.Damaged.Remove(replace.Space);
        if (write is LocalWrite.RemoveSpace remove) _disk.Damaged.Remove(remove.Space);
    }

    private LocalStoreException Crash()
    {
        if (!_hasCrashed && !_isDisposed) _disk.IsOpen = false;
        _hasCrashed = true;
        return new LocalStoreException("The client was killed.");
    }

    private void DemandReads(CancellationToken cancellationToken)
    {
        Demand(cancellationToken);
        if (_disk.FailsReads()) throw new LocalStoreException("The local store cannot be read: its disk failed.");
    }

    private void Demand(CancellationToken cancellationToken)
    {
        ObjectDisposedException.ThrowIf(_isDisposed, this);
        if (_hasCrashed) throw new LocalStoreException("The client was killed.");
        cancellationToken.ThrowIfCancellationRequested();
    }
}
