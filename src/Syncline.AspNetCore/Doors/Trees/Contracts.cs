using System.Text.Json;

namespace Syncline.AspNetCore.Doors.Trees;

// The shapes of the tree door, for the OpenAPI document.

/// <summary>A sync: what the client has, and how long it waits.</summary>
/// <param name="StateVectors">Tree id → peer id → inclusive ranges of counters.</param>
/// <param name="Timeout">Milliseconds to wait when there is nothing.</param>
/// <param name="Cursor">Where the last answer said to go on.</param>
/// <param name="Epoch">The cursor's epoch.</param>
/// <param name="Vectors">Whether to answer the server's own vectors.</param>
/// <param name="ClientId">The device.</param>
public sealed record SyncBody(
    IReadOnlyDictionary<string, IReadOnlyDictionary<string, IReadOnlyList<IReadOnlyList<long>>>>? StateVectors,
    double? Timeout,
    long? Cursor,
    string? Epoch,
    bool? Vectors,
    string? ClientId);

/// <summary>The answer to a sync.</summary>
public sealed record SyncedAnswer(
    IReadOnlyDictionary<string, IReadOnlyList<SentOperation>> Operations,
    long? Cursor,
    string Epoch,
    bool HasMore,
    IReadOnlyList<string> Trees,
    IReadOnlyDictionary<string, IReadOnlyDictionary<string, IReadOnlyList<IReadOnlyList<long>>>>? StateVectors);

/// <summary>One operation of a tree.</summary>
/// <param name="Id"><c>counter@peerId</c>.</param>
/// <param name="Operation">As RepTree wrote it.</param>
/// <param name="Timestamp">When it was received, milliseconds since 1970.</param>
public sealed record SentOperation(string Id, JsonElement Operation, long Timestamp);

/// <summary>Operations of one tree.</summary>
public sealed record OperationsBody(string TreeId, IReadOnlyList<OperationBody> Operations);

/// <summary>One operation, as RepTree writes it.</summary>
public sealed record OperationBody(JsonElement Operation, double? Timestamp);

/// <summary>What became of them.</summary>
public sealed record OperationsAnswer(bool Success, int Applied, int Duplicates, IReadOnlyList<RejectedOperation> Rejected, long Head);

/// <summary>An operation that was rejected.</summary>
public sealed record RejectedOperation(int Index, string? Id, string Code, string Detail);

/// <summary>The trees of a space.</summary>
public sealed record TreesAnswer(IReadOnlyList<TreeSummary> Trees);

/// <summary>One tree.</summary>
/// <param name="TreeId">Its id, which is that of its root.</param>
/// <param name="Vertices">How many vertices reading it shows.</param>
/// <param name="Head">Seq of its last operation.</param>
public sealed record TreeSummary(string TreeId, int Vertices, long Head);

/// <summary>A tree as it stands.</summary>
public sealed record TreeAnswer(string TreeId, long Seq, IReadOnlyList<VertexAnswer> Vertices);

/// <summary>A vertex.</summary>
public sealed record VertexAnswer(string Id, string? ParentId, IReadOnlyDictionary<string, JsonElement> Properties);
