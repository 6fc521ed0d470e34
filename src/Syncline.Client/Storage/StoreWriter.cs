using System.Threading.Channels;
using Syncline.Client.Sync;

namespace Syncline.Client.Storage;

/// <summary>
/// The single place that writes the local store. Each round takes whatever waits and writes it in one transaction: edits become durable in groups,
/// and nobody who makes one waits for the disk. A write that fails stays first and is tried again, so nothing overtakes it.
/// </summary>
/// <remarks>
/// What nobody waits for is written a moment later, by a timer: to wake a thread for each edit would cost more than all else that an edit does.
/// </remarks>
internal sealed class StoreWriter
{
    /// <summary>How long a write that nobody waits for gathers others.</summary>
    private static readonly TimeSpan GroupTime = TimeSpan.FromMilliseconds(2);

    private static readonly TimeSpan RetryFirst = TimeSpan.FromSeconds(1);
    private static readonly TimeSpan RetryMost = TimeSpan.FromSeconds(10);

    private readonly ILocalStore _store;
    private readonly TimeProvider _time;
    private readonly Channel<bool> _wake = Channel.CreateBounded<bool>(new BoundedChannelOptions(1) { FullMode = BoundedChannelFullMode.DropWrite, SingleReader = true });
    private readonly ITimer _timer;
    private readonly Lock _lock = new();
    private readonly List<Request> _queue = [];
    private bool _isComplete;
    private int _waiting;
    private Problem? _lost;

    public StoreWriter(ILocalStore store, TimeProvider time)
    {
        _store = store;
        _time = time;
        _timer = time.CreateTimer(static writer => ((StoreWriter)writer!).Wake(), this, Timeout.InfiniteTimeSpan, Timeout.InfiniteTimeSpan);
    }

    /// <summary>Why the last write failed, or what can never be written; null when nothing is in the way.</summary>
    public Problem? Problem { get; private set; }

    /// <summary>How many writes wait.</summary>
    public int Waiting => Volatile.Read(ref _waiting);

    /// <summary>Called on the writer's scheduler when <see cref="Problem"/> changes.</summary>
    public Action? ProblemChanged { get; set; }

    /// <summary>Writes what belongs together; waits for nothing.</summary>
    /// <param name="writes">What to write.</param>
    /// <param name="saved">Called with them, on the writer's scheduler, once they are durable.</param>
    public void Post(IReadOnlyList<LocalWrite> writes, Action<IReadOnlyList<LocalWrite>>? saved = null)
    {
        if (Enqueue(new Request(writes, saved)))
            _timer.Change(GroupTime, Timeout.InfiniteTimeSpan);
    }

    /// <summary>Writes what belongs together, and returns when it is durable. While the store fails, it is tried again and again.</summary>
    /// <exception cref="OperationCanceledException">The client was closed before the store could be written.</exception>
    public Task WriteAsync(params IReadOnlyList<LocalWrite> writes)
    {
        TaskCompletionSource done = new(TaskCreationOptions.RunContinuationsAsynchronously);
        Enqueue(new Request(writes, Done: done));
        Wake();
        return done.Task;
    }

    /// <summary>Returns when all that was posted before is durable.</summary>
    /// <exception cref="LocalStoreException">It could not be written; it is kept and will be tried again.</exception>
    public Task FlushAsync(CancellationToken cancellationToken)
    {
        TaskCompletionSource done = new(TaskCreationOptions.RunContinuationsAsynchronously);
        Enqueue(new Request([], Done: done, EndsWithFailure: true));
        Wake();
        return done.Task.WaitAsync(cancellationToken);
    }

    /// <summary>Takes no more; what is queued is written once more, whatever comes of it.</summary>
    public void Complete()
    {
        lock (_lock)
            _isComplete = true;
        Wake();
    }

    /// <summary>Writes until <see cref="Complete"/>.</summary>
    public async Task RunAsync(CancellationToken stopping)
    {
        List<Request> round = [];
        TimeSpan retry = RetryFirst;
        while (true)
        {
            bool isComplete = TakeInto(round);
            if (round.Count == 0)
            {
                if (isComplete)
                    break;
                await _wake.Reader.ReadAsync(CancellationToken.None);
                continue;
            }

            if (await TryWriteAsync(round))
            {
                retry = RetryFirst;
                continue;
            }

            if (isComplete || stopping.IsCancellationRequested)
                break;
            await WaitAsync(retry, stopping);
            retry = TimeSpan.FromTicks(Math.Min(retry.Ticks * 2, RetryMost.Ticks));
        }

        await _timer.DisposeAsync();
        foreach (Request left in round)
            left.Done?.TrySetCanceled(CancellationToken.None);
    }

    private async Task<bool> TryWriteAsync(List<Request> round)
    {
        try
        {
            List<LocalWrite> writes = WritesOf(round);
            if (writes.Count > 0)
                await _store.WriteAsync(writes, CancellationToken.None);
        }
        catch (ArgumentException e)
        {
            await WriteEachAsync(round, e);
            return true;
        }
        catch (Exception e)
        {
            // Whatever the store throws: without this loop nothing would be written any more, and nobody told.
            SetProblem(new Problem(Problem.LocalStore, e.Message));
            foreach (Request request in round.Where(request => request.EndsWithFailure))
                request.Done!.TrySetException(new LocalStoreException(e.Message, e));
            Interlocked.Add(ref _waiting, -round.RemoveAll(request => request.EndsWithFailure));
            return false;
        }

        Interlocked.Add(ref _waiting, -round.Count);
        Request[] saved = [.. round];
        round.Clear();
        SetProblem(_lost);
        foreach (Request request in saved)
        {
            request.Saved?.Invoke(request.Writes);
            if (request.EndsWithFailure && _lost is not null)
                request.Done?.TrySetException(new LocalStoreException(_lost.Detail));
            else
                request.Done?.TrySetResult();
        }

        return true;
    }

    // Edits that follow each other are one write: what a write costs beside its rows is paid once.
    private static List<LocalWrite> WritesOf(List<Request> round)
    {
        List<LocalWrite> writes = new(round.Count);
        List<OwnOperation>? run = null;
        foreach (Request request in round)
        {
            foreach (LocalWrite write in request.Writes)
            {
                if (write is not LocalWrite.AddOwn add)
                {
                    run = null;
                    writes.Add(write);
                }
                else if (run is not null && writes[^1] is LocalWrite.AddOwn last && last.Space == add.Space)
                {
                    run.AddRange(add.Operations);
                }
                else
                {
                    run = [.. add.Operations];
                    writes.Add(add with { Operations = run });
                }
            }
        }

        return writes;
    }

    // What is for a space that was removed meanwhile can never be written, and must not keep the rest from it.
    private async Task WriteEachAsync(List<Request> round, ArgumentException exception)
    {
        if (round.Count == 1)
        {
            Request refused = round[0];
            Interlocked.Decrement(ref _waiting);
            round.Clear();
            refused.Done?.TrySetException(exception);
            if (refused.Done is null && refused.Writes.Any(write => write is LocalWrite.AddOwn))
            {
                // A fault of ours. They stay in memory and are not sent, which nobody must take for saved.
                _lost = new Problem(Problem.LocalStore, $"the local store does not take operations that were made: {exception.Message}");
                SetProblem(_lost);
            }

            return;
        }

        Request[] each = [.. round];
        round.Clear();
        foreach (Request request in each)
        {
            // A failure of the disk leaves this one, and those that follow, for the next round.
            round.Add(request);
            if (round.Count == 1)
                await TryWriteAsync(round);
        }
    }

    private void SetProblem(Problem? problem)
    {
        bool changes = problem != Problem;
        Problem = problem;
        if (changes)
            ProblemChanged?.Invoke();
    }

    private async Task WaitAsync(TimeSpan retry, CancellationToken stopping)
    {
        try
        {
            await Task.Delay(retry, _time, stopping);
        }
        catch (OperationCanceledException)
        {
            // One more try, then it is over.
        }
    }

    /// <summary>Adds to what waits.</summary>
    /// <returns>Whether it is the first.</returns>
    private bool Enqueue(Request request)
    {
        lock (_lock)
        {
            ObjectDisposedException.ThrowIf(_isComplete, typeof(SynclineClient));
            Interlocked.Increment(ref _waiting);
            _queue.Add(request);
            return _queue.Count == 1;
        }
    }

    // Whether no more will come is as of the same moment.
    private bool TakeInto(List<Request> round)
    {
        lock (_lock)
        {
            round.AddRange(_queue);
            _queue.Clear();
            return _isComplete;
        }
    }

    private void Wake() => _wake.Writer.TryWrite(true);

    private readonly record struct Request(
        IReadOnlyList<LocalWrite> Writes,
        Action<IReadOnlyList<LocalWrite>>? Saved = null,
        TaskCompletionSource? Done = null,
        bool EndsWithFailure = false);
}
