using System.Diagnostics.CodeAnalysis;
using Syncline.Core.Operations;

namespace Syncline.Client;

/// <summary>How a client behaves. The defaults are meant for all applications.</summary>
public sealed class SynclineClientOptions
{
    private static readonly TimeSpan ShortestInterval = TimeSpan.FromMilliseconds(10);

    /// <summary>How the client learns of others' changes. Default <see cref="SyncTransport.Automatic"/>; can be changed later.</summary>
    public SyncTransport Transport { get; set; } = SyncTransport.Automatic;

    /// <summary>So many operations are sent at once while more are being received. Default 50, 1 to 1,000.</summary>
    public int BatchOperations { get; set; } = 50;

    /// <summary>Operations wait at most that long for others to be sent with, while more are being received. Default 5 s.</summary>
    public TimeSpan BatchTime { get; set; } = TimeSpan.FromSeconds(5);

    /// <summary>The shortest time between two questions of an interval transport, while something happens. Default 1 s.</summary>
    public TimeSpan IntervalMin { get; set; } = TimeSpan.FromSeconds(1);

    /// <summary>The longest time between two questions of an interval transport, while nothing happens. Default 20 s.</summary>
    public TimeSpan IntervalMax { get; set; } = TimeSpan.FromSeconds(20);

    /// <summary>Longest wait of a long poll. It becomes shorter where something between client and server cuts waits. Default 50 s.</summary>
    public TimeSpan WaitMax { get; set; } = TimeSpan.FromSeconds(50);

    /// <summary>How long own operations are kept after the server stored them, in case it is put back to an older backup. Default 90 days.</summary>
    public TimeSpan OwnOperationsTime { get; set; } = TimeSpan.FromDays(90);

    /// <summary>How many steps of editing can be undone, in each space. Default 100; 0 keeps none.</summary>
    public int UndoStepsMax { get; set; } = 100;

    /// <summary>Whether a space that the server does not know is made there, with the id it was opened by. Default true.</summary>
    public bool CreatesSpaces { get; set; } = true;

    /// <summary>
    /// Where events are raised: the context of the thread that makes these options, which in a program with a user interface is that interface's thread.
    /// Null raises them on the scheduler.
    /// </summary>
    public SynchronizationContext? EventContext { get; set; } = SynchronizationContext.Current;

    /// <summary>Where the client's loops run. Default: the thread pool.</summary>
    public TaskScheduler Scheduler { get; set; } = TaskScheduler.Default;

    /// <summary>Sends the requests, for proxies, certificates and tests. Null makes one, which the client disposes.</summary>
    public HttpMessageHandler? HttpHandler { get; set; }

    /// <summary>The clock and its timers.</summary>
    [SuppressMessage("ApiDesign", "RS0030:Do not use banned APIs", Justification = "The default of what is passed in everywhere else.")]
    public TimeProvider Time { get; set; } = TimeProvider.System;

    /// <summary>Where ids and the spread of retries come from.</summary>
    [SuppressMessage("ApiDesign", "RS0030:Do not use banned APIs", Justification = "The default of what is passed in everywhere else.")]
    [SuppressMessage("Security", "CA5394:Do not use insecure randomness", Justification = "Nothing secret is made of it.")]
    public Random Random { get; set; } = new();

    /// <summary>What the server takes as one operation. Larger ones are not made at all.</summary>
    public OperationLimits OperationLimits { get; set; } = OperationLimits.Default;

    /// <exception cref="ArgumentException">A value would make the client ask without a pause, or never.</exception>
    internal void Validate()
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(BatchOperations, 1, nameof(BatchOperations));
        ArgumentOutOfRangeException.ThrowIfGreaterThan(BatchOperations, 1_000, nameof(BatchOperations));
        ArgumentOutOfRangeException.ThrowIfLessThan(BatchTime, TimeSpan.Zero, nameof(BatchTime));
        ArgumentOutOfRangeException.ThrowIfLessThan(IntervalMin, ShortestInterval, nameof(IntervalMin));
        ArgumentOutOfRangeException.ThrowIfLessThan(IntervalMax, IntervalMin, nameof(IntervalMax));
        ArgumentOutOfRangeException.ThrowIfLessThan(WaitMax, TimeSpan.FromSeconds(1), nameof(WaitMax));
        ArgumentOutOfRangeException.ThrowIfGreaterThan(WaitMax, TimeSpan.FromMinutes(10), nameof(WaitMax));
        ArgumentOutOfRangeException.ThrowIfLessThan(OwnOperationsTime, TimeSpan.Zero, nameof(OwnOperationsTime));
        ArgumentOutOfRangeException.ThrowIfNegative(UndoStepsMax, nameof(UndoStepsMax));
        if (!Enum.IsDefined(Transport))
            throw new ArgumentOutOfRangeException(nameof(Transport), Transport, "no transport");
    }
}
