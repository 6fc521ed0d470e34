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
    private readonly Dictionary<string, HashSet<CancellationTokenSource>> _waits = new(StringComparer.Ordinal);

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
        CancellationTokenSource[] waits;
        lock (_lock)
        {
            while (_byTime.TryPeek(out (string LoginId, DateTimeOffset DropAt) oldest) && oldest.DropAt <= now)
            {
                _byTime.Dequeue();
                _ended.Remove(oldest.LoginId);
            }

            if (_ended.Add(loginId))
                _byTime.Enqueue((loginId, now + options.Value.AccessTokenLifetime));
            waits = _waits.Remove(loginId, out HashSet<CancellationTokenSource>? open) ? [.. open] : [];
        }

        foreach (CancellationTokenSource wait in waits)
            End(wait);
    }

    /// <summary>Cancels <paramref name="wait"/> when the login ends, at once when it has; until <see cref="Leave"/>.</summary>
    public void Enter(string loginId, CancellationTokenSource wait)
    {
        lock (_lock)
        {
            if (!_ended.Contains(loginId))
            {
                if (!_waits.TryGetValue(loginId, out HashSet<CancellationTokenSource>? open))
                    _waits.Add(loginId, open = []);
                open.Add(wait);
                return;
            }
        }

        End(wait);
    }

    /// <summary>Ends what <see cref="Enter"/> began.</summary>
    public void Leave(string loginId, CancellationTokenSource wait)
    {
        lock (_lock)
        {
            if (_waits.TryGetValue(loginId, out HashSet<CancellationTokenSource>? open) && open.Remove(wait) && open.Count == 0)
                _waits.Remove(loginId);
        }
    }

    /// <summary>Whether the login has ended.</summary>
    public bool Contains(string loginId)
    {
        lock (_lock)
            return _ended.Contains(loginId);
    }

    private static void End(CancellationTokenSource wait)
    {
        try
        {
            wait.Cancel();
        }
        catch (ObjectDisposedException)
        {
            // The wait was over by itself.
        }
    }
}
