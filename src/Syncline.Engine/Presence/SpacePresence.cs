using Syncline.Core.Json;
using Syncline.Core.Operations;

namespace Syncline.Engine.Presence;

/// <summary>
/// Who is in a space now: the latest state of each connection, in memory only. Changes are gathered and published at a rate; in between, a newer
/// state replaces an older one. A connection's heartbeat is its lease: whoever watches it calls <see cref="Leave"/> when it is lost.
/// </summary>
public sealed class SpacePresence : IDisposable
{
    private readonly Lock _lock = new();
    private readonly Dictionary<string, PresentConnection> _connections = new(StringComparer.Ordinal);
    private readonly Dictionary<UserId, (int Color, int Connections)> _users = [];
    private readonly HashSet<string> _changed = new(StringComparer.Ordinal);
    private readonly HashSet<string> _left = new(StringComparer.Ordinal);
    private readonly TimeProvider _time;
    private readonly TimeSpan _interval;
    private readonly Action<PresenceChanges> _publish;
    private readonly ITimer _timer;
    private bool _isDue;

    /// <param name="time">The clock.</param>
    /// <param name="interval">The shortest time between two publications.</param>
    /// <param name="publish">Tells the others; called outside of any lock, one call after the other.</param>
    public SpacePresence(TimeProvider time, TimeSpan interval, Action<PresenceChanges> publish)
    {
        (_time, _interval, _publish) = (time, interval, publish);
        _timer = time.CreateTimer(static presence => ((SpacePresence)presence!).Publish(), this, Timeout.InfiniteTimeSpan, Timeout.InfiniteTimeSpan);
    }

    /// <summary>All that are there, in the order of their ids.</summary>
    public IReadOnlyList<PresentConnection> Connections
    {
        get
        {
            lock (_lock)
                return [.. _connections.Values.OrderBy(connection => connection.ConnectionId, StringComparer.Ordinal)];
        }
    }

    /// <summary>Notes what a connection shows of itself.</summary>
    /// <param name="connectionId">Which one.</param>
    /// <param name="userId">Whose; always the same for a connection.</param>
    /// <param name="displayName">For people.</param>
    /// <param name="state">What it shows.</param>
    public void Set(string connectionId, UserId userId, string displayName, JsonText state)
    {
        lock (_lock)
        {
            int color = _connections.TryGetValue(connectionId, out PresentConnection? known) ? known.Color : Enter(userId);
            _connections[connectionId] = new PresentConnection(connectionId, userId, displayName, color, state, _time.GetUtcNow());
            _changed.Add(connectionId);
            _left.Remove(connectionId);
            MakeDue();
        }
    }

    /// <summary>A connection shows nothing of itself any more.</summary>
    public void Leave(string connectionId)
    {
        lock (_lock)
        {
            if (!_connections.Remove(connectionId, out PresentConnection? connection))
                return;
            (int color, int connections) = _users[connection.UserId];
            if (connections == 1)
                _users.Remove(connection.UserId);
            else
                _users[connection.UserId] = (color, connections - 1);
            _changed.Remove(connectionId);
            _left.Add(connectionId);
            MakeDue();
        }
    }

    /// <inheritdoc />
    public void Dispose() => _timer.Dispose();

    // A user keeps their colour while any of their connections is there, and has it alone as long as there are enough of them.
    private int Enter(UserId userId)
    {
        if (_users.TryGetValue(userId, out (int Color, int Connections) user))
        {
            _users[userId] = user with { Connections = user.Connections + 1 };
            return user.Color;
        }

        int wanted = PresenceColors.IndexOf(userId);
        HashSet<int> taken = [.. _users.Values.Select(other => other.Color)];
        int color = wanted;
        for (int i = 0; i < PresenceColors.Count && taken.Contains(color); i++)
            color = (wanted + i) % PresenceColors.Count;
        if (taken.Contains(color))
            color = wanted;
        _users.Add(userId, (color, 1));
        return color;
    }

    private void MakeDue()
    {
        if (_isDue)
            return;
        _isDue = true;
        _timer.Change(_interval, Timeout.InfiniteTimeSpan);
    }

    private void Publish()
    {
        PresenceChanges changes;
        lock (_lock)
        {
            _isDue = false;
            changes = new PresenceChanges(
                [.. _changed.Order(StringComparer.Ordinal).Select(id => _connections[id])], [.. _left.Order(StringComparer.Ordinal)]);
            _changed.Clear();
            _left.Clear();
        }

        _publish(changes);
    }
}
