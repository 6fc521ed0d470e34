using System.Net;
using System.Net.Sockets;
using Microsoft.Extensions.Options;

namespace Syncline.AspNetCore.Accounts;

/// <summary>How often one may try to log in or to register.</summary>
internal sealed class AttemptLimits(TimeProvider timeProvider, IOptions<LimitOptions> limits)
{
    private static readonly TimeSpan LoginWindow = TimeSpan.FromMinutes(5);
    private static readonly TimeSpan RegistrationWindow = TimeSpan.FromMinutes(1);

    /// <summary>Failed logins by user name, of users that are not there too.</summary>
    public AttemptWindow LoginsOfUser { get; } =
        new(timeProvider, LoginWindow, limits.Value.FailedLoginsPerUserMax, "failed logins of one user");

    /// <summary>Failed logins by address.</summary>
    public AttemptWindow LoginsOfAddress { get; } =
        new(timeProvider, LoginWindow, limits.Value.FailedLoginsPerAddressMax, "failed logins from one address");

    /// <summary>Registrations by address, those that fail too: they tell which names are taken.</summary>
    public AttemptWindow RegistrationsOfAddress { get; } =
        new(timeProvider, RegistrationWindow, limits.Value.RegistrationsPerAddressMax, "registrations from one address");

    /// <summary>The key of an address: of IPv6 its first 64 bits, as whoever has one address there has all of them.</summary>
    public static string KeyOf(IPAddress? address)
    {
        if (address is null)
            return "";
        if (address.IsIPv4MappedToIPv6)
            address = address.MapToIPv4();
        byte[] bytes = address.GetAddressBytes();
        return Convert.ToHexStringLower(address.AddressFamily == AddressFamily.InterNetworkV6 ? bytes.AsSpan(0, 8) : bytes);
    }
}
