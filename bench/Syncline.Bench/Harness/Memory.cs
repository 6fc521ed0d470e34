using System.Globalization;

namespace Syncline.Bench.Harness;

/// <summary>What the operating system says of a process's memory.</summary>
internal static class Memory
{
    /// <summary>The most resident memory that this process has had, in MB.</summary>
    public static double PeakMegabytes() => Status("self", "VmHWM:") / 1024;

    /// <summary>The most resident memory that another process has had, in MB.</summary>
    public static double PeakMegabytes(int processId) => Status(processId.ToString(CultureInfo.InvariantCulture), "VmHWM:") / 1024;

    /// <summary>The resident memory of a process now, in KiB.</summary>
    public static double ResidentKibibytes(int processId) => Status(processId.ToString(CultureInfo.InvariantCulture), "VmRSS:");

    private static double Status(string process, string name) =>
        double.Parse(
            File.ReadLines($"/proc/{process}/status").First(line => line.StartsWith(name, StringComparison.Ordinal))
                .Split(' ', StringSplitOptions.RemoveEmptyEntries)[^2],
            CultureInfo.InvariantCulture);
}
