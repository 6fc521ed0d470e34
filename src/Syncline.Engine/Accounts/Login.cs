using Syncline.Core.Operations;

namespace Syncline.Engine.Accounts;

/// <summary>One login of a user on one device: a chain of refresh tokens that each work once.</summary>
/// <param name="Id">Named in its access tokens.</param>
/// <param name="UserId">Whose it is.</param>
/// <param name="ExpiresAt">When it ends unless it is refreshed before.</param>
public sealed record Login(string Id, UserId UserId, DateTimeOffset ExpiresAt);
