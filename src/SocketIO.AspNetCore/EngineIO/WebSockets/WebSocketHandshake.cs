using System.Buffers.Text;
using System.Diagnostics.CodeAnalysis;
using System.Security.Cryptography;
using System.Text;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.Features;
using Microsoft.Net.Http.Headers;

namespace SocketIO.AspNetCore.EngineIO.WebSockets;

/// <summary>
/// The opening of a WebSocket, over HTTP/1.1 (RFC 6455, section 4.2) and over HTTP/2 and 3 (RFC 8441). The frames are this package's own, and not those of
/// <see cref="System.Net.WebSockets"/>, because a broadcast then is the same bytes for everybody, and what waits for a connection is one write.
/// </summary>
internal static class WebSocketHandshake
{
    private const string KeySuffix = "258EAFA5-E914-47DA-95CA-C5AB0DC85B11";
    private const string Version = "13";
    private const int KeyBytes = 16;

    /// <summary>Whether it is a request to open a WebSocket that can be answered.</summary>
    public static bool IsRequested(HttpContext http)
    {
        if (http.Request.Headers.SecWebSocketVersion != Version)
            return false;
        if (http.Features.Get<IHttpExtendedConnectFeature>() is { IsExtendedConnect: true } connect)
            return string.Equals(connect.Protocol, "websocket", StringComparison.OrdinalIgnoreCase);
        return http.Features.Get<IHttpUpgradeFeature>() is { IsUpgradableRequest: true }
            && HttpMethods.IsGet(http.Request.Method)
            && string.Equals(http.Request.Headers.Upgrade, "websocket", StringComparison.OrdinalIgnoreCase)
            && IsKey(http.Request.Headers.SecWebSocketKey);
    }

    /// <summary>Opens it.</summary>
    /// <param name="http">A request for which <see cref="IsRequested"/> is true.</param>
    /// <param name="deflates">Whether messages may be compressed.</param>
    /// <returns>What frames are read from and written to, and whether they may be compressed.</returns>
    public static async ValueTask<(Stream Stream, bool IsDeflated)> AcceptAsync(HttpContext http, bool deflates)
    {
        IHeaderDictionary answer = http.Response.Headers;
        bool isDeflated = deflates && OffersDeflate(http.Request.Headers.SecWebSocketExtensions);
        if (isDeflated)
            answer.SecWebSocketExtensions = "permessage-deflate; server_no_context_takeover; client_no_context_takeover";
        if (http.Features.Get<IHttpExtendedConnectFeature>() is { IsExtendedConnect: true } connect)
        {
            http.Response.StatusCode = StatusCodes.Status200OK;
            return (await connect.AcceptAsync(), isDeflated);
        }

        answer.Connection = HeaderNames.Upgrade;
        answer.Upgrade = "websocket";
        answer.SecWebSocketAccept = AcceptOf(http.Request.Headers.SecWebSocketKey.ToString());
        return (await http.Features.GetRequiredFeature<IHttpUpgradeFeature>().UpgradeAsync(), isDeflated);
    }

    [SuppressMessage("Security", "CA5350:Do Not Use Weak Cryptographic Algorithms", Justification = "The protocol's; nothing is secured by it.")]
    private static string AcceptOf(string key) => Convert.ToBase64String(SHA1.HashData(Encoding.ASCII.GetBytes(key + KeySuffix)));

    private static bool IsKey(string? key) => key is not null && Base64.IsValid(key, out int length) && length == KeyBytes;

    // An offer of which every parameter is known and can be kept to. Windows smaller than the usual one cannot be set here.
    private static bool OffersDeflate(string? extensions)
    {
        foreach (string offer in (extensions ?? "").Split(',', StringSplitOptions.TrimEntries))
        {
            string[] parts = offer.Split(';', StringSplitOptions.TrimEntries);
            if (parts[0] == "permessage-deflate"
                && parts.Skip(1).All(parameter => parameter is "server_no_context_takeover" or "client_no_context_takeover"
                    || parameter.StartsWith("client_max_window_bits", StringComparison.Ordinal)))
            {
                return true;
            }
        }

        return false;
    }
}
