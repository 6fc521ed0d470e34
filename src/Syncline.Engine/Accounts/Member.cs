namespace Syncline.Engine.Accounts;

/// <summary>A user who belongs to a space, and as what.</summary>
public sealed record Member(User User, Role Role);
