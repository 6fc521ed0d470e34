namespace Syncline.Client.Replicas;

/// <summary>
/// What takes back one step of editing. Each change leaves something that writes back what was there, if what the step wrote is still there; writing
/// back is editing, so it leaves the same again, and that is how an undo is redone.
/// </summary>
internal sealed class UndoStep
{
    private readonly List<Action<EditSession>> _changes = [];
    private readonly Dictionary<string, int> _made = new(StringComparer.Ordinal);

    /// <summary>What made it.</summary>
    public UndoDirection Direction { get; set; }

    public bool IsEmpty => _changes.Count == 0;

    /// <summary>How many changes it has.</summary>
    public int Count => _changes.Count;

    /// <summary>Notes a change.</summary>
    public void Add(Action<EditSession> writeBack) => _changes.Add(writeBack);

    /// <summary>Notes that something was made: taking that back is enough for all that is written to it in the same step.</summary>
    public void Make(string thing, Action<EditSession> takeBack)
    {
        _made.TryAdd(thing, _changes.Count);
        _changes.Add(takeBack);
    }

    public bool HasMade(string thing) => _made.ContainsKey(thing);

    /// <summary>Forgets the changes after the first ones: they were taken back.</summary>
    public void CutTo(int count)
    {
        _changes.RemoveRange(count, _changes.Count - count);
        foreach ((string thing, int place) in _made)
        {
            if (place >= count)
                _made.Remove(thing);
        }
    }

    /// <summary>Writes back what was there, the newest change first.</summary>
    public void WriteBack(EditSession edit)
    {
        for (int i = _changes.Count - 1; i >= 0; i--)
            _changes[i](edit);
    }
}
