using System.Globalization;
using Syncline.Bench.Tree;
using Syncline.Core.Lists;

namespace Syncline.Bench.Logs;

/// <summary>
/// Edits of task lists as existing clients write them, the same in every run: the lists are made first, then tasks are inserted while others
/// are worked on. Of the edits 41 % are texts, 20 % done or not, 10 % notes, 24 % moves (a sixth of them to another list), 4 % removals, 1 %
/// lists renamed or reordered; who finds a task removed inserts it again.
/// </summary>
/// <param name="lists">How many lists.</param>
/// <param name="tasks">How many tasks.</param>
/// <param name="insertEvery">Which edits insert a task, as long as there are any left to insert.</param>
internal sealed class ListEdits(int lists, int tasks, int insertEvery)
{
    private const string Registry = "registry";
    private readonly Func<uint> _next = TreeWorkloads.Numbers(seed: 41);
    private readonly bool[] _removed = new bool[tasks];
    private int _made;
    private int _inserted;

    /// <summary>The list that a task was inserted in.</summary>
    public string HomeOf(int task) => ListId(task % lists);

    public Edit Next()
    {
        int number = _made++;
        if (number < lists)
            return OfRegistry($$""" "type":"createList","listId":"{{ListId(number)}}","payload":{"title":"List {{Text(number)}}","pos":{{Position()}}}""");
        if (_inserted < tasks && (_inserted == 0 || number % insertEvery == 0))
            return Insert(_inserted++);
        return Change(number, task: Below(_inserted));
    }

    public static string ListId(int list) => string.Create(CultureInfo.InvariantCulture, $"list-{list:x4}-9d7e");

    private Edit Change(int number, int task)
    {
        if (_removed[task])
        {
            _removed[task] = false;
            return Insert(task);
        }

        return Below(100) switch
        {
            < 41 => OfTask("update", task, $$"""{"text":"What is to be done, number {{Text(number)}}"}"""),
            < 61 => OfTask("update", task, $$"""{"done":{{(Below(2) == 0 ? "true" : "false")}}}"""),
            < 71 => OfTask("update", task, $$"""{"note":"What else there is to say, {{Text(number)}}"}"""),
            < 91 => OfTask("move", task, $$"""{"pos":{{Position()}}}"""),
            < 95 => OfTask("move", task, $$"""{"pos":{{Position()}}}""", $"\"listId\":\"{ListId(Below(lists))}\","),
            < 99 => Remove(task),
            _ => Below(2) == 0
                ? OfRegistry($$""" "type":"renameList","listId":"{{ListId(Below(lists))}}","payload":{"title":"List {{Text(number)}}"}""")
                : OfRegistry($$""" "type":"reorderList","listId":"{{ListId(Below(lists))}}","payload":{"pos":{{Position()}}}"""),
        };
    }

    private Edit Insert(int task) =>
        OfTask("insert", task, $$"""{"text":"What is to be done, task {{Text(task)}}","done":false,"pos":{{Position()}}}""");

    private Edit Remove(int task)
    {
        _removed[task] = true;
        return OfTask("remove", task, "{}");
    }

    private Edit OfTask(string type, int task, string payload, string more = "") => new(
        ListModel.ListScope,
        HomeOf(task),
        string.Create(CultureInfo.InvariantCulture, $$""" "type":"{{type}}","itemId":"4b1f9f2c-{{task:x8}}",{{more}}"payload":{{payload}}""").TrimStart());

    private static Edit OfRegistry(string members) => new(ListModel.RegistryScope, Registry, members.TrimStart());

    // One component, as a list's first 262,000 prepends and 1,800,000 appends have it.
    private string Position() => string.Create(CultureInfo.InvariantCulture, $$"""[{"digit":{{(1L << 50) + ((long)Below(1 << 20) << 12)}},"actor":"laptop-7f3"}]""");

    private int Below(int end) => (int)(_next() % (uint)end);

    private static string Text(int number) => number.ToString(CultureInfo.InvariantCulture);
}
