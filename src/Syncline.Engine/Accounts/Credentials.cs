namespace Syncline.Engine.Accounts;

/// <summary>A user and the hash of their password; null where they have none.</summary>
public sealed record Credentials(User User, string? PasswordHash);
