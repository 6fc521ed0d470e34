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
        Console.WriteLine("The workloads are those of bench/peers/tree; each result is compared with the known one. Peers that need minutes run smaller, which flatters them. Ours runs with DOTNET_TieredCompilation=0.");
        Table table = new("workload", "ours", "peak", "allocated each", "reptree", "loro", "yjs", "ratios");
        Dictionary<string, Series> done = [];
        foreach (Row row in Rows.Where(row => options.Wants(row.Workload)))
            await PrintAsync(table, row, done, options);
        if (options.Wants("T4g") || options.Wants("T4c"))
            await PrintMissingAsync(options);
    }

    private async Task PrintAsync(Table table, Row row, Dictionary<string, Series> done, BenchOptions options)
    {
        Series ours = await FreshProcess.OursOnceCompiledAsync(Name, row.Workload, options.Runs(row.Runs), Size(row.Size));
        Dictionary<string, Series> peers = [];
        foreach ((string peer, string workload, int runs, int? size) in row.Peers)
            peers.Add(peer, await NodeAsync(peer, workload, options.Runs(runs), size));
        string name = row.Size is null ? row.Workload : string.Create(CultureInfo.InvariantCulture, $"{row.Workload}, {row.Size:N0}");
        done.TryAdd(name, ours);
        List<string> ratios = [.. row.Goals.Select(goal => $"{goal.Peer} {Table.AtLeast(ours.Median.PerSecond / peers[goal.Peer].Median.PerSecond, goal.Ratio)}")];
        if (row.AtLeastOf is { } other && done.TryGetValue(other.Peer, out Series? before))
            ratios.Add($"our {other.Peer} {Table.AtLeast(ours.Median.PerSecond / before.Median.PerSecond, other.Ratio)}");
        if (peers.TryGetValue("reptree", out Series? reptree))
            ratios.Add($"memory of reptree's {Table.AtMost(ours.PeakMegabytes / reptree.PeakMegabytes, 0.5)}");
        if (peers.TryGetValue("yjs", out Series? yjs))
            ratios.Add($"memory of yjs's {Table.AtMost(ours.PeakMegabytes / yjs.PeakMegabytes, 1)}");
        table.Row(
            name,
            Table.Rate(ours),
            Table.Megabytes(ours.PeakMegabytes),
            $"{Table.Number(ours.Median.AllocatedPerItem)} B",
            Cell("reptree"),
            Cell("loro"),
            Cell("yjs"),
            string.Join("<br>", ratios));

        string Cell(string peer) => peers.TryGetValue(peer, out Series? series) ? $"{Table.Rate(series)}, {Table.Megabytes(series.PeakMegabytes)}" : "–";
    }

    // Which operations does a state vector lack? Loro and yjs count each peer's operations without gaps, so their vectors are a number for
    // each peer and decode in no time; ours are ranges of Lamport clocks, as RepTree's protocol has them.
    private async Task PrintMissingAsync(BenchOptions options)
    {
        Console.WriteLine();
        Console.WriteLine("100,000 operations by 100 peers; the other side lacks 1,000. T4g: clocks interleave; T4c: each peer's are contiguous.");
        Table table = new("missing", "ours", "with a compact vector to decode", "with a JSON vector", "worth sending", "reptree", "loro", "yjs", "keeping the vector", "ingest, all of it", "loro's ingest", "vector bytes", "ratios");
        foreach (string workload in Missing.Where(options.Wants))
        {
            Series ours = await FreshProcess.OursOnceCompiledAsync(Name, workload, options.Runs(5));
            Series reptree = await NodeAsync("reptree", workload, 1, size: null);
            Series loro = await NodeAsync("loro", workload, options.Runs(3), size: null);
            Series yjs = await NodeAsync("yjs", workload, options.Runs(3), size: null);
            table.Row(
                workload,
                Milliseconds(ours.Median.Milliseconds),
                Milliseconds(ours.MedianOf("msCompact")),
                $"{Milliseconds(ours.MedianOf("msJson"))}, {Table.Number(ours.MedianOf("jsonBytes"))} B",
                Milliseconds(ours.MedianOf("msWorth")),
                Milliseconds(reptree.Median.Milliseconds),
                Milliseconds(loro.Median.Milliseconds),
                Milliseconds(yjs.Median.Milliseconds),
                Milliseconds(ours.MedianOf("msVector")),
                Milliseconds(ours.MedianOf("msIngest")),
                Milliseconds(loro.MedianOf("msIngest")),
                $"{Table.Number(ours.MedianOf("bytes"))} (loro {Table.Number(loro.MedianOf("bytes"))})",
                $"loro's call {Table.AtMost(ours.Median.Milliseconds / loro.Median.Milliseconds, 1.0 / 3)}<br>"
                    + $"with the decoding {Table.AtMost(ours.MedianOf("msCompact") / loro.Median.Milliseconds, 1.0 / 3)}<br>"
                    + $"the vector of loro's ingest {Table.AtMost(ours.MedianOf("msVector") / loro.MedianOf("msIngest"), 1.0 / 15)}");
        }
    }

    private static Task<Series> NodeAsync(string peer, string workload, int runs, int? size) =>
        FreshProcess.NodeAsync("tree/worker.mjs", runs, peer, workload, Size(size)[0]);

    private static string Milliseconds(double value) => $"{Table.Number(value)} ms";

    private static string[] Size(int? size) => [size?.ToString(CultureInfo.InvariantCulture) ?? ""];

    private static readonly string[] Missing = ["T4g", "T4c"];

    // The sizes are the peers' harness's.
    private static readonly Row[] Rows =
    [
        new("T1", 5, [new("reptree", "T1", 3), new("loro", "T1", 3), new("yjs", "T1", 3)], [new("reptree", 10), new("yjs", 3)]),
        new("T1w", 5, [new("reptree", "T1w", 1, 5_000), new("loro", "T1w", 3, 5_000)], [], 5_000),
        new("T1w", 5, [], [], 100_000, AtLeastOf: new("T1", 0.8)),
        new("T2a", 5, [new("reptree", "T2a", 3), new("loro", "T2a", 3), new("yjs", "T2a", 3)], [new("reptree", 20)]),
        new("T2i", 5, [new("reptree", "T2i", 3, 10_000), new("loro", "T2i", 1, 10_000)], [new("reptree", 50)], 10_000),
        new("T2i", 5, [], [], 50_000),
        new("T2b", 5, [new("loro", "T2b", 3), new("yjs", "T2b", 3)], [new("loro", 40)], 50_000),
        new("T2b", 5, [], [], 200_000, AtLeastOf: new("T2b, 50,000", 0.8)),
        new("T2c", 5, [new("loro", "T2c", 1, 10_000), new("yjs", "T2c", 3, 10_000)], [new("loro", 100)], 10_000),
        new("T2c", 5, [], [], 50_000),
        new("T3a", 5, [new("reptree", "T3a", 3), new("loro", "T3a", 3), new("yjs", "T3a", 3)], [new("reptree", 6)]),
        new("T3b", 5, [new("reptree", "T3b", 3), new("loro", "T3b", 3), new("yjs", "T3b", 3)], [new("yjs", 5)]),
        new("T5", 5, [new("reptree", "T5s", 3), new("loro", "T5", 3), new("yjs", "T5", 3)], [new("reptree", 10), new("yjs", 3)]),
        new("T5snapshot", 5, [new("loro", "T5", 3), new("yjs", "T5", 3)], [new("yjs", 8)]),
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

    private sealed record Row(string Workload, int Runs, Peer[] Peers, Goal[] Goals, int? Size = null, Goal? AtLeastOf = null);

    private sealed record Peer(string Name, string Workload, int Runs, int? Size = null);

    private sealed record Goal(string Peer, double Ratio);
}
