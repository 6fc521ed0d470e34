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
