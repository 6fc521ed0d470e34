using Microsoft.Extensions.Options;
using Syncline.Core.Operations;

namespace Syncline.AspNetCore.Doors.RealTime;

/// <summary>The rooms of all spaces that somebody is connected to, and how many connections each user has.</summary>
internal sealed class SpaceRooms(IOptions<LimitOptions> limits, TimeProvider time)
{
    private readonly Lock _lock = new();
    private readonly Dictionary<SpaceId, (SpaceRoom Room, int Holders)> _rooms = [];
    private readonly Dictionary<UserId, int> _connections = [];

    /// <summary>The room of a space, when somebody is connected to it.</summary>
    public SpaceRoom? Find(SpaceId space)
    {
        lock (_lock)
            return _rooms.TryGetValue(space, out (SpaceRoom Room, int Holders) found) ? found.Room : null;
    }

    /// <summary>Takes a room into use, until <see cref="Release"/>.</summary>
    /// <exception cref="RequestException">The user has as many connections as there may be.</exception>
    public SpaceRoom Hold(SpaceId space, UserId user, SocketIO.AspNetCore.SocketNamespace @namespace)
    {
        lock (_lock)
        {
            int connections = _connections.GetValueOrDefault(user);
            if (connections >= limits.Value.ConnectionsPerUserMax)
            {
                throw new RequestException(
                    ErrorCodes.QuotaExceeded, $"more than {limits.Value.ConnectionsPerUserMax} connections of this user", TimeSpan.FromSeconds(5));
            }

            _connections[user] = connections + 1;
            (SpaceRoom room, int holders) = _rooms.TryGetValue(space, out (SpaceRoom Room, int Holders) known)
                ? known
                : (new SpaceRoom(@namespace, time, limits.Value), 0);
            _rooms[space] = (room, holders + 1);
            return room;
        }
    }

    public void Release(SpaceId space, UserId user)
    {
        lock (_lock)
        {
            if (--_connections[user] is int left)
            {
                if (left == 0)
                    _connections.Remove(user);
            }

            (SpaceRoom room, int holders) = _rooms[space];
            if (holders > 1)
            {
                _rooms[space] = (room, holders - 1);
                return;
            }

            _rooms.Remove(space);
            room.Dispose();
        }
    }
}
