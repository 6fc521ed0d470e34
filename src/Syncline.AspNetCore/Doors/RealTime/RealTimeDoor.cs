using System.Text.Json;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Options;
using SocketIO.AspNetCore;
using Syncline.AspNetCore.Accounts;
using Syncline.AspNetCore.Doors.Log;
using Syncline.AspNetCore.Doors.Trees;
using Syncline.Core.Json;
using Syncline.Core.Operations;
using Syncline.Core.Tree;
using Syncline.Engine;
using Syncline.Engine.Accounts;
using Syncline.Engine.Spaces;
using Syncline.Engine.Storage;
using Syncline.Engine.Writing;

namespace Syncline.AspNetCore.Doors.RealTime;

/// <summary>Spaces in real time: the Socket.IO namespaces <c>/spaces/{id}</c> (docs/protocol.md, "Real time").</summary>
internal sealed class RealTimeDoor(
    LiveSpaces spaces,
    IAccountStore accounts,
    ICallers callers,
    IServiceScopeFactory scopes,
    OperationReader reader,
    IOptions<LimitOptions> limits,
    OperationRate rate,
    SpaceRooms rooms,
    TreeEndpoints treeDoor,
    EngineMeters meters,
    BodyBudget bodies,
    TimeProvider time,
    RealTimeLog log)
{
    private PageLimits Page => new(limits.Value.PageOperationsMax, limits.Value.PageBytesMax);

    public void Map(SocketIOServer io) => io.MapNamespace("/spaces/{id}")
        .Use(EnterAsync)
        .OnConnected(static socket => ConnectionOf(socket).Start())
        .On("follow", e => AnswerAsync(e, FollowAsync))
        .On("push", e => AnswerAsync(e, PushAsync))
        .On("presence", e => AnswerAsync(e, ShowAsync))
        .On("ops:state", e => AnswerAsync(e, FollowTreesAsync))
        .On("ops:send", e => AnswerAsync(e, PushTreeAsync))
        .On("auth:refresh", e => AnswerAsync(e, RefreshAsync));

    private static SpaceConnection ConnectionOf(Socket socket) => (SpaceConnection)socket.Data!;

    private static JsonText FirstOf(EventArguments arguments) =>
        arguments.Count > 0 ? new JsonText(arguments.JsonOf(0)) : throw JsonBody.Invalid("the event has no argument");

    private async ValueTask EnterAsync(Socket socket)
    {
        try
        {
            Caller caller = await FindCallerAsync(socket, TokenOf(socket.Handshake));
            if (!SpaceId.TryParse(socket.Parameters["id"], out SpaceId id) || await spaces.UseAsync(id, CancellationToken.None) is not { } lease)
                throw new RequestException(ErrorCodes.NotFound, "no such space");
            try
            {
                lease.Space.DemandRole(caller.UserId, Role.Viewer);
                User? user = await accounts.FindUserAsync(caller.UserId, CancellationToken.None);
                SpaceConnection connection = new(
                    socket, lease, caller, user?.DisplayName ?? caller.UserId.Value, callers, rooms, time, meters, log);
                socket.Data = connection;

                // Also when it goes before it has come.
                socket.Disconnected.UnsafeRegister(static connection => ((SpaceConnection)connection!).Over(), connection);
            }
            catch
            {
                await lease.DisposeAsync();
                throw;
            }
        }
        catch (Exception e) when (DoorError.Of(e) is { } error)
        {
            if (SpaceId.TryParse(socket.Parameters["id"], out SpaceId asked))
                log.Refused("connect", asked, e);
            throw error.ToRefusal();
        }
    }

    private static string? TokenOf(Handshake handshake)
    {
        try
        {
            return TextMembers.Read(handshake.AuthJson, "token").Optional("token");
        }
        catch (RequestException)
        {
            throw new RequestException(ErrorCodes.Unauthenticated, "auth.token is not a text");
        }
    }

    // As if the token had come with a request: the application's own authentication knows no other way.
    private async ValueTask<Caller> FindCallerAsync(Socket socket, string? token)
    {
        await using AsyncServiceScope scope = scopes.CreateAsyncScope();
        DefaultHttpContext http = new() { RequestServices = scope.ServiceProvider, User = socket.Handshake.User };
        if (token is not null)
            http.Request.Headers.Authorization = $"Bearer {token}";
        Caller? caller = await callers.FindAsync(http);
        return caller is not null && !callers.HasEnded(caller) ? caller : throw new RequestException(ErrorCodes.Unauthenticated, "a valid token is needed");
    }

    // The caller is asked for at every event, and the role by what each does.
    private async ValueTask AnswerAsync(SocketEvent e, Func<SpaceConnection, EventArguments, ValueTask<Action<Utf8JsonWriter>?>> handle)
    {
        SpaceConnection connection = ConnectionOf(e.Socket);
        using BodyBudget.Claim claim = bodies.Begin(connection.UserId);
        try
        {
            claim.Grow(e.Arguments.Bytes);
            if (e.Name != "auth:refresh")
                connection.DemandCaller();
            Action<Utf8JsonWriter>? write = await handle(connection, e.Arguments);
            if (!e.WantsAcknowledgement)
                return;
            e.AcknowledgeJson(RealTimeJson.ToUtf8(writer =>
            {
                writer.WriteStartObject();
                writer.WriteBoolean("ok"u8, value: true);
                write?.Invoke(writer);
                writer.WriteEndObject();
            }));
        }
        catch (OperationCanceledException) when (connection.Ended.IsCancellationRequested)
        {
            // Nobody is there to be told.
        }
        catch (Exception exception) when (DoorError.Of(exception) is { } error)
        {
            connection.LogRefused(e.Name, exception);
            error.Answer(e);
        }
        catch (Exception exception)
        {
            log.Fault(e.Name, connection.Space.Id, exception);
            new DoorError(ErrorCodes.Internal, "a fault of the server's; its log has it").Answer(e);
        }
    }

    private async ValueTask<Action<Utf8JsonWriter>?> FollowAsync(SpaceConnection connection, EventArguments arguments)
    {
        FollowRequest request = FollowRequest.Read(FirstOf(arguments).Utf8.Span);
        connection.Space.DemandRole(connection.UserId, Role.Viewer);
        await connection.Space.DemandServableAsync(request.Epoch, request.After, connection.Ended);
        connection.Space.NoteClient(connection.UserId, request.ClientId, request.After);
        await connection.FollowAsync(new LogFeed(connection, request, Page));
        return null;
    }

    private async ValueTask<Action<Utf8JsonWriter>?> PushAsync(SpaceConnection connection, EventArguments arguments)
    {
        PushRequest request = PushRequest.Read(FirstOf(arguments).Utf8.Span, reader, limits.Value);
        PushOutcome.Judged judged = await PushAsync(connection, request.Epoch, request.Operations);
        return writer => LogEndpoints.WriteMembers(writer, judged);
    }

    private ValueTask<Action<Utf8JsonWriter>?> ShowAsync(SpaceConnection connection, EventArguments arguments)
    {
        connection.Space.DemandRole(connection.UserId, Role.Viewer);
        JsonText? state = null;
        bool isThere = false;
        JsonText text = FirstOf(arguments);
        JsonBody body = new(text.Utf8.Span);
        while (body.NextMember() is { } member)
        {
            if (member != "state")
            {
                body.Skip();
                continue;
            }

            isThere = true;
            bool isNull = body.IsNull;
            Range place = body.Place();
            state = isNull ? null : new JsonText(text.Utf8[place]);
        }

        if (!isThere)
            throw JsonBody.Missing("state");
        if (state is { } shown && shown.Utf8.Length > limits.Value.PresenceBytesMax)
            throw new RequestException(ErrorCodes.PayloadTooLarge, $"a presence of more than the limit of {limits.Value.PresenceBytesMax} bytes");
        connection.Show(state);
        return default;
    }

    private async ValueTask<Action<Utf8JsonWriter>?> FollowTreesAsync(SpaceConnection connection, EventArguments arguments)
    {
        connection.Space.DemandRole(connection.UserId, Role.Viewer);
        SortedDictionary<ResourceId, StateVector>? trees = arguments.Count == 0 ? null : ReadTrees(FirstOf(arguments).Utf8.Span);
        await connection.FollowTreesAsync(new TreeFeed(connection, trees, Page));
        return null;
    }

    private async ValueTask<Action<Utf8JsonWriter>?> PushTreeAsync(SpaceConnection connection, EventArguments arguments)
    {
        connection.Space.DemandRole(connection.UserId, Role.Editor);
        (ResourceId treeId, List<PushItem> items, List<string?> ids) = treeDoor.Read(FirstOf(arguments).Utf8.Span, isBare: true);
        connection.Own(items.Where(item => item.Operation is not null).Select(item => item.Operation!.Id.Actor));
        PushOutcome.Judged judged = await PushAsync(connection, epoch: null, items);
        connection.Room.RelayTransients(treeId, items, judged, connection);
        return writer => TreeEndpoints.WriteMembers(writer, judged, ids);
    }

    private async ValueTask<Action<Utf8JsonWriter>?> RefreshAsync(SpaceConnection connection, EventArguments arguments)
    {
        string token = TextMembers.Read(FirstOf(arguments).Utf8, "token").Optional("token") ?? throw JsonBody.Missing("token");
        await connection.RefreshAsync(await FindCallerAsync(connection.Socket, token));
        return null;
    }

    private async ValueTask<PushOutcome.Judged> PushAsync(SpaceConnection connection, Epoch? epoch, IReadOnlyList<PushItem> items)
    {
        connection.Space.DemandRole(connection.UserId, Role.Editor);
        rate.Demand(connection.UserId, items.Count);
        PushOutcome outcome = await connection.Space.PushAsync(connection.UserId, epoch, items, connection.Ended);
        if (outcome is not PushOutcome.Judged judged)
            throw LogEndpoints.RefusalOf(outcome);

        // The answer is not ahead of what the connection has seen of the log.
        await connection.SentAsync(LastSeq(judged));
        return judged;
    }

    private static long LastSeq(PushOutcome.Judged judged)
    {
        long last = 0;
        foreach (OperationResult result in judged.Results)
        {
            last = Math.Max(last, result switch
            {
                OperationResult.Accepted accepted => accepted.Seq ?? 0,
                OperationResult.Conflict conflict => conflict.Seq,
                _ => 0,
            });
        }

        return last;
    }

    private static SortedDictionary<ResourceId, StateVector>? ReadTrees(ReadOnlySpan<byte> text)
    {
        SortedDictionary<ResourceId, StateVector>? trees = null;
        JsonBody body = new(text);
        while (body.NextMember() is { } member)
        {
            if (member == "trees" && !body.IsNull)
                trees = TreeVectors.Read(ref body, member, allowsNull: true);
            else
                body.Skip();
        }

        return trees;
    }
}
