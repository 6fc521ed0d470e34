namespace Syncline.Tests.Allocations;

/// <summary>What a piece of work allocates on this thread, after it has been done before.</summary>
internal static class Allocated
{
    /// <summary>Bytes per item. The least of several times: what the runtime does once for itself is not the work's.</summary>
    /// <param name="items">How many the work does at a time.</param>
    /// <param name="prepare">Makes what the work works on; not counted.</param>
    /// <param name="work">Must stay on this thread.</param>
    public static double PerItem<T>(int items, Func<T> prepare, Action<T> work)
    {
        long least = long.MaxValue;
        for (int i = 0; i < 8; i++)
        {
            T prepared = prepare();
            long before = GC.GetAllocatedBytesForCurrentThread();
            work(prepared);
            least = Math.Min(least, GC.GetAllocatedBytesForCurrentThread() - before);
        }

        return (double)least / items;
    }
}
