using System.Globalization;
using Syncline.Bench.Harness;

namespace Syncline.Bench.Storage;

/// <summary>The binding beside its peer, and the store beside a bare loop over the same rows.</summary>
internal sealed class StorageArea : IArea
{
    public string Name => "storage";

    public string Summary => "the SQLite binding beside SQLitePCLRaw; append, read and ranges of the store beside a bare loop";

    public async Task RunAsync(BenchOptions options)
    {
        if (options.Wants("binding"))
            await CompareBindingsAsync(options);
    }

    public Task<Sample> MeasureAsync(string workload, IReadOnlyList<string> arguments) => Task.FromResult(workload switch
    {
        "binding" => Binding.Measure(arguments[0], arguments[1]),
        _ => throw new ArgumentException($"no workload {workload}", nameof(workload)),
    });

    private async Task CompareBindingsAsync(BenchOptions options)
    {
        Table table = new("rows/s (WAL)", "ours", "ours ÷ PCLRaw", "PCLRaw", "ours ÷ PCLRaw on the system's library");
        foreach (string shape in Binding.Shapes.Select(shape => shape.Name).Append("read"))
        {
            // In turns, so that a change of the machine's pace meets all alike.
            Dictionary<string, List<Sample>> samples = Binding.Variants.ToDictionary(variant => variant, _ => new List<Sample>(), StringComparer.Ordinal);
            for (int run = 0; run < options.Runs(5); run++)
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

    private static double Median(IReadOnlyList<Sample> samples, string figure) => new Series(samples).MedianOf(figure);
}
