using System.Text.Json;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;
using Microsoft.Extensions.Options;
using Syncline.AspNetCore.Accounts;
using Syncline.AspNetCore.Doors.Log;
using Syncline.AspNetCore.Doors.RealTime;
using Syncline.Core.Json;
using Syncline.Core.Operations;
using Syncline.Core.Tree;
using Syncline.Engine;
using Syncline.Engine.Accounts;
using Syncline.Engine.Following;
using Syncline.Engine.Spaces;
using Syncline.Engine.Storage;
using Syncline.Engine.Writing;

namespace Syncline.AspNetCore.Doors.Trees;

/// <summary>Trees by state vector, for RepTree clients as they are (docs/protocol.md, "Trees").</summary>
internal sealed class TreeEndpoints(
    LiveSpaces spaces,
    OperationReader reader,
    IOptions<LimitOptions> limits,
    BodyBudget bodies,
    WaitGate waits,
    OperationRate rate,
    DoorFilter door,
    SentVectors sentVectors,
    SpaceRooms rooms,
    EngineMeters meters,
    TimeProvider time)
{
    public void Map(RouteGroupBuilder group)
    {
        RouteGroupBuilder tagged = group.MapGroup("/spaces/{spaceId}").WithTags("Trees");
        tagged.MapPost("/sync", (Delegate)SyncAsync).WithName("SyncTrees").WithSummary("Sends what the client's state vectors lack, or waits for it.")
            .TakesJson<SyncBody>().Produces<SyncedAnswer>().WithProblems(400, 401, 404, 410, 413, 415, 429, 503)
            .Directly(door, SyncAsync);
        tagged.MapPut("/operations", (Delegate)PutAsync).WithName("PutTreeOperations").WithSummary("Takes RepTree operations of one tree.")
            .TakesJson<OperationsBody>().Produces<OperationsAnswer>().WithProblems(400, 401, 403, 404, 413, 415, 429, 503)
            .Directly(door, PutAsync);
        tagged.MapGet("/trees", (Delegate)ListAsync).WithName("ListTrees").WithSummary("The trees of a space.")
            .Produces<TreesAnswer>().WithProblems(401, 404, 503);
        tagged.MapGet("/trees/{treeId}", (Delegate)ReadAsync).WithName("ReadTree").WithSummary("A tree as it stands, depth first.")
            .Produces<TreeAnswer>().WithQuery("deleted").WithProblems(400, 401, 404, 503);
    }

    // Thousands of these wait at one time: between the request and its wait stands no more than there must.
    private async ValueTask<IResult> SyncAsync(HttpContext context, string spaceId)
    {
        await using LiveSpaces.Lease lease = await context.LeaseSpaceAsync(spaces, spaceId, Role.Viewer);
        using RequestBody.Held body = await RequestBody.HoldAsync(context, bodies, limits.Value);
        SyncRequest request = SyncRequest.Read(body.Text.Span);
        body.GiveBackText();
        Caller caller = context.Caller();
        TreeSync sync = new(lease.Space, caller.UserId, request, new PageLimits(limits.Value.PageOperationsMax, limits.Value.PageBytesMax));
        bool mayRepeat = request.Cursor is null && request.ClientId is not null && request.Timeout > TimeSpan.Zero;
        SyncAnswer answer = mayRepeat
            ? await SyncRepeatableAsync(lease.Space, sync, caller, request, context.RequestAborted)
            : await SyncOnceAsync(sync, caller, request, context.RequestAborted);
        return new JsonAnswer(answer.Write);
    }

    private async ValueTask<SyncAnswer> SyncOnceAsync(TreeSync sync, Caller caller, SyncRequest request, CancellationToken aborted)
    {
        SyncAnswer answer = await sync.NowAsync(aborted);
        return answer.Operations.Count > 0 || request.Timeout == TimeSpan.Zero
            ? answer
            : await WaitAsync(sync, answer, caller, request.Timeout, aborted);
    }

    // A waiting client by vectors alone that repeats its last vectors is sent at once what is newer than the last answer, and what that had
    // only after a while.
    private async ValueTask<SyncAnswer> SyncRepeatableAsync(
        LiveSpace space, TreeSync sync, Caller caller, SyncRequest request, CancellationToken aborted)
    {
        ulong vectors = request.VectorsHash();
        long began = time.GetTimestamp();
        SyncAnswer answer;
        if (sentVectors.Find(space.Id, caller.UserId, request.ClientId!, vectors) is { } sent)
        {
            answer = await sync.AfterAsync(sent.Head, aborted);
            bool endsBefore = request.Timeout <= sent.Left;
            if (answer.Operations.Count == 0)
                answer = await WaitAsync(sync, answer, caller, endsBefore ? request.Timeout : sent.Left, aborted);
            TimeSpan left = request.Timeout - time.GetElapsedTime(began);
            if (answer.Operations.Count == 0 && !endsBefore && left > TimeSpan.Zero)
                answer = await SyncOnceAsync(sync, caller, request with { Timeout = left }, aborted);
        }
        else
        {
            answer = await SyncOnceAsync(sync, caller, request, aborted);
        }

        if (answer is { Operations.Count: > 0, Cursor: { } head })
            sentVectors.Note(space.Id, caller.UserId, request.ClientId!, vectors, head);
        return answer;
    }

    private async ValueTask<SyncAnswer> WaitAsync(TreeSync sync, SyncAnswer idle, Caller caller, TimeSpan timeout, CancellationToken aborted)
    {
        using WaitGate.Wait wait = waits.Enter(caller, timeout, aborted);
        try
        {
            long cursor = idle.Cursor!.Value;
            while (idle.Operations.Count == 0)
            {
                // The snapshot, and the signal in it, before the look: what comes after this line ends the wait below.
                Feed.Snapshot snapshot = sync.Newest;
                if (!sync.Look(snapshot, idle, ref cursor, out SyncAnswer? answer))
                {
                    await snapshot.Next.WaitAsync(wait.Token);
                    continue;
                }

                if (answer is not null)
                {
                    if (answer.Operations.Count > 0)
                        meters.DeliveryDelay.Record((time.GetUtcNow() - answer.Operations[^1].ReceivedAt).TotalSeconds);
                    idle = answer;
                    break;
                }

                idle = await sync.NowAsync(wait.Token);
                cursor = idle.Cursor ?? cursor;
            }
        }
        catch (OperationCanceledException) when (wait.IsOver)
        {
            // The time is over; what was seen last is the answer.
        }

        wait.DemandCaller();
        return idle;
    }

    private async ValueTask<IResult> PutAsync(HttpContext context, string spaceId)
    {
        UserId userId = context.Caller().UserId;
        await using LiveSpaces.Lease lease = await context.LeaseSpaceAsync(spaces, spaceId, Role.Editor);
        using RequestBody.Held body = await RequestBody.HoldAsync(context, bodies, limits.Value);
        (ResourceId treeId, List<PushItem> items, List<string?> ids) = Read(body.Text.Span, isBare: false);
        body.GiveBackText();
        rate.Demand(userId, items.Count);
        PushOutcome outcome = await lease.Space.PushAsync(userId, epoch: null, items, context.RequestAborted);
        if (outcome is not PushOutcome.Judged judged)
            return LogEndpoints.Refused(outcome);

        // What is not stored is for those who are there.
        rooms.Find(lease.Space.Id)?.RelayTransients(treeId, items, judged, origin: null);
        return new JsonAnswer(writer => Write(writer, judged, ids));
    }

    /// <summary>Reads operations of a tree: <c>{treeId,operations:[{operation,timestamp?}]}</c>, or bare, <c>{treeId,ops}</c>, as RepTree has them.</summary>
    public (ResourceId TreeId, List<PushItem> Items, List<string?> Ids) Read(ReadOnlySpan<byte> text, bool isBare)
    {
        string operationsMember = isBare ? "ops" : "operations";
        ResourceId? treeId = null;
        ReadOnlySpan<byte> operations = default;
        JsonBody body = new(text);
        while (body.NextMember() is { } member)
        {
            if (member == "treeId")
            {
                treeId = ResourceId.TryParse(body.RequiredText(member), out ResourceId parsed)
                    ? parsed
                    : throw JsonBody.Invalid("treeId is no valid id");
            }
            else if (member == operationsMember)
            {
                body.BeginArray(member);
                operations = body.Raw();
            }
            else
            {
                body.Skip();
            }
        }

        if (treeId is not { } tree)
            throw JsonBody.Missing("treeId");
        if (operations.IsEmpty)
            throw JsonBody.Missing(operationsMember);
        List<PushItem> items = [];
        List<string?> ids = [];
        Utf8JsonReader json = new(operations, RequestBody.AnyDepth);
        json.Read();
        while (NextOf(ref json, operations, items.Count, out ReadOnlySpan<byte> item))
        {
            items.Add(isBare ? ItemOf(tree, item, out string? id) : ReadItem(tree, item, out id));
            ids.Add(id);
        }

        return (tree, items, ids);
    }

    // The next item of an array, of which there may be so many.
    private bool NextOf(ref Utf8JsonReader json, ReadOnlySpan<byte> array, int count, out ReadOnlySpan<byte> item)
    {
        item = default;
        if (!json.Read() || json.TokenType == JsonTokenType.EndArray)
            return false;
        if (count == limits.Value.PushOperationsMax)
            throw PushRequest.TooMany(limits.Value);
        int start = (int)json.TokenStartIndex;
        json.Skip();
        item = array[start..(int)json.BytesConsumed];
        return true;
    }

    private PushItem ReadItem(ResourceId treeId, ReadOnlySpan<byte> item, out string? id)
    {
        id = null;
        Utf8JsonReader json = new(item, RequestBody.AnyDepth);
        json.Read();
        ReadOnlySpan<byte> operation = default;
        if (json.TokenType == JsonTokenType.StartObject)
        {
            while (json.Read() && json.TokenType == JsonTokenType.PropertyName)
            {
                bool isOperation = !json.ValueIsEscaped && json.ValueSpan.SequenceEqual("operation"u8);
                json.Read();
                int start = (int)json.TokenStartIndex;
                json.Skip();
                if (isOperation)
                    operation = item[start..(int)json.BytesConsumed];
            }
        }

        if (operation.IsEmpty)
            return new PushItem(Operation: null, new Refusal(ErrorCodes.InvalidOperation, "an entry of operations is {operation,timestamp?}"), Tx: null);
        return ItemOf(treeId, operation, out id);
    }

    private PushItem ItemOf(ResourceId treeId, ReadOnlySpan<byte> operation, out string? id)
    {
        id = null;
        Refusal? refusal = TreeOperationReader.Read(operation.ToArray(), out TreeOperationReader.Bare bare);
        if (refusal is not null)
            return new PushItem(Operation: null, refusal, Tx: null);
        id = $"{bare.Counter}@{bare.PeerId}";
        OperationId operationId = new(TreeModel.Scope, treeId, new ActorId(bare.PeerId), bare.Counter);
        return PushItem.From(reader.Create(operationId, operation, key: null, tx: null, allowTransient: true));
    }

    private static void Write(Utf8JsonWriter writer, PushOutcome.Judged judged, List<string?> ids)
    {
        writer.WriteStartObject();
        writer.WriteBoolean("success"u8, !judged.Results.Any(result => result is OperationResult.Rejected));
        WriteMembers(writer, judged, ids);
        writer.WriteEndObject();
    }

    /// <summary>Writes what became of operations: how many were applied or known, and which were rejected.</summary>
    public static void WriteMembers(Utf8JsonWriter writer, PushOutcome.Judged judged, List<string?> ids)
    {
        writer.WriteNumber("applied"u8, judged.Results.Count(result => result is OperationResult.Accepted or OperationResult.Conflict));
        writer.WriteNumber("duplicates"u8, judged.Results.Count(result => result is OperationResult.Duplicate));
        writer.WriteStartArray("rejected"u8);
        for (int i = 0; i < judged.Results.Count; i++)
        {
            if (judged.Results[i] is not OperationResult.Rejected rejected)
                continue;
            writer.WriteStartObject();
            writer.WriteNumber("index"u8, i);
            writer.WriteString("id"u8, ids[i]);
            writer.WriteString("code"u8, rejected.Refusal.Code);
            writer.WriteString("detail"u8, rejected.Refusal.Detail);
            writer.WriteEndObject();
        }

        writer.WriteEndArray();
        writer.WriteNumber("head"u8, judged.Head);
    }

    private async Task<IResult> ListAsync(HttpContext context, string spaceId)
    {
        LiveSpace space = await context.UseSpaceAsync(spaces, spaceId, Role.Viewer);
        TreeSummary[] trees = await space.ReadTreesAsync(
            context.Caller().UserId,
            (state, _) => state.Trees.Values
                .OrderBy(tree => tree.Id.Value, StringComparer.Ordinal)
                .Select(tree => new TreeSummary(tree.Id.Value, tree.CountVertices(includeDeleted: false), tree.Head))
                .ToArray(),
            context.RequestAborted);
        return Results.Json(new TreesAnswer(trees), DoorJson.Default.TreesAnswer);
    }

    private async Task<IResult> ReadAsync(HttpContext context, string spaceId, string treeId)
    {
        LiveSpace space = await context.UseSpaceAsync(spaces, spaceId, Role.Viewer);
        bool includeDeleted = context.Request.Query.Flag("deleted");
        if (context.Request.Query.ContainsKey("at"))
            throw JsonBody.Invalid("at: reading a tree as it was is not supported by this version");
        if (!ResourceId.TryParse(treeId, out ResourceId id))
            throw new RequestException(ErrorCodes.NotFound, "no such tree");
        (VertexState[]? vertices, long seq) = await space.ReadTreesAsync(
            context.Caller().UserId,
            (state, head) => (state.Trees.TryGetValue(id, out Tree? tree) ? tree.Read(includeDeleted).ToArray() : null, head.Seq),
            context.RequestAborted);
        return vertices is null
            ? throw new RequestException(ErrorCodes.NotFound, "no such tree")
            : new JsonAnswer(writer => Write(writer, treeId, seq, vertices));
    }

    private static void Write(Utf8JsonWriter writer, string treeId, long seq, VertexState[] vertices)
    {
        writer.WriteStartObject();
        writer.WriteString("treeId"u8, treeId);
        writer.WriteNumber("seq"u8, seq);
        writer.WriteStartArray("vertices"u8);
        foreach (VertexState vertex in vertices)
        {
            writer.WriteStartObject();
            writer.WriteString("id"u8, vertex.Id);
            writer.WriteString("parentId"u8, vertex.ParentId);
            writer.WriteStartObject("properties"u8);
            foreach ((string key, JsonText value) in vertex.Properties)
            {
                writer.WritePropertyName(key);
                writer.WriteRawValue(value.Utf8.Span, skipInputValidation: true);
            }

            writer.WriteEndObject();
            writer.WriteEndObject();
        }

        writer.WriteEndArray();
        writer.WriteEndObject();
    }
}
