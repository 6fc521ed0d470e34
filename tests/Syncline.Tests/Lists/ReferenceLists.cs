using System.Globalization;
using System.Text;
using Syncline.Core.Lists;
using Syncline.Core.Operations;

namespace Syncline.Tests.Lists;

/// <summary>The definition of the model: sort the operations by (clock, actor), and let each overwrite what it writes.</summary>
internal static class ReferenceLists
{
    public static string Shown(IEnumerable<Operation> operations)
    {
        Dictionary<string, (string? Title, Position Position, bool Deleted)> lists = [];
        Dictionary<(string Home, string Id), (string? Text, bool Done, string? Note, string List, Position Position, bool? Deleted)> tasks = [];
        foreach (Operation operation in operations.OrderBy(one => one.Id.Stamp))
        {
            switch (operation.Content)
            {
                case ListOperation.WriteList write:
                    (string? title, Position position, bool deleted) = lists.GetValueOrDefault(write.ListId);
                    lists[write.ListId] = (write.Title ?? title, write.Position ?? position, write.IsDeleted ?? deleted);
                    break;
                case ListOperation.WriteTask write:
                    lists.TryAdd(write.HomeId, default);
                    if (write.Place is { } place)
                        lists.TryAdd(place.ListId, default);
                    (string Home, string Id) key = (write.HomeId, write.TaskId);
                    var known = tasks.TryGetValue(key, out var found) ? found : (null, false, null, write.HomeId, default, null);
                    tasks[key] = (
                        write.Text ?? known.Text,
                        write.IsDone ?? known.Done,
                        write.Note ?? known.Note,
                        write.Place?.ListId ?? known.List,
                        write.Place?.Position ?? known.Position,
                        write.IsDeleted ?? known.Deleted);
                    break;
                default:
                    if (operation.Id.Scope == ListModel.ListScope)
                        lists.TryAdd(operation.Id.ResourceId.Value, default);
                    break;
            }
        }

        // A list that was only a place, and is none any more, is not known to anybody.
        HashSet<string> named = [.. operations.Select(NameOf).OfType<string>(), .. tasks.Values.Select(task => task.List)];
        StringBuilder text = new();
        foreach ((string id, (string? title, _, _)) in lists
            .Where(list => !list.Value.Deleted && named.Contains(list.Key))
            .OrderBy(list => list.Value.Position).ThenBy(list => list.Key, StringComparer.Ordinal))
        {
            text.Append(text.Length == 0 ? "" : "; ").Append(CultureInfo.InvariantCulture, $"{id} '{title}':");
            foreach (((_, string task), var value) in tasks
                .Where(task => task.Value.List == id && task.Value.Deleted == false)
                .OrderBy(task => task.Value.Position).ThenBy(task => task.Key.Id, StringComparer.Ordinal).ThenBy(task => task.Key.Home, StringComparer.Ordinal))
            {
                text.Append(CultureInfo.InvariantCulture, $" {task}={value.Text}{(value.Done ? "+" : "")}{(value.Note is null ? "" : $"({value.Note})")}");
            }
        }

        return text.ToString();
    }

    private static string? NameOf(Operation operation) => operation.Content switch
    {
        ListOperation.WriteList write => write.ListId,
        ListOperation.WriteTask write => write.HomeId,
        _ => operation.Id.Scope == ListModel.ListScope ? operation.Id.ResourceId.Value : null,
    };
}
