using System.Diagnostics;
using System.Text.Json;

namespace Syncline.Bench.Harness;

/// <summary>Runs measurements in processes of their own, so that none finds another's heap, code or caches.</summary>
internal static class FreshProcess
{
    /// <summary>The folder of the peers' scripts.</summary>
    public static string Peers { get; } = FindPeers();

    /// <summary>Our own measurement, several times.</summary>
    public static Task<Series> OursAsync(string area, string workload, int runs, params string[] arguments) =>
        SeriesAsync($"ours {workload}", Environment.ProcessPath!, [typeof(FreshProcess).Assembly.Location, Bench.MeasureCommand, area, workload, .. arguments], runs);

    /// <summary>
    /// The same for work that is over in a fraction of a second: all code is compiled for speed at its first call, as nothing lives long enough
    /// to be compiled a second time.
    /// </summary>
    public static Task<Series> OursOnceCompiledAsync(string area, string workload, int runs, params string[] arguments) =>
        SeriesAsync(
            $"ours {workload}",
            "env",
            ["DOTNET_TieredCompilation=0", Environment.ProcessPath!, typeof(FreshProcess).Assembly.Location, Bench.MeasureCommand, area, workload, .. arguments],
            runs);

    /// <summary>Two measurements of one workload in turns, so that a change of the machine's pace meets both alike.</summary>
    public static async Task<(Series First, Series Second)> InTurnsAsync(string area, string workload, int runs, string[] first, string[] second)
    {
        List<Sample> firsts = [];
        List<Sample> seconds = [];
        for (int run = 0; run < runs; run++)
        {
            firsts.AddRange((await OursAsync(area, workload, 1, first)).Samples);
            seconds.AddRange((await OursAsync(area, workload, 1, second)).Samples);
        }

        return (new Series(firsts), new Series(seconds));
    }

    /// <summary>A script of the peers that prints a sample as its last line, several times.</summary>
    public static Task<Series> NodeAsync(string script, int runs, params string[] arguments) =>
        SeriesAsync($"{script} {string.Join(' ', arguments)}", "node", ["--max-old-space-size=12288", "--expose-gc", Path.Combine(Peers, script), .. arguments], runs);

    private static async Task<Series> SeriesAsync(string name, string program, string[] arguments, int runs)
    {
        List<Sample> samples = [];
        for (int i = 0; i < runs; i++)
            samples.Add(await RunAsync(name, program, arguments));
        return new Series(samples);
    }

    private static async Task<Sample> RunAsync(string name, string program, string[] arguments)
    {
        ProcessStartInfo start = new(program, arguments) { RedirectStandardOutput = true, UseShellExecute = false };
        using Process process = Process.Start(start)!;
        string output = await process.StandardOutput.ReadToEndAsync();
        await process.WaitForExitAsync();
        string last = output.TrimEnd().Split('\n')[^1];
        if (process.ExitCode != 0 || !last.StartsWith('{'))
            throw new InvalidOperationException($"{name} ended with {process.ExitCode}: {last}");
        Sample sample = JsonSerializer.Deserialize(last, SampleJson.Default.Sample)!;
        return sample.Check is null or "ok" ? sample : throw new InvalidOperationException($"{name}: the result is wrong: {sample.Check}");
    }

    private static string FindPeers()
    {
        string? folder = AppContext.BaseDirectory;
        while (folder is not null && !Directory.Exists(Path.Combine(folder, "peers")))
            folder = Path.GetDirectoryName(folder);
        return Path.Combine(folder ?? throw new InvalidOperationException("bench/peers is not above the program"), "peers");
    }
}
