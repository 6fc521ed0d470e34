using Syncline.Bench.Logs;
using Syncline.Core.Json;
using Syncline.Core.Lists;
using Syncline.Core.Operations;
using Syncline.Core.Tree;

namespace Syncline.Bench.Snapshots;

/// <summary>What a space is full of.</summary>
/// <param name="Name">Of the workload.</param>
/// <param name="Description">For the table.</param>
/// <param name="Model">What it means.</param>
/// <param name="Scope">A scope of the model.</param>
internal sealed record Content(string Name, string Description, IModel Model, Scope Scope)
{
    public static Content[] All { get; } =
    [
        new("lists", "100,000 tasks in 1,000 lists, most operations updates and moves", new ListModel(), ListModel.ListScope),
        new("tree", "100,000 vertices, 700,000 later operations, a fifth of them moves", new TreeModel(new TreeLimits()), TreeModel.Scope),
    ];

    public SpaceId Space => new($"{Name}-cold");

    public SpaceId WarmSpace => new($"{Name}-warm");

    /// <summary>Edits from the first on.</summary>
    public Func<Edit> NewEdits(bool small)
    {
        if (Scope == TreeModel.Scope)
            return new TreeEdits(small ? 2_000 : 100_000).Next;
        return new ListEdits(small ? 20 : 1_000, small ? 2_000 : 100_000, insertEvery: 5).Next;
    }

    /// <summary>Has all of it made that a state which was loaded puts off: every list's tasks; a tree's properties, its index, and the replay that an old move asks for.</summary>
    public int Touch(IModelState state)
    {
        if (state is ListsState lists)
            return lists.Lists.ToArray().Count(list => lists.FindTask(list.Id, "nobody") is null && lists.TasksOf(list.Id).Any());
        OperationId id = new(TreeModel.Scope, new ResourceId(TreeEdits.TreeId), new ActorId("late"), 2);
        Operation move = new() { Id = id, Hash = 0, Payload = JsonText.From("{}"), Content = new TreeOperation.Move("late", TreeEdits.TreeId) };
        state.Apply(new LoggedOperation { Seq = 1, Operation = move, UserId = default, ReceivedAt = default, GroupEnd = 1, Digest = default });
        Operation again = move with { Id = id with { Clock = 3 } };
        state.Apply(new LoggedOperation { Seq = 2, Operation = again, UserId = default, ReceivedAt = default, GroupEnd = 2, Digest = default });
        state.Commit();
        return Read(state);
    }

    /// <summary>Looks at what was loaded, as somebody who wants to see it: the tree's vertices, or a list's tasks in order.</summary>
    public int Read(IModelState state) => state is TreesState trees
        ? trees.Trees[new ResourceId(TreeEdits.TreeId)].CountVertices(includeDeleted: false)
        : ((ListsState)state).TasksOf(ListEdits.ListId(0)).Count();
}
