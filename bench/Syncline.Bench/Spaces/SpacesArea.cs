using System.Globalization;
using Syncline.Bench.Harness;

namespace Syncline.Bench.Spaces;

/// <summary>Many spaces: opened and closed in turns, held open, and lying on the disk while others are used.</summary>
internal sealed class SpacesArea : IArea
{
    private const string Bare = "bare";
    private const string Store = "store";

    public string Name => "spaces";

    public string Summary => "many spaces: cold and warm round robin beside a bare loop, memory per open file, memory with 100,000 on disk";

    public async Task RunAsync(BenchOptions options)
    {
        if (options.Wants("cold") || options.Wants("warm"))
            await CompareRoundRobinAsync(options);
        if (options.Wants("memory"))
            await CompareMemoryAsync();
        if (options.Wants("many"))
            await MeasureManyAsync(options);
    }

    public Task<Sample> MeasureAsync(string workload, IReadOnlyList<string> arguments)
    {
        int spaces = int.Parse(arguments[1], CultureInfo.InvariantCulture);
        return Task.FromResult(workload switch
        {
            "cold" => arguments[0] == Bare ? RoundRobin.ColdBare(spaces) : RoundRobin.ColdStore(spaces),
            "warm" => arguments[0] == Bare ? RoundRobin.WarmBare(spaces) : RoundRobin.WarmStore(spaces),
            "memory" => arguments[0] == Store ? OpenMemory.Store(spaces) : OpenMemory.Default(spaces, bundled: arguments[0] == "bundled"),
            "many" => ManySpaces.Measure(spaces, int.Parse(arguments[0], CultureInfo.InvariantCulture)),
            _ => throw new ArgumentException($"no workload {workload}", nameof(workload)),
        });
    }

    private async Task CompareRoundRobinAsync(BenchOptions options)
    {
        Table table = new(
            "spaces/s, append 10 each, FULL",
            "store",
            "bare loop, same files and pragmas",
            "store ÷ bare",
            "allocated per space",
            "peak memory");
        foreach ((string workload, int spaces, string text) in ((string, int, string)[])
            [
                ("cold", options.Quick ? 2_000 : 10_000, "cold: open, look up and append, close"),
                ("warm", 2_000, "warm: 2,000 held open, look up and append"),
            ])
        {
            if (!options.Wants(workload))
                continue;
            (Series bare, Series store) = await FreshProcess.InTurnsAsync(Name, workload, options.Runs(3), [Bare, Text(spaces)], [Store, Text(spaces)]);
            table.Row(
                text,
                Table.Rate(store),
                Table.Rate(bare),
                Table.AtLeast(store.Median.PerSecond / bare.Median.PerSecond, 0.8),
                $"{Table.Number(store.Median.AllocatedPerItem)} B",
                Table.Megabytes(store.PeakMegabytes));
        }
    }

    private async Task CompareMemoryAsync()
    {
        const int Spaces = 2_000;
        Table table = new("KiB of resident memory per open file, 2,000 open, three rounds of 10 appended rows each", "KiB", "÷ SQLite's default");
        Series bundled = await FreshProcess.OursAsync(Name, "memory", 1, "bundled", Text(Spaces));
        Series system = await FreshProcess.OursAsync(Name, "memory", 1, "system", Text(Spaces));
        Series store = await FreshProcess.OursAsync(Name, "memory", 1, Store, Text(Spaces));
        double baseline = bundled.MedianOf("KiB");
        table.Row("SQLite's defaults (SQLitePCLRaw with its library)", Table.Number(baseline), "");
        table.Row("SQLite's defaults (the system's library)", Table.Number(system.MedianOf("KiB")), Table.Number(system.MedianOf("KiB") / baseline));
        table.Row("the store", Table.Number(store.MedianOf("KiB")), Table.AtMost(store.MedianOf("KiB") / baseline, 0.6));
    }

    private async Task MeasureManyAsync(BenchOptions options)
    {
        const int Active = 1_000;
        int many = options.Quick ? 20_000 : 100_000;
        Table table = new(
            "resident MB with 1,000 spaces active (256 files open, the default)",
            "at start",
            "after 1 round",
            "after 5 rounds",
            "after 10,000 others were used once",
            "spaces/s");
        foreach (int onDisk in (int[])[Active, many])
        {
            Series series = await FreshProcess.OursAsync(Name, "many", 1, Text(Active), Text(onDisk));
            table.Row(
                $"{Text(onDisk)} on disk",
                Table.Megabytes(series.MedianOf("start")),
                Table.Megabytes(series.MedianOf("1 round")),
                Table.Megabytes(series.MedianOf("5 rounds")),
                onDisk == Active ? "" : Table.Megabytes(series.MedianOf("others")),
                Table.Rate(series));
        }
    }

    private static string Text(int number) => number.ToString(CultureInfo.InvariantCulture);
}
