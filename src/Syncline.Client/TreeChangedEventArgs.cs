namespace Syncline.Client;

/// <summary>What has changed in a tree since the last time this was told.</summary>
public sealed class TreeChangedEventArgs : EventArgs
{
    private readonly HashSet<string> _vertexIds = new(StringComparer.Ordinal);
    private readonly HashSet<string> _parentIds = new(StringComparer.Ordinal);

    /// <summary>Ids of the vertices that are new, stand elsewhere, or have another property.</summary>
    public IReadOnlySet<string> VertexIds => _vertexIds;

    /// <summary>Ids of the vertices that have other children. (Their order is a matter of the children's property <c>_c</c>.)</summary>
    public IReadOnlySet<string> ParentIds => _parentIds;

    /// <summary>Whether anything may be different, so that everything has to be read again; then there are no ids.</summary>
    public bool IsReset { get; private set; }

    internal bool IsEmpty => !IsReset && _vertexIds.Count == 0;

    internal void AddVertex(string vertexId)
    {
        if (!IsReset)
            _vertexIds.Add(vertexId);
    }

    internal void AddParent(string? parentId)
    {
        if (!IsReset && parentId is not null)
            _parentIds.Add(parentId);
    }

    internal void Reset()
    {
        IsReset = true;
        _vertexIds.Clear();
        _parentIds.Clear();
    }
}
