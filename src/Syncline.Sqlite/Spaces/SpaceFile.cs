using System.Globalization;
using LibSqlite;
using Syncline.Core.Operations;
using Syncline.Engine.Storage;

namespace Syncline.Sqlite.Spaces;

/// <summary>
/// The file of one space and the connections to it, opened by the first call that needs them: one to write, to look up, and to read while
/// nothing is written; one to read beside it. Each is used by one caller at a time; others wait. Where both are locked, reading is first.
/// </summary>
internal sealed class SpaceFile(SpaceId space, string path, SpaceFileContext context, LastHeads? heads = null)
{
    private readonly Lock _reading = new();
    private readonly Lock _writing = new();
    private LogReader? _reader;
    private LogWriter? _writer;
    private bool _isClosedForGood;

    public SpaceId Space => space;

    /// <summary>How many callers use it now. The store's, under its lock.</summary>
    public int Users { get; set; }

    /// <summary>Where it stands among those that nobody uses; null while somebody does. The store's, under its lock.</summary>
    public LinkedListNode<SpaceFile>? IdleNode { get; set; }

    /// <summary>Whether any connection is open. Meaningful when nobody uses it.</summary>
    public bool IsOpen => _reader is not null || _writer is not null;

    /// <summary>Makes an empty log; false when there is one.</summary>
    public bool Create(Epoch epoch, DateTimeOffset createdAt)
    {
        lock (_reading)
        {
            lock (_writing)
            {
                bool isNew = !Path.Exists(path);
                if (isNew) CreateFile(epoch, createdAt);
                // Also what is there: whoever made it, or the folder, may have been killed before this.
                SyncNames();
                return isNew;
            }
        }
    }

    public void Delete()
    {
        lock (_reading)
        {
            lock (_writing)
            {
                CloseBoth();
                if (!Directory.Exists(Path.GetDirectoryName(path)!)) return;
                // The file first, and durably: what is left of a deletion that is broken off can then never be opened, and the next creation
                // removes it. Also when it is gone already: whoever deleted it may have been killed before this.
                context.Disk.Delete(path);
                context.Disk.SyncNames(Path.GetDirectoryName(path)!);
                DeleteLeftovers();
            }
        }
    }

    /// <summary>Runs something with the connection that writes; false when there is no file.</summary>
    public bool TryWrite<T>(Func<LogWriter, T> work, out T result)
    {
        lock (_writing)
            return TryUseWriter(work, out result);
    }

    /// <summary>
    /// Runs something that reads; false when there is no file. What is short takes the connection that writes when that is free: most spaces
    /// then never need another. What is long, or would have to wait for an append, takes one of its own.
    /// </summary>
    public bool TryRead<T>(bool isShort, Func<LogReader, T> work, out T result)
    {
        if (isShort && _reader is null && _writing.TryEnter())
        {
            try
            {
                return TryUseWriter(writer => work(writer.Reader), out result);
            }
            finally
            {
                _writing.Exit();
            }
        }

        lock (_reading)
        {
            try
            {
                if (_reader is null && TryWrite(_ => true, out bool _)) _reader = OpenReader();
                result = _reader is null ? default! : work(_reader);
                return _reader is not null;
            }
            catch (SqliteException exception)
            {
                _reader?.Dispose();
                _reader = null;
                throw Unavailable.From(exception);
            }
        }
    }

    /// <summary>Begins the log anew; false when there is no file. What connections know of the log is over: they are opened again.</summary>
    public bool TryReset(LogReset reset, out ResetOutcome outcome)
    {
        lock (_reading)
        {
            lock (_writing)
            {
                bool found = TryUseWriter(log => log.Reset(reset), out outcome);
                if (found && outcome == ResetOutcome.Reset) CloseBoth();
                return found;
            }
        }
    }

    /// <summary>Stays open at half the memory: without what is cached, and without the connection that reads beside the one that writes.</summary>
    public void Rest()
    {
        lock (_reading)
        {
            lock (_writing)
            {
                _reader?.Dispose();
                _reader = null;
                _writer?.Rest();
            }
        }
    }

    /// <summary>Closes the connections: the write-ahead log is moved into the file and removed.</summary>
    public void Close()
    {
        lock (_reading)
        {
            lock (_writing)
            {
                CloseBoth();
            }
        }
    }

    /// <summary>Closes the connections; whoever still comes finds the store disposed.</summary>
    public void CloseForGood()
    {
        lock (_reading)
        {
            lock (_writing)
            {
                _isClosedForGood = true;
                CloseBoth();
            }
        }
    }

    private bool TryUseWriter<T>(Func<LogWriter, T> work, out T result)
    {
        try
        {
            _writer ??= OpenWriter();
            result = _writer is null ? default! : work(_writer);
            return _writer is not null;
        }
        catch (SqliteException exception)
        {
            CloseWriterAfter(exception);
            throw Unavailable.From(exception);
        }
        catch (StoreUnavailableException exception) when (exception.InnerException is SqliteException inner)
        {
            CloseWriterAfter(inner);
            throw;
        }
    }

    private void CloseBoth()
    {
        _reader?.Dispose();
        _reader = null;
        CloseWriter();
    }

    private void CloseWriter()
    {
        try
        {
            _writer?.MarkClean();
        }
        catch (SqliteException)
        {
            // The file keeps saying that it was not closed in order, which is then so.
        }

        _writer?.Dispose();
        _writer = null;
    }

    private void CloseWriterAfter(SqliteException exception)
    {
        if (exception.IsBusy || exception.IsFull || exception.IsReadOnly || exception.IsConstraint) return;

        // After a failed write or sync nobody knows what of the last appends is on the disk: the file is not closed in order.
        if (!exception.IsIoError) CloseWriter();
        _writer?.Dispose();
        _writer = null;
    }

    private LogWriter? OpenWriter()
    {
        ObjectDisposedException.ThrowIf(_isClosedForGood, typeof(SqliteSpaceStore));
        if (!Path.Exists(path)) return null;

        bool hasLog = WriteAheadLog.IsBeside(path);
        SqliteConnection connection = OpenConnection(SpaceFileContext.WriterCacheKibibytes);
        try
        {
            context.Schema.Upgrade(connection);
            if (hasLog) WriteAheadLog.MakeDurable(connection);
            Life life = ReadLife(connection);
            if (!life.WasClosedInOrder)
            {
                BeginEpoch(connection);
                life = ReadLife(connection);
            }

            LogWriter writer = WriterOf(connection, life);
            if (heads?.IsBehind(space, writer.ReadHead()) == true)
            {
                BeginEpoch(connection);
                writer = WriterOf(connection, ReadLife(connection));
            }

            LogHead head = writer.ReadHead();
            heads?.Note(space, head.Epoch, head.Seq);
            if (context.Durability == Durability.Normal) connection.Execute("PRAGMA synchronous = NORMAL");
            return writer;
        }
        catch
        {
            connection.Dispose();
            throw;
        }
    }

    private LogWriter WriterOf(SqliteConnection connection, Life life) =>
        new(connection, context.Durability, life.Epoch, life.HasEarlier ? ReadEarlier(connection) : []);

    private LogReader OpenReader()
    {
        SqliteConnection connection = OpenConnection(SpaceFileContext.ReaderCacheKibibytes);
        try
        {
            connection.Execute("PRAGMA query_only = ON");
            return new LogReader(connection);
        }
        catch
        {
            connection.Dispose();
            throw;
        }
    }

    private SqliteConnection OpenConnection(int cacheKibibytes)
    {
        SqliteConnection connection = SqliteConnection.Open(path, SqliteOpenMode.ReadWrite, fileSystem: context.Disk.FileSystem);
        try
        {
            connection.BusyTimeout = SpaceFileContext.BusyTimeout;
            connection.Execute(string.Create(
                CultureInfo.InvariantCulture,
                $"PRAGMA cache_size = -{cacheKibibytes}; PRAGMA synchronous = FULL; PRAGMA journal_mode = WAL"));
            context.Opened?.Invoke(connection);
            return connection;
        }
        catch
        {
            connection.Dispose();
            throw;
        }
    }

    // Some of what was acknowledged is lost: with the power, or because the file is an older copy. A cursor beyond what is left must not be
    // taken for one of what is appended from now on.
    private void BeginEpoch(SqliteConnection connection)
    {
        using SqliteTransaction transaction = connection.BeginImmediate();
        using (SqliteStatement end = connection.Prepare(
            """
            INSERT INTO epochs (epoch, shared_up_to, ended_at)
            SELECT epoch, coalesce((SELECT max(seq) FROM operations), base_seq), ?1 FROM meta
            """))
        {
            end.Bind(1, context.TimeProvider.GetUtcNow());
            end.Run();
        }

        using (SqliteStatement begin = connection.Prepare("UPDATE meta SET epoch = ?1, clean = 1"))
        {
            begin.BindText(1, context.RandomBytes.NewId());
            begin.Run();
        }

        transaction.Commit();
    }

    private static Life ReadLife(SqliteConnection connection)
    {
        using SqliteStatement meta = connection.Prepare("SELECT clean, epoch, EXISTS (SELECT 1 FROM epochs) FROM meta");
        if (!meta.Step()) throw Unavailable.Because("The store's file is damaged: restore it from a backup.");
        return new Life(meta.Int64(0) != 0, new Epoch(meta.Text(1)), meta.Int64(2) != 0);
    }

    private static List<EarlierEpoch> ReadEarlier(SqliteConnection connection)
    {
        List<EarlierEpoch> earlier = [];
        long sharedUpTo = long.MaxValue;
        using SqliteStatement epochs = connection.Prepare("SELECT epoch, shared_up_to FROM epochs ORDER BY id DESC");
        while (epochs.Step())
        {
            sharedUpTo = Math.Min(sharedUpTo, epochs.Int64(1));
            earlier.Add(new EarlierEpoch(new Epoch(epochs.Text(0)), sharedUpTo));
        }

        return earlier;
    }

    // Made under another name and then renamed: a file of that name is a whole space, whenever the power goes.
    private void CreateFile(Epoch epoch, DateTimeOffset createdAt)
    {
        string folder = Path.GetDirectoryName(path)!;
        Directory.CreateDirectory(folder);
        DeleteLeftovers();
        string temporaryPath = path + ".new";
        using (SqliteConnection connection = SqliteConnection.Open(
            temporaryPath, SqliteOpenMode.ReadWriteCreate, fileSystem: context.Disk.FileSystem))
        {
            // Nothing to roll back to: a journal in memory will do. Only the change to WAL and the rename come after.
            connection.Execute($"PRAGMA journal_mode = MEMORY; PRAGMA synchronous = FULL; PRAGMA auto_vacuum = {SpaceSchema.IncrementalVacuum}");
            context.Schema.Create(connection, file => FillMeta(file, epoch, createdAt));
            connection.Execute("PRAGMA journal_mode = WAL");
        }

        context.Disk.Move(temporaryPath, path);
    }

    private void FillMeta(SqliteConnection connection, Epoch epoch, DateTimeOffset createdAt)
    {
        using SqliteStatement insert = connection.Prepare(
            "INSERT INTO meta (id, space, created_at, epoch, clean) VALUES (1, ?1, ?2, ?3, 1)");
        insert.BindText(1, space.Value);
        insert.Bind(2, createdAt);
        insert.BindText(3, epoch.Value);
        insert.Run();
    }

    private void SyncNames()
    {
        string folder = Path.GetDirectoryName(path)!;
        context.Disk.SyncNames(folder);
        context.Disk.SyncNames(Path.GetDirectoryName(folder)!);
    }

    // Durably: a log of a former space would be taken for that of a new file of the same name.
    private void DeleteLeftovers()
    {
        bool hasAny = false;
        foreach (string suffix in (ReadOnlySpan<string>)["-wal", "-shm", ".new", ".new-wal", ".new-shm", ".new-journal"])
        {
            if (!File.Exists(path + suffix)) continue;
            context.Disk.Delete(path + suffix);
            hasAny = true;
        }

        if (hasAny) context.Disk.SyncNames(Path.GetDirectoryName(path)!);
    }

    private readonly record struct Life(bool WasClosedInOrder, Epoch Epoch, bool HasEarlier);
}
