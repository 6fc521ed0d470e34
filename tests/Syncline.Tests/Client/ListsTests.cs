using Syncline.Client;

namespace Syncline.Tests.Client;

/// <summary>Every method of <see cref="Syncline.Client.Lists"/>, and what it writes.</summary>
public sealed class ListsTests : IAsyncLifetime, IDisposable
{
    private Device _device = null!;

    private Syncline.Client.Lists Lists => _device.Lists;

    public async Task InitializeAsync() => _device = await Device.OpenAsync(seed: 1);

    public Task DisposeAsync() => Task.CompletedTask;

    public void Dispose() => _device.Dispose();

    [Fact]
    public void Lists_stand_where_they_are_put()
    {
        string b = Lists.CreateList("B");
        string d = Lists.CreateList("D");
        string a = Lists.CreateList("A", At.Start);
        string c = Lists.CreateList("C", At.After(b));
        Lists.CreateList("E");
        Lists.CreateList("B2", At.Before(c));
        Assert.Equal("A B B2 C D E", Titles());

        Lists.MoveList(a, At.End);
        Lists.MoveList(d, At.Before(b));
        Lists.MoveList(c, At.Start);
        Assert.Equal("C D B B2 E A", Titles());

        Lists.RenameList(a, "Z");
        Lists.RemoveList(d);
        Assert.Equal("C B B2 E Z", Titles());
        Assert.Equal("D", Assert.Single(Lists.GetRemovedLists()).Title);
        Assert.True(Lists.FindList(d)!.IsDeleted);
        Lists.RestoreList(d);
        Assert.Equal("C D B B2 E Z", Titles());
        Assert.Null(Lists.FindList("nobody"));
    }

    [Fact]
    public void Tasks_stand_where_they_are_put_and_keep_their_ids_in_another_list()
    {
        string home = Lists.CreateList("Home");
        string work = Lists.CreateList("Work");
        string b = Lists.AddTask(home, "B");
        string d = Lists.AddTask(home, "D", note: "later");
        string a = Lists.AddTask(home, "A", At.Start);
        string c = Lists.AddTask(home, "C", At.Before(d));
        Lists.AddTask(home, "B2", At.After(b));
        Assert.Equal("A B B2 C D", Texts(home));

        Lists.MoveTask(a, At.End);
        Lists.MoveTask(d, At.Start);
        Lists.MoveTask(c, At.After(d));
        Assert.Equal("D C B B2 A", Texts(home));

        Lists.MoveTask(b, work);
        Lists.MoveTask(c, At.Before(b));
        Lists.MoveTask(d, work, At.Start);
        Assert.Equal(("B2 A", "D C B"), (Texts(home), Texts(work)));
        Assert.Equal(new TaskItem(d, work, "D", IsDone: false, "later", IsRemoved: false, IsShown: true), Lists.FindTask(d));

        // What it is put beside has gone elsewhere meanwhile.
        string e = Lists.AddTask(home, "E", At.Before(c));
        Assert.Equal("B2 A E", Texts(home));
        Lists.MoveTask(e, home, At.After(d));
        Assert.Equal("B2 A E", Texts(home));
    }

    [Fact]
    public void A_task_is_edited_removed_and_restored_to_where_it_stood()
    {
        string home = Lists.CreateList("Home");
        string milk = Lists.AddTask(home, "Milk");
        string bread = Lists.AddTask(home, "Bread", At.Start);
        Lists.SetText(milk, "Oat milk");
        Lists.SetDone(milk);
        Lists.SetNote(milk, "two");
        Lists.RemoveTask(bread);
        string eggs = Lists.AddTask(home, "Eggs", At.Start);
        Assert.Equal([eggs, milk], Lists.GetTasks(home).Select(task => task.Id));
        Assert.Equal(bread, Assert.Single(Lists.GetRemovedTasks(home)).Id);
        Lists.SetText(bread, "Rye bread");
        Lists.RestoreTask(bread);
        Assert.Equal("Eggs Rye bread Oat milk", Texts(home));
        Assert.Equal(new TaskItem(milk, home, "Oat milk", IsDone: true, "two", IsRemoved: false, IsShown: true), Lists.FindTask(milk));
        Lists.SetDone(milk, isDone: false);
        Assert.False(Lists.FindTask(milk)!.IsDone);

        Lists.RemoveList(home);
        Assert.Empty(Lists.GetTasks(home));
        Assert.False(Lists.FindTask(milk)!.IsShown);
        string late = Lists.AddTask(home, "Late");
        Lists.RestoreList(home);
        Assert.Equal("Eggs Rye bread Oat milk Late", Texts(home));
        Assert.True(Lists.FindTask(late)!.IsShown);
    }

    [Fact]
    public void What_was_read_stays_as_it_is_and_is_read_once()
    {
        string home = Lists.CreateList("Home");
        string milk = Lists.AddTask(home, "Milk");
        IReadOnlyList<TaskItem> before = Lists.GetTasks(home);
        Assert.Same(before, Lists.GetTasks(home));
        Assert.Same(Lists.GetLists(), Lists.GetLists());
        Lists.SetText(milk, "Bread");
        Assert.Equal("Milk", Assert.Single(before).Text);
        Assert.Equal("Bread", Texts(home));
        Assert.Equal((1, 1), _device.Space.Read(() => (Lists.GetLists().Count, Lists.GetTasks(home).Count)));
    }

    [Fact]
    public void Operations_are_written_as_existing_clients_write_them()
    {
        string home = Lists.CreateList("Home \"1\"");
        string work = Lists.CreateList("Work");
        string milk = Lists.AddTask(home, "Milk \ud800", note: "2");
        string itemId = milk.Split('/')[1];
        Lists.AddTask(home, "Bread");
        Lists.SetText(milk, "Oat");
        Lists.SetDone(milk);
        Lists.SetNote(milk, "");
        Lists.MoveTask(milk, At.End);
        Lists.MoveTask(milk, work);
        Lists.RemoveTask(milk);
        Lists.RestoreTask(milk);
        Lists.RenameList(home, "House");
        Lists.MoveList(home, At.End);
        Lists.RemoveList(home);
        Lists.RestoreList(home);

        string actor = _device.Actor.Value;
        string[] payloads = [.. _device.Made.Select(operation => $"{operation.Id.Scope} {operation.Id.ResourceId} {operation.Payload}")];
        string[] expected =
        [
            $$"""registry registry {"type":"createList","listId":"{{home}}","payload":{"title":"Home \"1\"","pos":[{"digit":1125899906842624,"actor":"{{actor}}"}]},"actor":"{{actor}}","clock":1}""",
            $$"""registry registry {"type":"createList","listId":"{{work}}","payload":{"title":"Work","pos":[{"digit":1125904201809920,"actor":"{{actor}}"}]},"actor":"{{actor}}","clock":2}""",
            $$"""list {{home}} {"type":"insert","itemId":"{{itemId}}","payload":{"text":"Milk \ud800","done":false,"note":"2","pos":[{"digit":1125899906842624,"actor":"{{actor}}"}]},"actor":"{{actor}}","clock":3}""",
            payloads[3],
            $$"""list {{home}} {"type":"update","itemId":"{{itemId}}","payload":{"text":"Oat"},"actor":"{{actor}}","clock":5}""",
            $$"""list {{home}} {"type":"update","itemId":"{{itemId}}","payload":{"done":true},"actor":"{{actor}}","clock":6}""",
            $$"""list {{home}} {"type":"update","itemId":"{{itemId}}","payload":{"note":""},"actor":"{{actor}}","clock":7}""",
            $$"""list {{home}} {"type":"move","itemId":"{{itemId}}","payload":{"pos":[{"digit":1125908496777216,"actor":"{{actor}}"}]},"actor":"{{actor}}","clock":8}""",
            $$"""list {{home}} {"type":"move","itemId":"{{itemId}}","listId":"{{work}}","payload":{"pos":[{"digit":1125899906842624,"actor":"{{actor}}"}]},"actor":"{{actor}}","clock":9}""",
            $$"""list {{home}} {"type":"remove","itemId":"{{itemId}}","payload":{},"actor":"{{actor}}","clock":10}""",
            $$"""list {{home}} {"type":"insert","itemId":"{{itemId}}","payload":{},"actor":"{{actor}}","clock":11}""",
            $$"""registry registry {"type":"renameList","listId":"{{home}}","payload":{"title":"House"},"actor":"{{actor}}","clock":12}""",
            $$"""registry registry {"type":"reorderList","listId":"{{home}}","payload":{"pos":[{"digit":1125908496777216,"actor":"{{actor}}"}]},"actor":"{{actor}}","clock":13}""",
            $$"""registry registry {"type":"removeList","listId":"{{home}}","payload":{},"actor":"{{actor}}","clock":14}""",
            $$"""registry registry {"type":"createList","listId":"{{home}}","payload":{},"actor":"{{actor}}","clock":15}""",
        ];
        Assert.Equal(expected, payloads);
    }

    [Fact]
    public void What_is_there_already_is_not_written_again()
    {
        string home = Lists.CreateList("Home");
        string milk = Lists.AddTask(home, "Milk");
        Lists.RenameList(home, "Home");
        Lists.RestoreList(home);
        Lists.SetText(milk, "Milk");
        Lists.SetDone(milk, isDone: false);
        Lists.SetNote(milk, "");
        Lists.RestoreTask(milk);
        Assert.Equal(2, _device.Made.Count);
    }

    [Fact]
    public void Bad_input_is_named_and_changes_nothing()
    {
        string home = Lists.CreateList("Home");
        string milk = Lists.AddTask(home, "Milk");
        string tooLong = new('x', 256 * 1024);
        (string Named, Action Call)[] calls =
        [
            ("nolist", () => Lists.AddTask("nolist", "x")),
            ("nolist", () => Lists.GetTasks("nolist")),
            ("nolist", () => Lists.GetRemovedTasks("nolist")),
            ("nolist", () => Lists.RenameList("nolist", "x")),
            ("nolist", () => Lists.RemoveList("nolist")),
            ("nolist", () => Lists.RestoreList("nolist")),
            ("nolist", () => Lists.MoveList("nolist", At.End)),
            ("nolist", () => Lists.CreateList("x", At.Before("nolist"))),
            ("nolist", () => Lists.MoveTask(milk, "nolist")),
            (home, () => Lists.MoveList(home, At.After(home))),
            ("home/nobody", () => Lists.SetText("home/nobody", "x")),
            ("nobody", () => Lists.SetDone("nobody")),
            ("/", () => Lists.SetNote("/", "x")),
            ("a/b/c", () => Lists.RemoveTask("a/b/c")),
            ("nobody", () => Lists.RestoreTask("nobody")),
            ("nobody", () => Lists.MoveTask("nobody", At.End)),
            ("nobody", () => Lists.AddTask(home, "x", At.After("nobody"))),
            (milk, () => Lists.MoveTask(milk, At.Before(milk))),
            ("262144 bytes", () => Lists.AddTask(home, tooLong)),
            ("262144 bytes", () => Lists.SetText(milk, tooLong)),
            ("262144 bytes", () => Lists.CreateList(tooLong)),
        ];
        string before = _device.Everything();
        foreach ((string named, Action call) in calls)
            Assert.Contains(named, Assert.ThrowsAny<ArgumentException>(call).Message, StringComparison.Ordinal);
        Assert.Throws<ArgumentNullException>(() => Lists.SetText(milk, null!));
        Assert.Equal((before, 2), (_device.Everything(), _device.Made.Count));
        Assert.Null(Lists.FindTask("a/b/c"));
        Lists.SetText(milk, "Oat milk");
        Assert.Equal(3, _device.Made[^1].Id.Clock);
    }

    private string Titles() => string.Join(' ', Lists.GetLists().Select(list => list.Title));

    private string Texts(string listId) => string.Join(' ', Lists.GetTasks(listId).Select(task => task.Text));
}
