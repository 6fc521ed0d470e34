namespace Syncline.Engine.Accounts;

/// <summary>What a member may do in a space. A greater one may all that a lesser may.</summary>
public enum Role
{
    /// <summary>Read.</summary>
    Viewer = 1,

    /// <summary>Read and write.</summary>
    Editor = 2,

    /// <summary>Read, write, and decide about the space and its members.</summary>
    Owner = 3,
}
