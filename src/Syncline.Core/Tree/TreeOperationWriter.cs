using System.Buffers;
using System.Text.Encodings.Web;
using System.Text.Json;
using Syncline.Core.Json;
using Syncline.Core.Operations;

namespace Syncline.Core.Tree;

/// <summary>Writes operations of a tree as RepTree does, so that its readers need one pass.</summary>
public static class TreeOperationWriter
{
    private static readonly JsonWriterOptions Relaxed = new() { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping, SkipValidation = true };

    /// <summary>The payload of an operation.</summary>
    /// <param name="stamp">Its identity within the tree.</param>
    /// <param name="operation">What it does.</param>
    public static JsonText Write(Stamp stamp, TreeOperation operation)
    {
        ArrayBufferWriter<byte> output = new(128);
        using (Utf8JsonWriter writer = new(output, Relaxed))
        {
            writer.WriteStartObject();
            writer.WriteStartObject("id"u8);
            writer.WriteNumber("counter"u8, stamp.Clock);
            writer.WriteString("peerId"u8, stamp.Actor.Value);
            writer.WriteEndObject();
            writer.WriteString("targetId"u8, operation.TargetId);
            switch (operation)
            {
                case TreeOperation.Move move:
                    writer.WriteString("parentId"u8, move.ParentId);
                    break;
                case TreeOperation.SetProperty set:
                    writer.WriteString("key"u8, set.Key);
                    if (set.Value is { } value)
                    {
                        writer.WritePropertyName("value"u8);
                        writer.WriteRawValue(value.Utf8.Span, skipInputValidation: true);
                    }

                    writer.WriteBoolean("transient"u8, value: false);
                    break;
            }

            writer.WriteEndObject();
        }

        return new JsonText(output.WrittenMemory);
    }
}
