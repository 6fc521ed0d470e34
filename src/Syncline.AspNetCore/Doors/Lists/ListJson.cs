using System.IO.Pipelines;
using System.Text.Json;
using Syncline.Core.Operations;

namespace Syncline.AspNetCore.Doors.Lists;

/// <summary>Operations and snapshots in the words of the task-list protocol.</summary>
internal static class ListJson
{
    private const int SnapshotPieceCharacters = 16 * 1024;

    /// <summary>Writes an operation: <c>{scope,resourceId,actor,clock,payload,serverSeq}</c>.</summary>
    public static void Write(Utf8JsonWriter writer, LoggedOperation logged)
    {
        OperationId id = logged.Operation.Id;
        writer.WriteStartObject();
        writer.WriteString("scope"u8, id.Scope.Value);
        writer.WriteString("resourceId"u8, id.ResourceId.Value);
        writer.WriteString("actor"u8, id.Actor.Value);
        writer.WriteNumber("clock"u8, id.Clock);
        writer.WritePropertyName("payload"u8);
        writer.WriteRawValue(logged.Operation.Payload.Utf8.Span, skipInputValidation: true);
        writer.WriteNumber("serverSeq"u8, logged.Seq);
        writer.WriteEndObject();
    }

    /// <summary>Writes the member <c>snapshot</c> piece by piece, as fast as the client reads it: a snapshot may be of many megabytes.</summary>
    public static async ValueTask WriteSnapshotAsync(Utf8JsonWriter writer, PipeWriter output, string snapshot, CancellationToken cancellationToken)
    {
        writer.WritePropertyName("snapshot"u8);
        int first = 0;
        for (; snapshot.Length - first > SnapshotPieceCharacters; first += SnapshotPieceCharacters)
        {
            writer.WriteStringValueSegment(snapshot.AsSpan(first, SnapshotPieceCharacters), isFinalSegment: false);
            await writer.FlushAsync(cancellationToken);
            await output.FlushAsync(cancellationToken);
        }

        writer.WriteStringValueSegment(snapshot.AsSpan(first), isFinalSegment: true);
    }
}
