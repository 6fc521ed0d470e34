using Syncline.Client;

namespace Syncline.Tests.Client;

/// <summary>What applications are told of changes: in batches, where they want it, and whatever their handlers throw.</summary>
public sealed class ChangedTests : IAsyncLifetime, IDisposable
{
    private readonly SharedLog _log = new();
    private readonly List<ListsChangedEventArgs> _lists = [];
    private readonly List<TreeChangedEventArgs> _trees = [];
    private Device _mine = null!;
    private Device _theirs = null!;

    public async Task InitializeAsync()
    {
        _mine = await Device.OpenAsync(seed: 9);
        _theirs = await Device.OpenAsync(seed: 10);
        _mine.Lists.Changed += (_, changes) => _lists.Add(changes);
    }

    public Task DisposeAsync() => Task.CompletedTask;

    public void Dispose()
    {
        _mine.Dispose();
        _theirs.Dispose();
    }

    [Fact]
    public void Changes_of_lists_are_told_together_in_the_context_of_the_application()
    {
        bool wasInContext = false;
        _mine.Lists.Changed += (_, _) => wasInContext = _mine.Context.IsRunning;
        string home = _mine.Lists.CreateList("Home");
        string milk = _mine.Lists.AddTask(home, "Milk");
        Assert.Empty(_lists);
        Assert.Empty(_mine.Context.Run());
        Assert.True(wasInContext);
        Assert.Equal((home, milk, false), (Assert.Single(Assert.Single(_lists).ListIds), Assert.Single(_lists[0].TaskIds), _lists[0].IsReset));

        _mine.Lists.SetText(milk, "Milk");
        _mine.Context.Run();
        Assert.Single(_lists);
    }

    [Fact]
    public void Others_changes_are_told_by_what_they_changed_and_ones_own_only_once()
    {
        string home = _mine.Lists.CreateList("Home");
        string work = _mine.Lists.CreateList("Work");
        string third = _mine.Lists.CreateList("Third");
        string milk = _mine.Lists.AddTask(home, "Milk");
        _mine.Context.Run();
        _lists.Clear();
        List<SpaceChangedEventArgs> all = [];
        _mine.Space.Changed += (_, changes) => all.Add(changes);
        _log.Exchange(_mine, _theirs);
        _mine.Context.Run();
        Assert.Empty(_lists);
        Assert.Empty(all);

        _theirs.Lists.MoveTask(milk, work);
        _log.Exchange(_mine, _theirs);
        _theirs.Lists.MoveTask(milk, third);
        _log.Exchange(_mine, _theirs);
        _mine.Context.Run();
        ListsChangedEventArgs told = Assert.Single(_lists);
        Assert.Equal([home, work, third], told.ListIds.OrderBy(id => id == third ? 2 : id == work ? 1 : 0));
        Assert.Equal([milk], told.TaskIds);
        Assert.Equal((2, true), (Assert.Single(all).Operations.Count, all[0].HasOthers));

        // A write that loses has changed nothing.
        _theirs.Lists.SetText(milk, "theirs");
        _mine.Lists.SetNote(milk, "newer");
        _mine.Lists.SetText(milk, "mine, newer");
        _mine.Context.Run();
        _lists.Clear();
        _log.Exchange(_mine, _theirs);
        _mine.Context.Run();
        Assert.Empty(_lists);
    }

    [Fact]
    public void Changes_of_a_tree_tell_who_changed_and_whose_children_did()
    {
        Syncline.Client.Tree tree = _mine.Space.OpenTree("outline");
        string a = tree.Create(tree.Id, "A");
        string b = tree.Create(tree.Id, "B");
        _mine.Context.Run();
        tree.Changed += (_, changes) => _trees.Add(changes);
        _log.Exchange(_mine, _theirs);
        _mine.Context.Run();
        Assert.Empty(_trees);

        Syncline.Client.Tree theirs = _theirs.Space.OpenTree("outline");
        string c = theirs.Create(a, "C");
        theirs.SetName(b, "BB");
        _theirs.Space.OpenTree("other").Create("other");
        _log.Exchange(_mine, _theirs);
        tree.Move(c, b);
        _mine.Context.Run();
        TreeChangedEventArgs told = Assert.Single(_trees);
        Assert.Equal([b, c], told.VertexIds.OrderBy(id => id == c));
        Assert.Equal([b], told.ParentIds);

        _trees.Clear();
        _mine.Lists.CreateList("Home");
        _mine.Context.Run();
        Assert.Empty(_trees);
        tree.Delete(c);
        _mine.Context.Run();
        Assert.Equal(["0", b], Assert.Single(_trees).ParentIds.OrderBy(id => id == b));
    }

    [Fact]
    public void A_late_move_tells_of_all_whose_places_it_changes()
    {
        Syncline.Client.Tree tree = _mine.Space.OpenTree("outline");
        string a = tree.Create(tree.Id, "A");
        string b = tree.Create(tree.Id, "B");
        _log.Exchange(_mine, _theirs);
        tree.SetName(a, "AA");
        tree.Move(a, b);
        _theirs.Space.OpenTree("outline").Move(b, a);
        tree.Changed += (_, changes) => _trees.Add(changes);
        Assert.Equal(b, tree.Find(a)!.ParentId);

        // Theirs is older and was there first, so now it is mine that would make a cycle.
        _log.Exchange(_mine, _theirs);
        _mine.Context.Run();
        Assert.Equal((tree.Id, a), (tree.Find(a)!.ParentId, tree.Find(b)!.ParentId));
        Assert.Equal([a, b], Assert.Single(_trees).VertexIds.OrderBy(id => id == b));
        Assert.Equal(_mine.Everything(), _theirs.Everything());
    }

    [Fact]
    public async Task When_everything_may_be_different_that_is_told_and_then_changes_again()
    {
        Syncline.Client.Tree tree = _mine.Space.OpenTree("outline");
        tree.Create(tree.Id, "A");
        tree.Changed += (_, changes) => _trees.Add(changes);
        _mine.Lists.CreateList("Home");
        Assert.True(await _mine.Replica.LoadAsync(CancellationToken.None));
        _mine.Context.Run();
        Assert.Equal((true, 0), (Assert.Single(_lists).IsReset, _lists[0].ListIds.Count));
        Assert.Equal((true, 0, 0), (Assert.Single(_trees).IsReset, _trees[0].VertexIds.Count, _trees[0].ParentIds.Count));

        string b = tree.Create(tree.Id, "B");
        _mine.Context.Run();
        Assert.Equal([b], _trees[1].VertexIds);
        Assert.Equal(2, tree.GetChildren(tree.Id).Count);
    }

    [Fact]
    public void A_handler_that_throws_stops_no_other_and_no_later_event()
    {
        List<string> called = [];
        _mine.Space.Changed += (_, _) =>
        {
            called.Add("first");
            throw new InvalidOperationException("of the application");
        };
        _mine.Space.Changed += (_, _) => called.Add("second");
        _mine.Lists.CreateList("Home");
        Assert.Equal("of the application", Assert.Single(_mine.Context.Run()).Message);
        Assert.Equal(["first", "second"], called);

        List<Exception> taken = [];
        _mine.Events.Failed = exception =>
        {
            taken.Add(exception);
            return true;
        };
        _mine.Lists.CreateList("Work");
        Assert.Empty(_mine.Context.Run());
        Assert.Equal((4, 1), (called.Count, taken.Count));
        Assert.Equal(2, _lists.Count);
    }

    [Fact]
    public void Many_changes_are_posted_once()
    {
        int posts = _mine.Context.Posts;
        for (int i = 0; i < 100; i++)
            _mine.Lists.CreateList($"{i}");
        Assert.Equal(posts + 1, _mine.Context.Posts);
        _mine.Context.Run();
        Assert.Equal(100, Assert.Single(_lists).ListIds.Count);
    }
}
