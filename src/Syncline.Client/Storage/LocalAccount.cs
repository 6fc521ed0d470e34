using Syncline.Core.Operations;

namespace Syncline.Client.Storage;

/// <summary>The user of a server that a local store belongs to: an outbox must not be pushed as somebody else's.</summary>
/// <param name="Server">The server's address, without a slash at the end.</param>
/// <param name="UserId">The user.</param>
public sealed record LocalAccount(string Server, UserId UserId);
