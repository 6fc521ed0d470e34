namespace Syncline.Core.Lists;

/// <summary>Where a task is to stand.</summary>
/// <param name="ListId">The list; not always the one that it was inserted in.</param>
/// <param name="Position">Where in it.</param>
public readonly record struct Place(string ListId, Position Position);
