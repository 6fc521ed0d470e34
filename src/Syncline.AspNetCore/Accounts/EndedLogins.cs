using Microsoft.Extensions.Options;
using Syncline.Engine.Accounts;

namespace Syncline.AspNetCore.Accounts;

/// <summary>
/// The logins that have ended while access tokens of theirs may still be within their time. One is remembered for as long as an access
/// token lives; the store remembers them over a restart.
/// </summary>
internal sealed class EndedLogins(IAccountStore store, TimeProvider timeProvider, IOptions<AuthOptions> options)
{
    private readonly Lock _lock = new();
    private readonly HashSet<string> _ended = new(StringComparer.Ordinal);
    private readonly Queue<(string LoginId, DateTimeOffset DropAt)> _byTime = new();

    /// <summary>How many are remembered.</summary>
    public int Count
    {
        get
        {
            lock (_lock)
                return _ended.Count;
        }
    }

    /// <summary>Reads those that ended before the server started.</summary>
    public async Task LoadAsync(CancellationToken cancellationToken)
    {
        DateTimeOffset since = timeProvider.GetUtcNow() - options.Value.AccessTokenLifetime;
        foreach (string loginId in await store.ReadEndedLoginsAsync(since, cancellationToken))
            Add(loginId);
    }

    /// <summary>From now on no token of the login is good.</summary>
    public void Add(string loginId)
    {
        DateTimeOffset now = timeProvider.GetUtcNow();
        lock (_lock)
        {
            while (_byTime.TryPeek(out (string LoginId, DateTimeOffset DropAt) oldest) && oldest.DropAt <= now)
            {
                _byTime.Dequeue();
                _ended.Remove(oldest.LoginId);
            }

            if (_ended.Add(loginId))
                _byTime.Enqueue((loginId, now + options.Value.AccessTokenLifetime));
        }
    }

    /// <summary>Whether the login has ended.</summary>
    public bool Contains(string loginId)
    {
        lock (_lock)
            return _ended.Contains(loginId);
    }
}
