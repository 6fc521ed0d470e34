using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Primitives;

namespace Syncline.AspNetCore.Accounts;

/// <summary>Callers with Syncline's own access tokens. A token is taken from the header <c>Authorization</c> only: URLs end up in logs.</summary>
internal sealed class LocalCallers(AccessTokens tokens, EndedLogins endedLogins) : ICallers
{
    private const string Scheme = "Bearer ";

    public ValueTask<Caller?> FindAsync(HttpContext context)
    {
        StringValues header = context.Request.Headers.Authorization;
        return ValueTask.FromResult(
            header.Count == 1 && header.ToString() is { } text && text.StartsWith(Scheme, StringComparison.OrdinalIgnoreCase)
                ? Find(text.AsSpan(Scheme.Length).Trim(' '))
                : null);
    }

    /// <summary>Whose token it is, from whatever door it came; null when it is not good now, or its login has ended.</summary>
    public Caller? Find(ReadOnlySpan<char> token) =>
        tokens.Read(token) is { } caller && !endedLogins.Contains(caller.LoginId!) ? caller : null;

    public bool HasEnded(Caller caller) => endedLogins.Contains(caller.LoginId!);

    public void EnterWait(Caller caller, CancellationTokenSource wait) => endedLogins.Enter(caller.LoginId!, wait);

    public void LeaveWait(Caller caller, CancellationTokenSource wait) => endedLogins.Leave(caller.LoginId!, wait);

    public void Screen(HttpContext context)
    {
        // A request without a good token gets nothing, so no request is dangerous in itself.
    }
}
