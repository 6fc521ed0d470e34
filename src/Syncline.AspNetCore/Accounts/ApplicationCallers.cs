using System.Globalization;
using System.Security.Claims;
using Microsoft.AspNetCore.Authentication;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.DependencyInjection;
using Syncline.AspNetCore.Doors;
using Syncline.Core.Operations;

namespace Syncline.AspNetCore.Accounts;

/// <summary>Callers whom the application's own authentication knows.</summary>
internal sealed class ApplicationCallers(KnownUsers users) : ICallers
{
    private const int UserIdCharactersMax = 256;

    public async ValueTask<Caller?> FindAsync(HttpContext context)
    {
        if (await FindPrincipalAsync(context) is not { } principal)
            return null;
        if ((Claim(principal, "sub") ?? Claim(principal, ClaimTypes.NameIdentifier)) is not { } id)
            return null;
        if (id.Length > UserIdCharactersMax || id.Any(char.IsControl))
        {
            throw new RequestException(
                ErrorCodes.Forbidden, $"the user's id is longer than {UserIdCharactersMax} characters or has control characters");
        }

        UserId userId = new(id);
        string? preferred = Claim(principal, "preferred_username");
        string? name = Claim(principal, "name") ?? Claim(principal, ClaimTypes.Name);
        await users.EnsureAsync(userId, [preferred, name], name ?? preferred, context.RequestAborted);
        return new Caller(userId, null, ExpiresAt(principal));
    }

    public void Screen(HttpContext context)
    {
        // Which requests come this far is the application's affair.
    }

    private static async ValueTask<ClaimsPrincipal?> FindPrincipalAsync(HttpContext context)
    {
        if (context.User.Identity is { IsAuthenticated: true })
            return context.User;
        if (context.RequestServices.GetService<IAuthenticationSchemeProvider>() is not { } schemes
            || await schemes.GetDefaultAuthenticateSchemeAsync() is null)
        {
            return null;
        }

        AuthenticateResult result = await context.AuthenticateAsync();
        if (result is not { Succeeded: true, Principal.Identity.IsAuthenticated: true })
            return null;
        context.User = result.Principal;
        return result.Principal;
    }

    private static string? Claim(ClaimsPrincipal principal, string type) =>
        principal.FindFirst(type)?.Value is { Length: > 0 } value ? value : null;

    private static DateTimeOffset ExpiresAt(ClaimsPrincipal principal) =>
        long.TryParse(Claim(principal, "exp"), NumberStyles.None, CultureInfo.InvariantCulture, out long seconds)
        && seconds <= DateTimeOffset.MaxValue.ToUnixTimeSeconds()
            ? DateTimeOffset.FromUnixTimeSeconds(seconds)
            : DateTimeOffset.MaxValue;
}
