namespace Syncline.AspNetCore.Doors;

/// <summary>A request that cannot be served, for a reason that has a code. Thrown while a request is read; the doors answer it as a problem.</summary>
internal sealed class RequestException(string code, string detail, TimeSpan? retryAfter = null) : Exception(detail)
{
    public string Code { get; } = code;

    public TimeSpan? RetryAfter { get; } = retryAfter;
}
