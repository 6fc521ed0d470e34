using System.Threading.RateLimiting;
using Microsoft.Extensions.Options;
using Syncline.Core.Operations;

namespace Syncline.AspNetCore.Doors;

/// <summary>Bounds how many operations a second one user may push, over all their spaces and connections.</summary>
internal sealed class OperationRate(IOptions<LimitOptions> limits) : IDisposable
{
    private static readonly TimeSpan Period = TimeSpan.FromMilliseconds(100);

    private readonly PartitionedRateLimiter<UserId> _limiter = PartitionedRateLimiter.Create<UserId, UserId>(
        userId => RateLimitPartition.GetTokenBucketLimiter(userId, _ => new TokenBucketRateLimiterOptions
        {
            TokenLimit = limits.Value.OperationsBurst,
            TokensPerPeriod = Math.Max(1, (int)(limits.Value.OperationsPerSecond * Period.TotalSeconds)),
            ReplenishmentPeriod = Period,
            QueueLimit = 0,
        }));

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

    /// <inheritdoc />
    public void Dispose() => _limiter.Dispose();
}
