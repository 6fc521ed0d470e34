namespace Syncline.Core.Operations;

/// <summary>An operation with its place in the log.</summary>
public sealed record LoggedOperation
{
    /// <summary>Its place in the space's log: 1, 2, 3 … without a gap, never reused.</summary>
    public required long Seq { get; init; }

    /// <summary>The operation as it takes effect. Its <see cref="Operation.Hash"/> is that of the operation as received.</summary>
    public required Operation Operation { get; init; }

    /// <summary>Who pushed it. For people and audit, never for ordering.</summary>
    public required UserId UserId { get; init; }

    /// <summary>When it was received, UTC, in whole milliseconds. For people and audit, never for ordering.</summary>
    public required DateTimeOffset ReceivedAt { get; init; }

    /// <summary>Last seq of its group; its own seq when it stands alone. No page parts a group.</summary>
    public required long GroupEnd { get; init; }

    /// <summary>The log's digest up to and including this operation.</summary>
    public required OperationDigest Digest { get; init; }
}
