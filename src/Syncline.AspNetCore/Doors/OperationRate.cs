using System.Threading.RateLimiting;
using Microsoft.Extensions.Options;
using Syncline.Core.Operations;

namespace Syncline.AspNetCore.Doors;

/// <summary>Bounds how many operations a second one user may push, over all their spaces and connections.</summary>
internal sealed class OperationRate(IOptions<LimitOptions> limits) : IDisposable
{
    private readonly PartitionedRateLimiter<UserId> _limiter = PartitionedRateLimiter.Create<UserId, UserId>(
        userId => RateLimitPartition.GetTokenBucketLimiter(userId, _ => Bucket(limits.Value)));

    /// <summary>Counts operations of a user.</summary>
    /// <exception cref="RequestException">They are more than the user may push now; nothing of them is judged.</exception>
    public void Demand(UserId userId, int operations)
    {
        using RateLimitLease lease = _limiter.AttemptAcquire(userId, Math.Min(operations, limits.Value.OperationsBurst));
        if (lease.IsAcquired)
            return;
        lease.TryGetMetadata(MetadataName.RetryAfter, out TimeSpan retryAfter);
        throw new RequestException(
            ErrorCodes.RateLimited,
            $"more than {limits.Value.OperationsPerSecond} operations a second of one user",
            retryAfter > TimeSpan.Zero ? retryAfter : null);
    }

    // Filled ten times a second, or, where that would be less than one operation, once.
    private static TokenBucketRateLimiterOptions Bucket(LimitOptions limits)
    {
        int periods = limits.OperationsPerSecond >= 10 ? 10 : 1;
        return new TokenBucketRateLimiterOptions
        {
            TokenLimit = limits.OperationsBurst,
            TokensPerPeriod = limits.OperationsPerSecond / periods,
            ReplenishmentPeriod = TimeSpan.FromSeconds(1.0 / periods),
            QueueLimit = 0,
        };
    }

    /// <inheritdoc />
    public void Dispose() => _limiter.Dispose();
}
