using Syncline.Core.Json;
using Syncline.Core.Operations;

namespace Syncline.Engine.Presence;

/// <summary>A connection that shows something of itself.</summary>
/// <param name="ConnectionId">Which one; two tabs of one user are two.</param>
/// <param name="UserId">Whose.</param>
/// <param name="DisplayName">For people.</param>
/// <param name="Color">The user's; see <see cref="PresenceColors"/>.</param>
/// <param name="State">What it shows: any JSON.</param>
/// <param name="LastSeen">When that was last set.</param>
public sealed record PresentConnection(
    string ConnectionId, UserId UserId, string DisplayName, int Color, JsonText State, DateTimeOffset LastSeen);
