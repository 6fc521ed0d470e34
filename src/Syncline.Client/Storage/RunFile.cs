using System.Buffers.Binary;

namespace Syncline.Client.Storage;

/// <summary>
/// The file beside a store. It is locked from opening to <see cref="Dispose"/>, so that one client at a time uses the store, and it remembers
/// which numbers were given, so that a store that was copied or put back from a backup does not give them again.
/// </summary>
/// <remarks>
/// Each number is noted here once its operation is in the store, before anybody is told of the operation. A store that is put back without this file
/// is then behind it, if anything was lost by that at all. Put back with this file it is not; but then this file was written by somebody else, and the file
/// system knows: a copy is another file, and one that was written over this one changed it at another time than the note says. A store that lies alone was copied.
/// Whoever moves a store may be taken for one who copied it, which costs a new actor and nothing else. What is not noticed is a whole disk that is put back.
/// A note is not synced: a crash of the program does not lose it. A loss of power may, which leaves it behind the store, where it raises no alarm.
/// </remarks>
internal sealed class RunFile : IDisposable
{
    // Between a write and the look at its time the processor may do something else. A copy put back was made longer ago than this.
    private const long ToleranceNanoseconds = 100_000_000;

    private const int Length = 4 * sizeof(long);

    private static readonly byte[] Magic = "Synrun 1"u8.ToArray();

    private readonly FileStream _file;
    private readonly Note? _found;
    private readonly FileStamp _stampFound;
    private FileStamp _stampNoted;

    private RunFile(FileStream file)
    {
        _file = file;
        _found = Read(file);
        _stampFound = FileStamp.Of(file.SafeFileHandle);
    }

    /// <summary>The next number, as this file has it; 1 when it does not know.</summary>
    public long NextNumber => _found?.NextNumber ?? 1;

    /// <summary>Opens the file of a store and locks it. It is made when it is not there.</summary>
    /// <param name="store">The store's path.</param>
    /// <exception cref="LocalStoreInUseException">Somebody else has it open.</exception>
    /// <exception cref="IOException">It cannot be opened.</exception>
    /// <exception cref="UnauthorizedAccessException">It may not be opened.</exception>
    public static RunFile Open(string store)
    {
        FileStream file;
        try
        {
            file = new FileStream(store + ".run", LocalFiles.ForOwner(FileMode.OpenOrCreate, FileShare.None));
        }
        catch (IOException exception) when (LocalFiles.IsSharingViolation(exception))
        {
            throw new LocalStoreInUseException(store, exception);
        }

        try
        {
            return new RunFile(file);
        }
        catch
        {
            file.Dispose();
            throw;
        }
    }

    /// <summary>Whether a store whose next number is this one may be another than the one that this file was last used with.</summary>
    public bool IsInDoubt(long nextNumber) =>
        _found is not { } found
        || nextNumber < found.NextNumber
        || _stampFound.Identity != found.Stamp.Identity
        || Math.Abs(_stampFound.ChangedAt - found.Stamp.ChangedAt) > ToleranceNanoseconds;

    /// <summary>Notes which number is the next.</summary>
    /// <param name="nextNumber">Greater than all that were given.</param>
    /// <param name="isDurable">Whether to wait for the disk.</param>
    /// <exception cref="IOException">It is not known what was written.</exception>
    public void Write(long nextNumber, bool isDurable = false)
    {
        WriteWith(nextNumber, _stampNoted);

        // The time of this write. To write it down changes it again, within the tolerance.
        FileStamp stamp = FileStamp.Of(_file.SafeFileHandle);
        if (stamp != _stampNoted) WriteWith(nextNumber, stamp);
        stamp.Hold(_file.SafeFileHandle);
        _stampNoted = stamp;
        if (isDurable) _file.Flush(flushToDisk: true);
    }

    /// <summary>Lets others use the store.</summary>
    public void Dispose() => _file.Dispose();

    private static Note? Read(FileStream file)
    {
        Span<byte> bytes = stackalloc byte[Length];
        if (RandomAccess.Read(file.SafeFileHandle, bytes, 0) != Length || !bytes.StartsWith(Magic)) return null;
        return new Note(Number(bytes, 1), new FileStamp(Number(bytes, 2), Number(bytes, 3)));
    }

    private void WriteWith(long nextNumber, FileStamp stamp)
    {
        Span<byte> bytes = stackalloc byte[Length];
        Magic.CopyTo(bytes);
        BinaryPrimitives.WriteInt64LittleEndian(bytes[(1 * sizeof(long))..], nextNumber);
        BinaryPrimitives.WriteInt64LittleEndian(bytes[(2 * sizeof(long))..], stamp.Identity);
        BinaryPrimitives.WriteInt64LittleEndian(bytes[(3 * sizeof(long))..], stamp.ChangedAt);
        RandomAccess.Write(_file.SafeFileHandle, bytes, 0);
    }

    private static long Number(ReadOnlySpan<byte> bytes, int place) => BinaryPrimitives.ReadInt64LittleEndian(bytes[(place * sizeof(long))..]);

    private readonly record struct Note(long NextNumber, FileStamp Stamp);
}
