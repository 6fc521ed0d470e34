using SocketIO.AspNetCore;
using Syncline.AspNetCore.Doors.Log;
using Syncline.Engine.Following;
using Syncline.Engine.Storage;

namespace Syncline.AspNetCore.Doors.RealTime;

/// <summary>
/// Sends the log to a connection that follows it, from its own cursor and at its own pace: the next page is read when the connection keeps up. There
/// is no queue of pages that could overflow.
/// </summary>
internal sealed class LogFeed : IAsyncDisposable
{
    private readonly SpaceConnection _connection;
    private readonly Follower _follower;
    private readonly string? _clientId;
    private readonly CancellationTokenSource _stopping;
    private readonly Lock _lock = new();
    private readonly Task _running;
    private TaskCompletionSource? _moved;
    private long _sent;
    private bool _isOver;

    public LogFeed(SpaceConnection connection, FollowRequest request, PageLimits limits)
    {
        _connection = connection;
        _clientId = request.ClientId;
        _stopping = CancellationTokenSource.CreateLinkedTokenSource(connection.Ended);
        _follower = connection.Space.Follow(connection.UserId, request.After, request.Selection, limits);
        _follower.Passed = SentUpToCursor;
        _running = RunAsync(_stopping.Token);
    }

    /// <summary>
    /// Returns when everything up to a seq was sent, or nothing more will be: what is answered afterwards is not ahead of what the connection
    /// has seen.
    /// </summary>
    public async Task SentAsync(long seq)
    {
        while (true)
        {
            Task moved;
            lock (_lock)
            {
                if (_isOver || _sent >= seq)
                    return;
                moved = (_moved ??= new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously)).Task;
            }

            await moved;
        }
    }

    public async ValueTask DisposeAsync()
    {
        await _stopping.CancelAsync();
        await _running;
        _stopping.Dispose();
    }

    private async Task RunAsync(CancellationToken stopping)
    {
        // Not on the thread of whoever asked to follow: a first page may be long in the reading.
        await Task.Yield();
        try
        {
            while (true)
            {
                await _connection.MayGoOnAsync(stopping);
                FollowPage page = await _follower.NextAsync(wait: true, stopping);

                // The right may have ended during the wait.
                await _connection.MayGoOnAsync(stopping);
                Send(page);
                SentUpToCursor();
                _connection.Space.NoteClient(_connection.UserId, _clientId, page.Cursor);
                if (!await _connection.Socket.Connection.DrainAsync(stopping))
                    return;
            }
        }
        catch (OperationCanceledException) when (stopping.IsCancellationRequested)
        {
            // Another takes its place, or the connection has ended.
        }
        catch (Exception e) when (RealTimeError.Of(e) is { } error)
        {
            error.Tell(_connection.Socket, "follow");
        }
        catch (Exception e)
        {
            _connection.Failed("follow", e);
        }
        finally
        {
            lock (_lock)
                _isOver = true;
            SentUpToCursor();
        }
    }

    private void Send(FollowPage page)
    {
        _connection.Delivered(page.Operations[0].ReceivedAt);
        if (page.SharedEvent(static (page, space) => Prepare(page, space), _connection.Socket.Namespace) is { } shared)
            _connection.Socket.Emit(shared);
        else
            _connection.Socket.Emit(Prepare(page, _connection.Socket.Namespace));
    }

    private static PreparedEvent Prepare(FollowPage page, SocketNamespace space) => space.Prepare("operations", new PageAnswer(page).ToArray());

    // The follower's cursor is ahead while its page is not sent.
    private void SentUpToCursor()
    {
        TaskCompletionSource? moved;
        lock (_lock)
        {
            _sent = _follower.Cursor;
            (moved, _moved) = (_moved, null);
        }

        moved?.TrySetResult();
    }
}
