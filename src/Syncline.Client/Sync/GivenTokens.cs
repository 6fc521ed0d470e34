using Syncline.Core.Operations;

namespace Syncline.Client.Sync;

/// <summary>Tokens that the application gets from elsewhere: its own authentication, or an authority.</summary>
/// <param name="get">Is given the token that was refused, or null, and returns the one to send; null when the user has to log in.</param>
internal sealed class GivenTokens(Func<string?, CancellationToken, ValueTask<string?>> get) : IAccessTokens
{
    /// <inheritdoc />
    public async Task<Reply<string>> GetAsync(string? refused, CancellationToken cancellationToken) =>
        await get(refused, cancellationToken) is { } token
            ? token
            : new Problem(ErrorCodes.Unauthenticated, "the application has no access token");
}
