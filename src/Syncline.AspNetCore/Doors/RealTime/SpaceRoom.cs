using SocketIO.AspNetCore;
using Syncline.Core.Operations;
using Syncline.Core.Tree;
using Syncline.Engine.Presence;
using Syncline.Engine.Writing;

namespace Syncline.AspNetCore.Doors.RealTime;

/// <summary>
/// The connections of a space: what they show of themselves, and RepTree's transient properties, of which the latest value of each connection is kept for
/// those who come later.
/// </summary>
internal sealed class SpaceRoom : IDisposable
{
    private const int TransientsMax = 10_000;

    private readonly Lock _lock = new();
    private readonly HashSet<SpaceConnection> _members = [];
    private readonly Dictionary<(string ConnectionId, ResourceId TreeId, string Vertex, string Key), Operation> _transients = [];
    private readonly SocketNamespace _namespace;

    // Who is told of everybody is told of no change that is older afterwards, and misses none.
    private readonly Lock _telling = new();

    public SpaceRoom(SocketNamespace @namespace, TimeProvider time, LimitOptions limits)
    {
        _namespace = @namespace;
        Presence = new SpacePresence(time, TimeSpan.FromSeconds(1.0 / limits.PresencePerSecondMax), Publish);
    }

    public SpacePresence Presence { get; }

    public void Enter(SpaceConnection connection)
    {
        lock (_lock)
            _members.Add(connection);
    }

    public void Leave(SpaceConnection connection)
    {
        Presence.Leave(connection.Socket.Id);
        lock (_lock)
        {
            _members.Remove(connection);
            foreach ((string, ResourceId, string, string) key in _transients.Keys.Where(key => key.ConnectionId == connection.Socket.Id).ToArray())
                _transients.Remove(key);
        }
    }

    /// <summary>Tells a newcomer who is there.</summary>
    public void Greet(Socket socket)
    {
        lock (_telling)
            socket.EmitJson("presence", Text(Presence.Connections, [], isFull: true));
    }

    /// <summary>Sends what is not stored of pushed operations, as far as it was accepted, to all others who want their tree.</summary>
    /// <param name="treeId">The tree.</param>
    /// <param name="items">What was pushed.</param>
    /// <param name="judged">What became of it.</param>
    /// <param name="origin">Who pushed; null when nobody who is connected.</param>
    public void RelayTransients(ResourceId treeId, List<PushItem> items, PushOutcome.Judged judged, SpaceConnection? origin)
    {
        Operation[] operations =
        [
            .. items.Where((item, i) => item.Operation is { IsTransient: true } && judged.Results[i] is OperationResult.Accepted).Select(item => item.Operation!),
        ];
        if (operations.Length == 0)
            return;
        SpaceConnection[] members;
        lock (_lock)
        {
            foreach (Operation operation in operations)
                Keep(treeId, operation, origin);
            members = [.. _members];
        }

        foreach (SpaceConnection member in members)
        {
            if (member != origin && member.Trees?.Wants(treeId) == true)
                TreeFeed.Emit(member.Socket, "ops:receive", treeId, operations);
        }
    }

    /// <summary>Sends what the others' transient properties are now.</summary>
    public void SendTransients(SpaceConnection to, TreeFeed trees)
    {
        (ResourceId TreeId, Operation Operation)[] kept;
        lock (_lock)
        {
            kept = [.. _transients.Where(one => one.Key.ConnectionId != to.Socket.Id && trees.Wants(one.Key.TreeId)).Select(one => (one.Key.TreeId, one.Value))];
        }

        foreach (IGrouping<ResourceId, Operation> tree in kept.GroupBy(one => one.TreeId, one => one.Operation))
            TreeFeed.Emit(to.Socket, "ops:receive", tree.Key, tree.OrderBy(operation => operation.Id.Stamp));
    }

    public void Dispose() => Presence.Dispose();

    // Within the lock.
    private void Keep(ResourceId treeId, Operation operation, SpaceConnection? origin)
    {
        if (origin is null || TreeOperationReader.Read(operation.Payload.Utf8, out TreeOperationReader.Bare bare) is not null
            || bare.Operation is not TreeOperation.SetProperty property)
        {
            return;
        }

        (string, ResourceId, string, string) key = (origin.Socket.Id, treeId, property.TargetId, property.Key);
        if (_transients.TryGetValue(key, out Operation? known) ? known.Id.Stamp < operation.Id.Stamp : _transients.Count < TransientsMax)
            _transients[key] = operation;
    }

    private void Publish(PresenceChanges changes)
    {
        if (changes.Connections.Count + changes.Left.Count == 0)
            return;
        lock (_telling)
            _namespace.All.EmitJson("presence", Text(changes.Connections, changes.Left, isFull: false));
    }

    private static ReadOnlySpan<byte> Text(IReadOnlyList<PresentConnection> connections, IReadOnlyList<string> left, bool isFull) => RealTimeJson.ToUtf8(writer =>
    {
        writer.WriteStartObject();
        writer.WriteStartArray("connections"u8);
        foreach (PresentConnection connection in connections)
        {
            writer.WriteStartObject();
            writer.WriteString("connectionId"u8, connection.ConnectionId);
            writer.WriteString("userId"u8, connection.UserId.Value);
            writer.WriteString("displayName"u8, connection.DisplayName);
            writer.WriteString("color"u8, PresenceColors.At(connection.Color));
            writer.WritePropertyName("state"u8);
            writer.WriteRawValue(connection.State.Utf8.Span, skipInputValidation: true);
            writer.WriteString("lastSeen"u8, connection.LastSeen);
            writer.WriteEndObject();
        }

        writer.WriteEndArray();
        writer.WriteStartArray("left"u8);
        foreach (string connectionId in left)
            writer.WriteStringValue(connectionId);
        writer.WriteEndArray();
        writer.WriteBoolean("full"u8, isFull);
        writer.WriteEndObject();
    });
}
