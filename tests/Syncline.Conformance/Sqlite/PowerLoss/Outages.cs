using LibSqlite;
using Syncline.Client.Storage;
using Syncline.Engine.Storage;
using Xunit.Sdk;

namespace Syncline.Conformance.Sqlite.PowerLoss;

/// <summary>
/// What is done to a store that loses its power, or is killed, again and again. It remembers what was acknowledged while there was power, and of the one
/// thing that was under way what it may have come to. A new kind of transaction is a new step of a workload, or a new workload.
/// </summary>
internal interface IWorkload : IDisposable
{
    /// <summary>Opens the store; it is closed in order by <see cref="IDisposable.Dispose"/>, and opened again after the power is back.</summary>
    /// <param name="folder">The data folder, which is made when it is not there.</param>
    /// <param name="disk">What it lies on.</param>
    void Start(string folder, PowerLossDisk disk);

    /// <summary>Compares what is there after an outage with what was acknowledged before it. What is found is acknowledged from now on.</summary>
    /// <exception cref="AcknowledgedLostException">Something is missing.</exception>
    Task CheckAsync();

    /// <summary>Does one thing, and remembers it as acknowledged if the disk was still up when it ended.</summary>
    Task StepAsync(Random random);
}

/// <summary>A promise is broken: something that was acknowledged before the power went is not there after it.</summary>
internal sealed class AcknowledgedLostException(string message) : Exception(message);

/// <summary>Runs workloads through one outage after the other: losses of power, and servers that are killed in between.</summary>
internal static class Outages
{
    private const int OutagesPerSeed = 6;

    // An append makes about ten events. Half of the outages come soon after the one before: while the store recovers, or just after.
    private const int FewEventsMax = 12;
    private const int ManyEventsMax = 200;

    /// <summary>One workload per seed; what fails names its seed.</summary>
    /// <exception cref="InvalidOperationException">A check failed.</exception>
    public static async Task SurviveAsync(int seeds, Func<Random, IWorkload> make)
    {
        for (int seed = 0; seed < seeds; seed++)
        {
            try
            {
                await RunAsync(seed, make, root => new PowerLossDisk(root));
            }
            catch (Exception failure)
            {
                throw new InvalidOperationException($"seed {seed}: {failure.Message}", failure);
            }
        }
    }

    /// <summary>In how many of the seeds something acknowledged is missing, with a store or on a disk that is worse than it should be.</summary>
    public static async Task<int> CountLossesAsync(int seeds, Func<Random, IWorkload> make, Func<string, PowerLossDisk>? disk = null)
    {
        int losses = 0;
        for (int seed = 0; seed < seeds; seed++)
        {
            try
            {
                await RunAsync(seed, make, disk ?? (root => new PowerLossDisk(root)));
            }
            catch (AcknowledgedLostException)
            {
                losses++;
            }
            catch (Exception exception) when (exception is StoreUnavailableException or LocalStoreException or SqliteException or XunitException)
            {
                // Worse: what is left is damaged. It is not what is counted.
            }
        }

        return losses;
    }

    private static async Task RunAsync(int seed, Func<Random, IWorkload> make, Func<string, PowerLossDisk> makeDisk)
    {
        Random random = new(seed);
        IWorkload workload = make(random);
        TemporaryData data = new();
        PowerLossDisk disk = makeDisk(data.Path);
        try
        {
            for (int outage = 0; outage < OutagesPerSeed; outage++)
            {
                TemporaryData left = new();
                try
                {
                    int events = random.Next(random.Next(2) == 0 ? FewEventsMax : ManyEventsMax);
                    if (random.Next(3) == 0) disk.KillAfter(events, left.Path);
                    else disk.LosePowerAfter(events, random, left.Path);
                    await LiveAsync(workload, data, disk, random);
                }
                finally
                {
                    PowerLossDisk next = disk.Next ?? makeDisk(left.Path);
                    disk.Dispose();
                    data.Dispose();
                    (disk, data) = (next, left);
                }
            }

            using (workload)
            {
                workload.Start(data.PathOf("data"), disk);
                await workload.CheckAsync();
            }
        }
        finally
        {
            disk.Dispose();
            data.Dispose();
        }
    }

    private static async Task LiveAsync(IWorkload workload, TemporaryData data, PowerLossDisk disk, Random random)
    {
        using (workload)
        {
            workload.Start(data.PathOf("data"), disk);

            // What is interrupted here, while the store recovers, must be recovered the next time.
            await workload.CheckAsync();
            while (disk.IsUp)
                await workload.StepAsync(random);
        }
    }
}
