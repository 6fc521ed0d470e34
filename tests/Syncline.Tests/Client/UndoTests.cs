using Syncline.Client;
using Syncline.Core.Json;

namespace Syncline.Tests.Client;

/// <summary>Taking back one's own steps, alone and with others' edits between.</summary>
public sealed class UndoTests : IAsyncLifetime, IDisposable
{
    private readonly SharedLog _log = new();
    private Device _mine = null!;
    private Device _theirs = null!;

    private Syncline.Client.Lists Lists => _mine.Lists;

    private Space Space => _mine.Space;

    public async Task InitializeAsync()
    {
        _mine = await Device.OpenAsync(seed: 4);
        _theirs = await Device.OpenAsync(seed: 5);
    }

    public Task DisposeAsync() => Task.CompletedTask;

    public void Dispose()
    {
        _mine.Dispose();
        _theirs.Dispose();
    }

    [Fact]
    public void Every_edit_of_lists_is_undone_and_redone_step_by_step()
    {
        string home = Lists.CreateList("Home");
        string work = Lists.CreateList("Work");
        string milk = Lists.AddTask(home, "Milk");
        string bread = Lists.AddTask(home, "Bread");
        CheckSteps(
            () => Lists.SetText(milk, "Oat"),
            () => Lists.SetNote(milk, "two"),
            () => Lists.SetDone(milk),
            () => Lists.MoveTask(milk, At.End),
            () => Lists.MoveTask(milk, work),
            () => Lists.RemoveTask(milk),
            () => Lists.RestoreTask(milk),
            () => Lists.AddTask(home, "Eggs"),
            () => Lists.RenameList(home, "House"),
            () => Lists.MoveList(home, At.End),
            () => Lists.RemoveList(home),
            () => Lists.RestoreList(home),
            () => Lists.CreateList("New", At.Start),
            () => Space.Edit(() =>
            {
                string eggs = Lists.AddTask(work, "Eggs");
                Lists.SetDone(eggs);
                Lists.RemoveTask(bread);
                Lists.SetText(milk, "Soy");
                Lists.SetText(milk, "Rice");
            }));
    }

    [Fact]
    public void Every_edit_of_a_tree_is_undone_and_redone_step_by_step()
    {
        Syncline.Client.Tree tree = Space.OpenTree("outline");
        string a = tree.Create(tree.Id, "A");
        string b = tree.Create(tree.Id, "B");
        CheckSteps(
            () => tree.SetName(a, "AA"),
            () => tree.SetProperty(a, "size", 1),
            () => tree.SetProperty(a, "size", JsonText.From("null")),
            () => tree.RemoveProperty(a, "size"),
            () => tree.Move(a, b),
            () => tree.Delete(b),
            () => tree.Restore(b),
            () => tree.Create(a, "C"),
            () => Space.Edit(() =>
            {
                string d = tree.Create(b, "D");
                tree.SetName(d, "DD");
                tree.Move(a, d);
                tree.Move(d, tree.Id);
                tree.Delete(b);
            }));
    }

    [Fact]
    public void What_others_have_written_since_is_left_alone()
    {
        string home = Lists.CreateList("Home");
        string milk = Lists.AddTask(home, "Milk");
        Space.Edit(() =>
        {
            Lists.SetText(milk, "Oat");
            Lists.SetNote(milk, "two");
        });
        _log.Exchange(_mine, _theirs);
        _theirs.Lists.SetText(milk, "Soy");
        _log.Exchange(_mine, _theirs);
        Assert.True(Space.Undo());
        Assert.Equal(("Soy", ""), (Lists.FindTask(milk)!.Text, Lists.FindTask(milk)!.Note));
        Assert.True(Space.Redo());
        Assert.Equal(("Soy", "two"), (Lists.FindTask(milk)!.Text, Lists.FindTask(milk)!.Note));
        _log.Exchange(_mine, _theirs);
        Assert.Equal(_mine.Everything(), _theirs.Everything());
    }

    [Fact]
    public void A_step_of_which_nothing_is_left_is_passed_over()
    {
        string home = Lists.CreateList("Home");
        string milk = Lists.AddTask(home, "Milk");
        Lists.SetNote(milk, "two");
        Lists.SetText(milk, "Oat");
        _log.Exchange(_mine, _theirs);
        _theirs.Lists.SetText(milk, "Soy");
        _log.Exchange(_mine, _theirs);
        Assert.True(Space.Undo());
        Assert.Equal(("Soy", ""), (Lists.FindTask(milk)!.Text, Lists.FindTask(milk)!.Note));
    }

    [Fact]
    public void What_was_moved_goes_back_unless_its_old_place_is_gone()
    {
        string home = Lists.CreateList("Home");
        string work = Lists.CreateList("Work");
        string milk = Lists.AddTask(home, "Milk");
        Syncline.Client.Tree tree = Space.OpenTree("outline");
        string a = tree.Create(tree.Id, "A");
        string b = tree.Create(a, "B");
        Space.Edit(() =>
        {
            Lists.MoveTask(milk, work);
            tree.Move(b, tree.Id);
        });
        _log.Exchange(_mine, _theirs);
        _theirs.Lists.RemoveList(home);
        _theirs.Space.OpenTree("outline").Move(a, b);
        _log.Exchange(_mine, _theirs);

        // Now A is under B, and the list is gone: what is left to take back is that the task was added.
        Assert.True(Space.Undo());
        Assert.Equal((work, true), (Lists.FindTask(milk)!.ListId, Lists.FindTask(milk)!.IsRemoved));
        Assert.Equal((tree.Id, b), (tree.Find(b)!.ParentId, tree.Find(a)!.ParentId));
    }

    [Fact]
    public void What_others_put_under_an_undone_creation_goes_and_comes_back_with_it()
    {
        Syncline.Client.Tree tree = Space.OpenTree("outline");
        string a = tree.Create(tree.Id, "A");
        _log.Exchange(_mine, _theirs);
        string b = _theirs.Space.OpenTree("outline").Create(a, "B");
        _log.Exchange(_mine, _theirs);
        Assert.True(Space.Undo());
        Assert.True(tree.IsDeleted(b));
        Assert.True(Space.Redo());
        Assert.Equal(b, tree.FindByPath("A", "B")!.Id);
        Assert.Equal("A", tree.Find(a)!.Name);
    }

    [Fact]
    public void An_undo_is_one_group_and_a_new_edit_ends_what_could_be_redone()
    {
        string home = Lists.CreateList("Home");
        Space.Edit(() =>
        {
            Lists.AddTask(home, "Milk");
            Lists.AddTask(home, "Bread");
        });
        int made = _mine.Made.Count;
        Assert.True(Space.Undo());
        Assert.Equal([$"{_mine.Actor}-4", $"{_mine.Actor}-4"], _mine.Made.Skip(made).Select(operation => operation.Tx));
        Assert.True(Space.CanRedo);
        Lists.RenameList(home, "House");
        Assert.Equal((true, false, false), (Space.CanUndo, Space.CanRedo, Space.Redo()));
        Assert.Throws<InvalidOperationException>(() => Space.Edit(() => Space.Undo()));
        Assert.Equal("House", Lists.FindList(home)!.Title);
    }

    [Fact]
    public void What_an_edit_that_threw_had_made_is_no_step()
    {
        string home = Lists.CreateList("Home");
        Action edits = () =>
        {
            Lists.RenameList(home, "House");
            throw new InvalidOperationException();
        };
        Assert.Throws<InvalidOperationException>(() => Space.Edit(edits));
        Space.Append("note", "n", "1");
        Assert.True(Space.Undo());
        Assert.Empty(Lists.GetLists());
        Assert.False(Space.Undo());
        Assert.False(Space.CanUndo);
    }

    [Fact]
    public async Task Only_so_many_steps_are_kept()
    {
        using Device device = await Device.OpenAsync(seed: 6, options => options.UndoStepsMax = 3);
        string home = device.Lists.CreateList("0");
        for (int i = 1; i <= 9; i++)
            device.Lists.RenameList(home, $"{i}");
        while (device.Space.Undo())
        {
        }

        Assert.Equal("6", device.Lists.FindList(home)!.Title);
        using Device without = await Device.OpenAsync(seed: 7, options => options.UndoStepsMax = 0);
        without.Lists.CreateList("0");
        Assert.False(without.Space.CanUndo);
    }

    [Fact]
    public void An_undo_that_is_larger_than_a_group_becomes_several()
    {
        string home = Lists.CreateList("Home");
        string text = new('x', 200_000);
        string[] tasks = [.. Enumerable.Range(0, 30).Select(i => Lists.AddTask(home, $"{i}{text}"))];
        Space.Edit(() => Array.ForEach(tasks, task => Lists.SetText(task, "short")));
        int made = _mine.Made.Count;
        Assert.True(Space.Undo());
        Assert.Equal(30, _mine.Made.Count - made);
        Assert.Equal(2, _mine.Made.Skip(made).Select(operation => operation.Tx).Distinct().Count());
        Assert.All(tasks, task => Assert.EndsWith(text, Lists.FindTask(task)!.Text, StringComparison.Ordinal));
    }

    // Undoes all steps and makes them again, twice, and looks at what is shown after each.
    private void CheckSteps(params Action[] steps)
    {
        List<string> shown = [Shown()];
        foreach (Action step in steps)
        {
            step();
            shown.Add(Shown());
        }

        for (int round = 0; round < 2; round++)
        {
            for (int i = steps.Length; i > 0; i--)
            {
                Assert.True(Space.Undo(), $"undo {i}");
                Assert.Equal(shown[i - 1], Shown());
            }

            for (int i = 1; i <= steps.Length; i++)
            {
                Assert.True(Space.Redo(), $"redo {i}");
                Assert.Equal(shown[i], Shown());
            }

            Assert.False(Space.CanRedo);
        }
    }

    // What a person sees: no difference between a note that is empty and none, and nothing of what is removed.
    private string Shown() => string.Join('\n', [.. Lists.GetLists().SelectMany(ListText), .. Space.TreeIds.SelectMany(TreeText)]);

    private IEnumerable<string> ListText(Syncline.Core.Lists.TaskList list) => Lists.GetTasks(list.Id)
        .Select(task => $"{task.Text} {task.IsDone} {task.Note}")
        .Prepend($"{list.Id} {list.Title}");

    private IEnumerable<string> TreeText(string treeId) => Space.OpenTree(treeId).ReadAll()
        .Select(vertex => $"{vertex.Id} {vertex.ParentId} {string.Join(' ', vertex.Properties)}");
}
