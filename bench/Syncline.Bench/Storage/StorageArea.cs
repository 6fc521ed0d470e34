using System.Globalization;
using Syncline.Bench.Harness;

namespace Syncline.Bench.Storage;

/// <summary>The binding beside its peer, and the store beside a bare loop over the same rows.</summary>
internal sealed class StorageArea : IArea
{
    private const string Bare = "bare";
    private const string BareByActor = "bare-by-actor";
    private const string BareWithoutIndex = "bare-without-index";
    private const string Store = "store";
    private const string Gappy = "actors in turns";
    private const string Contiguous = "one actor after the other";

    public string Name => "storage";

    public string Summary => "the SQLite binding beside SQLitePCLRaw; append, read and ranges of the store beside a bare loop";

    public async Task RunAsync(BenchOptions options)
    {
        if (options.Wants("binding"))
            await CompareBindingsAsync(options);
        if (options.Wants("append"))
            await CompareAppendsAsync(options);
        if (options.Wants("read"))
            await CompareReadsAsync(options);
        if (options.Wants("ranges"))
            await MeasureRangesAsync(options);
        if (options.Wants("size"))
            await MeasureSizeAsync(options);
    }

    public Task<Sample> MeasureAsync(string workload, IReadOnlyList<string> arguments) => Task.FromResult(workload switch
    {
        "binding" => Binding.Measure(arguments[0], arguments[1]),
        "append" => arguments[0] == Bare
            ? Appends.Bare(Number(arguments[1]), Number(arguments[2]))
            : Appends.Store(Number(arguments[1]), Number(arguments[2])),
        "size" => arguments[0] switch
        {
            Bare => Appends.GrowBare(Number(arguments[1]), BareLog.ByClock),
            BareByActor => Appends.GrowBare(Number(arguments[1]), BareLog.ByActor),
            BareWithoutIndex => Appends.GrowBare(Number(arguments[1]), index: ""),
            _ => Appends.GrowStore(Number(arguments[1])),
        },
        "pages" => Reads.Pages(arguments[0] == Bare),
        "cold" => Reads.Cold(arguments[0] == Bare),
        "ranges" => Reads.Ranges(arguments[0] == Gappy),
        _ => throw new ArgumentException($"no workload {workload}", nameof(workload)),
    });

    private async Task CompareBindingsAsync(BenchOptions options)
    {
        Table table = new("rows/s (WAL)", "ours", "ours ÷ PCLRaw", "PCLRaw", "ours ÷ PCLRaw on the system's library");
        foreach (string shape in Binding.Shapes.Select(shape => shape.Name).Append("read"))
        {
            // In turns, so that a change of the machine's pace meets all alike.
            Dictionary<string, List<Sample>> samples =
                Binding.Variants.ToDictionary(variant => variant, _ => new List<Sample>(), StringComparer.Ordinal);
            for (int run = 0; run < options.Runs(3); run++)
            {
                foreach (string variant in Binding.Variants)
                    samples[variant].AddRange((await FreshProcess.OursAsync(Name, "binding", 1, variant, shape)).Samples);
            }

            foreach (string figure in samples[Binding.Ours][0].More.Keys)
            {
                double ours = Median(samples[Binding.Ours], figure);
                double bundled = Median(samples[Binding.PeerOnBundled], figure);
                table.Row(
                    shape == "read" ? "read log, pages of 1000" : string.Create(CultureInfo.InvariantCulture, $"insert {shape}, {figure}"),
                    Table.Number(ours),
                    Table.AtLeast(ours / bundled, 1),
                    Table.Number(bundled),
                    Table.AtLeast(ours / Median(samples[Binding.PeerOnSystem], figure), 1));
            }
        }
    }

    private async Task CompareAppendsAsync(BenchOptions options)
    {
        Table table = new("look up and append, synchronous=FULL", "store", "bare loop", "store ÷ bare", "allocated per operation", "peak memory");
        foreach ((int batch, int rows) in ((int, int)[])[(1, 5_000), (50, 100_000), (500, 200_000)])
        {
            (Series bare, Series store) = await FreshProcess.InTurnsAsync(
                Name,
                "append", options.Runs(5), [Bare, Text(batch), Text(rows)], [Store, Text(batch), Text(rows)]);
            table.Row(
                $"batches of {Text(batch)}",
                Table.Rate(store),
                Table.Rate(bare),
                Table.AtLeast(store.Median.PerSecond / bare.Median.PerSecond, 0.8),
                $"{Table.Number(store.Median.AllocatedPerItem)} B",
                Table.Megabytes(store.PeakMegabytes));
        }
    }

    private async Task CompareReadsAsync(BenchOptions options)
    {
        Table table = new("read", "store", "bare loop", "time ÷ bare", "allocated per operation", "peak memory");
        (Series bare, Series store) = await FreshProcess.InTurnsAsync(Name, "pages", options.Runs(3), [Bare], [Store]);
        table.Row(
            "200,000 operations in pages of 1,000",
            Table.Rate(store),
            Table.Rate(bare),
            Table.AtMost(bare.Median.PerSecond / store.Median.PerSecond, 3),
            $"{Table.Number(store.Median.AllocatedPerItem)} B",
            Table.Megabytes(store.PeakMegabytes));
        (bare, store) = await FreshProcess.InTurnsAsync(Name, "cold", options.Runs(3), [Bare], [Store]);
        table.Row(
            "2,000 cold spaces: open, read 500 operations, close (spaces/s)",
            Table.Rate(store),
            Table.Rate(bare),
            Table.AtMost(bare.Median.PerSecond / store.Median.PerSecond, 3),
            $"{Table.Number(store.Median.AllocatedPerItem / 500)} B",
            Table.Megabytes(store.PeakMegabytes));
    }

    private async Task MeasureRangesAsync(BenchOptions options)
    {
        Table table = new(
            "1,000 operations missing of 100,000 by 100 actors, through the store",
            "ms",
            "first call, ms",
            "allocated per operation",
            "peak memory");
        foreach (string shape in (string[])[Gappy, Contiguous])
        {
            Series series = await FreshProcess.OursAsync(Name, "ranges", options.Runs(3), shape);
            table.Row(
                shape,
                Table.Number(series.Median.Milliseconds),
                Table.Number(series.MedianOf("first")),
                $"{Table.Number(series.Median.AllocatedPerItem)} B",
                Table.Megabytes(series.PeakMegabytes));
        }
    }

    private async Task MeasureSizeAsync(BenchOptions options)
    {
        const int Compared = 1_000_000;
        int rows = options.Quick ? Compared : 5_000_000;
        Series store = await FreshProcess.OursAsync(Name, "size", 1, Store, Text(rows));
        Series bare = await FreshProcess.OursAsync(Name, "size", 1, Bare, Text(rows));
        Series byActor = await FreshProcess.OursAsync(Name, "size", 1, BareByActor, Text(Compared));
        Series without = await FreshProcess.OursAsync(Name, "size", 1, BareWithoutIndex, Text(Compared));
        Table table = new(
            "rows/s as the log grows, batches of 50, FULL, 100 actors in turns",
            "store",
            "bare loop",
            "store ÷ bare",
            "bare, index beginning with the actor",
            "bare, no index");
        foreach (int at in (int[])[500_000, 1_000_000, 2_000_000, 3_000_000, 4_000_000, 5_000_000])
        {
            if (at > rows)
                break;
            double ours = Pace(store, at);
            double baseline = Pace(bare, at);
            table.Row(
                $"at {Text(at)}",
                Table.Number(ours),
                Table.Number(baseline),
                Table.AtLeast(ours / baseline, 0.8),
                at <= Compared ? Table.Number(Pace(byActor, at)) : "",
                at <= Compared ? Table.Number(Pace(without, at)) : "");
        }

        table.Row("peak memory", Table.Megabytes(store.PeakMegabytes), Table.Megabytes(bare.PeakMegabytes), "", "", "");
        Console.WriteLine();
        Console.WriteLine($"A row takes {Table.Number(store.MedianOf("bytes per row"))} bytes of the space's file.");
    }

    // The pace of up to five windows that end at a size: one alone may hold a checkpoint more or less.
    private static double Pace(Series series, int at)
    {
        const int Window = 100_000;
        double[] paces =
        [
            .. Enumerable.Range(0, 5).Select(n => at - (n * Window)).Where(end => end > 0)
                .Select(end => series.Median.Value(string.Create(CultureInfo.InvariantCulture, $"at {end}"))).Order(),
        ];
        return paces[paces.Length / 2];
    }

    private static int Number(string text) => int.Parse(text, CultureInfo.InvariantCulture);

    private static string Text(int number) => number.ToString(CultureInfo.InvariantCulture);

    private static double Median(IReadOnlyList<Sample> samples, string figure) => new Series(samples).MedianOf(figure);
}
