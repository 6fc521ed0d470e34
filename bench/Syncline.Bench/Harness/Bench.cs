using System.Text.Json;

namespace Syncline.Bench.Harness;

/// <summary>The command line: <c>AREA [quick] [only=…]</c>, and for a fresh process <c>measure AREA WORKLOAD …</c>.</summary>
internal static class Bench
{
    public const string MeasureCommand = "measure";

    public static async Task<int> RunAsync(IReadOnlyList<IArea> areas, string[] arguments)
    {
        if (arguments is [MeasureCommand, var name, var workload, .. var rest])
        {
            Sample sample = await Find(areas, name)!.MeasureAsync(workload, rest);
            if (sample.PeakMegabytes == 0)
                sample = sample with { PeakMegabytes = Memory.PeakMegabytes() };
            Console.WriteLine(JsonSerializer.Serialize(sample, SampleJson.Default.Sample));
            return 0;
        }

        if (arguments is [var wanted, .. var options] && Find(areas, wanted) is { } area)
        {
            Console.WriteLine($"## {area.Name}: {area.Summary}");
            Console.WriteLine();
            Console.WriteLine($"{Machine.Describe()}; medians of fresh processes, ratios within this run.");
            await area.RunAsync(BenchOptions.Parse(options));
            return 0;
        }

        foreach (IArea one in areas)
            Console.WriteLine($"{one.Name,-10} {one.Summary}");
        return arguments.Length == 0 ? 0 : 2;
    }

    private static IArea? Find(IReadOnlyList<IArea> areas, string name) =>
        areas.FirstOrDefault(area => string.Equals(area.Name, name, StringComparison.OrdinalIgnoreCase));
}
