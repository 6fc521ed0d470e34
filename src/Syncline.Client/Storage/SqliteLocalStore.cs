using System.Diagnostics.CodeAnalysis;
using System.Globalization;
using LibSqlite;
using Syncline.Core.Operations;

namespace Syncline.Client.Storage;

/// <summary>
/// A local store in one SQLite file. Beside it lie SQLite's own <c>-wal</c> and <c>-shm</c>, and a <c>.run</c> that keeps a second client out and tells a
/// copy from the original (<see cref="RunFile"/>). Every call blocks its caller, and has come to its end when it returns.
/// </summary>
/// <remarks>
/// A file that was copied, or put back from a backup, gets a new actor when it is opened: operations that were made with the one before keep their identity,
/// and to push them twice is harmless. To move a store while nobody uses it is harmless too, and may cost a new actor.
/// </remarks>
public sealed class SqliteLocalStore : ILocalStore
{
    private const int ActorLength = 16;
    private const string ActorCharacters = "0123456789abcdefghijklmnopqrstuvwxyz";

    // Some free pages are no waste: the next operations fill them.
    private const int FreePagesKept = 64;
    private const int FreeShareKept = 8;
    private const int PagesPerStep = 1_024;

    // https://www.sqlite.org/rescode.html: an INTEGER PRIMARY KEY, or an index, has the value already. Any other constraint is of a damaged file.
    private const int PrimaryKeyTaken = 1555;
    private const int UniqueKeyTaken = 2067;

    private readonly Lock _using = new();
    private readonly SqliteConnection _connection;
    private readonly RunFile _runFile;
    private readonly LocalNames _names;
    private readonly LocalReader _reader;
    private readonly LocalSnapshotTable _snapshots;
    private readonly LocalWriter _writer;
    private long _notedNumber;
    private bool _isDisposed;

    private SqliteLocalStore(SqliteConnection connection, RunFile runFile)
    {
        _connection = connection;
        _runFile = runFile;
        _names = new LocalNames(connection);
        _reader = new LocalReader(connection, _names);
        _snapshots = new LocalSnapshotTable(connection, _names);
        _writer = new LocalWriter(connection, _names, _reader.ReadDevice().NextNumber);
    }

    /// <summary>Opens a store, which is made when it is not there, with the folders above it, for their owner alone.</summary>
    /// <param name="path">The file.</param>
    /// <param name="timeProvider">For the time at which the store is made.</param>
    /// <param name="random">For the id of a new actor: seeded by nothing that another device has too.</param>
    /// <exception cref="LocalStoreInUseException">Another client has it open, in this process or another.</exception>
    /// <exception cref="LocalStoreException">It cannot be opened, is damaged, or was written by a newer version.</exception>
    public static SqliteLocalStore Open(string path, TimeProvider timeProvider, Random random) =>
        Open(path, timeProvider, random, LocalStoreContext.OfTheSystem);

    internal static SqliteLocalStore Open(string path, TimeProvider timeProvider, Random random, LocalStoreContext context)
    {
        ArgumentException.ThrowIfNullOrEmpty(path);
        ArgumentNullException.ThrowIfNull(timeProvider);
        ArgumentNullException.ThrowIfNull(random);
        RunFile? runFile = null;
        SqliteConnection? connection = null;
        SqliteLocalStore? store = null;
        try
        {
            path = LocalFiles.RealPath(path);
            LocalFiles.MakeFolderOf(path, context.SyncNames);
            runFile = RunFile.Open(path);
            LocalFiles.MakeFile(path);
            connection = LocalDatabase.Open(path, context, () => NewActor(random), timeProvider, out bool isNew);
            SqliteLocalStore opened = new(connection, runFile);
            opened.BeginRun(isNew, random);
            return store = opened;
        }
        catch (SqliteException exception)
        {
            throw LocalStoreErrors.From(exception);
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
        {
            throw LocalStoreErrors.From(exception);
        }
        finally
        {
            if (store is null)
            {
                connection?.Dispose();
                runFile?.Dispose();
            }
        }
    }

    /// <inheritdoc />
    public ValueTask<LocalDevice> ReadDeviceAsync(CancellationToken cancellationToken) =>
        ValueTask.FromResult(Read(_reader.ReadDevice, cancellationToken));

    /// <inheritdoc />
    public ValueTask<IReadOnlyList<LocalSpace>> ReadSpacesAsync(CancellationToken cancellationToken) =>
        ValueTask.FromResult<IReadOnlyList<LocalSpace>>(Read(_reader.ReadSpaces, cancellationToken));

    /// <inheritdoc />
    public IAsyncEnumerable<LocalSnapshot> ReadSnapshotsAsync(SpaceId space, CancellationToken cancellationToken) =>
        ReadSnapshots(space, cancellationToken).ToAsyncEnumerable();

    /// <inheritdoc />
    public ValueTask<IReadOnlyList<LoggedOperation>> ReadOperationsAsync(
        SpaceId space, long after, int limit, CancellationToken cancellationToken) =>
        ValueTask.FromResult<IReadOnlyList<LoggedOperation>>(Read(
            () => _names.FindSpace(space) is { } number ? _reader.ReadOperations(number, after, limit, cancellationToken) : [],
            cancellationToken));

    /// <inheritdoc />
    public ValueTask<IReadOnlyList<OwnOperation>> ReadOutboxAsync(SpaceId space, CancellationToken cancellationToken) =>
        ValueTask.FromResult<IReadOnlyList<OwnOperation>>(Read(
            () => _names.FindSpace(space) is { } number ? _reader.ReadOutbox(number, cancellationToken) : [], cancellationToken));

    /// <inheritdoc />
    public ValueTask WriteAsync(IReadOnlyList<LocalWrite> writes, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(writes);
        lock (_using)
        {
            Demand(cancellationToken);
            _names.ForgetWhenMany();
            InTransaction(() =>
            {
                for (int i = 0; i < writes.Count; i++)
                    _writer.Apply(writes[i]);
                if (_writer.HasRemoved) _writer.HasRemoved = GiveBackRoom();
            });
            NoteNumber();
        }

        return ValueTask.CompletedTask;
    }

    /// <summary>Closes the file and lets others use it.</summary>
    public ValueTask DisposeAsync()
    {
        lock (_using)
        {
            if (_isDisposed) return ValueTask.CompletedTask;
            _isDisposed = true;
            _connection.Dispose();
            _runFile.Dispose();
        }

        return ValueTask.CompletedTask;
    }

    [SuppressMessage("Security", "CA5394", Justification = "An actor's id is no secret: it must be new, not unguessable.")]
    private static ActorId NewActor(Random random) => new(random.GetString(ActorCharacters, ActorLength));

    // In doubt a new actor: it costs a name in the file, and two devices with one actor cost operations.
    private void BeginRun(bool isNew, Random random)
    {
        if (!isNew && _runFile.IsInDoubt(_writer.NextNumber))
            InTransaction(() => _writer.BeginActor(NewActor(random), _runFile.NextNumber));
        _notedNumber = _writer.NextNumber;
        _runFile.Write(_notedNumber, isDurable: true);
    }

    private void NoteNumber()
    {
        if (_writer.NextNumber == _notedNumber) return;
        try
        {
            _runFile.Write(_notedNumber = _writer.NextNumber);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            // The operations are in the store. The next note says it, and a copy is told by less until then.
        }
    }

    private IEnumerable<LocalSnapshot> ReadSnapshots(SpaceId space, CancellationToken cancellationToken)
    {
        List<LocalSnapshotTable.Row> rows = Read(
            () => _names.FindSpace(space) is { } number ? _snapshots.Find(number) : [], cancellationToken);
        foreach (LocalSnapshotTable.Row row in rows)
            yield return Read(() => _snapshots.Read(space, row), cancellationToken);
    }

    private T Read<T>(Func<T> read, CancellationToken cancellationToken)
    {
        lock (_using)
        {
            Demand(cancellationToken);
            _names.ForgetWhenMany();
            try
            {
                return read();
            }
            catch (SqliteException exception)
            {
                throw LocalStoreErrors.From(exception);
            }
        }
    }

    private void InTransaction(Action work)
    {
        bool isCommitted = false;
        long nextNumber = _writer.NextNumber;
        try
        {
            using SqliteTransaction transaction = _connection.BeginImmediate();
            work();
            transaction.Commit();
            isCommitted = true;
        }
        catch (SqliteException exception) when (exception.ExtendedResultCode is PrimaryKeyTaken or UniqueKeyTaken)
        {
            throw new ArgumentException("A number, or an actor's clock, is taken already: nothing was written.", exception);
        }
        catch (SqliteException exception)
        {
            throw LocalStoreErrors.From(exception);
        }
        finally
        {
            if (!isCommitted)
            {
                _names.Forget();
                _writer.NextNumber = nextNumber;
            }
        }
    }

    // A step at a time, within the caller's transaction; false when there is nothing more to give back.
    private bool GiveBackRoom()
    {
        long free = ReadInteger("PRAGMA freelist_count");
        if (free <= FreePagesKept + (ReadInteger("PRAGMA page_count") / FreeShareKept)) return false;

        _connection.Execute(string.Create(CultureInfo.InvariantCulture, $"PRAGMA incremental_vacuum({PagesPerStep})"));
        return true;
    }

    private long ReadInteger(string pragma)
    {
        using SqliteStatement statement = _connection.Cached(pragma);
        return statement.Step() ? statement.Int64(0) : 0;
    }

    private void Demand(CancellationToken cancellationToken)
    {
        ObjectDisposedException.ThrowIf(_isDisposed, this);
        cancellationToken.ThrowIfCancellationRequested();
    }
}
