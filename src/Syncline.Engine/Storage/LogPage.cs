using Syncline.Core.Operations;

namespace Syncline.Engine.Storage;

/// <summary>A part of the log, in seq order.</summary>
/// <param name="Operations">What was selected. Their content is not read (<see cref="Operation.Content"/> is null).</param>
/// <param name="Cursor">How far the log was read, what was left out included: where to go on from.</param>
/// <param name="Head">The log's last seq at that moment. Equal to <paramref name="Cursor"/> when there is no more.</param>
public sealed record LogPage(IReadOnlyList<LoggedOperation> Operations, long Cursor, long Head)
{
    /// <summary>Whether there is more to read now.</summary>
    public bool HasMore => Cursor < Head;
}
