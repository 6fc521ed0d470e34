using Syncline.Client.Sync;

namespace Syncline.Client;

/// <summary>Something that needs the server did not happen. What works without a server never throws this.</summary>
public sealed class SynclineException(Problem problem) : Exception($"{problem.Code}: {problem.Detail}")
{
    /// <summary>Why.</summary>
    public Problem Problem { get; } = problem;
}
