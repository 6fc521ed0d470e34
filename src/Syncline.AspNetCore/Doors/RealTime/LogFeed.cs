using SocketIO.AspNetCore;
using Syncline.AspNetCore.Doors.Log;
using Syncline.Engine.Following;
using Syncline.Engine.Storage;

namespace Syncline.AspNetCore.Doors.RealTime;

/// <summary>
/// Sends the log to a connection that follows it, from its own cursor and at its own pace: the next page is read when the connection keeps up. There
/// is no queue of pages that could overflow.
/// </summary>
internal sealed class LogFeed : SpaceFeed
{
    private readonly Follower _follower;
    private readonly string? _clientId;
    private readonly Lock _lock = new();
    private TaskCompletionSource? _moved;
    private long _sent;
    private bool _isOver;

    public LogFeed(SpaceConnection connection, FollowRequest request, PageLimits limits)
        : base(connection, "follow")
    {
        _clientId = request.ClientId;
        _follower = connection.Space.Follow(connection.UserId, request.After, request.Selection, limits);
        _follower.Passed = SentUpToCursor;
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

    protected override async Task SendAsync(CancellationToken stopping)
    {
        do
        {
            await Connection.MayGoOnAsync(stopping);
            FollowPage page = await _follower.NextAsync(wait: true, stopping);

            // The right may have ended during the wait.
            await Connection.MayGoOnAsync(stopping);
            Send(page);
            SentUpToCursor();
            Connection.Space.NoteClient(Connection.UserId, _clientId, page.Cursor);
        }
        while (await Connection.Socket.Connection.DrainAsync(stopping));
    }

    protected override void Over()
    {
        lock (_lock)
            _isOver = true;
        SentUpToCursor();
    }

    private void Send(FollowPage page)
    {
        Connection.Delivered(page.Operations[0].ReceivedAt);
        if (page.SharedEvent(static (page, space) => Prepare(page, space), Connection.Socket.Namespace) is { } shared)
            Connection.Socket.Emit(shared);
        else
            Connection.Socket.Emit(Prepare(page, Connection.Socket.Namespace));
    }

    private static PreparedEvent Prepare(FollowPage page, SocketNamespace space) => space.Prepare("operations", PageAnswer.ToUtf8(page));

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
