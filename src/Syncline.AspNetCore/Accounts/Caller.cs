using Syncline.Core.Operations;

namespace Syncline.AspNetCore.Accounts;

/// <summary>Who makes a request.</summary>
/// <param name="UserId">The user; from the token or the application's authentication, never from a message.</param>
/// <param name="LoginId">The login that the token belongs to; null where there are no logins.</param>
/// <param name="ExpiresAt">When the right to ask ends; no wait goes beyond it.</param>
internal sealed record Caller(UserId UserId, string? LoginId, DateTimeOffset ExpiresAt);
