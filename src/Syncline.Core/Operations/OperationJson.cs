using System.Buffers;
using System.Globalization;
using System.Text.Json;

namespace Syncline.Core.Operations;

/// <summary>An operation as pull and follow deliver it.</summary>
public static class OperationJson
{
    /// <summary>Times on the wire: ISO 8601, UTC, milliseconds.</summary>
    public const string TimeFormat = "yyyy-MM-dd'T'HH:mm:ss.fff'Z'";

    private static readonly JsonWriterOptions NoValidation = new()
    {
        SkipValidation = true,
        Encoder = System.Text.Encodings.Web.JavaScriptEncoder.UnsafeRelaxedJsonEscaping,
    };

    /// <summary>Writes operations one after the other, with commas between and no brackets around.</summary>
    public static void WriteAll(IBufferWriter<byte> output, IReadOnlyList<LoggedOperation> operations)
    {
        using Utf8JsonWriter writer = new(output, NoValidation);
        for (int i = 0; i < operations.Count; i++)
        {
            if (i > 0)
            {
                // The writer thinks in whole documents; ours is the inside of an array.
                writer.Flush();
                output.Write(","u8);
                writer.Reset();
            }

            Write(writer, operations[i]);
        }
    }

    private static void Write(Utf8JsonWriter writer, LoggedOperation logged)
    {
        Operation operation = logged.Operation;
        writer.WriteStartObject();
        writer.WriteNumber("seq"u8, logged.Seq);
        writer.WriteString("scope"u8, operation.Id.Scope.Value);
        writer.WriteString("resourceId"u8, operation.Id.ResourceId.Value);
        writer.WriteString("actor"u8, operation.Id.Actor.Value);
        writer.WriteNumber("clock"u8, operation.Id.Clock);
        writer.WritePropertyName("payload"u8);
        writer.WriteRawValue(operation.Payload.Utf8.Span, skipInputValidation: true);
        if (operation.Tx is not null)
            writer.WriteString("tx"u8, operation.Tx);
        if (operation.Key is not null)
            writer.WriteString("key"u8, operation.Key);
        writer.WriteString("userId"u8, logged.UserId.Value);
        writer.WriteString("receivedAt"u8, FormatTime(logged.ReceivedAt));
        writer.WriteEndObject();
    }

    /// <summary>A time as the wire has it.</summary>
    public static string FormatTime(DateTimeOffset time) => time.UtcDateTime.ToString(TimeFormat, CultureInfo.InvariantCulture);
}
