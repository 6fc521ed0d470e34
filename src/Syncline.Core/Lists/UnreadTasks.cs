namespace Syncline.Core.Lists;

/// <summary>The tasks of a list, looked through and not read.</summary>
/// <param name="Snapshot">The list's snapshot, all of it.</param>
/// <param name="Count">How many tasks there are.</param>
/// <param name="HasDeleted">Whether one of them is deleted and has more than that.</param>
internal sealed record UnreadTasks(ReadOnlyMemory<byte> Snapshot, int Count, bool HasDeleted);
