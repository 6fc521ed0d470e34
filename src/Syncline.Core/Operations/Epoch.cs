namespace Syncline.Core.Operations;

/// <summary>A random id of one life of a log. It changes when the log is replaced, so that a seq of the old one is never taken for one of the new.</summary>
public readonly record struct Epoch(string Value)
{
    /// <inheritdoc />
    public override string ToString() => Value;
}
