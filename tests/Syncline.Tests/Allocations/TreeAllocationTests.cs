using System.Globalization;
using Syncline.Core.Operations;
using Syncline.Core.Tree;
using Syncline.Tests.Trees;

namespace Syncline.Tests.Allocations;

/// <summary>
/// What a tree may allocate for one operation that is there already: the tables grow, and nothing else is made. An object more per operation,
/// or a copy of its text, does not fit into the budget.
/// </summary>
public sealed class TreeAllocationTests
{
    private const int Vertices = 500;
    private const int Operations = 20_000;
    private const int Batch = 50;

    [Fact]
    public void A_move_in_its_turn_allocates_no_more_than_its_rows_in_the_tables() =>
        AssertBudget(120, clock => TreeOp.Move(clock, "a", Id(clock % (Vertices / 2)), Id((Vertices / 2) + (clock % (Vertices / 2)))));

    [Fact]
    public void A_move_that_comes_late_allocates_no_more_than_its_rows_in_the_tables() =>
        AssertBudget(150, clock => TreeOp.Move((clock * 2) - (clock % Batch * 3), "a", Id(clock % (Vertices / 2)), Id((Vertices / 2) + (clock % (Vertices / 2)))));

    [Fact]
    public void A_write_of_a_known_property_allocates_no_more_than_its_value_and_an_entry() =>
        AssertBudget(96, clock => TreeOp.Set(clock, "a", Id(clock % Vertices), "name", "12345678"));

    [Fact]
    public void A_new_property_allocates_no_more_than_its_register_its_value_and_an_entry() =>
        AssertBudget(256, clock => TreeOp.Set(clock, "a", Id(clock % Vertices), $"k{clock / Vertices}", "12345678"));

    private static void AssertBudget(int bytesEach, Func<int, TreeOp> operation)
    {
        // Once for the compiler and the caches that fill once, then once to be measured.
        Measure(operation, 2 * Batch);
        double allocated = (double)Measure(operation, Operations) / Operations;
        Assert.True(allocated <= bytesEach, $"{allocated:F1} bytes an operation, and the budget is {bytesEach}");
    }

    private static long Measure(Func<int, TreeOp> operation, int count)
    {
        TreesState state = new(new TreeLimits());
        state.Apply(TreeOp.Move(1, "base", "r", null).At(1));
        for (int i = 0; i < Vertices; i++)
            state.Apply(TreeOp.Move(i + 2, "base", Id(i), "r").At(i + 2));
        state.Commit();
        LoggedOperation[] logged = [.. Enumerable.Range(Vertices + 200, count).Select(clock => operation(clock).At(clock))];
        Tree tree = state.Trees[new ResourceId(TreeOp.TreeId)];

        long before = GC.GetAllocatedBytesForCurrentThread();
        for (int i = 0; i < count; i += Batch)
        {
            for (int j = i; j < Math.Min(count, i + Batch); j++)
                state.Apply(logged[j]);
            state.Commit();
            tree.Settle();
        }

        return GC.GetAllocatedBytesForCurrentThread() - before;
    }

    private static string Id(int number) => string.Create(CultureInfo.InvariantCulture, $"v{number}");
}
