using LibSqlite;
using Syncline.Core.Operations;
using Syncline.Core.Tree;
using Syncline.Engine;
using Syncline.Engine.Storage;
using Syncline.Sqlite.Spaces;

namespace Syncline.Sqlite;

/// <summary>
/// Logs in SQLite files, one per space, at <c>&lt;folder&gt;/&lt;first two characters of the id&gt;/&lt;id&gt;.db</c>. A space that nobody uses costs
/// its file and nothing else: at most <see cref="SqliteOptions.OpenSpacesMax"/> files stay open between calls, the least recently used are
/// closed first.
/// </summary>
/// <remarks>
/// Every method does its I/O on the calling thread and returns a completed task: a local file is not worth a change of threads. A long scan
/// occupies the thread until it ends or is cancelled.
/// </remarks>
public sealed class SqliteSpaceStore : ISpaceStore, IDisposable
{
    // Those used last keep what SQLite caches of them: a space in use is not read anew at each call.
    private const int AwakeMax = 64;

    private readonly SqliteDataFolder _folder;
    private readonly SpaceFileContext _context;
    private readonly LastHeads _heads;
    private readonly Lock _gate = new();
    private readonly Dictionary<SpaceId, SpaceFile> _files = [];

    // Open files that nobody uses, the last used first: those with their caches, and those that gave them up.
    private readonly LinkedList<SpaceFile> _awake = [];
    private readonly LinkedList<SpaceFile> _resting = [];
    private bool _isDisposed;

    /// <param name="folder">Where the files are; disposed by the caller, after this.</param>
    /// <param name="timeProvider">For the times that people read in the files.</param>
    /// <param name="randomBytes">For new epochs.</param>
    public SqliteSpaceStore(SqliteDataFolder folder, TimeProvider timeProvider, IRandomBytes randomBytes)
        : this(folder, new SpaceFileContext(folder.Options.Durability, SpaceSchema.Current, timeProvider, randomBytes, folder.Disk))
    {
    }

    internal SqliteSpaceStore(SqliteDataFolder folder, SpaceFileContext context)
    {
        _folder = folder;
        _context = context;
        _heads = new LastHeads(folder.Path, context.TimeProvider);
    }

    /// <inheritdoc />
    public ValueTask CreateAsync(SpaceId space, Epoch epoch, DateTimeOffset createdAt, CancellationToken cancellationToken) =>
        Run(
            space,
            file =>
            {
                if (file.Create(epoch, createdAt)) _heads.Note(space, epoch, 0);
            },
            cancellationToken);

    /// <inheritdoc />
    public ValueTask DeleteAsync(SpaceId space, CancellationToken cancellationToken) =>
        Run(
            space,
            file =>
            {
                _heads.Forget(space);
                file.Delete();
            },
            cancellationToken);

    /// <inheritdoc />
    public ValueTask<LogHead?> ReadHeadAsync(SpaceId space, CancellationToken cancellationToken) =>
        Run(space, file => file.TryWrite(log => log.ReadHead(), out LogHead head) ? head : null, cancellationToken);

    /// <inheritdoc />
    public ValueTask<Known> FindAsync(
        SpaceId space, IReadOnlyCollection<OperationId> identities, IReadOnlyCollection<ActorId> actors, CancellationToken cancellationToken) =>
        Write(space, log => log.Find(identities, actors, cancellationToken), cancellationToken);

    /// <inheritdoc />
    public ValueTask<AppendOutcome> AppendAsync(SpaceId space, LogAppend append) =>
        Run(
            space,
            file =>
            {
                if (!file.TryWrite(log => log.Append(append), out AppendOutcome outcome)) throw new SpaceNotFoundException(space);
                if (outcome == AppendOutcome.Appended) _heads.Note(space, append.Epoch, append.ExpectedHead + append.Operations.Count);
                return outcome;
            },
            CancellationToken.None);

    /// <inheritdoc />
    public ValueTask<LogPage> ReadAsync(
        SpaceId space, long after, Selection selection, PageLimits limits, CancellationToken cancellationToken) =>
        Run(
            space,
            file => file.TryRead(
                isShort: selection.IsAll, log => log.ReadPage(after, selection, limits, cancellationToken), out LogPage page)
                ? page
                : throw new SpaceNotFoundException(space),
            cancellationToken);

    /// <inheritdoc />
    public ValueTask<IReadOnlyList<LoggedOperation>> ReadRangesAsync(
        SpaceId space, Scope scope, ResourceId resourceId, StateVector wanted, PageLimits limits, CancellationToken cancellationToken) =>
        Run(
            space,
            file => file.TryRead(
                isShort: false,
                log => log.ReadRanges(scope, resourceId, wanted, limits, cancellationToken),
                out IReadOnlyList<LoggedOperation> operations)
                ? operations
                : throw new SpaceNotFoundException(space),
            cancellationToken);

    /// <inheritdoc />
    public ValueTask<long> ReadCompactedUpToAsync(SpaceId space, CancellationToken cancellationToken) =>
        Write(space, log => log.Compactor.ReadCompactedUpTo(), cancellationToken);

    /// <inheritdoc />
    public ValueTask<IReadOnlyDictionary<RegisterKey, LoggedOperation>> FindWinnersAsync(
        SpaceId space, IReadOnlyCollection<RegisterKey> registers, CancellationToken cancellationToken) =>
        Write(space, IReadOnlyDictionary<RegisterKey, LoggedOperation> (log) => log.Compactor.FindWinners(registers, cancellationToken), cancellationToken);

    /// <inheritdoc />
    public ValueTask<IReadOnlyDictionary<ResourceId, StateVector>> ReadDroppedAsync(
        SpaceId space, Scope scope, long after, CancellationToken cancellationToken) =>
        Write(
            space,
            IReadOnlyDictionary<ResourceId, StateVector> (log) => log.Compactor.ReadDropped(scope, after, cancellationToken),
            cancellationToken);

    /// <inheritdoc />
    public ValueTask<bool> CompactAsync(SpaceId space, CompactionStep step) =>
        Write(space, log => log.Compactor.Compact(step), CancellationToken.None);

    /// <inheritdoc />
    public ValueTask<IReadOnlyList<RegisterKey>> ReadPurgedAsync(SpaceId space, CancellationToken cancellationToken) =>
        Write(space, IReadOnlyList<RegisterKey> (log) => log.Compactor.ReadPurged(), cancellationToken);

    /// <inheritdoc />
    public ValueTask<bool> PurgeAsync(SpaceId space, PurgeStep step) =>
        Write(space, log => log.Compactor.Purge(step), CancellationToken.None);

    /// <inheritdoc />
    public ValueTask<bool> TidyAsync(SpaceId space, DateTimeOffset stubsBefore, CancellationToken cancellationToken) =>
        Write(space, log => log.Compactor.Tidy(stubsBefore), cancellationToken);

    /// <inheritdoc />
    public ValueTask<IReadOnlyList<Scope>> ReadScopesAsync(SpaceId space, CancellationToken cancellationToken) =>
        Write(space, IReadOnlyList<Scope> (log) => log.Snapshots.ReadScopes(), cancellationToken);

    /// <inheritdoc />
    public ValueTask<StoredSnapshot?> FindSnapshotAsync(SpaceId space, CancellationToken cancellationToken) =>
        Write(space, log => log.Snapshots.Find(), cancellationToken);

    /// <inheritdoc />
    public ValueTask<byte[]?> ReadSnapshotChunkAsync(SpaceId space, long snapshot, int part, int chunk, CancellationToken cancellationToken) =>
        Write(space, log => log.Snapshots.ReadChunk(snapshot, part, chunk), cancellationToken);

    /// <inheritdoc />
    public ValueTask<int?> ReadSnapshotChunkAsync(
        SpaceId space, long snapshot, int part, int chunk, Memory<byte> destination, CancellationToken cancellationToken) =>
        Write(space, log => log.Snapshots.ReadChunk(snapshot, part, chunk, destination.Span), cancellationToken);

    /// <inheritdoc />
    public ValueTask<long> BeginSnapshotAsync(SpaceId space, CancellationToken cancellationToken) =>
        Write(space, log => log.Snapshots.Begin(), cancellationToken);

    /// <inheritdoc />
    public ValueTask AddSnapshotChunkAsync(SpaceId space, long snapshot, int part, int chunk, ReadOnlyMemory<byte> bytes) =>
        Done(Write(
            space,
            log =>
            {
                log.Snapshots.AddChunk(snapshot, part, chunk, bytes.Span);
                return true;
            },
            CancellationToken.None));

    /// <inheritdoc />
    public ValueTask<bool> CompleteSnapshotAsync(SpaceId space, StoredSnapshot snapshot) =>
        Write(space, log => log.Snapshots.Complete(snapshot), CancellationToken.None);

    /// <inheritdoc />
    public ValueTask DropSnapshotAsync(SpaceId space, long snapshot) =>
        Done(Write(
            space,
            log =>
            {
                log.Snapshots.Drop(snapshot);
                return true;
            },
            CancellationToken.None));

    /// <inheritdoc />
    public ValueTask<Generation?> FindGenerationAsync(
        SpaceId space, Epoch epoch, string key, DateTimeOffset at, CancellationToken cancellationToken) =>
        Write(space, log => log.FindGeneration(epoch, key, at), cancellationToken);

    /// <inheritdoc />
    public ValueTask<string?> ReadGenerationSnapshotAsync(SpaceId space, string key, CancellationToken cancellationToken) =>
        Write(space, log => log.ReadSnapshot(key), cancellationToken);

    /// <inheritdoc />
    public ValueTask<ResetOutcome> ResetAsync(SpaceId space, LogReset reset) =>
        Run(
            space,
            file =>
            {
                _heads.Forget(space);
                return file.TryReset(reset, out ResetOutcome outcome) ? outcome : throw new SpaceNotFoundException(space);
            },
            CancellationToken.None);

    /// <inheritdoc />
    public ValueTask<IReadOnlyList<ClientCursor>> ReadClientsAsync(SpaceId space, CancellationToken cancellationToken) =>
        Write(space, log => log.Clients.Read(), cancellationToken);

    /// <inheritdoc />
    public async ValueTask WriteClientsAsync(
        SpaceId space,
        IReadOnlyList<ClientCursor> cursors,
        int clientsPerUserMax,
        int clientsMax,
        DateTimeOffset seenSince,
        CancellationToken cancellationToken) =>
        await Write(
            space,
            log =>
            {
                log.Clients.Write(cursors, clientsPerUserMax, clientsMax, seenSince);
                return true;
            },
            cancellationToken);

    /// <inheritdoc />
    public ValueTask CheckAsync(CancellationToken cancellationToken)
    {
        try
        {
            cancellationToken.ThrowIfCancellationRequested();
            _folder.Check();
            return ValueTask.CompletedTask;
        }
        catch (Exception exception)
        {
            return ValueTask.FromException(exception);
        }
    }

    /// <summary>Waits for the calls that are running, and closes all files in order.</summary>
    public void Dispose()
    {
        SpaceFile[] files;
        lock (_gate)
        {
            _isDisposed = true;
            files = [.. _files.Values];
        }

        foreach (SpaceFile file in files)
            file.CloseForGood();
        _heads.Dispose();
    }

    /// <summary>How many files are open now.</summary>
    internal int OpenFiles
    {
        get
        {
            lock (_gate)
                return _files.Count;
        }
    }

    private ValueTask<T> Write<T>(SpaceId space, Func<LogWriter, T> work, CancellationToken cancellationToken) =>
        Run(space, file => file.TryWrite(work, out T result) ? result : throw new SpaceNotFoundException(space), cancellationToken);

    private ValueTask Run(SpaceId space, Action<SpaceFile> work, CancellationToken cancellationToken) =>
        Done(Run(
            space,
            file =>
            {
                work(file);
                return true;
            },
            cancellationToken));

    private static ValueTask Done(ValueTask<bool> done) =>
        done.IsCompletedSuccessfully ? ValueTask.CompletedTask : new ValueTask(done.AsTask());

    // Failures come out where the task is awaited, as they would if the store were asynchronous.
    private ValueTask<T> Run<T>(SpaceId space, Func<SpaceFile, T> work, CancellationToken cancellationToken)
    {
        try
        {
            cancellationToken.ThrowIfCancellationRequested();
            SpaceFile file = Take(space);
            try
            {
                return ValueTask.FromResult(work(file));
            }
            finally
            {
                GiveBack(file, _awake);
                PutTheLeastRecentlyUsedToRest();
            }
        }
        catch (SqliteException exception)
        {
            return ValueTask.FromException<T>(Unavailable.From(exception));
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
        {
            return ValueTask.FromException<T>(Unavailable.From(exception));
        }
        catch (Exception exception)
        {
            return ValueTask.FromException<T>(exception);
        }
    }

    private SpaceFile Take(SpaceId space)
    {
        SpaceFile file;
        lock (_gate)
        {
            ObjectDisposedException.ThrowIf(_isDisposed, this);
            if (!_files.TryGetValue(space, out file!))
            {
                _files.Add(space, file = new SpaceFile(space, DataLayout.SpaceFile(_folder.Path, space), _context, _heads));
            }

            Use(file);
        }

        CloseTheLeastRecentlyUsed();
        return file;
    }

    // A file that is being closed is used by whoever closes it: it stays in the dictionary, and a caller who wants it waits on its locks and
    // opens it again. So no file is ever opened while it is being closed.
    private void CloseTheLeastRecentlyUsed()
    {
        while (true)
        {
            SpaceFile leastRecent;
            lock (_gate)
            {
                if (_files.Count <= _folder.Options.OpenSpacesMax || (_resting.Last ?? _awake.Last) is not { } last) return;
                leastRecent = last.Value;
                Use(leastRecent);
            }

            leastRecent.Close();
            GiveBack(leastRecent, _resting);
        }
    }

    private void PutTheLeastRecentlyUsedToRest()
    {
        while (true)
        {
            SpaceFile leastRecent;
            lock (_gate)
            {
                if (_awake.Count <= AwakeMax) return;
                leastRecent = _awake.Last!.Value;
                Use(leastRecent);
            }

            leastRecent.Rest();
            GiveBack(leastRecent, _resting);
        }
    }

    private static void Use(SpaceFile file)
    {
        file.Users++;
        file.IdleNode?.List!.Remove(file.IdleNode);
        file.IdleNode = null;
    }

    private void GiveBack(SpaceFile file, LinkedList<SpaceFile> idle)
    {
        lock (_gate)
        {
            file.Users--;
            if (file.Users > 0) return;
            if (file.IsOpen) file.IdleNode = idle.AddFirst(file);
            else _files.Remove(file.Space);
        }
    }
}
