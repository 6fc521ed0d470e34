namespace Syncline.Tests.Trees;

/// <summary>The incremental state against the definition, over random histories.</summary>
public sealed class TreesStateRandomTests
{
    [Fact]
    public void Causal_operations_in_any_order_and_batching_give_the_state_of_the_definition() =>
        Seeds.Run(1_000, 150, random => Deliver(random, TreeWorkload.Causal(random, random.Next(20, 300))));

    [Fact]
    public void Wild_operations_in_any_order_and_batching_give_the_state_of_the_definition() =>
        Seeds.Run(2_000, 250, random => Deliver(random, TreeWorkload.Wild(random, random.Next(20, 250))));

    [Fact]
    public void Small_wild_histories_give_the_state_of_the_definition_after_every_operation() =>
        Seeds.Run(10_000, 1_500, random => Deliver(random, TreeWorkload.Wild(random, random.Next(2, 14)), checkAlways: true));

    [Fact]
    public void Writes_that_mostly_supersede_each_other_give_the_state_of_the_definition() =>
        Seeds.Run(20_000, 25, random => Deliver(random, TreeWorkload.Writes(random, 500)));

    private static void Deliver(Random random, List<TreeOp> operations, bool checkAlways = false)
    {
        TreeDelivery delivery = new(heldBackMax: random.Next(1, 15));
        List<TreeOp> waiting = TreeWorkload.Shuffled(random, operations);
        waiting.AddRange(waiting.Where(_ => random.Chance(15)).ToArray());
        waiting.Reverse();
        while (waiting.Count > 0)
        {
            DeliverBatch(random, delivery, waiting, checkAlways);
            delivery.Commit();
            if (random.Chance(10))
                delivery.Reload();
            if (checkAlways || random.Chance(40))
                delivery.CheckEverything(random);
        }

        Assert.Equal(operations.Count, delivery.Count);
        delivery.CheckEverything(random);
    }

    private static void DeliverBatch(Random random, TreeDelivery delivery, List<TreeOp> waiting, bool checkAlways)
    {
        List<(int Mark, int Count)> marks = [(delivery.State.Mark(), delivery.Count)];
        for (int size = random.Next(1, random.Chance(20) ? 80 : 12); size > 0 && waiting.Count > 0; size--)
        {
            TreeOp next = waiting[^1];
            waiting.RemoveAt(waiting.Count - 1);
            if (delivery.IsKnown(next))
                continue;
            delivery.Apply(next);
            if (random.Chance(checkAlways ? 50 : 8))
                delivery.CheckPlaces();
            if (random.Chance(20))
                marks.Add((delivery.State.Mark(), delivery.Count));
            if (!random.Chance(8))
                continue;

            (int mark, int count) = random.Pick(marks);
            marks.RemoveAll(later => later.Count > count);
            foreach (TreeOp takenBack in delivery.RollbackTo(mark, count))
                waiting.Insert(random.Next(waiting.Count + 1), takenBack);
            if (random.Chance(70))
                delivery.CheckEverything(random);
        }
    }
}
