using Syncline.Core.Operations;

namespace Syncline.Core.Tree;

/// <summary>A vertex that is known: some move of it takes part.</summary>
internal sealed class Vertex(string id)
{
    private PropertyMap _properties;

    public string Id { get; } = id;

    /// <summary>The oldest move of it that takes part; what needs the vertex must be newer.</summary>
    public Stamp Created { get; set; }

    /// <summary>Whether <see cref="Parent"/> is set by its creation or a later move. Known vertices wait for the next settling.</summary>
    public bool IsPlaced { get; set; }

    public Vertex? Parent { get; private set; }

    public ref PropertyMap Properties => ref _properties;

    // Children form a list through the vertices, so that a move under a parent with many costs the same as under one with few.
    private Vertex? _firstChild;
    private Vertex? _next;
    private Vertex? _previous;

    public IEnumerable<Vertex> Children
    {
        get
        {
            for (Vertex? child = _firstChild; child is not null; child = child._next)
                yield return child;
        }
    }

    public void MoveTo(Vertex? parent)
    {
        if (Parent is not null)
        {
            if (_previous is null)
                Parent._firstChild = _next;
            else
                _previous._next = _next;
            if (_next is not null)
                _next._previous = _previous;
            (_next, _previous) = (null, null);
        }

        Parent = parent;
        if (parent is null)
            return;
        _next = parent._firstChild;
        if (_next is not null)
            _next._previous = this;
        parent._firstChild = this;
    }

    /// <summary>Forgets its place and its children's links, for a rebuilding of all places.</summary>
    public void ForgetPlace()
    {
        (Parent, _firstChild, _next, _previous) = (null, null, null, null);
        IsPlaced = false;
    }

    /// <summary>Whether this vertex is <paramref name="other"/> or stands above it.</summary>
    public bool IsAtOrAbove(Vertex? other)
    {
        // A leaf is above nothing: no walk up a deep tree.
        if (_firstChild is null)
            return ReferenceEquals(this, other);
        for (; other is not null; other = other.Parent)
        {
            if (ReferenceEquals(other, this))
                return true;
        }

        return false;
    }
}
