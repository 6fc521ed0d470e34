namespace Syncline.Client;

/// <summary>A handler of one of the client's events has thrown.</summary>
public sealed class HandlerFailedEventArgs(Exception exception) : EventArgs
{
    /// <summary>What it threw.</summary>
    public Exception Exception { get; } = exception;
}
