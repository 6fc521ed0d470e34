using Syncline.Client;

namespace Syncline.Tests.Client;

/// <summary>Several edits as one: all or none, also when somebody looked in between.</summary>
public sealed class EditGroupTests : IAsyncLifetime, IDisposable
{
    private Device _device = null!;

    private Syncline.Client.Lists Lists => _device.Lists;

    public async Task InitializeAsync() => _device = await Device.OpenAsync(seed: 8);

    public Task DisposeAsync() => Task.CompletedTask;

    public void Dispose() => _device.Dispose();

    [Fact]
    public void A_group_that_throws_leaves_no_trace_whatever_was_read_in_it()
    {
        Syncline.Client.Tree tree = _device.Space.OpenTree("outline");
        Syncline.Client.Tree other = _device.Space.OpenTree("other");
        string home = Lists.CreateList("Home");
        string milk = Lists.AddTask(home, "Milk");
        string a = tree.Create(tree.Id, "A");
        string b = tree.Create(a, "B");
        string before = _device.Everything();
        int made = _device.Made.Count;
        Vertex? read = null;
        Assert.Throws<ArgumentException>(() => _device.Space.Edit(() =>
        {
            string c = tree.Create(b, "C");
            read = tree.FindByPath("A", "B", "C");
            Assert.Equal(c, Assert.Single(tree.GetChildren(b)).Id);
            tree.Move(c, tree.Id);
            tree.Delete(a);
            Assert.Equal([tree.Id, c], tree.ReadAll().Select(vertex => vertex.Id));
            Assert.True(tree.IsDeleted(b));
            other.Create(other.Id, "In another");
            Assert.Single(other.GetChildren(other.Id));
            Lists.SetText(milk, "Oat");
            Assert.Equal("Oat", Assert.Single(Lists.GetTasks(home)).Text);
            Lists.RemoveList(home);
            Assert.Empty(Lists.GetLists());
            Lists.SetText("nobody", "x");
        }));

        Assert.Equal((before, made), (_device.Everything(), _device.Made.Count));
        Assert.Equal(["outline"], _device.Space.TreeIds);
        Assert.Equal("Milk", Assert.Single(Lists.GetTasks(home)).Text);
        Assert.Equal("B", Assert.Single(tree.GetChildren(a)).Name);
        Assert.Null(other.Root);

        // What comes next takes the numbers, and the memory, that the group had.
        string d = tree.Create(b, "D");
        Assert.Equal("C", read!.Name);
        Assert.Equal(d, tree.FindByPath("A", "B", "D")!.Id);
        Assert.Equal(_device.Made.Count, _device.Made[^1].Id.Clock);
    }

    [Fact]
    public void A_group_is_all_or_none_for_others_too_and_edits_within_belong_to_it()
    {
        _device.Space.Edit(() =>
        {
            string home = Lists.CreateList("Home");
            _device.Space.Edit(() => Lists.AddTask(home, "Milk"));
            _device.Space.Append("note", "n", "1");
        });
        Assert.Equal(3, _device.Made.Count);
        Assert.All(_device.Made, operation => Assert.Equal($"{_device.Actor}-1", operation.Tx));
        Lists.CreateList("Work");
        Assert.Null(_device.Made[^1].Tx);
    }

    [Fact]
    public void An_edit_within_that_throws_leaves_nothing_in_the_group_that_goes_on()
    {
        string before = _device.Everything();
        string home = "";
        string milk = "";
        _device.Space.Edit(() =>
        {
            home = Lists.CreateList("Home");
            milk = Lists.AddTask(home, "Milk");
            Assert.Throws<InvalidOperationException>(() => _device.Space.Edit((Action)(() =>
            {
                string lost = Lists.AddTask(home, "Lost");
                Lists.SetText(lost, "Lost indeed");
                Lists.SetText(milk, "Oat milk");
                Assert.Throws<ArgumentException>(() => Lists.SetText("nobody", "x"));
                Assert.Equal(2, Lists.GetTasks(home).Count);
                throw new InvalidOperationException("of the application");
            })));
            Assert.Equal("Milk", Assert.Single(Lists.GetTasks(home)).Text);
            Lists.SetDone(milk, true);
        });

        Assert.Equal(3, _device.Made.Count);
        Assert.Equal([1, 2, 3], _device.Made.Select(operation => operation.Id.Clock));
        Assert.Equal("Milk", Assert.Single(Lists.GetTasks(home)).Text);
        Assert.True(_device.Space.Undo());
        Assert.Empty(Lists.GetLists());
        Assert.False(_device.Space.CanUndo);
        Assert.True(_device.Space.Redo());
        Assert.Equal("Milk", Assert.Single(Lists.GetTasks(home)).Text);
        Assert.NotEqual(before, _device.Everything());
    }

    [Fact]
    public void A_group_of_which_nothing_is_left_is_no_step_to_undo()
    {
        string home = Lists.CreateList("Home");
        Assert.True(_device.Space.Undo());
        _device.Space.Edit(() => Assert.Throws<InvalidOperationException>(() => _device.Space.Edit((Action)(() =>
        {
            Lists.RestoreList(home);
            throw new InvalidOperationException("of the application");
        }))));
        Assert.False(_device.Space.CanUndo);
        Assert.True(_device.Space.CanRedo);
    }

    [Fact]
    public void A_group_that_no_server_would_take_is_not_made()
    {
        string home = Lists.CreateList("Home");
        string large = new('x', 200_000);
        Assert.Contains("1000 operations", Assert.Throws<ArgumentException>(() => AddTasks(home, 1_001, "x")).Message, StringComparison.Ordinal);
        Assert.Contains("4194304 bytes", Assert.Throws<ArgumentException>(() => AddTasks(home, 21, large)).Message, StringComparison.Ordinal);
        Assert.Single(_device.Made);
        Assert.Empty(Lists.GetTasks(home));
        AddTasks(home, 1_000, "x");
        Assert.Equal(1_000, Lists.GetTasks(home).Count);
    }

    [Fact]
    public async Task What_one_thread_reads_together_no_other_changes_between()
    {
        string home = Lists.CreateList("Home");
        Task editing = Task.Factory.StartNew(
            () => Enumerable.Range(0, 100).ToList().ForEach(_ => AddTasks(home, 2, "x")), CancellationToken.None, TaskCreationOptions.LongRunning, TaskScheduler.Default);
        int count = 0;
        while (count < 200)
        {
            (int first, int second) = _device.Space.Read(() => (Lists.GetTasks(home).Count, Lists.GetTasks(home).Count));
            Assert.Equal((first, 0), (second, first % 2));
            count = first;
        }

        await editing;
    }

    private void AddTasks(string listId, int count, string text) => _device.Space.Edit(() =>
    {
        for (int i = 0; i < count; i++)
            Lists.AddTask(listId, text);
    });
}
