using Syncline.Core.Operations;
using Syncline.Core.Tree;
using static Syncline.Tests.Trees.TreeOp;

namespace Syncline.Tests.Trees;

/// <summary>What is taken back leaves nothing behind, also when somebody looked in between.</summary>
public sealed class RollbackTests
{
    private readonly TreesState _state = new(heldBackMax: 2);
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

    private void Apply(params TreeOp[] operations)
    {
        foreach (TreeOp operation in operations)
            _state.Apply(operation.At(++_seq));
    }

    private string Shown() => string.Join(' ', Tree.Read(includeDeleted: true).Select(vertex => vertex.Id));
}
