using Syncline.Core.Operations;

namespace Syncline.Client;

/// <summary>What has changed in a space since the last time this was told.</summary>
public sealed class SpaceChangedEventArgs : EventArgs
{
    private const int OperationsMax = 10_000;

    private readonly List<Operation> _operations = [];

    /// <summary>The operations that were applied, in order; none when <see cref="IsReset"/>.</summary>
    public IReadOnlyList<Operation> Operations => _operations;

    /// <summary>Whether anything may be different, so that everything has to be read again: after a first reception, or when operations were refused.</summary>
    public bool IsReset { get; private set; }

    /// <summary>Whether any of them was made elsewhere.</summary>
    public bool HasOthers { get; private set; }

    internal void Add(Operation operation, bool isOwn)
    {
        HasOthers |= !isOwn;
        if (IsReset)
            return;
        if (_operations.Count >= OperationsMax)
            Reset();
        else
            _operations.Add(operation);
    }

    internal void Reset()
    {
        IsReset = true;
        HasOthers = true;
        _operations.Clear();
    }
}
