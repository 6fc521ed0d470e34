using Microsoft.AspNetCore.Hosting.Server;
using Microsoft.AspNetCore.Hosting.Server.Features;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Options;

namespace Syncline.AspNetCore.Accounts;

/// <summary>Who may make an account, as the options and the place say.</summary>
internal sealed class RegistrationPolicy(IServer server, IOptions<AuthOptions> options)
{
    private static readonly string[] ProxyHeaders = ["Forwarded", "X-Forwarded-For", "X-Forwarded-Host", "X-Original-For"];

    /// <summary>
    /// Open, Invite or Closed. By default Open needs that the server listens on loopback only and that the request is from this machine by
    /// its own account too: a server on loopback behind a proxy is open to the world otherwise.
    /// </summary>
    public RegistrationMode For(HttpContext context)
    {
        if (options.Value.Registration != RegistrationMode.Default)
            return options.Value.Registration;
        bool local = server.Features.Get<IServerAddressesFeature>() is { Addresses: { Count: > 0 } addresses }
            && addresses.All(Loopback.IsListeningAddress)
            && Loopback.IsAddress(context.Connection.RemoteIpAddress)
            && Loopback.IsAuthority(context.Request.Headers.Host.ToString())
            && !ProxyHeaders.Any(context.Request.Headers.ContainsKey);
        return local ? RegistrationMode.Open : RegistrationMode.Invite;
    }
}
