namespace Syncline.Tests.Client;

/// <summary>Where an application wants its events: a queue that the test works off, as a user interface does.</summary>
internal sealed class QueueContext : SynchronizationContext
{
    private readonly Queue<(SendOrPostCallback Callback, object? State)> _queue = new();

    /// <summary>How often something was posted.</summary>
    public int Posts { get; private set; }

    /// <summary>Whether it is this context's turn.</summary>
    public bool IsRunning { get; private set; }

    public override void Post(SendOrPostCallback d, object? state)
    {
        Posts++;
        _queue.Enqueue((d, state));
    }

    /// <summary>Does what was posted; gives back what was thrown.</summary>
    public IReadOnlyList<Exception> Run()
    {
        List<Exception> thrown = [];
        IsRunning = true;
        while (_queue.TryDequeue(out (SendOrPostCallback Callback, object? State) next))
        {
            try
            {
                next.Callback(next.State);
            }
            catch (InvalidOperationException e)
            {
                thrown.Add(e);
            }
        }

        IsRunning = false;
        return thrown;
    }
}
