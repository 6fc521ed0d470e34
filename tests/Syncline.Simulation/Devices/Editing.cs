using Syncline.Client;
using Syncline.Core.Lists;
using Syncline.Simulation.World;

namespace Syncline.Simulation.Devices;

/// <summary>Random edits of a tree, lists and notes as an application makes them, some of several operations at once, some undone. Everybody edits the same things, so that edits meet.</summary>
internal sealed class Editing(Dice dice)
{
    private const string TreeId = "outline";
    private const int ListsMost = 3;
    private const int ThingsMost = 15;

    /// <summary>Makes an edit; says what it was.</summary>
    public string Edit(Space space) => dice.Random.Next(12) switch
    {
        0 => Group(space),
        1 => space.Undo() ? "undid" : TreeEdit(space),
        2 => space.Redo() ? "redid" : ListEdit(space),
        < 7 => TreeEdit(space),
        < 11 => ListEdit(space),
        _ => Note(space),
    };

    private string Group(Space space)
    {
        int count = dice.Random.Next(2, 5);
        space.Edit(() =>
        {
            for (int i = 0; i < count; i++)
                _ = dice.Chance(50) ? TreeEdit(space) : ListEdit(space);
        });
        return $"made a group of {count}";
    }

    private string Note(Space space)
    {
        string? key = dice.Chance(50) ? $"key-{dice.Random.Next(3)}" : null;
        space.Append("note", $"note-{dice.Random.Next(3)}", $$"""{"n":{{dice.Random.Next(1000)}}}""", key);
        return "wrote a note";
    }

    private string TreeEdit(Space space)
    {
        Tree tree = space.OpenTree(TreeId);
        Vertex[] others = [.. tree.ReadAll(includeDeleted: true).Where(vertex => vertex.Id != TreeId && vertex.Id != "0")];
        if (tree.Root is null || others.Length == 0 || (others.Length < ThingsMost && dice.Chance(40)))
            return $"created {tree.Create(others.Length == 0 || dice.Chance(30) ? TreeId : dice.Pick(others).Id)}";
        string target = dice.Pick(others).Id;
        switch (dice.Random.Next(5))
        {
            case 0:
                tree.Delete(target);
                return $"deleted {target}";
            case 1 or 2:
                string parent = dice.Chance(30) ? TreeId : dice.Pick(others).Id;
                return TryMove(tree, target, parent) ? $"moved {target} under {parent}" : $"could not move {target} under {parent}";
            case 3:
                tree.RemoveProperty(target, $"k{dice.Random.Next(3)}");
                return $"removed a property of {target}";
            default:
                tree.SetProperty(target, $"k{dice.Random.Next(3)}", (double)dice.Random.Next(1000));
                return $"set a property of {target}";
        }
    }

    // What is under the vertex, or the vertex itself, cannot be above it.
    private static bool TryMove(Tree tree, string target, string parent)
    {
        for (string? above = parent; above is not null; above = tree.Find(above)?.ParentId)
        {
            if (above == target)
                return false;
        }

        tree.Move(target, parent);
        return true;
    }

    private string ListEdit(Space space)
    {
        Lists lists = space.Lists;
        IReadOnlyList<TaskList> all = lists.GetLists();
        if (all.Count == 0 || (all.Count < ListsMost && dice.Chance(10)))
            return $"created list {lists.CreateList("Plan")}";
        string list = dice.Pick(all).Id;
        IReadOnlyList<TaskItem> tasks = lists.GetTasks(list);
        if (tasks.Count == 0 || (tasks.Count < ThingsMost && dice.Chance(30)))
            return $"added task {lists.AddTask(list, $"text {dice.Random.Next(1000)}", dice.Chance(50) ? At.Start : At.End)}";
        string task = dice.Pick(tasks).Id;
        switch (dice.Random.Next(6))
        {
            case 0:
                lists.RemoveTask(task);
                return $"removed task {task}";
            case 1:
                lists.MoveTask(task, dice.Pick(all).Id);
                return $"moved task {task}";
            case 2:
                lists.MoveTask(task, At.Start);
                return $"moved task {task} up";
            case 3:
                lists.SetDone(task, dice.Chance(50));
                return $"ticked task {task}";
            case 4 when dice.Chance(20):
                lists.RemoveList(list);
                return $"removed list {list}";
            default:
                lists.SetText(task, $"text {dice.Random.Next(1000)}");
                return $"wrote task {task}";
        }
    }
}
