using Syncline.Core.Json;
using Syncline.Core.Operations;

namespace Syncline.Engine.Writing;

/// <summary>What became of one operation of a push.</summary>
public abstract record OperationResult
{
    private OperationResult()
    {
    }

    /// <summary>It is in the log, or had no effect that needed to be.</summary>
    /// <param name="Seq">Its place; null when nothing was stored.</param>
    /// <param name="Payload">What was stored instead, when the model rewrote it.</param>
    public sealed record Accepted(long? Seq, JsonText? Payload = null) : OperationResult;

    /// <summary>It was in the log before.</summary>
    public sealed record Duplicate(long Seq) : OperationResult;

    /// <summary>It is in the log, and collided with something.</summary>
    public sealed record Conflict(long Seq, JsonText Description) : OperationResult;

    /// <summary>It is not in the log, for a reason that sending it again does not change, unless the code says so.</summary>
    public sealed record Rejected(Refusal Refusal) : OperationResult;
}
