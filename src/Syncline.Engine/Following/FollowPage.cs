using Syncline.Core.Operations;
using Syncline.Engine.Storage;

namespace Syncline.Engine.Following;

/// <summary>What a follower reads at a time.</summary>
public sealed class FollowPage
{
    /// <summary>What was selected, in seq order; empty at the head, or when nothing up to the cursor was selected.</summary>
    public required IReadOnlyList<LoggedOperation> Operations { get; init; }

    /// <summary>The operations as pull delivers them: texts that make the inside of an array when joined by commas.</summary>
    public required IReadOnlyList<ReadOnlyMemory<byte>> EncodedJson { get; init; }

    /// <summary>Where to go on from: everything up to here was read.</summary>
    public required long Cursor { get; init; }

    /// <summary>The log's head at that moment.</summary>
    public required LogHead Head { get; init; }

    /// <summary>The digest at the cursor; null with a selection.</summary>
    public required OperationDigest? Digest { get; init; }

    /// <summary>Whether there is more to read now.</summary>
    public bool HasMore => Cursor < Head.Seq;
}
