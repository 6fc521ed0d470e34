using Syncline.Core.Operations;
using Syncline.Core.Tree;
using static Syncline.Tests.Trees.TreeOp;

namespace Syncline.Tests.Trees;

/// <summary>What waits for a vertex, what a tree refuses, and what is sent when.</summary>
public sealed class HeldBackTests
{
    private readonly TreesState _state = new(new TreeLimits(HeldBackPerActorMax: 3));
    private long _seq;

    private Tree Tree => _state.Trees[new ResourceId(TreeId)];

    [Fact]
    public void A_chain_delivered_child_first_is_released_in_one_step()
    {
        Commit(Set(5, "b", "v3", "k", "1"), Move(4, "b", "v3", "v2"), Move(3, "a", "v2", "v1"), Move(2, "a", "v1", "r"));
        Assert.Equal("", Shown());
        Assert.Equal("", NewlySendable());
        Assert.Equal("""{"a":[[2,3]],"b":[[4,5]]}""", TreeText.Of(Tree.Stored));
        Assert.Equal("", TreeText.Of(Tree.Sendable.WorthSending(new StateVector())));

        Commit(Move(1, "a", "r", null));
        Assert.Equal("r v1 v2 v3", Shown());
        Assert.Equal("1@a 2@a 3@a 4@b 5@b", NewlySendable());
        Assert.Equal("1@a 2@a 3@a 4@b 5@b", TreeText.Of(Tree.Sendable.WorthSending(new StateVector())));
    }

    [Fact]
    public void What_was_released_is_sent_with_what_released_it_and_not_at_its_own_place()
    {
        Commit(Move(1, "a", "r", null));
        Commit(Set(5, "b", "v", "k", "1"), Move(6, "b", "w", "v"), Set(3, "c", "v", "k", "0"));
        Commit(Set(2, "a", "r", "k", "1"));
        Assert.False(Tree.Sendable.ContainsOnTime(Stamp(5, "b")));
        Commit(Move(2, "b", "v", "r"));
        Assert.Equal("2@b 5@b 6@b", NewlySendable());
        Assert.True(Tree.Sendable.ContainsOnTime(Stamp(2, "b")));
        Assert.True(Tree.Sendable.Contains(Stamp(5, "b")));
        Assert.False(Tree.Sendable.ContainsOnTime(Stamp(5, "b")));
        Assert.False(Tree.Sendable.Contains(Stamp(3, "c")));
        Assert.Equal([(6, Stamp(5, "b")), (6, Stamp(6, "b"))], Tree.Sendable.LateAfter(0).Order());
        Assert.Equal(2, Tree.Sendable.LateAfter(5).Count());
        Assert.Empty(Tree.Sendable.LateAfter(6));

        Commit(Set(7, "a", "v", "k", "2"));
        Assert.Equal([(6, Stamp(6, "b"))], Tree.Sendable.LateAfter(0));
        Assert.False(Tree.Sendable.Contains(Stamp(5, "b")));
        Assert.False(Tree.Sendable.Contains(Stamp(99, "b")));
        Assert.False(Tree.Sendable.Contains(Stamp(5, "nobody")));
    }

    [Fact]
    public void An_operation_older_than_every_move_of_what_it_needs_has_no_effect_until_an_older_move_arrives()
    {
        Commit(Move(1, "a", "r", null), Set(5, "b", "v", "k", "1"), Move(6, "b", "w", "v"));
        Commit(Move(9, "a", "v", "r"));
        Assert.Equal("r v", Shown());
        Assert.Equal("9@a", NewlySendable());
        Assert.Empty(Tree.Find("v")!.Properties);
        Assert.Null(Tree.Find("w"));

        Commit(Move(4, "a", "v", "r"));
        Assert.Equal("r v w", Shown());
        Assert.Equal("4@a 5@b 6@b", NewlySendable());
        Assert.Equal("v under r: 'k'=1", TreeText.Of(Tree.Find("v")));
        Assert.Equal("1@a 4@a 5@b 6@b 9@a", TreeText.Of(Tree.Sendable.WorthSending(new StateVector())));
    }

    [Fact]
    public void A_write_that_lost_is_neither_sent_nor_newly_sendable()
    {
        Commit(Move(1, "a", "r", null));
        Commit(Set(3, "b", "r", "k", "1"), Set(4, "a", "r", "k", "2"), Set(2, "c", "r", "k", null));
        Assert.Equal("4@a", NewlySendable());
        Assert.Equal("1@a 4@a", TreeText.Of(Tree.Sendable.WorthSending(new StateVector())));
        Commit();
        Assert.Empty(_state.NewlySendable);
    }

    [Fact]
    public void A_removal_wins_and_is_sent_like_a_write()
    {
        Commit(Move(1, "a", "r", null), Set(5, "a", "r", "k", null), Set(4, "b", "r", "k", "1"));
        Assert.Empty(Tree.Find("r")!.Properties);
        Assert.Equal("1@a 5@a", TreeText.Of(Tree.Sendable.WorthSending(new StateVector())));
    }

    [Fact]
    public void Superseded_writes_are_forgotten_and_the_winners_are_not()
    {
        Commit(Move(1, "a", "r", null));
        for (int clock = 2; clock <= 1_000; clock++)
            Commit(Set(clock, "b", "r", clock % 100 == 0 ? $"k{clock}" : "k", "1"));
        string winners = "1@a 100@b 200@b 300@b 400@b 500@b 600@b 700@b 800@b 900@b 999@b 1000@b";
        Assert.Equal(winners, TreeText.Of(Tree.Sendable.WorthSending(new StateVector())));
        Assert.Equal("""{"a":[[1,1]],"b":[[2,1000]]}""", TreeText.Of(Tree.Stored));
    }

    [Fact]
    public void What_is_not_newer_than_the_creation_of_what_it_needs_is_not_causal()
    {
        Commit(Move(1, "a", "r", null), Move(5, "b", "v", "r"), Move(9, "b", "v", "r"));
        AssertRefused(ErrorCodes.NotCausal, Set(5, "a", "v", "k", "1"));
        AssertRefused(ErrorCodes.NotCausal, Set(4, "z", "v", "k", null));
        AssertRefused(ErrorCodes.NotCausal, Move(5, "a", "w", "v"));
        AssertRefused(ErrorCodes.NotCausal, Move(5, "a", "v", "v"));
        AssertAccepted(Set(5, "c", "v", "k", "1"));
        AssertAccepted(Set(6, "a", "v", "k", "1"));
        AssertAccepted(Move(6, "a", "w", "v"));
        AssertAccepted(Move(2, "a", "v", "r"));
        AssertAccepted(Move(5, "a", "v", "r"));

        Commit(Move(2, "a", "v", "r"));
        AssertAccepted(Set(4, "z", "v", "k", null));
        AssertRefused(ErrorCodes.NotCausal, Set(2, "a", "v", "k", null));
    }

    [Fact]
    public void A_decision_sees_what_was_applied_before_it_and_not_what_was_taken_back()
    {
        Commit(Move(1, "a", "r", null));
        int mark = _state.Mark();
        _state.Apply(Move(5, "b", "v", "r").At(++_seq));
        AssertRefused(ErrorCodes.NotCausal, Set(4, "a", "v", "k", "1"));
        _state.RollbackTo(mark);
        AssertAccepted(Set(4, "a", "v", "k", "1"));
    }

    [Fact]
    public void An_actor_may_have_so_many_operations_held_back_and_no_more()
    {
        Commit(Move(1, "a", "r", null), Move(2, "b", "w1", "x"), Set(3, "b", "x", "k", "1"), Move(3, "c", "w2", "x"));
        AssertAccepted(Set(9, "b", "x", "k", "1"));
        Commit(Set(4, "b", "y", "k", "1"));
        AssertRefused(ErrorCodes.QuotaExceeded, Set(9, "b", "x", "k", "1"));
        AssertRefused(ErrorCodes.QuotaExceeded, Move(9, "b", "w3", "x"), "another");
        AssertAccepted(Set(9, "c", "x", "k", "1"));
        AssertAccepted(Set(9, "b", "r", "k", "1"));
        AssertAccepted(Move(9, "b", "x", "r"));
        Assert.IsType<Decision.Accepted>(_state.Decide(Set(9, "b", "x", "k", "1").ToOperation() with { IsTransient = true }, default));

        Commit(Move(1, "d", "x", "r"));
        AssertAccepted(Set(9, "b", "z", "k", "1"));
    }

    [Fact]
    public void Only_the_root_and_the_trash_stand_alone_and_neither_is_moved()
    {
        foreach (bool known in new[] { false, true })
        {
            AssertAccepted(Move(10, "b", "r", null));
            AssertAccepted(Move(11, "b", "0", null));
            AssertRefused(ErrorCodes.InvalidOperation, Move(12, "b", "s", null));
            AssertRefused(ErrorCodes.InvalidOperation, Move(13, "b", "r", "v"));
            AssertRefused(ErrorCodes.InvalidOperation, Move(14, "b", "r", "0"));
            AssertRefused(ErrorCodes.InvalidOperation, Move(15, "b", "r", "r"));
            AssertRefused(ErrorCodes.InvalidOperation, Move(16, "b", "0", "r"));
            AssertRefused(ErrorCodes.InvalidOperation, Move(17, "b", "0", "0"));
            AssertRefused(ErrorCodes.InvalidOperation, Move(18, "b", "r", null), treeId: "another");
            AssertAccepted(Move(19, "b", "v", "0"));
            AssertAccepted(Move(20, "b", "v", "r"));
            AssertAccepted(Set(21, "b", "r", "name", "1"));
            AssertAccepted(Set(22, "b", "0", "_c", "1"));
            if (!known)
                Commit(Move(1, "a", "0", null), Move(2, "a", "r", null), Move(3, "a", "v", "r"));
        }
    }

    [Fact]
    public void Every_peers_own_creation_of_root_and_trash_is_one_creation()
    {
        Commit(Move(5, "b", "0", null), Move(6, "b", "r", null), Move(1, "a", "0", null), Move(2, "a", "r", null), Move(7, "b", "v", "0"));
        Assert.Equal("r 0 v", Shown());
        Assert.Equal("r", string.Join(' ', Tree.Read(includeDeleted: false).Select(vertex => vertex.Id)));
        Assert.Equal(1, Tree.CountVertices(includeDeleted: false));
        Assert.Equal(3, Tree.CountVertices(includeDeleted: true));
    }

    [Fact]
    public void Siblings_stand_by_time_and_those_without_a_time_first_by_creation()
    {
        Commit(Move(1, "a", "r", null));
        string?[] times =
        [
            "\"2026-01-02T00:00:00Z\"", "\"2026-01-01T23:59:59.999Z\"", null, "\"2026-01-02T01:00:00+02:00\"", "\"2026-01-02\"", "5", "null",
            "\"soon\"", "\"2026-01-02T00:00:00.0001Z\"", "\"9999-12-31T23:59:59.9999999Z\"", "\"0001-01-01T00:00:00+14:00\"",
        ];
        for (int i = 0; i < times.Length; i++)
        {
            Commit(Move(10 + i, "a", $"v{i}", "r"));
            if (times[i] is { } time)
                Commit(Set(50 + i, "a", $"v{i}", "_c", time));
        }

        Assert.Equal("r v2 v5 v6 v7 v10 v3 v1 v0 v4 v8 v9", Shown());
    }

    [Fact]
    public void A_siblings_time_counts_however_it_is_escaped()
    {
        Commit(Move(1, "a", "r", null));
        string[] times =
        [
            "\"2026-01-02T00:00:00Z\"", "\"2026-01-02T01:59:59\\u002B02:00\"", "\"\\u0032\\u0030\\u0032\\u0036-01-01\"",
            "\"\\ud800\"", $"\"{new string('\\', 500)}\"",
        ];
        for (int i = 0; i < times.Length; i++)
            Commit(Move(10 + i, "a", $"v{i}", "r"), Set(50 + i, "a", $"v{i}", "_c", times[i]));
        Assert.Equal("r v3 v4 v2 v1 v0", Shown());
    }

    [Fact]
    public void Trees_of_one_space_keep_to_themselves()
    {
        _state.Apply(Move(1, "a", "r", null).At(1));
        _state.Apply(Move(1, "a", "s", null).At(2, "s"));
        _state.Apply(Move(2, "a", "v", "s").At(3));
        _state.Apply(Move(3, "a", "v", "s").At(4, "s"));
        _state.Commit();
        Assert.Equal("r", Shown());
        Tree other = _state.Trees[new ResourceId("s")];
        Assert.Equal("s v", string.Join(' ', other.Read(includeDeleted: false).Select(vertex => vertex.Id)));
        Assert.Equal((1, 3, 2, 4), (Tree.FirstSeq, Tree.Head, other.FirstSeq, other.Head));
        Assert.Equal(["r", "s", "s"], _state.NewlySendable.Select(sent => sent.Operation.Operation.Id.ResourceId.Value));
    }

    private static Stamp Stamp(long clock, string peer) => new(clock, new ActorId(peer));

    private void Commit(params TreeOp[] operations)
    {
        foreach (TreeOp operation in operations)
            _state.Apply(operation.At(++_seq));
        _state.Commit();
    }

    private string Shown() => string.Join(' ', Tree.Read(includeDeleted: true).Select(vertex => vertex.Id));

    private string NewlySendable() => TreeText.Of(_state.NewlySendable.Select(sent => sent.Operation.Operation.Id.Stamp).Order());

    private void AssertAccepted(TreeOp operation) => Assert.IsType<Decision.Accepted>(_state.Decide(operation.ToOperation(), default));

    private void AssertRefused(string code, TreeOp operation, string treeId = TreeId) =>
        Assert.Equal(code, Assert.IsType<Decision.Refused>(_state.Decide(operation.ToOperation(treeId), default)).Refusal.Code);
}
