namespace Syncline.Engine.Accounts;

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
