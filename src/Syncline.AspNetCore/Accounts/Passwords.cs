using Microsoft.AspNetCore.Identity;
using Microsoft.Extensions.Options;
using Syncline.Core.Operations;
using Syncline.Engine.Accounts;

namespace Syncline.AspNetCore.Accounts;

/// <summary>Hashes and verifies passwords, and makes a wrong user name as slow to find out as a wrong password.</summary>
internal sealed class Passwords : IDisposable
{
    /// <summary>Rounds of PBKDF2 with HMAC-SHA-512 that the OWASP password storage cheat sheet asks for.</summary>
    public const int DefaultIterations = 210_000;

    private static readonly User Nobody = new(new UserId("nobody"), "nobody", "nobody");

    private readonly PasswordHasher<User> _hasher;
    private readonly string _dummyHash;

    // Hashing takes whole processors; more at a time would only starve the other requests.
    private readonly SemaphoreSlim _turns = new(Math.Max(1, Environment.ProcessorCount - 1));

    public Passwords(int iterations = DefaultIterations)
    {
        // Options of its own: the application's may be meant for its own users.
        _hasher = new PasswordHasher<User>(Options.Create(new PasswordHasherOptions { IterationCount = iterations }));
        _dummyHash = _hasher.HashPassword(Nobody, nameof(Nobody));
    }

    /// <summary>A new salted hash.</summary>
    public async ValueTask<string> HashAsync(User user, string password, CancellationToken cancellationToken)
    {
        await _turns.WaitAsync(cancellationToken);
        try
        {
            return _hasher.HashPassword(user, password);
        }
        finally
        {
            _turns.Release();
        }
    }

    /// <summary>Whether it is the user's password, and whether its hash is of an older kind. Takes its time for null, too, and says no.</summary>
    /// <param name="credentials">The user's, or null.</param>
    /// <param name="password">What was given.</param>
    /// <param name="demandAttempt">Called when the turn has come: throws when the attempts were used up by those that came before.</param>
    /// <param name="cancellationToken">Ends the wait for a turn.</param>
    public async ValueTask<PasswordVerificationResult> VerifyAsync(
        Credentials? credentials, string password, Action demandAttempt, CancellationToken cancellationToken)
    {
        await _turns.WaitAsync(cancellationToken);
        try
        {
            demandAttempt();
            if (credentials is { User: { } user, PasswordHash: { } hash })
                return _hasher.VerifyHashedPassword(user, hash, password);
            _hasher.VerifyHashedPassword(Nobody, _dummyHash, password);
            return PasswordVerificationResult.Failed;
        }
        finally
        {
            _turns.Release();
        }
    }

    /// <inheritdoc />
    public void Dispose() => _turns.Dispose();
}
