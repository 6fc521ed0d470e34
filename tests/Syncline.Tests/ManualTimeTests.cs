namespace Syncline.Tests;

public sealed class ManualTimeTests
{
    [Fact]
    public void Timers_fire_in_order_and_see_the_time_at_which_they_are_due()
    {
        ManualTime time = new();
        DateTimeOffset start = time.GetUtcNow();
        List<(string Name, TimeSpan At)> fired = [];
        using ITimer late = time.CreateTimer(_ => Note("late"), null, TimeSpan.FromSeconds(3), Timeout.InfiniteTimeSpan);
        using ITimer often = time.CreateTimer(_ => Note("often"), null, TimeSpan.FromSeconds(2), TimeSpan.FromSeconds(2));
        using ITimer gone = time.CreateTimer(_ => Note("gone"), null, TimeSpan.FromSeconds(1), Timeout.InfiniteTimeSpan);
        gone.Dispose();

        time.Advance(TimeSpan.FromSeconds(4.5));

        Assert.Equal(
            [("often", TimeSpan.FromSeconds(2)), ("late", TimeSpan.FromSeconds(3)), ("often", TimeSpan.FromSeconds(4))], fired);
        Assert.Equal(TimeSpan.FromSeconds(4.5), time.GetUtcNow() - start);
        Assert.False(gone.Change(TimeSpan.Zero, TimeSpan.Zero));

        void Note(string name) => fired.Add((name, time.GetUtcNow() - start));
    }

    [Fact]
    public async Task A_delay_and_a_timeout_end_when_the_clock_is_moved()
    {
        ManualTime time = new();
        Task delay = Task.Delay(TimeSpan.FromMinutes(1), time);
        using CancellationTokenSource timeout = new(TimeSpan.FromMinutes(2), time);

        time.Advance(TimeSpan.FromSeconds(59));
        Assert.False(delay.IsCompleted);
        time.Advance(TimeSpan.FromSeconds(1));
        await delay;
        Assert.False(timeout.IsCancellationRequested);
        time.Advance(TimeSpan.FromMinutes(1));
        Assert.True(timeout.IsCancellationRequested);
        Assert.Equal(0, time.TimersSet);
    }
}
