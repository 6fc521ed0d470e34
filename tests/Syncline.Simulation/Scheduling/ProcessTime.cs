namespace Syncline.Simulation.Scheduling;

/// <summary>The time as one program sees it. Its wall clock may be wrong and may jump; how long something takes is the same for everybody.</summary>
internal sealed class ProcessTime(SimulatedClock clock, Process process) : TimeProvider
{
    public TimeSpan Error { get; set; }

    public override long TimestampFrequency => TimeSpan.TicksPerSecond;

    public override TimeZoneInfo LocalTimeZone => TimeZoneInfo.Utc;

    public override DateTimeOffset GetUtcNow() => clock.Now + Error;

    public override long GetTimestamp() => clock.Now.UtcTicks;

    public override ITimer CreateTimer(TimerCallback callback, object? state, TimeSpan dueTime, TimeSpan period)
    {
        ProcessTimer timer = new(clock, process, callback, state);
        timer.Change(dueTime, period);
        return timer;
    }
}
