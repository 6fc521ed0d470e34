namespace Syncline.Client.Sync;

/// <summary>Where access tokens come from.</summary>
internal interface IAccessTokens
{
    /// <summary>The token to send.</summary>
    /// <param name="refused">The token that the server has just refused: another one is due. Null when none was.</param>
    /// <param name="cancellationToken">Ends the call.</param>
    /// <returns>The token; or why there is none, with <c>unauthenticated</c> when the user has to log in again.</returns>
    Task<Reply<string>> GetAsync(string? refused, CancellationToken cancellationToken);
}
