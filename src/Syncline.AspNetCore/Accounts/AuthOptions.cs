using System.ComponentModel.DataAnnotations;

namespace Syncline.AspNetCore.Accounts;

/// <summary>Who may come in. Configuration section <c>Auth</c>.</summary>
public sealed class AuthOptions
{
    /// <summary>Who says who the caller is. Default: Syncline's own accounts.</summary>
    public AuthMode Mode { get; set; } = AuthMode.Local;

    /// <summary>Who may make an account. Default: everybody on loopback, by invite elsewhere.</summary>
    public RegistrationMode Registration { get; set; } = RegistrationMode.Default;

    /// <summary>How long an access token is good. Default 15 minutes.</summary>
    [Range(typeof(TimeSpan), "00:00:05", "1.00:00:00")]
    public TimeSpan AccessTokenLifetime { get; set; } = TimeSpan.FromMinutes(15);

    /// <summary>How long a login lasts after its last refresh. Default 60 days, as long as a device may stay away without asking again.</summary>
    [Range(typeof(TimeSpan), "00:01:00", "3650.00:00:00")]
    public TimeSpan RefreshTokenLifetime { get; set; } = TimeSpan.FromDays(60);

    /// <summary>File with the key that signs access tokens; made on the first start, readable by its owner only. Needed in mode Local.</summary>
    public string? SigningKeyFile { get; set; }

    /// <summary>Origins that browsers may call from; empty: any, without credentials, as nothing here is ambient.</summary>
    public IList<string> AllowedOrigins { get; } = [];
}
