using Syncline.Core.Operations;

namespace Syncline.Engine.Accounts;

/// <summary>Somebody with an account, or somebody that the application's own authentication knows.</summary>
/// <param name="Id">Opaque and permanent.</param>
/// <param name="UserName">Unique without regard to case; kept in lower case.</param>
/// <param name="DisplayName">For people.</param>
public sealed record User(UserId Id, string UserName, string DisplayName);
