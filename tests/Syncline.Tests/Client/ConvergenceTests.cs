using Syncline.Client;

namespace Syncline.Tests.Client;

/// <summary>Random edits, undone and redone, on two devices: whoever has all operations shows the same.</summary>
public sealed class ConvergenceTests
{
    [Fact]
    public void Devices_that_have_exchanged_everything_show_the_same() => Seeds.Run(500, 60, random =>
    {
        using Device left = Open(random);
        using Device right = Open(random);
        SharedLog log = new();
        for (int round = random.Next(3, 12); round > 0; round--)
        {
            Edit(random, left);
            Edit(random, right);
            foreach (Device device in new[] { left, right }.Where(_ => random.Chance(60)))
            {
                log.Push(device);
                log.Pull(device, random.Next(1, 40));
            }
        }

        log.Exchange(left, right);
        Assert.Equal(left.Everything(), right.Everything());

        using Device late = Open(random);
        log.Pull(late);
        Assert.Equal(left.Everything(), late.Everything());
    });

    private static Device Open(Random random)
    {
        Task<Device> opening = Device.OpenAsync(random.Next());
        Assert.True(opening.IsCompletedSuccessfully, "nothing in memory is waited for");
        return opening.Result;
    }

    private static void Edit(Random random, Device device)
    {
        for (int count = random.Next(1, 25); count > 0; count--)
        {
            int what = random.Next(12);
            device.Time.Advance(TimeSpan.FromMilliseconds(random.Next(3)));
            if (what == 0)
                device.Space.Undo();
            else if (what == 1)
                device.Space.Redo();
            else if (what == 2)
                EditGroup(random, device);
            else if (what < 7)
                EditLists(random, device.Lists);
            else
                EditTree(random, device.Space.OpenTree(random.Chance(80) ? "outline" : "other"));
        }
    }

    private static void EditGroup(Random random, Device device)
    {
        bool fails = random.Chance(30);
        string before = fails ? device.Everything() : "";
        try
        {
            device.Space.Edit(() =>
            {
                for (int count = random.Next(1, 6); count > 0; count--)
                {
                    EditLists(random, device.Lists);
                    EditTree(random, device.Space.OpenTree("outline"));
                }

                if (fails)
                    throw new InvalidOperationException("the application's own");
            });
        }
        catch (InvalidOperationException) when (fails)
        {
            Assert.Equal(before, device.Everything());
        }
    }

    private static void EditLists(Random random, Syncline.Client.Lists lists)
    {
        string[] all = [.. lists.GetLists().Concat(lists.GetRemovedLists()).Select(list => list.Id)];
        string[] tasks = [.. all.SelectMany(list => lists.GetTasks(list).Concat(lists.GetRemovedTasks(list))).Select(task => task.Id)];
        int what = random.Next(tasks.Length == 0 ? 4 : 12);
        if (all.Length == 0 || what == 0)
        {
            lists.CreateList($"{random.Next(100)}", all.Length == 0 ? At.End : Place(random, all));
            return;
        }

        string list = random.Pick(all);
        string task = what < 4 ? "" : random.Pick(tasks);
        switch (what)
        {
            case 1: lists.RenameList(list, $"{random.Next(100)}"); break;
            case 2 when random.Chance(30): lists.RemoveList(list); break;
            case 2: lists.RestoreList(list); break;
            case 3: lists.AddTask(list, $"{random.Next(100)}", tasks.Length == 0 ? At.Start : Place(random, tasks)); break;
            case 4: lists.MoveList(list, Place(random, [.. all.Where(other => other != list), .. new[] { "" }.Where(_ => all.Length == 1)])); break;
            case 5: lists.SetText(task, $"{random.Next(100)}"); break;
            case 6: lists.SetDone(task, random.Chance(50)); break;
            case 7: lists.SetNote(task, $"{random.Next(100)}"); break;
            case 8: lists.RemoveTask(task); break;
            case 9: lists.RestoreTask(task); break;
            case 10: lists.MoveTask(task, list); break;
            default: lists.MoveTask(task, Place(random, [.. tasks.Where(other => other != task), .. new[] { "" }.Where(_ => tasks.Length == 1)])); break;
        }
    }

    private static At Place(Random random, IReadOnlyList<string> others)
    {
        string other = random.Pick(others);
        return (other.Length == 0 ? 3 : random.Next(4)) switch
        {
            0 => At.Before(other),
            1 => At.After(other),
            2 => At.Start,
            _ => At.End,
        };
    }

    private static void EditTree(Random random, Syncline.Client.Tree tree)
    {
        string[] all = [.. tree.ReadAll(includeDeleted: true).Select(vertex => vertex.Id).Where(id => id != "0")];
        string parent = all.Length == 0 ? tree.Id : random.Pick(all);
        string[] movable = [.. all.Where(id => id != tree.Id)];
        int what = random.Next(7);
        if (movable.Length == 0 || what < 2)
        {
            string made = tree.Create(parent, random.Chance(50) ? $"{random.Next(10)}" : null);
            Assert.Contains(made, tree.GetChildren(parent).Select(child => child.Id));
            return;
        }

        string vertex = random.Pick(movable);
        switch (what)
        {
            case 2: tree.SetProperty(vertex, $"k{random.Next(3)}", random.Next(10)); break;
            case 3: tree.RemoveProperty(vertex, $"k{random.Next(3)}"); break;
            case 4: tree.Delete(vertex); break;
            case 5: tree.Restore(vertex); break;
            default: TryMove(tree, vertex, parent); break;
        }

        Assert.All(tree.GetChildren(parent), child => Assert.Equal(parent, child.ParentId));
    }

    private static void TryMove(Syncline.Client.Tree tree, string vertex, string parent)
    {
        try
        {
            tree.Move(vertex, parent);
            Assert.Equal(parent, tree.Find(vertex)!.ParentId);
        }
        catch (ArgumentException e) when (e.Message.Contains("under it", StringComparison.Ordinal))
        {
            // It would have stood under itself.
        }
    }
}
