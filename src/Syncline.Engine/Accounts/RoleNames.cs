using System.Diagnostics;

namespace Syncline.Engine.Accounts;

/// <summary>Roles as the wire and the tables name them.</summary>
public static class RoleNames
{
    /// <summary>The name of a role.</summary>
    public static string Of(Role role) => role switch
    {
        Role.Viewer => "viewer",
        Role.Editor => "editor",
        Role.Owner => "owner",
        _ => throw new UnreachableException(),
    };

    /// <summary>The role of a name; null for any other text.</summary>
    public static Role? Parse(string? name) => name switch
    {
        "viewer" => Role.Viewer,
        "editor" => Role.Editor,
        "owner" => Role.Owner,
        _ => null,
    };
}
