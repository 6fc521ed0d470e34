namespace SocketIO.AspNetCore.EngineIO;

/// <summary>A bucket of messages that a client may send at once, which fills again as time goes by.</summary>
/// <param name="perSecond">How many a second; 0 for no limit.</param>
internal struct MessageRate(int perSecond)
{
    private const int BurstSeconds = 10;

    private double _left = (double)perSecond * BurstSeconds;
    private long _filledAt;

    /// <summary>Takes one.</summary>
    /// <returns>How long to wait before it may be handled.</returns>
    public TimeSpan Take(TimeProvider time)
    {
        if (perSecond == 0)
            return TimeSpan.Zero;
        if (_left < 1)
            Fill(time);
        _left--;
        return _left >= 0 ? TimeSpan.Zero : TimeSpan.FromSeconds(-_left / perSecond);
    }

    private void Fill(TimeProvider time)
    {
        long now = time.GetTimestamp();
        double elapsed = _filledAt == 0 ? BurstSeconds : time.GetElapsedTime(_filledAt, now).TotalSeconds;
        _left = Math.Min(_left + (elapsed * perSecond), (double)perSecond * BurstSeconds);
        _filledAt = now;
    }
}
