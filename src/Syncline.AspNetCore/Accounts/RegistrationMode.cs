namespace Syncline.AspNetCore.Accounts;

/// <summary>Who may make an account.</summary>
public enum RegistrationMode
{
    /// <summary>Open while the server listens on loopback only, else by invite.</summary>
    Default,

    /// <summary>Everybody.</summary>
    Open,

    /// <summary>Whoever has an invite: <c>syncline users invite</c> prints one.</summary>
    Invite,

    /// <summary>Nobody.</summary>
    Closed,
}
