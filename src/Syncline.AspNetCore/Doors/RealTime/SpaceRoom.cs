using SocketIO.AspNetCore;
using Syncline.Core.Operations;
using Syncline.Engine.Presence;
using Syncline.Engine.Writing;

namespace Syncline.AspNetCore.Doors.RealTime;

/// <summary>
/// The connections of a space: what they show of themselves, and RepTree's transient properties, of which the latest value of each connection is kept for
/// those who come later.
/// </summary>
internal sealed class SpaceRoom : IDisposable
{
    private readonly Lock _lock = new();
    private readonly Dictionary<SpaceConnection, TransientValues> _members = [];
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
            _members.Add(connection, new TransientValues());
    }

    public void Leave(SpaceConnection connection)
    {
        Presence.Leave(connection.Socket.Id);
        lock (_lock)
            _members.Remove(connection);
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
            if (origin is not null && _members.TryGetValue(origin, out TransientValues? values))
            {
                foreach (Operation operation in operations)
                    values.Keep(treeId, operation);
            }

            members = [.. _members.Keys];
        }

        foreach (SpaceConnection member in members)
        {
            if (member != origin && member.Trees?.Wants(treeId) == true && member.MayReceive)
                TreeFeed.Emit(member.Socket, "ops:receive", treeId, operations);
        }
    }

    /// <summary>Sends what the others' transient properties are now, at the pace at which the connection keeps up.</summary>
    public async ValueTask SendTransientsAsync(SpaceConnection to, TreeFeed trees, CancellationToken cancellationToken)
    {
        (ResourceId TreeId, Operation Operation)[][] kept;
        lock (_lock)
            kept = [.. _members.Where(member => member.Key != to).Select(member => member.Value.All.Where(one => trees.Wants(one.TreeId)).ToArray())];

        foreach ((ResourceId TreeId, Operation Operation)[] ofMember in kept.Where(ofMember => ofMember.Length > 0))
        {
            foreach (IGrouping<ResourceId, Operation> tree in ofMember.GroupBy(one => one.TreeId, one => one.Operation))
                TreeFeed.Emit(to.Socket, "ops:receive", tree.Key, tree.OrderBy(operation => operation.Id.Stamp));
            if (!await to.Socket.Connection.DrainAsync(cancellationToken))
                return;
        }
    }

    public void Dispose() => Presence.Dispose();

    private void Publish(PresenceChanges changes)
    {
        if (changes.Connections.Count + changes.Left.Count == 0)
            return;
        SpaceConnection[] members;
        lock (_lock)
            members = [.. _members.Keys];
        PreparedEvent told = _namespace.Prepare("presence", Text(changes.Connections, changes.Left, isFull: false));
        lock (_telling)
        {
            foreach (SpaceConnection member in members)
            {
                if (member.MayReceive)
                    member.Socket.Emit(told);
            }
        }
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
