namespace Syncline.Engine.Storage;

/// <summary>The store cannot do its work: full, read-only, damaged or unreachable. Callers may try again; nothing was acknowledged.</summary>
public sealed class StoreUnavailableException : Exception
{
    /// <param name="message">What is wrong and what to do, for the operator's log and the caller alike: no paths, no payloads.</param>
    /// <param name="outcomeUnknown">Whether an append may have been written all the same.</param>
    /// <param name="innerException">The store's own error.</param>
    public StoreUnavailableException(string message, bool outcomeUnknown, Exception? innerException = null)
        : base(message, innerException) => OutcomeUnknown = outcomeUnknown;

    /// <summary>Whether an append may have been written all the same: the state in memory must be rebuilt from the log.</summary>
    public bool OutcomeUnknown { get; }
}
