using Syncline.Bench.Logs;
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

    /// <summary>Looks at what was loaded, as somebody who wants to see it: the tree's vertices, or a list's tasks in order.</summary>
    public int Read(IModelState state) => state is TreesState trees
        ? trees.Trees[new ResourceId(TreeEdits.TreeId)].CountVertices(includeDeleted: false)
        : ((ListsState)state).TasksOf(ListEdits.ListId(0)).Count();
}
