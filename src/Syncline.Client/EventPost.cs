using System.Runtime.ExceptionServices;

namespace Syncline.Client;

/// <summary>Raises events where the application wants them: never within a lock, one after the other in order, whatever a handler throws.</summary>
internal sealed class EventPost(SynclineClientOptions options)
{
    private readonly Lock _lock = new();
    private readonly Queue<Action> _queue = new();
    private bool _isPosted;
    private int _postingThread;

    /// <summary>Is given what a handler threw, and says whether somebody has taken note of it.</summary>
    public Func<Exception, bool> Failed { get; set; } = static _ => false;

    /// <summary>Raises an event soon.</summary>
    public void Post(Action raise)
    {
        lock (_lock)
        {
            _queue.Enqueue(raise);
            if (_isPosted)
                return;
            _isPosted = true;
        }

        if (options.EventContext is { } context)
            PostTo(context);
        else
            Schedule(Raise);
    }

    /// <summary>Calls every handler of an event, also after one that throws.</summary>
    public void Invoke<T>(EventHandler<T>? handlers, object sender, T args)
    {
        foreach (EventHandler<T> handler in Delegate.EnumerateInvocationList(handlers))
            Guard(() => handler(sender, args));
    }

    // A context may do at once what is posted to it. Here that would be within the locks of whoever made the change.
    private void PostTo(SynchronizationContext context)
    {
        _postingThread = Environment.CurrentManagedThreadId;
        context.Post(static post => ((EventPost)post!).RaiseInContext(), this);
        _postingThread = 0;
    }

    private void RaiseInContext()
    {
        if (_postingThread == Environment.CurrentManagedThreadId)
            Schedule(() => options.EventContext!.Post(static post => ((EventPost)post!).Raise(), this));
        else
            Raise();
    }

    private void Schedule(Action action) =>
        _ = Task.Factory.StartNew(action, CancellationToken.None, TaskCreationOptions.DenyChildAttach, options.Scheduler);

    private void Raise()
    {
        while (true)
        {
            Action raise;
            lock (_lock)
            {
                if (!_queue.TryDequeue(out raise!))
                {
                    _isPosted = false;
                    return;
                }
            }

            Guard(raise);
        }
    }

    private void Guard(Action action)
    {
        try
        {
            action();
        }
        catch (Exception e)
        {
            // A handler may throw anything. Nobody's fault but the application's, which must hear of it; the other handlers must not.
            Report(e);
        }
    }

    private void Report(Exception exception)
    {
        try
        {
            if (Failed(exception))
                return;
        }
        catch (Exception e)
        {
            exception = new AggregateException(exception, e);
        }

        // As if there were nothing between: a user interface's own handler of exceptions gets it, else that of unobserved tasks.
        if (options.EventContext is { } context)
            context.Post(static thrown => ((ExceptionDispatchInfo)thrown!).Throw(), ExceptionDispatchInfo.Capture(exception));
        else
            _ = Task.FromException(exception);
    }
}
