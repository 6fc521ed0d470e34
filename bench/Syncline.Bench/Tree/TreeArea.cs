using System.Globalization;
using Syncline.Bench.Harness;

namespace Syncline.Bench.Tree;

/// <summary>The replicated tree beside reptree, loro-crdt and yjs.</summary>
internal sealed class TreeArea : IArea
{
    public string Name => "tree";

    public string Summary => "the replicated tree beside npm reptree, loro-crdt and yjs";

    public async Task RunAsync(BenchOptions options)
    {
        CheckWorkloads();
        Table table = new("workload", "ours", "peak", "allocated per operation", "reptree", "loro", "yjs", "ratios");
        foreach (Row row in Rows.Where(row => options.Wants(row.Workload)))
            await PrintAsync(table, row, options);
    }

    private static async Task PrintAsync(Table table, Row row, BenchOptions options)
    {
        Series ours = await FreshProcess.OursAsync("tree", row.Workload, options.Runs(row.Runs), Size(row.Size));
        Dictionary<string, Series> peers = [];
        foreach ((string peer, string workload, int runs, int? size) in row.Peers)
            peers.Add(peer, await FreshProcess.NodeAsync("tree/worker.mjs", options.Runs(runs), peer, workload, Size(size)[0]));
        table.Row(
            row.Size is null ? row.Workload : string.Create(CultureInfo.InvariantCulture, $"{row.Workload}, {row.Size:N0}"),
            Table.Rate(ours),
            Table.Megabytes(ours.PeakMegabytes),
            $"{Table.Number(ours.Median.AllocatedPerItem)} B",
            Cell("reptree"),
            Cell("loro"),
            Cell("yjs"),
            string.Join("<br>", row.Goals.Select(goal => $"{goal.Peer} {Table.AtLeast(ours.Median.PerSecond / peers[goal.Peer].Median.PerSecond, goal.Ratio)}")
                .Concat(Memory(ours, peers))));

        string Cell(string peer) => peers.TryGetValue(peer, out Series? series) ? $"{Table.Rate(series)}, {Table.Megabytes(series.PeakMegabytes)}" : "–";
    }

    private static IEnumerable<string> Memory(Series ours, Dictionary<string, Series> peers)
    {
        if (peers.TryGetValue("reptree", out Series? reptree))
            yield return $"memory of reptree's {Table.AtMost(ours.PeakMegabytes / reptree.PeakMegabytes, 0.5)}";
        if (peers.TryGetValue("yjs", out Series? yjs))
            yield return $"memory of yjs's {Table.AtMost(ours.PeakMegabytes / yjs.PeakMegabytes, 1)}";
    }

    private static string[] Size(int? size) => [size?.ToString(CultureInfo.InvariantCulture) ?? ""];

    // The sizes are the peers' harness's: what they cannot do in minutes is measured smaller, which flatters them.
    private static readonly Row[] Rows =
    [
        new("T1", 5, [new("reptree", "T1", 3), new("loro", "T1", 3), new("yjs", "T1", 3)], [new("reptree", 10), new("yjs", 3)]),
        new("T2a", 5, [new("reptree", "T2a", 3), new("loro", "T2a", 3), new("yjs", "T2a", 3)], [new("reptree", 20)]),
        new("T2i", 5, [new("reptree", "T2i", 3, 10_000), new("loro", "T2i", 1, 10_000)], [new("reptree", 50)], 10_000),
        new("T2b", 5, [new("loro", "T2b", 3), new("yjs", "T2b", 3)], [new("loro", 40)]),
        new("T2c", 5, [new("loro", "T2c", 1, 10_000), new("yjs", "T2c", 3, 10_000)], [new("loro", 100)], 10_000),
        new("T2c", 5, [], [], 50_000),
        new("T3a", 5, [new("reptree", "T3a", 3), new("loro", "T3a", 3), new("yjs", "T3a", 3)], [new("reptree", 6)]),
        new("T3b", 5, [new("reptree", "T3b", 3), new("loro", "T3b", 3), new("yjs", "T3b", 3)], [new("yjs", 5)]),
        new("T5", 5, [new("reptree", "T5s", 3), new("loro", "T5", 3), new("yjs", "T5", 3)], [new("reptree", 10), new("yjs", 3)]),
    ];

    public Task<Sample> MeasureAsync(string workload, IReadOnlyList<string> arguments) =>
        Task.FromResult(TreeMeasurements.Measure(workload, arguments is not [{ Length: > 0 }, ..] ? null : int.Parse(arguments[0], CultureInfo.InvariantCulture)));

    // The hashes that the peers' harness prints (node check.mjs): the same inputs, or no comparison.
    private static void CheckWorkloads()
    {
        int[] parents = TreeWorkloads.Parents(10_000);
        (int Target, int Parent)[] first = TreeWorkloads.Moves(parents, 10_000, 21);
        (int Target, int Parent)[] second = TreeWorkloads.Moves(parents, 10_000, 22);
        Demand("T1 parents", TreeWorkloads.Hash(TreeWorkloads.Parents(100_000)), "14e96992");
        Demand("base parents", TreeWorkloads.Hash(parents), "78e4976b");
        Demand("first moves", TreeWorkloads.Hash(first.SelectMany(move => new[] { move.Target, move.Parent })), "38619d5c");
        Demand("second moves", TreeWorkloads.Hash(second.SelectMany(move => new[] { move.Target, move.Parent })), "581be973");
        Demand("merged moves", TreeWorkloads.Hash(TreeWorkloads.Merged(parents, first, second)), "bb6ecbf7");
        Demand("sets", TreeWorkloads.Hash(TreeWorkloads.Sets(10_000, 200_000, 31).SelectMany(set => new[] { set.Target, set.Key, set.Value })), "c914e542");
        Demand("authors", TreeWorkloads.Hash(TreeWorkloads.Authors(100_000, 100)), "3217c6dd");
    }

    private static void Demand(string what, string hash, string expected)
    {
        if (hash != expected)
            throw new InvalidOperationException($"{what}: hash {hash}, and the peers' is {expected}");
    }

    private sealed record Row(string Workload, int Runs, Peer[] Peers, Goal[] Goals, int? Size = null);

    private sealed record Peer(string Name, string Workload, int Runs, int? Size = null);

    private sealed record Goal(string Peer, double Ratio);
}
