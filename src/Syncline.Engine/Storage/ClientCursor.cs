using Syncline.Core.Operations;

namespace Syncline.Engine.Storage;

/// <summary>How far a client had read when it was last seen. For people; nothing depends on it.</summary>
/// <param name="ClientId">The client, as it calls itself.</param>
/// <param name="UserId">Whose it is: two users may call their clients the same.</param>
/// <param name="Cursor">The seq up to which it has read.</param>
/// <param name="SeenAt">When, UTC.</param>
public sealed record ClientCursor(string ClientId, UserId UserId, long Cursor, DateTimeOffset SeenAt);
