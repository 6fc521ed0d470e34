namespace Syncline.Simulation.Scheduling;

/// <summary>The world's time. It moves only when nothing else can happen, to the next moment at which something is due.</summary>
internal sealed class SimulatedClock
{
    private readonly PriorityQueue<(ProcessTimer Timer, long Setting), (DateTimeOffset DueAt, long Number)> _due = new();
    private long _settings;

    public static DateTimeOffset Start { get; } = new(2030, 1, 1, 12, 0, 0, TimeSpan.Zero);

    public DateTimeOffset Now { get; private set; } = Start;

    public TimeSpan Elapsed => Now - Start;

    /// <summary>Notes when a timer is due; it counts until the timer is set anew.</summary>
    public long Set(ProcessTimer timer, TimeSpan dueTime)
    {
        long setting = ++_settings;
        _due.Enqueue((timer, setting), (Now + dueTime, setting));
        return setting;
    }

    /// <summary>Moves to the next timer that is due before a time, and fires it; to that time when there is none.</summary>
    /// <returns>Whether one was fired.</returns>
    public bool FireNext(DateTimeOffset end)
    {
        while (_due.TryPeek(out (ProcessTimer Timer, long Setting) next, out (DateTimeOffset DueAt, long Number) due) && due.DueAt <= end)
        {
            _due.Dequeue();
            if (!next.Timer.IsSet(next.Setting))
                continue;
            if (due.DueAt > Now)
                Now = due.DueAt;
            next.Timer.Fire();
            return true;
        }

        Now = end;
        return false;
    }
}
