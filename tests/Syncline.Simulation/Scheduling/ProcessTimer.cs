namespace Syncline.Simulation.Scheduling;

/// <summary>A timer of a program: when it is due it becomes one of the steps that the program may take.</summary>
internal sealed class ProcessTimer(SimulatedClock clock, Process process, TimerCallback callback, object? state) : ITimer
{
    private TimeSpan _period;
    private long _setting;
    private bool _isDisposed;

    public bool IsSet(long setting) => setting == _setting && !_isDisposed && !process.IsKilled;

    public void Fire()
    {
        _setting = _period > TimeSpan.Zero ? clock.Set(this, _period) : 0;
        process.Post(static timer => ((ProcessTimer)timer!).Call(), this);
    }

    public bool Change(TimeSpan dueTime, TimeSpan period)
    {
        if (_isDisposed)
            return false;
        _period = period;
        _setting = dueTime == Timeout.InfiniteTimeSpan ? 0 : clock.Set(this, dueTime);
        return true;
    }

    public void Dispose() => _isDisposed = true;

    public ValueTask DisposeAsync()
    {
        Dispose();
        return ValueTask.CompletedTask;
    }

    private void Call()
    {
        if (!_isDisposed)
            callback(state);
    }
}
