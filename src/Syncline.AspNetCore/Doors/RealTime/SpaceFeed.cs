namespace Syncline.AspNetCore.Doors.RealTime;

/// <summary>What is sent to a connection from when it has asked until it asks anew or ends, at the pace at which it keeps up.</summary>
/// <param name="connection">To whom.</param>
/// <param name="askedBy">The event that asked for it: an error names it.</param>
internal abstract class SpaceFeed(SpaceConnection connection, string askedBy) : IAsyncDisposable
{
    private readonly CancellationTokenSource _stopping = CancellationTokenSource.CreateLinkedTokenSource(connection.Ended);
    private Task _running = Task.CompletedTask;

    protected SpaceConnection Connection => connection;

    /// <summary>Begins.</summary>
    public void Start() => _running = RunAsync(_stopping.Token);

    public async ValueTask DisposeAsync()
    {
        await _stopping.CancelAsync();
        await _running;
        _stopping.Dispose();
    }

    /// <summary>Sends until it is stopped.</summary>
    protected abstract Task SendAsync(CancellationToken stopping);

    /// <summary>Nothing more is sent, for whatever reason.</summary>
    protected virtual void Over()
    {
    }

    private async Task RunAsync(CancellationToken stopping)
    {
        // Not on the thread of whoever asked: a first page may be long in the reading.
        await Task.Yield();
        try
        {
            await SendAsync(stopping);
        }
        catch (OperationCanceledException) when (stopping.IsCancellationRequested)
        {
            // Another takes its place, or the connection has ended.
        }
        catch (Exception e) when (DoorError.Of(e) is { } error)
        {
            connection.LogRefused(askedBy, e);
            error.Tell(connection.Socket, askedBy);
        }
        catch (Exception e)
        {
            connection.Failed(askedBy, e);
        }
        finally
        {
            Over();
        }
    }
}
