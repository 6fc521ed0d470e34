namespace Syncline.Engine.Accounts;

/// <summary>How the use of a refresh token ended.</summary>
public abstract record RefreshOutcome
{
    private RefreshOutcome()
    {
    }

    /// <summary>The token was good and is used up; the login goes on with the new one.</summary>
    public sealed record Refreshed(Login Login) : RefreshOutcome;

    /// <summary>The token had been used before: somebody has a copy. The login has ended.</summary>
    public sealed record UsedTwice(string LoginId) : RefreshOutcome;

    /// <summary>The token is unknown, or its login has ended or expired.</summary>
    public sealed record Unknown : RefreshOutcome;
}
