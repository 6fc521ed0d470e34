using System.CommandLine;
using Syncline.Client;
using Syncline.Core.Lists;

namespace Syncline.Server.Client;

/// <summary><c>syncline lists …</c>: shows task lists, follows them, and edits them.</summary>
internal static class ListsCommand
{
    private static readonly Argument<string> SpaceId = new("space") { Description = "The space's id." };

    public static Command Create()
    {
        Command command = ClientSession.With(new Command("lists", "Shows and edits the task lists of a space. A list is named by its id or title, a task by its id or text."));
        command.Add(CreateShow());
        command.Add(CreateEdit("create", "Makes a list, and prints its id.", ["title"], (lists, words) => lists.CreateList(words[0])));
        command.Add(CreateEdit("rename", "Renames a list.", ["list", "title"], (lists, words) => Do(() => lists.RenameList(ListOf(lists, words[0]), words[1]))));
        command.Add(CreateEdit("remove-list", "Removes a list.", ["list"], (lists, words) => Do(() => lists.RemoveList(ListOf(lists, words[0])))));
        command.Add(CreateEdit("add", "Adds a task, and prints its id.", ["list", "text"], (lists, words) => lists.AddTask(ListOf(lists, words[0]), words[1])));
        command.Add(CreateEdit("done", "Ticks a task off.", ["task"], (lists, words) => Do(() => lists.SetDone(TaskOf(lists, words[0])))));
        command.Add(CreateEdit("undone", "Opens a task again.", ["task"], (lists, words) => Do(() => lists.SetDone(TaskOf(lists, words[0]), isDone: false))));
        command.Add(CreateEdit("text", "Changes a task's text.", ["task", "text"], (lists, words) => Do(() => lists.SetText(TaskOf(lists, words[0]), words[1]))));
        command.Add(CreateEdit("note", "Changes a task's note.", ["task", "note"], (lists, words) => Do(() => lists.SetNote(TaskOf(lists, words[0]), words[1]))));
        command.Add(CreateEdit("move", "Moves a task to a list's end.", ["task", "list"], (lists, words) => Do(() => lists.MoveTask(TaskOf(lists, words[0]), ListOf(lists, words[1])))));
        command.Add(CreateEdit("remove", "Removes a task.", ["task"], (lists, words) => Do(() => lists.RemoveTask(TaskOf(lists, words[0])))));
        return command;
    }

    private static Command CreateShow()
    {
        Option<bool> follow = new("--follow", "-f") { Description = "Shows them again after each change." };
        Command command = new("show", "Shows the lists and their tasks.") { SpaceId, follow };
        command.SetAction((result, cancellationToken) => ClientSession.RunAsync(
            result,
            async (session, token) =>
            {
                Space space = await session.OpenSpaceAsync(result.GetRequiredValue(SpaceId), token);
                Show(space);
                if (!result.GetValue(follow))
                    return 0;
                space.Lists.Changed += (_, _) =>
                {
                    Console.WriteLine();
                    Show(space);
                };
                return await ClientSession.FollowAsync(token);
            },
            cancellationToken));
        return command;
    }

    private static Command CreateEdit(string name, string description, string[] words, Func<Syncline.Client.Lists, string[], string?> edit)
    {
        Argument<string>[] arguments = [.. words.Select(word => new Argument<string>(word))];
        Command command = new(name, description) { SpaceId };
        foreach (Argument<string> argument in arguments)
            command.Add(argument);
        command.SetAction((result, cancellationToken) => ClientSession.RunAsync(
            result,
            async (session, token) =>
            {
                Space space = await session.OpenSpaceAsync(result.GetRequiredValue(SpaceId), token);
                if (edit(space.Lists, [.. arguments.Select(result.GetRequiredValue)]) is { } made)
                    Console.WriteLine(made);
                return await session.FinishEditAsync(space, token);
            },
            cancellationToken));
        return command;
    }

    private static string? Do(Action edit)
    {
        edit();
        return null;
    }

    private static void Show(Space space) => space.Read(() =>
    {
        foreach (TaskList list in space.Lists.GetLists())
        {
            Console.WriteLine($"{list.Title ?? "(no title)"}  [{list.Id}]");
            foreach (TaskItem task in space.Lists.GetTasks(list.Id))
                Console.WriteLine($"  {(task.IsDone ? "[x]" : "[ ]")} {task.Text}{(string.IsNullOrEmpty(task.Note) ? "" : $" — {task.Note}")}  [{task.Id}]");
        }

        return 0;
    });

    private static string ListOf(Syncline.Client.Lists lists, string text) =>
        lists.FindList(text)?.Id
        ?? Only(lists.GetLists().Where(list => list.Title == text).Select(list => list.Id), "list", text);

    private static string TaskOf(Syncline.Client.Lists lists, string text) =>
        lists.FindTask(text)?.Id
        ?? Only(lists.GetLists().SelectMany(list => lists.GetTasks(list.Id)).Where(task => task.Text == text).Select(task => task.Id), "task", text);

    private static string Only(IEnumerable<string> ids, string kind, string text)
    {
        string[] found = [.. ids];
        return found.Length switch
        {
            1 => found[0],
            0 => throw new ArgumentException($"there is no {kind} '{text}'"),
            _ => throw new ArgumentException($"{found.Length} {kind}s are called '{text}'; name one by its id: {string.Join(' ', found)}"),
        };
    }
}
