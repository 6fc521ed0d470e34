using System.Text.Json;
using System.Text.Json.Nodes;
using SocketIO.AspNetCore;

namespace Syncline.AspNetCore.Doors.RealTime;

/// <summary>What went wrong, as an acknowledgement or the event <c>error</c> says it.</summary>
internal static class RealTimeErrors
{
    /// <summary>A refusal to join.</summary>
    public static ConnectRefusedException ToRefusal(this DoorError error) => new(error.Detail, RealTimeJson.ToText(writer =>
    {
        writer.WriteStartObject();
        writer.WriteString("code"u8, error.Code);
        writer.WriteBoolean("retryable"u8, Problems.IsRetryable(error.Code));
        writer.WriteEndObject();
    }));

    /// <summary>Answers an event: by its acknowledgement where the client wants one, else by the event <c>error</c>.</summary>
    public static void Answer(this DoorError error, SocketEvent socketEvent)
    {
        if (!socketEvent.WantsAcknowledgement)
        {
            error.Tell(socketEvent.Socket, socketEvent.Name);
            return;
        }

        socketEvent.AcknowledgeJson(RealTimeJson.ToUtf8(writer =>
        {
            writer.WriteStartObject();
            writer.WriteBoolean("ok"u8, value: false);
            writer.WriteStartObject("error"u8);
            writer.WriteString("code"u8, error.Code);
            writer.WriteString("detail"u8, error.Detail);
            WriteMore(writer, error);
            writer.WriteEndObject();
            writer.WriteEndObject();
        }));
    }

    /// <summary>Sends the event <c>error</c>.</summary>
    /// <param name="error">What went wrong.</param>
    /// <param name="socket">To whom.</param>
    /// <param name="eventName">What failed.</param>
    public static void Tell(this DoorError error, Socket socket, string eventName) => socket.EmitJson("error", RealTimeJson.ToUtf8(writer =>
    {
        writer.WriteStartObject();
        writer.WriteString("code"u8, error.Code);
        writer.WriteString("message"u8, error.Detail);
        writer.WriteString("event"u8, eventName);
        WriteMore(writer, error);
        writer.WriteEndObject();
    }));

    private static void WriteMore(Utf8JsonWriter writer, DoorError error)
    {
        writer.WriteBoolean("retryable"u8, Problems.IsRetryable(error.Code));
        if (Problems.WaitBefore(error.Code, error.RetryAfter) is { } wait)
            writer.WriteNumber("retryAfter"u8, Problems.Seconds(wait));
        if (error.Head is not { } head)
            return;
        foreach ((string name, JsonNode? value) in Problems.PositionOf(head))
        {
            writer.WritePropertyName(name);
            if (value is null)
                writer.WriteNullValue();
            else
                value.WriteTo(writer);
        }
    }
}
