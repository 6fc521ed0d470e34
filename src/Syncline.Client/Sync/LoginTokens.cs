using System.Diagnostics.CodeAnalysis;
using Syncline.Client.Storage;
using Syncline.Core.Operations;

namespace Syncline.Client.Sync;

/// <summary>
/// The tokens of a login of the server's own accounts. The refresh token is in the local store before its access token is used, since each works
/// once; one refresh is under way at a time.
/// </summary>
[SuppressMessage("Design", "CA1001:Types that own disposable fields should be disposable", Justification = "What is only awaited and cancelled has nothing to dispose.")]
internal sealed class LoginTokens(ClientServices services) : IAccessTokens
{
    private static readonly Problem NoLogin = new(ErrorCodes.Unauthenticated, "the user has to log in");
    private static readonly Problem Replaced = new(ErrorCodes.Unauthenticated, "another login has taken the place of this one");
    private static readonly TimeSpan StopPatience = TimeSpan.FromSeconds(5);

    private readonly SemaphoreSlim _gate = new(1);
    private readonly CancellationTokenSource _stopping = new();
    private readonly Lock _lock = new();
    private Task<Reply<string>>? _refreshing;
    private string? _access;
    private Problem? _ended;
    private bool _isReplaced;

    /// <inheritdoc />
    public Task<Reply<string>> GetAsync(string? refused, CancellationToken cancellationToken)
    {
        Task<Reply<string>> refreshing;
        lock (_lock)
        {
            if (_access is not null && _access != refused)
                return Task.FromResult<Reply<string>>(_access);
            if (_refreshing is not { IsCompleted: false })
                _refreshing = services.RunAsync(() => RefreshAsync(refused));
            refreshing = _refreshing;
        }

        // A refresh goes on when nobody waits for it any more: the server has used its token up, and a second use of it would end the login.
        return refreshing.WaitAsync(cancellationToken);
    }

    /// <summary>Returns when no refresh is under way, so that the store has the token that is good; after a while, one is given up.</summary>
    public async Task StopAsync()
    {
        Task? refreshing;
        lock (_lock)
            refreshing = _refreshing;
        try
        {
            if (refreshing is not null)
                await refreshing.WaitAsync(StopPatience, services.Time);
        }
        catch (TimeoutException)
        {
            await _stopping.CancelAsync();
        }
    }

    /// <summary>
    /// Another login takes the place of this one: the store's refresh token is that one's from now on. What is under way may end with the access
    /// token that there is.
    /// </summary>
    public async Task ReplaceAsync()
    {
        await _gate.WaitAsync(CancellationToken.None);
        _isReplaced = true;
        _gate.Release();
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

    private async Task<Reply<string>> RefreshAsync(string? refused)
    {
        await _gate.WaitAsync(CancellationToken.None);
        try
        {
            if (AccessOtherThan(refused) is { } access)
                return access;
            if (_isReplaced)
                return Replaced;
            if (services.Device.RefreshToken is not { } refreshToken)
                return _ended ?? NoLogin;
            Reply<LoginAnswer> login = await services.Server.RefreshAsync(refreshToken, _stopping.Token);
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

    private string? AccessOtherThan(string? refused)
    {
        lock (_lock)
            return _access == refused ? null : _access;
    }

    private void SetAccess(string? access)
    {
        lock (_lock)
            _access = access;
    }

    private async Task TakeAsync(LoginAnswer login)
    {
        await services.Writer.WriteAsync(new LocalWrite.SetRefreshToken(login.RefreshToken));
        services.SetRefreshToken(login.RefreshToken);
        _ended = null;
        SetAccess(login.AccessToken);
    }

    private async Task ForgetAsync()
    {
        SetAccess(null);
        await services.Writer.WriteAsync(new LocalWrite.SetRefreshToken(null));
        services.SetRefreshToken(null);
    }
}
