namespace Syncline.Conformance.Sqlite.PowerLoss;

/// <summary>The content of one file as far as the disk is bound to keep it, and what was done to it since.</summary>
internal sealed class DiskFile(byte[] synced)
{
    // What a disk writes whole or not at all; SQLite relies on no more (https://www.sqlite.org/psow.html).
    private const int SectorBytes = 512;

    private readonly List<Change> _unsynced = [];
    private byte[] _synced = synced;

    // Cut off, but by a sync of the data alone: the file may still have its former length.
    private byte[] _uncertainEnd = [];

    /// <summary>One that goes its own way from here.</summary>
    public DiskFile Copy()
    {
        DiskFile copy = new(_synced) { _uncertainEnd = _uncertainEnd };
        copy._unsynced.AddRange(_unsynced);
        return copy;
    }

    /// <summary>The content as the running system sees it.</summary>
    public byte[] Read() => Changed(keeps: () => true);

    public void Write(long offset, ReadOnlySpan<byte> bytes) => _unsynced.Add(new Change(offset, bytes.ToArray()));

    public void Truncate(long length) => _unsynced.Add(new Change(length, Bytes: null));

    /// <summary>Everything so far is kept from now on.</summary>
    /// <param name="dataOnly">Only the bytes, and the length that it takes to read them (fdatasync): a file may not have become shorter.</param>
    public void Sync(bool dataOnly)
    {
        byte[] before = _synced;
        _synced = Read();
        _unsynced.Clear();
        _uncertainEnd = dataOnly && before.Length > _synced.Length ? before[_synced.Length..] : [];
    }

    /// <summary>The content that a loss of power leaves: of what was not synced, each sector of each write is there or not.</summary>
    /// <param name="keeps">Asked for each.</param>
    public byte[] AfterPowerLoss(Func<bool> keeps)
    {
        if (_uncertainEnd.Length > 0 && keeps()) _synced = [.. _synced, .. _uncertainEnd];
        return Changed(keeps);
    }

    private byte[] Changed(Func<bool> keeps)
    {
        using MemoryStream content = new();
        content.Write(_synced);
        foreach (Change change in _unsynced)
            Apply(content, change, keeps);
        return content.ToArray();
    }

    /// <summary>A sector that is kept behind one that is lost leaves zeros between: files get longer before they are filled.</summary>
    private static void Apply(MemoryStream content, Change change, Func<bool> keeps)
    {
        if (change.Bytes is null)
        {
            if (keeps()) content.SetLength(change.Offset);
            return;
        }

        for (int start = 0; start < change.Bytes.Length;)
        {
            int length = Math.Min(SectorBytes - (int)((change.Offset + start) % SectorBytes), change.Bytes.Length - start);
            if (keeps())
            {
                content.Position = change.Offset + start;
                content.Write(change.Bytes, start, length);
            }

            start += length;
        }
    }

    /// <summary>Bytes written at an offset; or, without any, the length that the file was cut to.</summary>
    private readonly record struct Change(long Offset, byte[]? Bytes);
}
