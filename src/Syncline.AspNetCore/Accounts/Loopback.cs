using System.Net;
using System.Net.Sockets;
using Microsoft.AspNetCore.Http;

namespace Syncline.AspNetCore.Accounts;

/// <summary>What counts as this machine itself.</summary>
internal static class Loopback
{
    /// <summary>
    /// Whether the host of a <c>Host</c> or <c>Origin</c> header or of a listening address, without its port, is <c>localhost</c>, a name
    /// below it, of 127.0.0.0/8, or <c>[::1]</c>. Other spellings of such addresses are refused: browsers send the plain one.
    /// </summary>
    public static bool IsHost(string host)
    {
        if (host.Equals("localhost", StringComparison.OrdinalIgnoreCase) || host == "[::1]")
            return true;
        if (host.EndsWith(".localhost", StringComparison.OrdinalIgnoreCase))
            return Uri.CheckHostName(host) == UriHostNameType.Dns;
        return IPAddress.TryParse(host, out IPAddress? address)
            && address.AddressFamily == AddressFamily.InterNetwork
            && IPAddress.IsLoopback(address)
            && address.ToString() == host;
    }

    /// <summary>Whether a host with or without a port is loopback.</summary>
    public static bool IsAuthority(string authority)
    {
        int end = authority.StartsWith('[') ? authority.IndexOf(']', StringComparison.Ordinal) + 1 : authority.IndexOf(':', StringComparison.Ordinal);
        if (end < 0)
            end = authority.Length;
        ReadOnlySpan<char> port = authority.AsSpan(end);
        bool plainPort = port.IsEmpty || (port is [':', .. { Length: >= 1 and <= 5 } digits] && !digits.ContainsAnyExceptInRange('0', '9'));
        return plainPort && IsHost(authority[..end]);
    }

    /// <summary>Whether the value of an <c>Origin</c> header is of this machine, by whatever scheme and port.</summary>
    public static bool IsOrigin(string origin)
    {
        int schemeEnd = origin.IndexOf("://", StringComparison.Ordinal);
        return schemeEnd > 0 && IsAuthority(origin[(schemeEnd + 3)..]);
    }

    /// <summary>Whether an address to listen on, as configured, reaches no other machine. A Unix socket does not count: a proxy may stand before it.</summary>
    public static bool IsListeningAddress(string url)
    {
        try
        {
            return IsHost(BindingAddress.Parse(url).Host);
        }
        catch (FormatException)
        {
            return false;
        }
    }

    /// <summary>Whether an address of a connection is loopback; one without an address never came over a network.</summary>
    public static bool IsAddress(IPAddress? address) =>
        address is null || IPAddress.IsLoopback(address.IsIPv4MappedToIPv6 ? address.MapToIPv4() : address);
}
