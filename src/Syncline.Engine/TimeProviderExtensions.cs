namespace Syncline.Engine;

/// <summary>Times as the log, the tables and the wire keep them.</summary>
public static class TimeProviderExtensions
{
    /// <summary>Now, UTC, in whole milliseconds: what is answered at once equals what is read back later.</summary>
    public static DateTimeOffset GetUtcMilliseconds(this TimeProvider timeProvider) =>
        DateTimeOffset.FromUnixTimeMilliseconds(timeProvider.GetUtcNow().ToUnixTimeMilliseconds());
}
