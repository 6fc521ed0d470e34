namespace Syncline.Core.Lists;

/// <summary>A task as it stands.</summary>
/// <param name="HomeId">The list that it was inserted in: with <paramref name="Id"/> its name for ever.</param>
/// <param name="Id">Its id, unique in its home.</param>
/// <param name="Place">The list in which it stands, and where.</param>
/// <param name="Text">Null when nobody wrote one.</param>
/// <param name="IsDone">Whether it is done; false when nobody said so.</param>
/// <param name="Note">Null when nobody wrote one.</param>
/// <param name="IsDeleted">Whether it is removed, whatever its list is.</param>
/// <param name="IsShown">Whether it was inserted, is not removed, and stands in a list that is not.</param>
public sealed record ListTask(string HomeId, string Id, Place Place, string? Text, bool IsDone, string? Note, bool IsDeleted, bool IsShown);
