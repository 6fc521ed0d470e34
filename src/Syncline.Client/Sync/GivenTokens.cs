using System.Diagnostics.CodeAnalysis;
using Syncline.Core.Operations;

namespace Syncline.Client.Sync;

/// <summary>Tokens that the application gets from elsewhere: its own authentication, or an authority.</summary>
/// <param name="get">Is given the token that was refused, or null, and returns the one to send; null when the user has to log in.</param>
internal sealed class GivenTokens(Func<string?, CancellationToken, ValueTask<string?>> get) : IAccessTokens
{
    /// <inheritdoc />
    [SuppressMessage("Design", "CA1031:Do not catch general exception types", Justification = "The application's code may throw what it likes.")]
    public async Task<Reply<string>> GetAsync(string? refused, CancellationToken cancellationToken)
    {
        try
        {
            return await get(refused, cancellationToken).AsTask().WaitAsync(cancellationToken) is { } token
                ? token
                : new Problem(ErrorCodes.Unauthenticated, "the application has no access token");
        }
        catch (Exception e) when (!cancellationToken.IsCancellationRequested)
        {
            // Most likely its authority cannot be reached.
            return new Problem(Problem.Unreachable, $"the application cannot get an access token: {e.Message}");
        }
    }
}
