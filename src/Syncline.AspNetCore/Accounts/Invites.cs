using Syncline.Engine;
using Syncline.Engine.Accounts;

namespace Syncline.AspNetCore.Accounts;

/// <summary>Invites to register, as the operator gives them out.</summary>
public sealed class Invites
{
    private readonly IAccountStore _store;
    private readonly IRandomBytes _random;
    private readonly TimeProvider _timeProvider;

    public Invites(IAccountStore store, IRandomBytes random, TimeProvider timeProvider)
    {
        _store = store;
        _random = random;
        _timeProvider = timeProvider;
    }

    /// <summary>Makes an invite that lets one person register. The token is shown this once and kept nowhere.</summary>
    /// <param name="expiresIn">How long it is good, more than zero.</param>
    /// <param name="cancellationToken">Before the invite is stored only.</param>
    public async ValueTask<string> CreateAsync(TimeSpan expiresIn, CancellationToken cancellationToken = default)
    {
        ArgumentOutOfRangeException.ThrowIfLessThanOrEqual(expiresIn, TimeSpan.Zero);
        string token = Secrets.New(_random);
        DateTimeOffset now = _timeProvider.GetUtcNow();
        await _store.AddInviteAsync(Secrets.HashOf(token), now + expiresIn, new Audit(null, now), cancellationToken);
        return token;
    }
}
