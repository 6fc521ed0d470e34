using System.Text.Json;
using Syncline.Engine.Writing;

namespace Syncline.AspNetCore.Doors.Log;

/// <summary>What became of the operations of a push, as the doors answer it.</summary>
internal static class PushResults
{
    /// <summary>Writes one result.</summary>
    public static void Write(Utf8JsonWriter writer, OperationResult result)
    {
        writer.WriteStartObject();
        switch (result)
        {
            case OperationResult.Accepted accepted:
                writer.WriteString("status"u8, "accepted"u8);
                if (accepted.Seq is { } seq)
                    writer.WriteNumber("seq"u8, seq);
                if (accepted.Payload is { } payload)
                {
                    writer.WritePropertyName("payload"u8);
                    writer.WriteRawValue(payload.Utf8.Span, skipInputValidation: true);
                }

                break;
            case OperationResult.Duplicate duplicate:
                writer.WriteString("status"u8, "duplicate"u8);
                writer.WriteNumber("seq"u8, duplicate.Seq);
                break;
            case OperationResult.Conflict conflict:
                writer.WriteString("status"u8, "conflict"u8);
                writer.WriteNumber("seq"u8, conflict.Seq);
                writer.WritePropertyName("conflict"u8);
                writer.WriteRawValue(conflict.Description.Utf8.Span, skipInputValidation: true);
                break;
            case OperationResult.Rejected rejected:
                writer.WriteString("status"u8, "rejected"u8);
                writer.WriteString("code"u8, rejected.Refusal.Code);
                writer.WriteString("detail"u8, rejected.Refusal.Detail);
                break;
        }

        writer.WriteEndObject();
    }
}
