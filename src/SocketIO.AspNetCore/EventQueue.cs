using System.Diagnostics;
using System.Text.Json;
using SocketIO.AspNetCore.EngineIO;

namespace SocketIO.AspNetCore;

/// <summary>
/// Runs the handlers of one socket, one after the other. While they return at once nothing is queued; when one waits for something, what comes is
/// queued, up to a bound, and then no more is read from the connection.
/// </summary>
internal sealed class EventQueue(Socket socket)
{
    private readonly Lock _lock = new();
    private Queue<Work>? _waiting;
    private long _waitingBytes;
    private TaskCompletionSource? _room;

    // What comes before the socket has been told of as connected waits for that.
    private bool _isBusy = true;

    // Within the lock.
    private bool HasRoom =>
        _waiting is null || (_waiting.Count < Server.Options.WaitingEventsMax && _waitingBytes < Server.Options.WaitingEventsBytesMax);

    private SocketIOServer Server => socket.Namespace.Server;

    /// <summary>Tells that the socket has come, and goes on with what has been added since.</summary>
    public void Start() => Run(default);

    /// <summary>Tells that the socket has gone, after all that was added before.</summary>
    public void AddDisconnected(DisconnectReason reason) => _ = Add(new Work(Event: null, reason));

    /// <summary>Adds an event.</summary>
    /// <returns>Completes when there is room for more.</returns>
    public Task Add(SocketEvent socketEvent) => Add(new Work(socketEvent, Reason: null));

    private Task Add(in Work work)
    {
        lock (_lock)
        {
            if (_isBusy)
            {
                (_waiting ??= new Queue<Work>()).Enqueue(work);
                _waitingBytes += work.Bytes;
                return HasRoom
                    ? Task.CompletedTask
                    : (_room ??= new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously)).Task;
            }

            _isBusy = true;
        }

        Run(work);
        return Task.CompletedTask;
    }

    private void Run(Work next)
    {
        do
        {
            ValueTask handled = HandleAsync(next);
            if (handled.IsCompletedSuccessfully)
                continue;
            _ = GoOnAsync(handled);
            break;
        }
        while (TryTakeNext(out next));
    }

    private async Task GoOnAsync(ValueTask handled)
    {
        await handled;
        while (TryTakeNext(out Work next))
            await HandleAsync(next);
    }

    private bool TryTakeNext(out Work next)
    {
        TaskCompletionSource? room = null;
        bool isAny;
        lock (_lock)
        {
            next = default;
            isAny = _waiting is not null && _waiting.TryDequeue(out next);
            _waitingBytes -= next.Bytes;
            if (!isAny)
                (_isBusy, _waiting) = (false, null);
            if (_room is not null && HasRoom)
                (room, _room) = (_room, null);
        }

        room?.TrySetResult();
        return isAny;
    }

    // Never throws.
    private ValueTask HandleAsync(in Work work)
    {
        long started = Stopwatch.GetTimestamp();
        try
        {
            ValueTask handled = Start(work);
            if (!handled.IsCompletedSuccessfully)
                return CompleteAsync(handled, work, started);
            Completed(work, started);
        }
        catch (Exception e) when (!IsFatal(e))
        {
            Failed(work, e);
        }

        return ValueTask.CompletedTask;
    }

    private async ValueTask CompleteAsync(ValueTask handled, Work work, long started)
    {
        try
        {
            await handled;
            Completed(work, started);
        }
        catch (Exception e) when (!IsFatal(e))
        {
            Failed(work, e);
        }
    }

    private ValueTask Start(in Work work)
    {
        if (work.Event is { } socketEvent)
            return socket.IsConnected ? socketEvent.Registration.Handler(socketEvent) : ValueTask.CompletedTask;
        return work.Reason is { } reason ? socket.Handlers.DisconnectedAsync(socket, reason) : socket.Handlers.ConnectedAsync(socket);
    }

    private void Completed(in Work work, long started)
    {
        if (work.Event is not { } socketEvent)
            return;

        // A handler that has nothing to say has done what it was asked to.
        if (socketEvent.Registration.Acknowledges)
            socketEvent.Acknowledge();
        EngineMetrics metrics = Server.Metrics;
        if (metrics.Events.Enabled)
        {
            metrics.Events.Record(
                Stopwatch.GetElapsedTime(started).TotalSeconds,
                new KeyValuePair<string, object?>("event", socketEvent.Registration.IsForAny ? "(unknown)" : socketEvent.Name));
        }
    }

    private void Failed(in Work work, Exception exception)
    {
        if (exception is OperationCanceledException && !socket.IsConnected)
            return;
        if (work.Event is { } socketEvent && socket.Handlers.TryFail(socketEvent, exception))
            return;
        if (exception is JsonException && work.Event is not null)
            Server.Log.BadArguments(exception.Message, work.Event.Name, socket.Namespace.Name);
        else
            Server.Log.HandlerFailed(exception, work.Event?.Name ?? (work.Reason is null ? "connect" : "disconnect"), socket.Namespace.Name);
    }

    private static bool IsFatal(Exception exception) => exception is OutOfMemoryException;

    /// <summary>What to do: an event, or, when it is none, to tell that the socket has come or why it has gone.</summary>
    private readonly record struct Work(SocketEvent? Event, DisconnectReason? Reason)
    {
        public long Bytes => Event?.Arguments.Bytes ?? 0;
    }
}
