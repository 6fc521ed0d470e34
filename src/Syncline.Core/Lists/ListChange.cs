namespace Syncline.Core.Lists;

/// <summary>Something that changed in a list.</summary>
/// <param name="ListId">The list; of a task that was moved, each list that it left or came to.</param>
/// <param name="HomeId">The home of the task that changed; null when the list itself did.</param>
/// <param name="TaskId">The task that changed; null when the list itself did.</param>
public readonly record struct ListChange(string ListId, string? HomeId, string? TaskId);
