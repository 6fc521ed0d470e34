using System.Diagnostics.CodeAnalysis;

namespace Syncline.Client.Sync;

/// <summary>How long to wait after a failure: twice as long each time, spread at random so that many devices do not come back together.</summary>
internal sealed class Backoff(TimeProvider time, Random random, TimeSpan first, TimeSpan most)
{
    private int _failures;
    private TimeSpan _wait;
    private long _failedAt;

    /// <summary>How long it takes until it is time to try; zero when it is.</summary>
    public TimeSpan Left
    {
        get
        {
            if (_wait == TimeSpan.Zero)
                return TimeSpan.Zero;
            TimeSpan left = _wait - time.GetElapsedTime(_failedAt);
            return left < TimeSpan.Zero ? TimeSpan.Zero : left;
        }
    }

    public bool HasFailed => _failures > 0;

    /// <summary>Notes a failure.</summary>
    /// <param name="asked">What the other side asked to wait; null when it did not say.</param>
    [SuppressMessage("Security", "CA5394:Do not use insecure randomness", Justification = "It spreads retries.")]
    public void Failed(TimeSpan? asked = null)
    {
        double share;
        lock (random)
            share = 0.5 + (random.NextDouble() / 2);
        TimeSpan whole = first * Math.Pow(2, Math.Min(_failures++, 30));
        _wait = (whole > most ? most : whole) * share;
        if (asked > _wait)
            _wait = asked.Value > most ? most : asked.Value;
        _failedAt = time.GetTimestamp();
    }

    /// <summary>Notes a success, or that something has changed which makes a try worth while.</summary>
    public void Reset()
    {
        _failures = 0;
        _wait = TimeSpan.Zero;
    }
}
