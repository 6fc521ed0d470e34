namespace Syncline.Engine.Accounts;

/// <summary>A space that a user belongs to, and as what.</summary>
public sealed record Membership(SpaceRecord Space, Role Role);
