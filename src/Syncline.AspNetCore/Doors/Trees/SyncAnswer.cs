using System.Text.Json;
using Syncline.Core.Operations;

namespace Syncline.AspNetCore.Doors.Trees;

/// <summary>What a sync answers.</summary>
internal sealed record SyncAnswer
{
    /// <summary>The operations, in any order; they are written by tree, in the order of merging.</summary>
    public required IReadOnlyList<LoggedOperation> Operations { get; init; }

    /// <summary>Where to go on from; null in a cut answer to vectors alone.</summary>
    public required long? Cursor { get; init; }

    /// <summary>The log's epoch.</summary>
    public required Epoch Epoch { get; init; }

    /// <summary>Whether there is more to send now.</summary>
    public required bool HasMore { get; init; }

    /// <summary>The trees that the request did not name.</summary>
    public IReadOnlyList<ResourceId> OtherTrees { get; init; } = [];

    /// <summary>The server's own vectors, as text, where they were asked for.</summary>
    public IReadOnlyList<(ResourceId TreeId, byte[] Vector)>? Vectors { get; init; }

    public void Write(Utf8JsonWriter writer)
    {
        writer.WriteStartObject();
        writer.WriteStartObject("operations"u8);
        foreach (IGrouping<string, LoggedOperation> tree in Operations
            .GroupBy(logged => logged.Operation.Id.ResourceId.Value, StringComparer.Ordinal)
            .OrderBy(tree => tree.Key, StringComparer.Ordinal))
        {
            writer.WriteStartArray(tree.Key);
            foreach (LoggedOperation logged in tree.OrderBy(logged => logged.Operation.Id.Stamp))
            {
                writer.WriteStartObject();
                writer.WriteString("id"u8, logged.Operation.Id.Stamp.ToString());
                writer.WritePropertyName("operation"u8);
                writer.WriteRawValue(logged.Operation.Payload.Utf8.Span, skipInputValidation: true);
                writer.WriteNumber("timestamp"u8, logged.ReceivedAt.ToUnixTimeMilliseconds());
                writer.WriteEndObject();
            }

            writer.WriteEndArray();
        }

        writer.WriteEndObject();
        if (Cursor is { } cursor)
            writer.WriteNumber("cursor"u8, cursor);
        writer.WriteString("epoch"u8, Epoch.Value);
        writer.WriteBoolean("hasMore"u8, HasMore);
        writer.WriteStartArray("trees"u8);
        foreach (ResourceId treeId in OtherTrees)
            writer.WriteStringValue(treeId.Value);
        writer.WriteEndArray();
        if (Vectors is not null)
        {
            writer.WriteStartObject("stateVectors"u8);
            foreach ((ResourceId treeId, byte[] vector) in Vectors)
            {
                writer.WritePropertyName(treeId.Value);
                writer.WriteRawValue(vector, skipInputValidation: true);
            }

            writer.WriteEndObject();
        }

        writer.WriteEndObject();
    }
}
