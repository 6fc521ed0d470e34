using Syncline.Core.Operations;

namespace Syncline.Engine.Accounts;

/// <summary>How adding a user ended.</summary>
public enum AddUserOutcome
{
    Added,

    /// <summary>Another user has the name.</summary>
    NameTaken,

    /// <summary>The invite is unknown, used or expired.</summary>
    InviteInvalid,
}

/// <summary>How adding a space ended.</summary>
public enum AddSpaceOutcome
{
    Added,

    /// <summary>Another space has the id.</summary>
    NameTaken,

    /// <summary>The user is in as many spaces as allowed.</summary>
    QuotaExceeded,
}

/// <summary>How a change of members ended.</summary>
public enum ChangeMemberOutcome
{
    Changed,

    /// <summary>The user is no member, or the space is not there.</summary>
    NotFound,

    /// <summary>It would leave the space without an owner.</summary>
    LastOwner,

    /// <summary>The user is in as many spaces as allowed.</summary>
    QuotaExceeded,
}

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

/// <summary>Who did something, and when, for the audit trail that is written with it.</summary>
/// <param name="By">The acting user; null for the operator at the command line.</param>
/// <param name="At">The server's time, UTC.</param>
public readonly record struct Audit(UserId? By, DateTimeOffset At);
