using System.Diagnostics;

namespace Syncline.Simulation.Scheduling;

/// <summary>
/// Runs the programs of a world on one thread, one step at a time, and chooses by its seed which step is next. When there is none, time moves on.
/// </summary>
/// <remarks>
/// The thread is the only one of the runtime's pool, and the loop is an item in the pool's queue that goes to the queue's end whenever there is
/// something else in it. So what the framework itself sends to the pool (continuations that ask for no context) also runs here, in an order that
/// is the same each time. Whatever else comes from another thread is a fault, and ends the run.
/// </remarks>
internal sealed class Simulation
{
    private static readonly TimeSpan StandstillAfter = TimeSpan.FromSeconds(20);
    private readonly List<WorkItem> _ready = [];
    private readonly TaskCompletionSource _done = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly int _stepsMax;
    private int _thread;
    private int _steps;
    private Task? _main;
    private Exception? _fault;

    public Simulation(int seed, int stepsMax, int linesKept)
    {
        Random = new Random(seed);
        _stepsMax = stepsMax;
        Clock = new SimulatedClock();
        Trace = new Trace(Clock, linesKept);
    }

    /// <summary>All chance of the world.</summary>
    public Random Random { get; }

    public SimulatedClock Clock { get; }

    public Trace Trace { get; }

    public int Steps => Volatile.Read(ref _steps);

    /// <summary>Runs until a program of the world has ended. Called from outside of the pool.</summary>
    public void Run(Process process, Func<Task> main)
    {
        ThreadPool.UnsafeQueueUserWorkItem(
            _ =>
            {
                _thread = Environment.CurrentManagedThreadId;
                _main = process.StartAsync(main);
                Pump();
            },
            state: null);
        int stepsBefore = -1;
        while (Task.WaitAny([_done.Task], StandstillAfter) < 0)
        {
            if (Steps == stepsBefore)
                throw new InvalidOperationException("the world stands still: something waits for its only thread");
            stepsBefore = Steps;
        }

        _done.Task.GetAwaiter().GetResult();
    }

    /// <summary>Notes a step that may be taken.</summary>
    public void Enqueue(WorkItem item)
    {
        if (Environment.CurrentManagedThreadId != _thread)
            Fail(new UnreachableException($"work for {item.Process.Name} came from another thread:{Environment.NewLine}{Environment.StackTrace}"));
        else if (!item.Process.IsKilled)
            _ready.Add(item);
    }

    /// <summary>Ends the run with what went wrong.</summary>
    public void Fail(Exception fault) => _fault ??= fault;

    private void Pump()
    {
        try
        {
            while (!IsOver())
            {
                if (ThreadPool.PendingWorkItemCount > 0)
                {
                    ThreadPool.UnsafeQueueUserWorkItem(static loop => loop.Pump(), this, preferLocal: false);
                    return;
                }

                Step();
            }

            Finish();
        }
        catch (Exception e)
        {
            _done.TrySetException(e);
        }
    }

    private bool IsOver() => _fault is not null || _main!.IsCompleted;

    private void Finish()
    {
        if (_fault is { } fault)
            _done.TrySetException(fault);
        else
            _done.TrySetFromTask(_main!);
    }

    private void Step()
    {
        if (++_steps > _stepsMax)
            throw new InvalidOperationException($"the world did not come to an end within {_stepsMax} steps");
        if (_ready.Count == 0)
        {
            if (!Clock.FireNext(DateTimeOffset.MaxValue))
                throw new InvalidOperationException("nothing can happen any more, and the run is not over");
            return;
        }

        int choice = _ready.Count == 1 ? 0 : Random.Next(_ready.Count);
        Trace.Step(choice, _ready.Count);
        WorkItem item = _ready[choice];
        _ready[choice] = _ready[^1];
        _ready.RemoveAt(_ready.Count - 1);
        if (item.Process.IsKilled)
            return;
        SynchronizationContext.SetSynchronizationContext(item.Process);
        try
        {
            item.Callback(item.State);
        }
        finally
        {
            SynchronizationContext.SetSynchronizationContext(null);
        }
    }
}
