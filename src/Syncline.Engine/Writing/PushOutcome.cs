using Syncline.Core.Operations;
using Syncline.Engine.Storage;

namespace Syncline.Engine.Writing;

/// <summary>How a push ended.</summary>
public abstract record PushOutcome
{
    private PushOutcome()
    {
    }

    /// <summary>Every operation was judged on its own, and what was accepted is durable.</summary>
    /// <param name="Epoch">The log's epoch.</param>
    /// <param name="Head">The log's last seq.</param>
    /// <param name="Results">In the order of the operations.</param>
    public sealed record Judged(Epoch Epoch, long Head, IReadOnlyList<OperationResult> Results) : PushOutcome;

    /// <summary>No such space, or the user may not know of it.</summary>
    public sealed record NotFound : PushOutcome;

    /// <summary>The user may read the space only.</summary>
    public sealed record Forbidden : PushOutcome;

    /// <summary>The push names another epoch.</summary>
    public sealed record ResyncRequired(LogHead Head) : PushOutcome;

    /// <summary>The store could not take it; nothing is acknowledged.</summary>
    public sealed record Unavailable(string Reason) : PushOutcome;
}
