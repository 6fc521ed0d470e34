using Microsoft.Extensions.Options;
using Syncline.Core.Operations;

namespace Syncline.AspNetCore.Doors;

/// <summary>
/// Bounds what the bodies of all requests under way hold in memory, and what those of one user do. A body claims what it grows by, and gives
/// it back when its request ends. Nobody waits for room: who finds none is told to try again.
/// </summary>
internal sealed class BodyBudget(IOptions<LimitOptions> limits)
{
    private readonly Lock _lock = new();
    private readonly Dictionary<UserId, long> _perUser = [];
    private long _held;

    /// <summary>What all requests under way hold.</summary>
    public long Held
    {
        get
        {
            lock (_lock)
                return _held;
        }
    }

    /// <summary>Begins a claim of nothing yet.</summary>
    /// <param name="userId">Whose request it is; null before anybody is known.</param>
    public Claim Begin(UserId? userId) => new(this, userId);

    // Takes all of it, or says which limit is in the way and takes nothing.
    private RequestException? TryTake(UserId? userId, long bytes)
    {
        lock (_lock)
        {
            long ofUser = userId is { } user ? _perUser.GetValueOrDefault(user) + bytes : 0;
            if (ofUser > limits.Value.BodiesPerUserBytesMax)
            {
                return new RequestException(
                    ErrorCodes.RateLimited,
                    $"the requests of this user that are under way hold more than {limits.Value.BodiesPerUserBytesMax} bytes");
            }

            if (_held + bytes > limits.Value.BodiesBytesMax)
                return new RequestException(ErrorCodes.Unavailable, "the requests that are under way hold more than the server has room for");
            _held += bytes;
            if (userId is { } known)
                _perUser[known] = ofUser;
            return null;
        }
    }

    private void GiveBack(UserId? userId, long bytes)
    {
        lock (_lock)
        {
            _held -= bytes;
            if (userId is { } user && (_perUser[user] -= bytes) == 0)
                _perUser.Remove(user);
        }
    }

    /// <summary>What one request holds.</summary>
    public sealed class Claim : IDisposable
    {
        private readonly BodyBudget _budget;
        private readonly UserId? _userId;
        private long _bytes;

        internal Claim(BodyBudget budget, UserId? userId)
        {
            _budget = budget;
            _userId = userId;
        }

        /// <summary>What is claimed now.</summary>
        public long Bytes => _bytes;

        /// <summary>Claims more.</summary>
        /// <exception cref="RequestException">There is no room.</exception>
        public void Grow(long bytes)
        {
            if (_budget.TryTake(_userId, bytes) is { } refusal)
                throw refusal;
            _bytes += bytes;
        }

        /// <inheritdoc />
        public void Dispose()
        {
            if (_bytes > 0)
                _budget.GiveBack(_userId, _bytes);
            _bytes = 0;
        }
    }
}
