using System.Collections.Concurrent;
using Syncline.AspNetCore.Doors;
using Syncline.Core.Operations;
using Syncline.Engine.Accounts;

namespace Syncline.AspNetCore.Accounts;

/// <summary>Users whom somebody else vouches for: made in the store when they are first seen.</summary>
internal sealed class KnownUsers(IAccountStore store, TimeProvider timeProvider)
{
    private const int CacheMax = 10_000;
    private const int NamesTried = 4;

    private readonly ConcurrentDictionary<UserId, bool> _seen = new();

    /// <summary>Sees to it that the store has the user.</summary>
    /// <param name="id">The user.</param>
    /// <param name="wishedNames">Names for the user, best first; the first that fits and is free becomes the user name.</param>
    /// <param name="displayName">The name for people, if it is known.</param>
    /// <param name="cancellationToken">Ends the attempt.</param>
    public async ValueTask EnsureAsync(
        UserId id, IEnumerable<string?> wishedNames, string? displayName, CancellationToken cancellationToken)
    {
        if (_seen.ContainsKey(id))
            return;
        if (await store.FindUserAsync(id, cancellationToken) is null)
            await AddAsync(id, wishedNames, displayName, cancellationToken);

        // Whoever is forgotten here is only looked up again.
        if (_seen.Count >= CacheMax)
            _seen.Clear();
        _seen[id] = true;
    }

    private async ValueTask AddAsync(
        UserId id, IEnumerable<string?> wishedNames, string? displayName, CancellationToken cancellationToken)
    {
        IEnumerable<string> names = wishedNames
            .Select(wished => UserNames.TryParse(wished, out string? name) ? name : null)
            .OfType<string>()
            .Concat(Enumerable.Range(0, NamesTried).Select(attempt => UserNames.Made(id, attempt)));
        foreach (string name in names)
        {
            User user = new(id, name, UserNames.IsDisplayName(displayName) ? displayName : name);
            Audit audit = new(id, timeProvider.GetUtcNow());
            if (await store.AddUserAsync(user, null, null, audit, cancellationToken) == AddUserOutcome.Added)
                return;

            // The name is another's, or another request of the same user was faster.
            if (await store.FindUserAsync(id, cancellationToken) is not null)
                return;
        }

        throw new RequestException(ErrorCodes.NameTaken, "no user name is free for this user");
    }
}
