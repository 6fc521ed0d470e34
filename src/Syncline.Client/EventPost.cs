using System.Runtime.ExceptionServices;

namespace Syncline.Client;

/// <summary>Raises events where the application wants them: never within a lock, one after the other in order, whatever a handler throws.</summary>
internal sealed class EventPost(SynclineClientOptions options)
{
    private readonly Lock _lock = new();
    private readonly Queue<Action> _queue = new();
    private bool _isPosted;

    [ThreadStatic]
    private static EventPost? _posting;

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

        PostRaise();
    }

    /// <summary>Calls every handler of an event, also after one that throws.</summary>
    public void Invoke<T>(EventHandler<T>? handlers, object sender, T args)
    {
        foreach (EventHandler<T> handler in Delegate.EnumerateInvocationList(handlers))
            Guard(() => handler(sender, args));
    }

    private void PostRaise()
    {
        if (options.EventContext is not { } context)
        {
            Schedule(Raise);
            return;
        }

        EventPost? outer = _posting;
        _posting = this;
        try
        {
            context.Post(static post => ((EventPost)post!).RaiseInContext(), this);
        }
        catch (Exception)
        {
            // A context that has ended: whoever made the change must not hear of it.
            Schedule(Raise);
        }
        finally
        {
            _posting = outer;
        }
    }

    // A context may do at once what is posted to it. Here that would be within the locks of whoever made the change.
    private void RaiseInContext()
    {
        if (_posting == this)
            Schedule(Raise);
        else
            Raise();
    }

    private void Schedule(Action action) =>
        _ = Task.Factory.StartNew(action, CancellationToken.None, TaskCreationOptions.DenyChildAttach, options.Scheduler);

    // What there is now, and then it is the context's turn again: a user interface has more to do than this.
    private void Raise()
    {
        Action[] raises;
        lock (_lock)
        {
            raises = [.. _queue];
            _queue.Clear();
        }

        foreach (Action raise in raises)
            Guard(raise);
        lock (_lock)
        {
            _isPosted = _queue.Count > 0;
            if (!_isPosted)
                return;
        }

        PostRaise();
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
        try
        {
            if (options.EventContext is { } context)
            {
                context.Post(static thrown => ((ExceptionDispatchInfo)thrown!).Throw(), ExceptionDispatchInfo.Capture(exception));
                return;
            }
        }
        catch (Exception e)
        {
            // A context that has ended, or does at once what is posted to it.
            exception = e;
        }

        _ = Task.FromException(exception);
    }
}
