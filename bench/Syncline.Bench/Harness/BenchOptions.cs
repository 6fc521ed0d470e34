namespace Syncline.Bench.Harness;

/// <summary>How a run is cut short.</summary>
/// <param name="Quick">One measurement of each instead of several.</param>
/// <param name="Only">The workloads to run; all when empty.</param>
internal sealed record BenchOptions(bool Quick, IReadOnlyList<string> Only)
{
    public bool Wants(string workload) => Only.Count == 0 || Only.Contains(workload, StringComparer.OrdinalIgnoreCase);

    public int Runs(int runs) => Quick ? 1 : runs;

    public static BenchOptions Parse(IEnumerable<string> arguments)
    {
        string[] all = [.. arguments];
        return new BenchOptions(
            all.Contains("quick", StringComparer.Ordinal),
            [.. all.Where(one => one.StartsWith("only=", StringComparison.Ordinal)).SelectMany(one => one["only=".Length..].Split(','))]);
    }
}
