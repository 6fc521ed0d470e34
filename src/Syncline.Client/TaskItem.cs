using Syncline.Core.Lists;

namespace Syncline.Client;

/// <summary>A task as it stood when it was read.</summary>
/// <param name="Id">Its id for ever, wherever it moves: the list that it was added to and its id there, <c>list/task</c>.</param>
/// <param name="ListId">The list in which it stands.</param>
/// <param name="Text">What is to be done; "" when nobody wrote one.</param>
/// <param name="IsDone">Whether it is done.</param>
/// <param name="Note">What else there is to say; null when nobody wrote one.</param>
/// <param name="IsRemoved">Whether it is removed.</param>
/// <param name="IsShown">Whether it shows: it was added, is not removed, and stands in a list that is not.</param>
public sealed record TaskItem(string Id, string ListId, string Text, bool IsDone, string? Note, bool IsRemoved, bool IsShown)
{
    private const char Separator = '/';

    internal static TaskItem Of(ListTask task) => new(
        IdOf(task.HomeId, task.Id), task.Place.ListId, task.Text ?? "", task.IsDone, task.Note, task.IsDeleted, task.IsShown);

    internal static string IdOf(string homeId, string taskId) => $"{homeId}{Separator}{taskId}";

    /// <summary>Finds the task that an id names; null when there is none.</summary>
    internal static ListTask? Find(ListsState state, string id)
    {
        // Neither a list's id nor a task's has a slash in it.
        int end = id.IndexOf(Separator, StringComparison.Ordinal);
        return end < 0 ? null : state.FindTask(id[..end], id[(end + 1)..]);
    }
}
