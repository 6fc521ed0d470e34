using Syncline.Core.Binary;

namespace Syncline.Core.Lists;

/// <summary>Reads the tasks of a snapshot one after the other, as bytes: what only looks them through makes no objects.</summary>
internal ref struct TaskRows
{
    private readonly int _names;
    private ByteReader _reader;
    private StampReader _stamps;

    /// <param name="reader">Where the tasks begin.</param>
    /// <param name="clock">The clock that stands before them.</param>
    /// <param name="names">How many names the snapshot has.</param>
    public TaskRows(ByteReader reader, long clock, int names)
    {
        _reader = reader;
        _stamps = new StampReader(clock, names);
        _names = names;
    }

    /// <summary>The task that was read last.</summary>
    public TaskRow Row;

    /// <summary>Where the tasks end that were read.</summary>
    public readonly ByteReader Rest => _reader;

    /// <summary>Reads the next task into <see cref="Row"/>.</summary>
    public void Read()
    {
        Row = default;
        Row.Id = _reader.ReadBytes();
        TaskParts parts = Row.Parts = (TaskParts)_reader.ReadBelow((int)TaskParts.All + 1);
        if ((parts & TaskParts.Text) != 0)
        {
            Row.TextWrite = _stamps.Read(ref _reader);
            Row.Text = _reader.ReadBytes();
        }

        if ((parts & TaskParts.Done) != 0)
            Row.DoneWrite = _stamps.Read(ref _reader);
        if ((parts & TaskParts.Note) != 0)
        {
            Row.NoteWrite = _stamps.Read(ref _reader);
            Row.Note = _reader.ReadBytes();
        }

        if ((parts & TaskParts.Place) != 0)
        {
            Row.PlaceWrite = _stamps.Read(ref _reader);
            Row.Position = new PositionBytes(ref _reader, _names);
        }

        if ((parts & TaskParts.IsElsewhere) != 0)
            Row.List = _reader.ReadBelow(_names);
        if ((parts & TaskParts.Deleted) != 0)
            Row.DeletedWrite = _stamps.Read(ref _reader);
    }
}
