namespace Syncline.Core.Lists;

/// <summary>A list as it stands.</summary>
/// <param name="Id">Its id.</param>
/// <param name="Title">Null when nobody gave it one.</param>
/// <param name="Position">Its place among the lists.</param>
/// <param name="IsCreated">Whether it was created, however often it was removed; false while only operations on what is in it have come.</param>
/// <param name="IsDeleted">Whether it is removed; then its tasks do not show.</param>
public sealed record TaskList(string Id, string? Title, Position Position, bool IsCreated, bool IsDeleted);
