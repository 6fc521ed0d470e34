using System.Text.Json;
using SocketIO.AspNetCore;
using Syncline.Core.Operations;
using Syncline.Engine.Spaces;
using Syncline.Engine.Storage;

namespace Syncline.AspNetCore.Doors.RealTime;

/// <summary>What went wrong, as an acknowledgement or the event <c>error</c> says it.</summary>
internal sealed record RealTimeError(string Code, string Detail, TimeSpan? RetryAfter = null, LogHead? Head = null)
{
    private static readonly TimeSpan DefaultRetryAfter = TimeSpan.FromSeconds(1);

    /// <summary>What an exception is for the client; null when it is a fault of the server's.</summary>
    public static RealTimeError? Of(Exception exception) => exception switch
    {
        RequestException e => new RealTimeError(e.Code, e.Message, e.RetryAfter),
        SpaceAccessException e => new RealTimeError(e.Code, e.Message, Head: e.Head),
        SpaceNotFoundException => new RealTimeError(ErrorCodes.NotFound, "no such space"),
        StoreUnavailableException e => new RealTimeError(ErrorCodes.Unavailable, e.Message),
        _ => null,
    };

    /// <summary>A refusal to join.</summary>
    public ConnectRefusedException ToRefusal() => new(Detail, RealTimeJson.ToText(writer =>
    {
        writer.WriteStartObject();
        writer.WriteString("code"u8, Code);
        writer.WriteBoolean("retryable"u8, Problems.IsRetryable(Code));
        writer.WriteEndObject();
    }));

    /// <summary>Answers an event: by its acknowledgement where the client wants one, else by the event <c>error</c>.</summary>
    public void Answer(SocketEvent socketEvent)
    {
        if (!socketEvent.WantsAcknowledgement)
        {
            Tell(socketEvent.Socket, socketEvent.Name);
            return;
        }

        socketEvent.AcknowledgeJson(RealTimeJson.ToUtf8(writer =>
        {
            writer.WriteStartObject();
            writer.WriteBoolean("ok"u8, value: false);
            writer.WriteStartObject("error"u8);
            writer.WriteString("code"u8, Code);
            writer.WriteString("detail"u8, Detail);
            WriteMore(writer);
            writer.WriteEndObject();
            writer.WriteEndObject();
        }));
    }

    /// <summary>Sends the event <c>error</c>.</summary>
    /// <param name="socket">To whom.</param>
    /// <param name="eventName">What failed.</param>
    public void Tell(Socket socket, string eventName) => socket.EmitJson("error", RealTimeJson.ToUtf8(writer =>
    {
        writer.WriteStartObject();
        writer.WriteString("code"u8, Code);
        writer.WriteString("message"u8, Detail);
        writer.WriteString("event"u8, eventName);
        WriteMore(writer);
        writer.WriteEndObject();
    }));

    private void WriteMore(Utf8JsonWriter writer)
    {
        bool isRetryable = Problems.IsRetryable(Code);
        writer.WriteBoolean("retryable"u8, isRetryable);
        if (isRetryable)
            writer.WriteNumber("retryAfter"u8, Problems.Seconds(RetryAfter ?? DefaultRetryAfter));
        if (Head is not { } head)
            return;
        writer.WriteString("epoch"u8, head.Epoch.Value);
        writer.WriteNumber("head"u8, head.Seq);
        if (head.Earlier.Count == 0)
        {
            writer.WriteNull("previous"u8);
            return;
        }

        writer.WriteStartObject("previous"u8);
        writer.WriteString("epoch"u8, head.Earlier[0].Epoch.Value);
        writer.WriteNumber("sharedUpTo"u8, head.Earlier[0].SharedUpTo);
        writer.WriteEndObject();
    }
}
