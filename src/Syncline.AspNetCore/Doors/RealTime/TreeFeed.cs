using SocketIO.AspNetCore;
using Syncline.AspNetCore.Doors.Trees;
using Syncline.Core.Operations;
using Syncline.Core.Tree;
using Syncline.Engine.Following;
using Syncline.Engine.Storage;

namespace Syncline.AspNetCore.Doors.RealTime;

/// <summary>
/// Sends a RepTree client what its state vectors lack, and then what others make: <c>ops:sync</c>, <c>ops:sync:done</c> and <c>ops:receive</c>, at the pace
/// at which the connection keeps up.
/// </summary>
internal sealed class TreeFeed : SpaceFeed
{
    private readonly SortedDictionary<ResourceId, StateVector>? _trees;
    private readonly PageLimits _limits;

    /// <param name="connection">To whom.</param>
    /// <param name="trees">What the client has of each tree that it wants; null for all trees, of which it has nothing.</param>
    /// <param name="limits">Where to cut what is sent at once.</param>
    public TreeFeed(SpaceConnection connection, SortedDictionary<ResourceId, StateVector>? trees, PageLimits limits)
        : base(connection, "ops:state") => (_trees, _limits) = (trees, limits);

    /// <summary>Whether the client wants a tree.</summary>
    public bool Wants(ResourceId treeId) => _trees is null || _trees.ContainsKey(treeId);

    protected override async Task SendAsync(CancellationToken stopping)
    {
        (long cursor, Epoch epoch) = await SyncAsync(stopping);
        await Connection.Room.SendTransientsAsync(Connection, this, stopping);
        await ReceiveAsync(cursor, epoch, stopping);
    }

    // What the client lacks, page by page: what was sent counts as had from then on.
    private async Task<(long Cursor, Epoch Epoch)> SyncAsync(CancellationToken stopping)
    {
        SortedDictionary<ResourceId, StateVector> vectors = _trees ?? await AllTreesAsync(stopping);
        while (true)
        {
            await Connection.MayGoOnAsync(stopping);
            SyncRequest request = new(vectors, TimeSpan.Zero, Cursor: null, Epoch: null, WantsVectors: true, ClientId: null);
            SyncAnswer answer = await new TreeSync(Connection.Space, Connection.UserId, request, _limits).NowAsync(stopping);
            await SendAsync("ops:sync", answer.Operations, leavesOutOwn: false, stopping);
            if (answer is { HasMore: false, Cursor: { } cursor })
            {
                SendDone(vectors.Keys, answer.Vectors!);
                return (cursor, answer.Epoch);
            }

            foreach (LoggedOperation logged in answer.Operations)
                vectors[logged.Operation.Id.ResourceId].Add(logged.Operation.Id.Stamp);
        }
    }

    private async Task<SortedDictionary<ResourceId, StateVector>> AllTreesAsync(CancellationToken stopping) => await Connection.Space.ReadTreesAsync(
        Connection.UserId,
        static (trees, _) =>
        {
            SortedDictionary<ResourceId, StateVector> nothing = TreeVectors.New();
            foreach (ResourceId treeId in trees.Trees.Keys)
                nothing.Add(treeId, new StateVector());
            return nothing;
        },
        stopping);

    private async Task ReceiveAsync(long cursor, Epoch epoch, CancellationToken stopping)
    {
        SyncRequest request = new(Vectors: null, TimeSpan.Zero, cursor, epoch, WantsVectors: false, ClientId: null);
        TreeSync sync = new(Connection.Space, Connection.UserId, request, _limits);
        SyncAnswer idle = new() { Operations = [], Cursor = cursor, Epoch = epoch, HasMore = false };
        while (true)
        {
            // The snapshot, and the signal in it, before the look: what comes after this line ends the wait below.
            Feed.Snapshot snapshot = sync.Newest;
            if (snapshot.Head.Epoch != epoch)
                await Connection.Space.DemandServableAsync(epoch, cursor, stopping);
            if (!sync.Look(snapshot, idle, ref cursor, out SyncAnswer? answer))
            {
                await snapshot.Next.WaitAsync(stopping);
                continue;
            }

            answer ??= await sync.AfterAsync(cursor, stopping);
            cursor = answer.Cursor ?? cursor;
            epoch = answer.Epoch;
            idle = idle with { Epoch = epoch };
            await Connection.MayGoOnAsync(stopping);
            await SendAsync("ops:receive", answer.Operations, leavesOutOwn: true, stopping);
        }
    }

    private async Task SendAsync(string eventName, IReadOnlyList<LoggedOperation> operations, bool leavesOutOwn, CancellationToken stopping)
    {
        foreach (IGrouping<ResourceId, LoggedOperation> tree in operations
            .Where(logged => Wants(logged.Operation.Id.ResourceId) && !(leavesOutOwn && Connection.IsOwn(logged.Operation.Id.Actor)))
            .GroupBy(logged => logged.Operation.Id.ResourceId)
            .OrderBy(tree => tree.Key.Value, StringComparer.Ordinal))
        {
            Emit(Connection.Socket, eventName, tree.Key, tree.OrderBy(logged => logged.Operation.Id.Stamp).Select(logged => logged.Operation));
            if (!await Connection.Socket.Connection.DrainAsync(stopping))
                stopping.ThrowIfCancellationRequested();
        }
    }

    /// <summary>Sends operations of a tree as RepTree has them.</summary>
    public static void Emit(Socket socket, string eventName, ResourceId treeId, IEnumerable<Operation> operations) =>
        socket.EmitJson(eventName, RealTimeJson.ToUtf8(writer =>
        {
            writer.WriteStartObject();
            writer.WriteString("treeId"u8, treeId.Value);
            writer.WriteStartArray("ops"u8);
            foreach (Operation operation in operations)
                writer.WriteRawValue(operation.Payload.Utf8.Span, skipInputValidation: true);
            writer.WriteEndArray();
            writer.WriteEndObject();
        }));

    private void SendDone(IEnumerable<ResourceId> treeIds, IReadOnlyList<(ResourceId TreeId, byte[] Vector)> vectors) =>
        Connection.Socket.EmitJson("ops:sync:done", RealTimeJson.ToUtf8(writer =>
        {
            writer.WriteStartObject();
            writer.WriteStartArray("treeIds"u8);
            foreach (ResourceId treeId in treeIds)
                writer.WriteStringValue(treeId.Value);
            writer.WriteEndArray();
            writer.WriteStartObject("stateVectors"u8);
            foreach ((ResourceId treeId, byte[] vector) in vectors)
            {
                writer.WritePropertyName(treeId.Value);
                writer.WriteRawValue(vector, skipInputValidation: true);
            }

            writer.WriteEndObject();
            writer.WriteEndObject();
        }));
}
