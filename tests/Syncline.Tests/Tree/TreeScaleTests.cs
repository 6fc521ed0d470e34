using System.Globalization;
using Syncline.Core.Operations;
using Syncline.Core.Tree;

namespace Syncline.Tests.Trees;

/// <summary>Shapes that would take for ever, or the stack, if anything about them were quadratic or recursive.</summary>
public sealed class TreeScaleTests
{
    private const int Many = 100_000;
    private readonly TreesState _state = new(new TreeLimits());
    private long _seq;

    private Tree Tree => _state.Trees[new ResourceId(TreeOp.TreeId)];

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void A_chain_of_a_million_vertices_is_built_from_either_end(bool childFirst)
    {
        const int Depth = 1_000_000;
        for (int i = 2; i <= Depth; i++)
        {
            int clock = childFirst ? Depth + 2 - i : i;
            if (clock == 2 && childFirst)
                Apply(TreeOp.Move(1, "a", "r", null), commit: true);
            else if (clock == 2)
                Apply(TreeOp.Move(1, "a", "r", null));
            Apply(TreeOp.Move(clock, "a", Id(clock), clock == 2 ? "r" : Id(clock - 1)));
        }

        _state.Commit();
        Assert.Equal(Depth, Tree.CountVertices(includeDeleted: true));
        Assert.Equal(Depth, Tree.Read(includeDeleted: false).Count());
        Assert.Equal(Depth, Tree.Sendable.WorthSending(new StateVector()).Count());
        Assert.Equal(Id(Depth - 1), Tree.Find(Id(Depth))!.ParentId);
        Assert.Equal(childFirst ? Depth - 2 : 0, Tree.Sendable.LateAfter(0).Count());
    }

    [Fact]
    public void A_vertex_has_100_000_children_that_come_and_go()
    {
        Apply(TreeOp.Move(1, "a", "r", null));
        Apply(TreeOp.Move(2, "a", "0", null));
        for (int i = 0; i < Many; i++)
            Apply(TreeOp.Move(i + 3, "a", Id(i), "r"));
        Assert.Equal(Many + 1, Tree.CountVertices(includeDeleted: false));
        Assert.Equal(["r", Id(0), Id(1)], Tree.Read(includeDeleted: false).Take(3).Select(vertex => vertex.Id));
        for (int i = 0; i < Many; i += 2)
            Apply(TreeOp.Move(i + Many + 3, "a", Id(i), "0"));
        Assert.Equal((Many / 2) + 1, Tree.CountVertices(includeDeleted: false));
        Assert.Equal(Many + 2, Tree.CountVertices(includeDeleted: true));
    }

    [Fact]
    public void A_vertex_has_100_000_properties()
    {
        Apply(TreeOp.Move(1, "a", "r", null));
        for (int round = 0; round < 2; round++)
        {
            for (int i = 0; i < Many; i++)
                Apply(TreeOp.Set((round * Many) + i + 2, "a", "r", Id(i), "1"), commit: i % 100 == 0);
        }

        _state.Commit();
        Assert.Equal(Many, Tree.Find("r")!.Properties.Count);
        Assert.Equal(Many + 1, Tree.Sendable.WorthSending(new StateVector()).Count());
    }

    [Fact]
    public void One_actors_100_000_operations_arrive_newest_first()
    {
        Apply(TreeOp.Move(1, "a", "r", null));
        Apply(TreeOp.Move(2, "a", "v", "r"));
        for (int clock = Many * 2; clock > 2; clock -= 2)
            Apply(clock % 4 == 0 ? TreeOp.Move(clock, "a", Id(clock), "r") : TreeOp.Set(clock, "a", "v", "k", "1"), commit: clock % 100 == 0);
        _state.Commit();
        Assert.Equal(Many, Tree.Stored[new ActorId("a")].Count);
        Assert.Equal((Many / 2) + 2, Tree.CountVertices(includeDeleted: false));
        for (int clock = (Many * 2) - 1; clock > 2; clock -= 2)
            Apply(TreeOp.Set(clock, "a", "v", "k", "1"));
        _state.Commit();
        Assert.Equal([new ClockRange(1, Many * 2)], Tree.Stored[new ActorId("a")]);
    }

    [Fact]
    public void Moves_that_each_are_older_than_all_before_are_replayed_once_when_somebody_looks()
    {
        const int Moves = 20_000;
        Apply(TreeOp.Move(1, "a", "r", null));
        for (int i = 0; i < 100; i++)
            Apply(TreeOp.Move(i + 2, "a", Id(i), "r"));
        Assert.Equal(101, Tree.CountVertices(includeDeleted: false));
        for (int i = 0; i < Moves; i++)
            Apply(TreeOp.Move(Moves + 200 - i, "b", Id(i % 100), i % 3 == 0 ? "r" : Id((i + 1) % 100)), commit: true);
        Assert.Equal(101, Tree.CountVertices(includeDeleted: false));
    }

    [Fact]
    public void A_batch_of_100_000_operations_is_taken_back_as_fast_as_it_was_taken_in()
    {
        Apply(TreeOp.Move(1, "a", "r", null), commit: true);
        int mark = _state.Mark();
        for (int i = 0; i < Many; i++)
            Apply((i % 4) switch
            {
                0 => TreeOp.Move(i + 2, "a", Id(i), "r"),
                1 => TreeOp.Move(i + 2, "a", Id(i), Id(i + Many)),
                2 => TreeOp.Set(i + 2, "a", "r", Id(i % 1_000), "1"),
                _ => TreeOp.Set(i + 2, "a", "nobody", "k", "1"),
            });
        _state.RollbackTo(mark);
        _state.Commit();
        Assert.Equal(1, Tree.CountVertices(includeDeleted: true));
        Assert.Equal("""{"a":[[1,1]]}""", TreeText.Of(Tree.Stored));
        Assert.Empty(_state.NewlySendable);
    }

    [Fact]
    public void A_state_that_holds_back_100_000_operations_for_one_vertex_goes_on()
    {
        Apply(TreeOp.Move(1, "a", "r", null));
        for (int i = 0; i < Many; i++)
            Apply(TreeOp.Set(i + 2, "a", "v", "k", "1"), commit: i % 100 == 0);
        for (int i = 0; i < 2_000; i++)
            Apply(TreeOp.Move(Many + 5_000 - i, "b", "v", "r"), commit: true);
        Assert.Empty(Tree.Find("v")!.Properties);
        Apply(TreeOp.Move(2, "0", "v", "r"), commit: true);
        Assert.Single(Tree.Find("v")!.Properties);
        Assert.Equal(Many, Tree.Sendable.LateAfter(0).Count() + Many - 1);
    }

    private static string Id(int number) => $"v{number.ToString(CultureInfo.InvariantCulture)}";

    private void Apply(TreeOp operation, bool commit = false)
    {
        _state.Apply(operation.At(++_seq));
        if (commit)
            _state.Commit();
    }
}
