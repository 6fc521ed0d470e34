namespace Syncline.AspNetCore.Accounts;

/// <summary>Who says who the caller is.</summary>
public enum AuthMode
{
    /// <summary>Syncline's own accounts, with passwords and tokens.</summary>
    Local,

    /// <summary>Nobody: one fixed user. Only on loopback, and only for loopback <c>Host</c> and <c>Origin</c> headers.</summary>
    None,

    /// <summary>The ASP.NET Core application that Syncline is embedded in: the claim <c>sub</c>, else <c>NameIdentifier</c>.</summary>
    Application,
}
