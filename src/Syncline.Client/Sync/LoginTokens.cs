using System.Diagnostics.CodeAnalysis;
using Syncline.Client.Storage;
using Syncline.Core.Operations;

namespace Syncline.Client.Sync;

/// <summary>
/// The tokens of a login of the server's own accounts. The refresh token is in the local store before its access token is used, since each works
/// once; one refresh is under way at a time.
/// </summary>
[SuppressMessage("Design", "CA1001:Types that own disposable fields should be disposable", Justification = "A semaphore that is only awaited has nothing to dispose.")]
internal sealed class LoginTokens(ClientServices services, ServerConnection server) : IAccessTokens
{
    private static readonly Problem NoLogin = new(ErrorCodes.Unauthenticated, "the user has to log in");

    private readonly SemaphoreSlim _gate = new(1);
    private string? _access;
    private Problem? _ended;

    /// <inheritdoc />
    public async Task<Reply<string>> GetAsync(string? refused, CancellationToken cancellationToken)
    {
        await _gate.WaitAsync(CancellationToken.None);
        try
        {
            if (_access is not null && _access != refused)
                return _access;
            if (services.Device.RefreshToken is not { } refreshToken)
                return _ended ?? NoLogin;
            Reply<LoginAnswer> login = await server.RefreshAsync(refreshToken, cancellationToken);
            if (login.IsAnswered)
            {
                await TakeAsync(login.Answer);
                return login.Answer.AccessToken;
            }

            if (login.Problem.Code != ErrorCodes.Unauthenticated)
                return login.Problem;
            _ended = login.Problem;
            await ForgetAsync();
            return login.Problem;
        }
        finally
        {
            _gate.Release();
        }
    }

    /// <summary>Goes on with a login that was just made.</summary>
    public async Task UseAsync(LoginAnswer login)
    {
        await _gate.WaitAsync(CancellationToken.None);
        try
        {
            await TakeAsync(login);
        }
        finally
        {
            _gate.Release();
        }
    }

    private async Task TakeAsync(LoginAnswer login)
    {
        await services.Writer.WriteAsync(new LocalWrite.SetRefreshToken(login.RefreshToken));
        services.SetRefreshToken(login.RefreshToken);
        (_access, _ended) = (login.AccessToken, null);
    }

    private async Task ForgetAsync()
    {
        _access = null;
        await services.Writer.WriteAsync(new LocalWrite.SetRefreshToken(null));
        services.SetRefreshToken(null);
    }
}
