using Syncline.Core.Operations;
using Syncline.Core.Tree;
using static Syncline.Tests.Trees.TreeOp;

namespace Syncline.Tests.Trees;

/// <summary>What is taken back leaves nothing behind, also when somebody looked in between.</summary>
public sealed class RollbackTests
{
    private readonly TreesState _state = new(new TreeLimits(HeldBackPerActorMax: 2));
    private long _seq;

    private Tree Tree => _state.Trees[new ResourceId(TreeId)];

    [Fact]
    public void A_vertex_taken_back_after_a_read_leaves_no_trace_in_the_places_of_its_former_children()
    {
        Apply(Move(1, "a", "r", null), Move(10, "a", "v", "r"), Move(11, "a", "w", "r"), Move(12, "a", "x", "r"));
        _state.Commit();
        int mark = _state.Mark();
        Apply(Move(2, "b", "q", "r"), Move(9, "b", "v", "q"), Move(13, "b", "w", "q"));
        Assert.Equal("r q w v x", Shown());
        _state.RollbackTo(mark);
        Assert.Equal("r v w x", Shown());

        Apply(Move(8, "c", "v", "r"));
        Assert.Equal("r v w x", Shown());
        Apply(Move(14, "c", "w", "v"));
        Assert.Equal("r v w x", Shown());
    }

    [Fact]
    public void A_group_taken_back_leaves_no_register_no_value_and_no_actor_in_memory()
    {
        Apply(Move(1, "a", "r", null), Set(2, "a", "r", "kept", "1"));
        _state.Commit();
        for (int round = 0; round < 2; round++)
        {
            int mark = _state.Mark();
            for (int clock = 10; clock < 30; clock++)
                Apply(Set(clock, $"b{clock}", "r", $"k{clock}", "1"), Set(clock, $"c{clock}", "r", "kept", "2"));
            Assert.Equal((41, 21, 21, 41), (Tree.Sendable.ActorCount, Tree.Properties.Count, Tree.Properties.KeyCount, Tree.Properties.ValueBytes));
            _state.RollbackTo(mark);
            Assert.Equal((1, 1, 1, 1), (Tree.Sendable.ActorCount, Tree.Properties.Count, Tree.Properties.KeyCount, Tree.Properties.ValueBytes));
            Assert.Equal("r under nothing: 'kept'=1", TreeText.Of(Tree.Find("r")));
        }

        _state.Commit();
        Assert.Equal("1@a 2@a", TreeText.Of(Tree.Sendable.WorthSending(new StateVector())));
    }

    [Fact]
    public void Operations_that_are_released_together_take_part_in_the_order_of_merging()
    {
        Apply(Move(1, "a", "r", null), Set(9, "a", "v", "k9", "1"), Set(7, "b", "v", "k7", "1"), Set(7, "a", "v", "k", "1"));
        int mark = _state.Mark();
        Apply(Move(5, "a", "v", "r"));
        _state.RollbackTo(mark);
        Apply(Move(6, "a", "v", "r"));
        _state.Commit();
        Assert.Equal("1@a 6@a 7@a 7@b 9@a", TreeText.Of(_state.NewlySendable.Select(sent => sent.Operation.Operation.Id.Stamp)));
    }

    [Fact]
    public void Groups_taken_back_leave_no_actor_to_tidy()
    {
        Apply(Move(1, "a", "r", null));
        _state.Commit();
        for (int round = 0; round < 10; round++)
        {
            int mark = _state.Mark();
            for (int clock = 10; clock < 1_000; clock++)
                Apply(Set(clock, clock % 2 == 0 ? $"b{round}" : "c", "r", "k", "1"));
            Assert.Equal(2, Tree.Sendable.ToTidy);
            _state.RollbackTo(mark);
            Assert.Equal(0, Tree.Sendable.ToTidy);
        }
    }

    [Fact]
    public void Values_that_were_overwritten_do_not_fill_the_memory()
    {
        string value = $"\"{new string('x', 1_000)}\"";
        Apply(Move(1, "a", "r", null));
        for (int clock = 2; clock < 2_000; clock++)
        {
            Apply(Set(clock, "a", "r", "k", value));
            _state.Commit();
        }

        Assert.InRange(Tree.Properties.ValueBytes, 1_000, 200_000);
        Assert.Equal($"r under nothing: 'k'={value}", TreeText.Of(Tree.Find("r")));
    }

    private void Apply(params TreeOp[] operations)
    {
        foreach (TreeOp operation in operations)
            _state.Apply(operation.At(++_seq));
    }

    private string Shown() => string.Join(' ', Tree.Read(includeDeleted: true).Select(vertex => vertex.Id));
}
