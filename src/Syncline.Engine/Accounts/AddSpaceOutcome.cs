namespace Syncline.Engine.Accounts;

/// <summary>How adding a space ended.</summary>
public enum AddSpaceOutcome
{
    Added,

    /// <summary>Another space has the id.</summary>
    NameTaken,

    /// <summary>The user is in as many spaces as allowed.</summary>
    QuotaExceeded,

    /// <summary>There is no such user: their token is of before the accounts were restored.</summary>
    NoSuchUser,
}
