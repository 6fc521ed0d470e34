using Syncline.Core.Operations;
using Syncline.Core.Tree;

namespace Syncline.Tests.Trees;

/// <summary>The same operations give the same state and the same answers, however they come.</summary>
public sealed class ConvergenceTests
{
    [Fact]
    public void Any_order_duplication_and_batching_gives_one_state_and_one_answer_to_every_vector() =>
        Seeds.Run(1, 120, random =>
        {
            List<TreeOp> operations = TreeWorkload.Causal(random, random.Next(10, 400));
            StateVector[] vectors = [.. Enumerable.Range(0, 8).Select(_ => TreeWorkload.Vector(random, operations))];
            string first = Outcome(Deliver(random, operations), vectors);
            for (int again = 0; again < 5; again++)
                Assert.Equal(first, Outcome(Deliver(random, TreeWorkload.Shuffled(random, operations)), vectors));
            Assert.Equal(first, ReferenceOutcome(operations, vectors));
        });

    private static Tree Deliver(Random random, List<TreeOp> operations)
    {
        TreesState state = new(new TreeLimits());
        HashSet<Stamp> known = [];
        long seq = 0;
        List<TreeOp> delivered = [.. operations, .. operations.Where(_ => random.Chance(30))];
        foreach (TreeOp operation in delivered)
        {
            if (known.Add(operation.Stamp))
                state.Apply(operation.At(++seq));
            if (random.Chance(20))
                state.Commit();
            if (random.Chance(3))
                _ = state.Trees.Values.Single().CountVertices(includeDeleted: false);
        }

        state.Commit();
        return state.Trees[new ResourceId(TreeOp.TreeId)];
    }

    private static string Outcome(Tree tree, StateVector[] vectors) => string.Join(
        "\n--\n",
        [
            TreeText.Of(tree.Read(includeDeleted: true)),
            TreeText.Of(tree.Stored),
            .. vectors.Select(vector => TreeText.Of(TreeText.Expand(tree.Stored.Except(vector)))),
            .. vectors.Select(vector => TreeText.Of(tree.Sendable.WorthSending(vector))),
        ]);

    private static string ReferenceOutcome(List<TreeOp> operations, StateVector[] vectors)
    {
        ReferenceTree reference = ReferenceTree.Of(operations);
        Assert.Empty(reference.HeldBack);
        StateVector stored = new();
        foreach (TreeOp operation in operations)
            stored.Add(operation.Stamp);
        return string.Join(
            "\n--\n",
            [
                TreeText.Of(reference.Read(includeDeleted: true)),
                TreeText.Of(stored),
                .. vectors.Select(vector => TreeText.Of(operations.Select(one => one.Stamp).Where(stamp => !vector.Contains(stamp)).Order())),
                .. vectors.Select(vector => TreeText.Of(reference.WorthSending.Where(stamp => !vector.Contains(stamp)))),
            ]);
    }
}
