using System.Diagnostics;

namespace Syncline.Bench.Harness;

/// <summary>Times one stretch of work, with the managed bytes that it allocates on all threads.</summary>
internal sealed class Stage
{
    private readonly long _allocatedBefore = GC.GetTotalAllocatedBytes(precise: true);
    private readonly long _began = Stopwatch.GetTimestamp();

    public static Stage Begin()
    {
        // What the preparation left behind is not this stretch's to collect.
        GC.Collect();
        GC.WaitForPendingFinalizers();
        return new Stage();
    }

    /// <summary>Ends the stretch, before anything is checked, in which <paramref name="count"/> things were done.</summary>
    public Sample End(double count)
    {
        double milliseconds = Stopwatch.GetElapsedTime(_began).TotalMilliseconds;
        return new Sample
        {
            Count = count,
            Milliseconds = milliseconds,
            AllocatedBytes = GC.GetTotalAllocatedBytes(precise: true) - _allocatedBefore,
            PeakMegabytes = Memory.PeakMegabytes(),
        };
    }
}
