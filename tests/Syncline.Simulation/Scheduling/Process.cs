namespace Syncline.Simulation.Scheduling;

/// <summary>
/// One program of the simulated world: a server's life, a device's life. All that it awaits comes back through here, so that the simulation
/// chooses what runs next, and a kill stops it between any two steps: what it had queued, and its timers, never run.
/// </summary>
internal sealed class Process : SynchronizationContext
{
    private readonly Simulation _simulation;
    private readonly ProcessTime _time;

    public Process(Simulation simulation, string name)
    {
        _simulation = simulation;
        Name = name;
        _time = new ProcessTime(simulation.Clock, this);
        Scheduler = new ProcessScheduler(this);
    }

    public string Name { get; }

    /// <summary>The clock that this program sees; it may be wrong.</summary>
    public TimeProvider Time => _time;

    /// <summary>How far its clock is ahead of the world's.</summary>
    public TimeSpan ClockError
    {
        get => _time.Error;
        set => _time.Error = value;
    }

    /// <summary>For what it starts as tasks.</summary>
    public TaskScheduler Scheduler { get; }

    public bool IsKilled { get; private set; }

    /// <summary>Ends it between two of its steps: it does nothing any more.</summary>
    public void Kill() => IsKilled = true;

    public override void Post(SendOrPostCallback d, object? state) => _simulation.Enqueue(new WorkItem(this, d, state));

    public override void Send(SendOrPostCallback d, object? state) =>
        throw new NotSupportedException("Something waits for work of the simulation's only thread.");

    public override SynchronizationContext CreateCopy() => this;

    /// <summary>Starts something in this program. Its outcome is the task's; of a program that is killed there is none.</summary>
    public Task<T> StartAsync<T>(Func<Task<T>> work)
    {
        TaskCompletionSource<T> outcome = new(TaskCreationOptions.RunContinuationsAsynchronously);
        Post(_ => _ = RunAsync(work, outcome), state: null);
        return outcome.Task;
    }

    /// <summary>Starts something in this program.</summary>
    public Task StartAsync(Func<Task> work) => StartAsync(async () =>
    {
        await work();
        return true;
    });

    private static async Task RunAsync<T>(Func<Task<T>> work, TaskCompletionSource<T> outcome)
    {
        try
        {
            outcome.TrySetResult(await work());
        }
        catch (OperationCanceledException e)
        {
            outcome.TrySetCanceled(e.CancellationToken);
        }
        catch (Exception e)
        {
            outcome.TrySetException(e);
        }
    }
}
