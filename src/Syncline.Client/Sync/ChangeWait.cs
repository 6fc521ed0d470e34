using Syncline.Client.Storage;
using Syncline.Core.Operations;

namespace Syncline.Client.Sync;

/// <summary>
/// The one wait for all spaces. As a long poll it stands at the server until something happens; where waits are cut on the way it becomes
/// shorter, and where they do not work at all, a question at intervals takes its place for a while. Used by the loop alone.
/// </summary>
internal sealed class ChangeWait
{
    private static readonly TimeSpan WaitMin = TimeSpan.FromSeconds(5);
    private static readonly TimeSpan PollAgainAfter = TimeSpan.FromMinutes(5);
    private const int CutsMax = 3;

    private readonly ClientServices _services;
    private readonly Action _wake;
    private readonly ITimer _timer;
    private Task? _asking;
    private CancellationTokenSource? _abort;
    private Reply<ChangesAnswer>? _result;
    private SyncTransport _transport;
    private TimeSpan _wait;
    private TimeSpan _interval;
    private long _askedAt;
    private int _cuts;
    private long _pollsFailedAt;

    public ChangeWait(ClientServices services, Action wake)
    {
        _services = services;
        _wake = wake;
        _transport = services.Options.Transport;
        _wait = services.Options.WaitMax / 2;
        _interval = services.Options.IntervalMin;
        _timer = services.Time.CreateTimer(static wait => ((ChangeWait)wait!)._wake(), this, Timeout.InfiniteTimeSpan, Timeout.InfiniteTimeSpan);
    }

    /// <summary>What was asked for. Taken up at once: a wait that is under way is given up.</summary>
    public SyncTransport Transport
    {
        get => _transport;
        set
        {
            _transport = value;
            _cuts = 0;
            GiveUp();
        }
    }

    /// <summary>Whether a request waits at the server, or would.</summary>
    public bool Polls => _transport switch
    {
        SyncTransport.LongPoll => true,
        SyncTransport.Interval => false,
        _ => _cuts < CutsMax || _services.Time.GetElapsedTime(_pollsFailedAt) >= PollAgainAfter,
    };

    /// <summary>Asks, or waits until it is time to, unless that is under way.</summary>
    public void Begin(IReadOnlyCollection<SpaceSync> spaces, CancellationToken stopping)
    {
        // A space with something to receive, which only has to wait for its time, would end every wait at once.
        SpaceSync[] quiet = [.. spaces.Where(space => !space.PullIsDue)];
        if (_asking is not null || quiet.Length == 0)
            return;
        if (!Polls && _askedAt != 0 && _interval - _services.Time.GetElapsedTime(_askedAt) is { Ticks: > 0 } left)
        {
            // Whatever transport asked last: who goes over to intervals is asked for when one has passed.
            _timer.Change(left, Timeout.InfiniteTimeSpan);
            return;
        }

        ChangesRequest request = new(
            _services.Device.Actor.Value,
            quiet.ToDictionary(space => space.Replica.Id.Value, space => new SpaceCursor(space.Replica.Cursor?.Epoch.Value, space.Replica.Cursor?.Seq ?? 0), StringComparer.Ordinal),
            Polls ? _wait.TotalSeconds : 0);
        _asking = AskAsync(request, stopping);
    }

    /// <summary>What came of it, once.</summary>
    public Reply<ChangesAnswer>? TakeResult()
    {
        Reply<ChangesAnswer>? result = _result;
        if (result is null)
            return null;
        (_result, _asking) = (null, null);
        return result;
    }

    /// <summary>
    /// Forgets a wait that failed: what stood in its way is known already, or is out of the way since. Taken later, it would undo what has been
    /// learned meanwhile.
    /// </summary>
    public void DropFailure()
    {
        if (_result is { IsAnswered: false })
            TakeResult();
    }

    public async ValueTask StopAsync()
    {
        if (_asking is not null)
            await _asking;
        await _timer.DisposeAsync();
    }

    private async Task AskAsync(ChangesRequest request, CancellationToken stopping)
    {
        // The loop goes on before anything is sent.
        await Task.Yield();
        using CancellationTokenSource abort = CancellationTokenSource.CreateLinkedTokenSource(stopping);
        Volatile.Write(ref _abort, abort);
        long began = _services.Time.GetTimestamp();
        Reply<ChangesAnswer> reply;
        try
        {
            reply = await _services.Server.ChangesAsync(request, abort.Token);
        }
        catch (OperationCanceledException)
        {
            // The transport was changed, or the client is being closed.
            reply = new ChangesAnswer([], [], []);
        }
        catch (LocalStoreException e)
        {
            // A fresh token could not be kept.
            reply = new Problem(Problem.LocalStore, e.Message);
        }
        catch (Exception e)
        {
            // A fault of ours, which the loop tells and tries again after: without an end of this wait there would be no other.
            reply = new Problem(ErrorCodes.Internal, $"{e.GetType().Name}: {e.Message}");
        }
        finally
        {
            Volatile.Write(ref _abort, null);
        }

        _result = Learn(request, reply, _services.Time.GetElapsedTime(began));
        _askedAt = _services.Time.GetTimestamp();
        _wake();
    }

    // A wait that ends badly after a while says something of the way to the server; one that fails at once says something of the server.
    private Reply<ChangesAnswer> Learn(ChangesRequest request, Reply<ChangesAnswer> reply, TimeSpan took)
    {
        TimeSpan waited = TimeSpan.FromSeconds(request.Wait);
        bool isQuiet = reply.IsAnswered && reply.Answer.Changed.Count == 0;
        _interval = isQuiet ? Min(_interval * 1.5, _services.Options.IntervalMax) : _services.Options.IntervalMin;
        if (request.Wait == 0)
            return reply;
        if (reply.IsAnswered)
        {
            _cuts = 0;
            if (isQuiet && took >= waited)
                _wait = Min(waited * 1.5, _services.Options.WaitMax);
            return reply;
        }

        bool wasCut = reply.Problem.Code is Problem.Unreachable or Problem.InvalidAnswer or ErrorCodes.Unavailable && took >= TimeSpan.FromSeconds(1);
        if (!wasCut && reply.Problem.Code != ErrorCodes.TooManyWaits)
            return reply;
        _wait = Max(WaitMin, Min(took, waited) / 2);
        if (++_cuts >= CutsMax || reply.Problem.Code == ErrorCodes.TooManyWaits)
        {
            _cuts = CutsMax;
            _pollsFailedAt = _services.Time.GetTimestamp();
        }

        // Nothing is known to be wrong with the server: a cut wait is asked again, and what is really wrong shows then.
        return _cuts == 1 || reply.Problem.Code == ErrorCodes.TooManyWaits ? new ChangesAnswer([], [], []) : reply;
    }

    /// <summary>Gives up a wait that is under way.</summary>
    public void GiveUp() => _services.Cancel(Volatile.Read(ref _abort));

    private static TimeSpan Min(TimeSpan left, TimeSpan right) => left < right ? left : right;

    private static TimeSpan Max(TimeSpan left, TimeSpan right) => left > right ? left : right;
}
