using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Primitives;
using Syncline.AspNetCore.Doors;
using Syncline.Core.Operations;

namespace Syncline.AspNetCore.Accounts;

/// <summary>
/// One fixed user, for one machine. What keeps web pages out: a page of another site sends its <c>Origin</c>, or says that it is of another
/// site; one that points its own name at this machine (DNS rebinding) sends its own <c>Host</c>.
/// </summary>
internal sealed class OpenCallers : ICallers
{
    /// <summary>The user's id and, where it is free, their name.</summary>
    public const string FixedName = "local";

    private static readonly Caller Fixed = new(new UserId(FixedName), null, DateTimeOffset.MaxValue);

    /// <summary>The fixed user's id.</summary>
    public static UserId FixedUserId => Fixed.UserId;

    public ValueTask<Caller?> FindAsync(HttpContext context) => ValueTask.FromResult<Caller?>(Fixed);

    public void Screen(HttpContext context)
    {
        IHeaderDictionary headers = context.Request.Headers;
        if (!Loopback.IsAddress(context.Connection.LocalIpAddress))
            throw Refused("connections over the loopback interface");
        if (headers.Host is not [{ } host] || !Loopback.IsAuthority(host))
            throw Refused("the Host header of this machine");
        StringValues origin = headers.Origin;
        if (origin.Count > 0)
        {
            if (origin is not [{ } value] || !Loopback.IsOrigin(value))
                throw Refused("the Origin header of this machine");
        }
        else if (headers["Sec-Fetch-Site"] == "cross-site")
        {
            throw Refused("pages of this machine");
        }
    }

    private static RequestException Refused(string what) =>
        new(ErrorCodes.Forbidden, $"without accounts (Auth:Mode None) the server answers only {what}");
}
