using Microsoft.Extensions.Logging;
using Syncline.Core.Operations;
using Syncline.Engine.Storage;

namespace Syncline.Engine.Spaces;

/// <summary>
/// How far the clients of a live space have read. Noted in memory by each of their reads and written behind: in no request's way, and none
/// fails by it. A crash loses the notes of the last minute; nothing depends on them.
/// </summary>
internal sealed partial class SeenClients(SpaceId space, EngineServices services)
{
    /// <summary>Most clients of one user that are remembered in a space; who makes up more pushes out their own only.</summary>
    public const int ClientsPerUserMax = 100;

    /// <summary>Most clients of a space that are remembered; the longest unseen is dropped for another.</summary>
    public const int ClientsMax = 1_000;

    /// <summary>How long an unseen client is remembered.</summary>
    public static readonly TimeSpan KeptFor = TimeSpan.FromDays(60);

    private readonly Lock _lock = new();
    private readonly ILogger _logger = services.Loggers.CreateLogger<SeenClients>();
    private Dictionary<(UserId UserId, string ClientId), ClientCursor> _unwritten = [];
    private bool _isOver;

    private SemaphoreSlim Writing { get; } = new(1);

    /// <summary>A client reads on from a cursor.</summary>
    public void Note(UserId userId, string clientId, long cursor)
    {
        ClientCursor seen = new(clientId, userId, cursor, services.TimeProvider.GetUtcMilliseconds());
        lock (_lock)
        {
            if (_unwritten.ContainsKey((userId, clientId)))
                _unwritten[(userId, clientId)] = seen;
            else
                Add((userId, clientId), seen);
        }
    }

    /// <summary>All clients, the one seen last first.</summary>
    public async ValueTask<IReadOnlyList<ClientCursor>> ReadAsync(CancellationToken cancellationToken)
    {
        Dictionary<(UserId UserId, string ClientId), ClientCursor> clients = [];
        await Writing.WaitAsync(cancellationToken);
        try
        {
            foreach (ClientCursor stored in await services.Store.ReadClientsAsync(space, cancellationToken))
                clients[(stored.UserId, stored.ClientId)] = stored;
            lock (_lock)
            {
                foreach (ClientCursor seen in _unwritten.Values)
                    clients[(seen.UserId, seen.ClientId)] = seen;
            }
        }
        finally
        {
            Writing.Release();
        }

        DateTimeOffset since = SeenSince();
        return
        [
            .. clients.Values.Where(client => client.SeenAt >= since)
                .GroupBy(client => client.UserId)
                .SelectMany(ofUser => ofUser
                    .OrderByDescending(client => client.SeenAt)
                    .ThenBy(client => client.ClientId, StringComparer.Ordinal)
                    .Take(ClientsPerUserMax))
                .OrderByDescending(client => client.SeenAt)
                .ThenBy(client => client.UserId.Value, StringComparer.Ordinal)
                .ThenBy(client => client.ClientId, StringComparer.Ordinal)
                .Take(ClientsMax),
        ];
    }

    /// <summary>Writes what was noted since the last time. What cannot be written now stays noted.</summary>
    public async ValueTask WriteAsync()
    {
        await Writing.WaitAsync();
        try
        {
            if (!_isOver)
                await WriteAloneAsync();
        }
        finally
        {
            Writing.Release();
        }
    }

    /// <summary>The space is closed, or, with <paramref name="isDeleted"/>, gone: from now on nothing is written.</summary>
    public async ValueTask EndAsync(bool isDeleted)
    {
        await Writing.WaitAsync();
        try
        {
            if (!isDeleted && !_isOver)
                await WriteAloneAsync();
            _isOver = true;
        }
        finally
        {
            Writing.Release();
        }
    }

    private async ValueTask WriteAloneAsync()
    {
        Dictionary<(UserId UserId, string ClientId), ClientCursor> taken;
        lock (_lock)
        {
            if (_unwritten.Count == 0)
                return;
            (taken, _unwritten) = (_unwritten, []);
        }

        try
        {
            await services.Store.WriteClientsAsync(space, [.. taken.Values], ClientsPerUserMax, ClientsMax, SeenSince(), CancellationToken.None);
        }
        catch (Exception e) when (e is StoreUnavailableException or SpaceNotFoundException)
        {
            LogNotWritten(space, e);
            lock (_lock)
            {
                foreach ((var client, ClientCursor seen) in taken)
                {
                    if (!_unwritten.ContainsKey(client))
                        Add(client, seen);
                }
            }
        }
    }

    // Under the lock.
    private void Add((UserId UserId, string ClientId) client, ClientCursor seen)
    {
        _unwritten.Add(client, seen);
        KeyValuePair<(UserId UserId, string ClientId), ClientCursor>[] ofUser = [.. _unwritten.Where(one => one.Key.UserId == client.UserId)];
        if (ofUser.Length > ClientsPerUserMax)
            _unwritten.Remove(ofUser.MinBy(one => one.Value.SeenAt).Key);
        else if (_unwritten.Count > ClientsMax)
            _unwritten.Remove(_unwritten.MinBy(one => one.Value.SeenAt).Key);
    }

    private DateTimeOffset SeenSince() => services.TimeProvider.GetUtcMilliseconds() - KeptFor;

    [LoggerMessage(13, LogLevel.Warning, "The cursors of the clients of space {Space} could not be written; they will be with the next")]
    private partial void LogNotWritten(SpaceId space, Exception exception);
}
