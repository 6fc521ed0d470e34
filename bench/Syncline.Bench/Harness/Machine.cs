using System.Runtime.InteropServices;

namespace Syncline.Bench.Harness;

/// <summary>What a run was measured on.</summary>
internal static class Machine
{
    public static string Describe()
    {
        string processor = File.Exists("/proc/cpuinfo")
            ? File.ReadLines("/proc/cpuinfo").FirstOrDefault(line => line.StartsWith("model name", StringComparison.Ordinal))?.Split(':')[^1].Trim() ?? "?"
            : RuntimeInformation.ProcessArchitecture.ToString();
        return $"{Environment.ProcessorCount} × {processor}, {RuntimeInformation.OSDescription.Trim()}, {RuntimeInformation.FrameworkDescription}";
    }
}
