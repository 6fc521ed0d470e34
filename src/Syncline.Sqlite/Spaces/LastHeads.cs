using LibSqlite;
using Syncline.Core.Operations;
using Syncline.Engine.Storage;

namespace Syncline.Sqlite.Spaces;

/// <summary>
/// Where each log last stood, kept beside the logs in <c>heads.sqlite</c>. A log that is found behind it is an older copy that somebody put in place by
/// hand: it begins a new epoch, or cursors of what came after the copy would be taken for cursors of what is appended now.
/// </summary>
/// <remarks>
/// Only what is durable in a log is noted, and written behind, a few seconds later and without waiting for the disk. So the record may be behind
/// its log, after a crash, but never ahead of it: no false alarm, and an append costs a note in memory. It is a net and nothing depends on it: where it
/// cannot be read or written, logs are opened as they are.
/// </remarks>
internal sealed class LastHeads : IDisposable
{
    /// <summary>Its name in the data folder.</summary>
    public const string FileName = "heads.sqlite";

    // "Synh".
    private const int ApplicationId = 0x53796e68;
    private const int NotesMax = 1_000;

    private static readonly TimeSpan WriteAfter = TimeSpan.FromSeconds(5);
    private static readonly TimeSpan BusyTimeout = TimeSpan.FromSeconds(1);

    private static readonly DatabaseSchema Schema = new(
        ApplicationId,
        [
            """
            CREATE TABLE heads (
                space TEXT    PRIMARY KEY,
                epoch TEXT    NOT NULL,
                seq   INTEGER NOT NULL
            ) STRICT, WITHOUT ROWID;
            """,
        ]);

    private readonly Lock _using = new();
    private readonly string _path;
    private readonly ITimer _timer;

    // What is not yet written; null is a log that was deleted.
    private readonly Dictionary<SpaceId, Place?> _notes = [];
    private SqliteConnection? _connection;
    private bool _isDisposed;

    /// <param name="folder">The data folder.</param>
    /// <param name="timeProvider">For when notes are written.</param>
    public LastHeads(string folder, TimeProvider timeProvider)
    {
        _path = Path.Combine(folder, FileName);
        _timer = timeProvider.CreateTimer(_ => WriteNotes(), null, Timeout.InfiniteTimeSpan, Timeout.InfiniteTimeSpan);
    }

    /// <summary>Notes where a log durably stands.</summary>
    public void Note(SpaceId space, Epoch epoch, long seq)
    {
        lock (_using)
        {
            if (_isDisposed) return;
            bool isFirst = _notes.Count == 0;
            _notes[space] = new Place(epoch, seq);
            if (isFirst) _timer.Change(WriteAfter, Timeout.InfiniteTimeSpan);
            if (_notes.Count >= NotesMax) WriteNotes();
        }
    }

    /// <summary>
    /// Forgets durably where a log stood, before it is deleted or begun anew on purpose: after a crash that follows, what was noted of the log before would
    /// be taken for a later life of the new one.
    /// </summary>
    public void Forget(SpaceId space)
    {
        lock (_using)
        {
            if (Find(space) is null) return;
            _notes[space] = null;
            WriteNotes(isDurable: true);
        }
    }

    private void WriteNotes(bool isDurable = false)
    {
        lock (_using)
        {
            if (_isDisposed || _notes.Count == 0) return;
            try
            {
                SqliteConnection connection = Connect();
                connection.Execute(isDurable ? "PRAGMA synchronous = FULL" : "PRAGMA synchronous = NORMAL");
                using SqliteTransaction transaction = connection.BeginImmediate();
                foreach ((SpaceId space, Place? place) in _notes)
                    Write(connection, space, place);
                transaction.Commit();
            }
            catch (Exception exception) when (IsOfTheFile(exception))
            {
                // The next note tries again; meanwhile a log's place is as it was written before, which is behind it.
                CloseAfter(exception);
            }

            _notes.Clear();
        }
    }

    /// <summary>Whether a log is an older one than the last that was seen: behind it in the same epoch, or of an epoch from before its time.</summary>
    public bool IsBehind(SpaceId space, LogHead head)
    {
        if (Find(space) is not { } last) return false;
        return last.Epoch == head.Epoch ? head.Seq < last.Seq : !head.Earlier.Any(earlier => earlier.Epoch == last.Epoch);
    }

    /// <summary>Writes what is noted, and closes the file.</summary>
    public void Dispose()
    {
        lock (_using)
        {
            if (_isDisposed) return;
            WriteNotes();
            _isDisposed = true;
            _timer.Dispose();
            Close();
        }
    }

    private Place? Find(SpaceId space)
    {
        lock (_using)
        {
            if (_isDisposed) return null;
            if (_notes.TryGetValue(space, out Place? noted)) return noted;
            try
            {
                if (_connection is null && !File.Exists(_path)) return null;
                using SqliteStatement find = Connect().Cached("SELECT epoch, seq FROM heads WHERE space = ?1");
                find.BindText(1, space.Value);
                return find.Step() ? new Place(new Epoch(find.Text(0)), find.Int64(1)) : null;
            }
            catch (Exception exception) when (IsOfTheFile(exception))
            {
                CloseAfter(exception);
                return null;
            }
        }
    }

    private static void Write(SqliteConnection connection, SpaceId space, Place? place)
    {
        using SqliteStatement write = connection.Cached(place is null
            ? "DELETE FROM heads WHERE space = ?1"
            : "INSERT INTO heads (space, epoch, seq) VALUES (?1, ?2, ?3) ON CONFLICT (space) DO UPDATE SET epoch = excluded.epoch, seq = excluded.seq");
        write.BindText(1, space.Value);
        if (place is { } known)
        {
            write.BindText(2, known.Epoch.Value);
            write.Bind(3, known.Seq);
        }

        write.Run();
    }

    private SqliteConnection Connect()
    {
        if (_connection is not null) return _connection;
        SqliteConnection connection = SqliteConnection.Open(_path, SqliteOpenMode.ReadWriteCreate);
        try
        {
            connection.BusyTimeout = BusyTimeout;
            connection.Execute("PRAGMA journal_mode = WAL");
            if (DatabaseSchema.IsEmpty(connection)) Schema.Create(connection, fill: _ => { });
            else Schema.Upgrade(connection);
            return _connection = connection;
        }
        catch
        {
            connection.Dispose();
            throw;
        }
    }

    private static bool IsOfTheFile(Exception exception) =>
        exception is SqliteException or StoreUnavailableException or IOException or UnauthorizedAccessException;

    private void CloseAfter(Exception exception)
    {
        Close();
        if (exception is not SqliteException { IsCorrupt: true }) return;
        foreach (string ending in DataLayout.EndingsBeside.Prepend(""))
        {
            try
            {
                File.Delete(_path + ending);
            }
            catch (Exception failure) when (failure is IOException or UnauthorizedAccessException)
            {
                // Then it stays, and every look finds it damaged again.
            }
        }
    }

    private void Close()
    {
        _connection?.Dispose();
        _connection = null;
    }

    private readonly record struct Place(Epoch Epoch, long Seq);
}
