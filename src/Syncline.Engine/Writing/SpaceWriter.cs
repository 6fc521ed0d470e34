using System.Threading.Channels;
using Microsoft.Extensions.Logging;
using Syncline.Core.Operations;
using Syncline.Engine.Accounts;
using Syncline.Engine.Following;
using Syncline.Engine.Spaces;
using Syncline.Engine.Storage;

namespace Syncline.Engine.Writing;

/// <summary>
/// The single place that orders a space. Each round takes whatever pushes are waiting, judges their operations one by one, appends what was
/// accepted in one transaction, wakes the followers, and answers the callers: group commit is the loop itself. Reads of the state and
/// changes of roles stand in the same queue, so they see committed state only, and nothing is decided with a role that was taken away before.
/// </summary>
internal sealed partial class SpaceWriter
{
    private static readonly PageLimits CatchUpPage = new(4_000, 4 * 1024 * 1024);
    private readonly LiveSpace _space;
    private readonly EngineServices _services;
    private readonly SpaceState _state;
    private readonly Channel<Request> _queue;
    private readonly ILogger _logger;
    private bool _headIsUncertain;

    public SpaceWriter(LiveSpace space, EngineServices services, LogHead head)
    {
        _space = space;
        _services = services;
        _state = new SpaceState(space.Id, services) { Head = head };
        _queue = Channel.CreateBounded<Request>(new BoundedChannelOptions(services.Options.PushesWaitingMax) { SingleReader = true });
        _logger = services.Loggers.CreateLogger<SpaceWriter>();
    }

    /// <summary>Judges and stores operations. A cancelled caller's push may still be stored.</summary>
    public async ValueTask<PushOutcome> PushAsync(
        UserId userId, Epoch? epoch, IReadOnlyList<PushItem> items, CancellationToken cancellationToken)
    {
        PushRequest request = new(userId, epoch, items);
        await EnqueueAsync(request, cancellationToken);
        return await request.Answer.Task.WaitAsync(cancellationToken);
    }

    /// <summary>Runs <paramref name="work"/> between two rounds.</summary>
    public async ValueTask<T> BetweenRoundsAsync<T>(Func<SpaceState, ValueTask<T>> work, CancellationToken cancellationToken)
    {
        WorkRequest<T> request = new(work);
        await EnqueueAsync(request, cancellationToken);
        return await request.Answer.Task.WaitAsync(cancellationToken);
    }

    /// <summary>
    /// Runs work on the log itself between two rounds, so that nothing is decided half before and half after it. It is given where the log
    /// stands, and runs again when it answers null: the log stands elsewhere in the store, and is taken in first.
    /// </summary>
    public ValueTask<T> OnLogAsync<T>(Func<LogHead, ValueTask<T?>> work, CancellationToken cancellationToken)
        where T : class =>
        BetweenRoundsAsync(
            async state =>
            {
                while (true)
                {
                    if (_headIsUncertain)
                        await CatchUpAsync();
                    try
                    {
                        if (await work(state.Head) is { } result)
                            return result;
                    }
                    catch (StoreUnavailableException e) when (e.OutcomeUnknown)
                    {
                        _headIsUncertain = true;
                        throw;
                    }
                    finally
                    {
                        await SettleAsync();
                    }

                    await CatchUpAsync();
                }
            },
            cancellationToken);

    /// <summary>Within <see cref="OnLogAsync"/>: the log has begun anew, and whoever reads on must find that out before anything else.</summary>
    public void LogHasBegunAnew() => _headIsUncertain = true;

    /// <summary>Takes no more requests; those that are queued are still served.</summary>
    public void Complete() => _queue.Writer.TryComplete();

    /// <summary>Serves requests until <see cref="Complete"/>.</summary>
    public async Task RunAsync()
    {
        List<PushRequest> pushes = [];
        while (await _queue.Reader.WaitToReadAsync())
        {
            int operations = 0;
            while (_queue.Reader.TryPeek(out Request? next) && next is PushRequest push
                && (pushes.Count == 0 || operations + push.Items.Count <= _services.Options.BatchOperationsMax))
            {
                _queue.Reader.TryRead(out _);
                operations += push.Items.Count;
                pushes.Add(push);
            }

            if (pushes.Count > 0)
                await ServeAsync(pushes);
            else if (_queue.Reader.TryRead(out Request? other))
                await ((WorkRequest)other).RunAsync(_state);
            pushes.Clear();
        }
    }

    private async ValueTask EnqueueAsync(Request request, CancellationToken cancellationToken)
    {
        try
        {
            await _queue.Writer.WriteAsync(request, cancellationToken);
        }
        catch (ChannelClosedException)
        {
            _space.DemandOpen();
            throw new SpaceAccessException(ErrorCodes.Unavailable, "the space is being closed");
        }
    }

    private async ValueTask ServeAsync(List<PushRequest> pushes)
    {
        try
        {
            await RoundAsync(pushes);
        }
        catch (StoreUnavailableException e)
        {
            LogStoreUnavailable(_space.Id, e);
            Answer(pushes, new PushOutcome.Unavailable(e.Message));
            await SettleAsync();
        }
        catch (SpaceNotFoundException)
        {
            Answer(pushes, new PushOutcome.NotFound());
        }
        catch (Exception e)
        {
            // A fault must not leave callers waiting, nor a state that may be half changed, nor harm the other pushes of the round.
            LogRoundFailed(_space.Id, e);
            _state.Forget(_state.Head);
            if (pushes.Count == 1)
                pushes[0].Answer.TrySetException(e);
            else
                await ServeOneByOneAsync(pushes);
        }
    }

    // What may have been appended is looked for at once: its pusher may never come again, and followers wait for it.
    private async ValueTask SettleAsync()
    {
        try
        {
            if (_headIsUncertain)
                await CatchUpAsync();
        }
        catch (Exception e) when (e is StoreUnavailableException or SpaceNotFoundException)
        {
            // The next round tries again.
            LogStoreUnavailable(_space.Id, e);
        }
    }

    private async ValueTask ServeOneByOneAsync(List<PushRequest> pushes)
    {
        foreach (PushRequest push in pushes)
            await ServeAsync([push]);
    }

    private async ValueTask RoundAsync(List<PushRequest> pushes)
    {
        if (_headIsUncertain)
            await CatchUpAsync();
        while (true)
        {
            List<PushRequest> open = pushes.FindAll(push => !push.Answer.Task.IsCompleted && MayWrite(push));
            if (open.Count == 0)
                return;
            RoundIds ids = new(open);
            foreach (Scope scope in ids.Scopes)
                await _state.LoadAsync(scope, CancellationToken.None);
            Known known = await _services.Store.FindAsync(_space.Id, ids.Identities, ids.Actors, CancellationToken.None);
            if (known.Epoch != _state.Head.Epoch || known.Head != _state.Head.Seq)
            {
                await CatchUpAsync();
                continue;
            }

            (IModelState State, int Mark)[] start = _state.Mark();
            Batch batch = new(_state.Head, _services.TimeProvider.GetUtcMilliseconds(), ids.Identities.Count);
            OperationResult[][] results = new OperationResult[open.Count][];
            try
            {
                Judge judge = new(_space.Id, _state, batch, known, _services.Rules);
                for (int i = 0; i < open.Count; i++)
                    results[i] = judge.Push(open[i].Items, open[i].UserId, _space.RoleOf(open[i].UserId)!.Value);
            }
            catch
            {
                SpaceState.RollbackTo(start);
                throw;
            }

            if (batch.Operations.Count > 0 && !await AppendAsync(batch, start))
            {
                // Somebody else appended first: take that in, and judge again on it.
                await CatchUpAsync();
                continue;
            }

            for (int i = 0; i < open.Count; i++)
                open[i].Answer.TrySetResult(new PushOutcome.Judged(_state.Head.Epoch, _state.Head.Seq, results[i]));
            CountRejections(results);
            return;
        }
    }

    // True when the batch is durable and published; false when the head had moved. In both cases the state is that of the log.
    private async ValueTask<bool> AppendAsync(Batch batch, (IModelState State, int Mark)[] start)
    {
        long began = _services.TimeProvider.GetTimestamp();
        AppendOutcome outcome;
        try
        {
            outcome = await _services.Store.AppendAsync(
                _space.Id, new LogAppend(_state.Head.Epoch, _state.Head.Seq, batch.Operations, batch.NewActors));
        }
        catch (StoreUnavailableException e) when (e.OutcomeUnknown)
        {
            // It may be in the log or not; only the log can tell, when it can be read again.
            _state.Forget(_state.Head);
            _headIsUncertain = true;
            throw;
        }
        catch
        {
            SpaceState.RollbackTo(start);
            throw;
        }

        if (outcome == AppendOutcome.HeadMoved)
        {
            SpaceState.RollbackTo(start);
            return false;
        }

        _services.Meters.AppendDuration.Record(_services.TimeProvider.GetElapsedTime(began).TotalSeconds);
        _services.Meters.OperationsAppended.Add(batch.Operations.Count);
        _services.Meters.BatchSize.Record(batch.Operations.Count);
        CommitAndPublish(batch.Operations, batch.NewHead);
        return true;
    }

    // Takes in what is in the log beyond the state, and publishes it.
    private async ValueTask CatchUpAsync()
    {
        LogHead head = await _services.Store.ReadHeadAsync(_space.Id, CancellationToken.None) ?? throw new SpaceNotFoundException(_space.Id);
        if (head.Epoch != _state.Head.Epoch)
        {
            // Another life of the log: nothing in memory is of it.
            _state.Forget(head);
            _space.Replace(head);
        }

        if (head.Seq < _state.Head.Seq)
        {
            // Somebody put an older log in this one's place. To go on would give its seqs a second meaning, and to ask again would never end.
            throw new StoreUnavailableException(
                $"The log ends at {head.Seq} and had reached {_state.Head.Seq}: it was replaced while in use; restart the server.", outcomeUnknown: false);
        }

        while (_state.Head.Seq < head.Seq)
        {
            LogPage page = await _services.Store.ReadAsync(_space.Id, _state.Head.Seq, Selection.All, CatchUpPage, CancellationToken.None);
            foreach (Scope scope in page.Operations.Select(logged => logged.Operation.Id.Scope).Distinct())
                await _state.LoadAsync(scope, CancellationToken.None);
            foreach (LoggedOperation logged in page.Operations)
                _state.Apply(logged);
            LoggedOperation last = page.Operations[^1];
            CommitAndPublish(
                page.Operations,
                head with
                {
                    Seq = last.Seq,
                    Digest = last.Digest,
                    HighestClock = Math.Max(_state.Head.HighestClock, page.Operations.Max(logged => logged.Operation.Id.Clock)),
                });
        }

        _headIsUncertain = false;
    }

    private void CommitAndPublish(IReadOnlyList<LoggedOperation> operations, LogHead head)
    {
        _state.Commit(head);
        _space.Publish(head, Share(operations));
    }

    // Cuts an append into the batches that followers share, none greater than a page, no group parted.
    private List<OperationBatch> Share(IReadOnlyList<LoggedOperation> operations)
    {
        List<OperationBatch> batches = [];
        int max = _services.Options.SharedBatchOperationsMax;
        for (int first = 0; first < operations.Count;)
        {
            int end = first + 1;
            long bytes = BytesOf(first);
            while (end < operations.Count
                && (operations[end - 1].GroupEnd > operations[end - 1].Seq
                    || (end - first < max && bytes + BytesOf(end) <= _services.Options.SharedBatchBytesMax)))
            {
                bytes += BytesOf(end);
                end++;
            }

            LoggedOperation[] part = new LoggedOperation[end - first];
            for (int i = first; i < end; i++)
                part[i - first] = operations[i];
            batches.Add(new OperationBatch
            {
                Operations = part,
                NewlySendable = _state.Trees is { NewlySendable.Count: > 0 } trees ? [.. trees.NewlySendable.Where(one => IsIn(part, one.Seq))] : [],
                NewTrees = _state.Trees is { NewTrees.Count: > 0 } all
                    ? [.. all.NewTrees.Where(tree => IsIn(part, tree.FirstSeq)).Select(tree => tree.Id)]
                    : [],
            });
            first = end;
        }

        return batches;

        int BytesOf(int index) => operations[index].Operation.Payload.Utf8.Length;
    }

    private static bool IsIn(LoggedOperation[] part, long seq) => seq >= part[0].Seq && seq <= part[^1].Seq;

    private bool MayWrite(PushRequest push)
    {
        PushOutcome? refusal = _space.RoleOf(push.UserId) switch
        {
            _ when _space.RolesAreUncertain => new PushOutcome.Unavailable(LiveSpace.RolesUncertain),
            null => new PushOutcome.NotFound(),
            < Role.Editor => new PushOutcome.Forbidden(),
            _ when push.Epoch is { } epoch && epoch != _state.Head.Epoch => new PushOutcome.ResyncRequired(_state.Head),
            _ => null,
        };
        if (refusal is not null)
            push.Answer.TrySetResult(refusal);
        return refusal is null;
    }

    private void CountRejections(OperationResult[][] results)
    {
        foreach (OperationResult[] ofPush in results)
        {
            foreach (OperationResult result in ofPush)
            {
                if (result is OperationResult.Rejected rejected)
                    _services.Meters.Rejections.Add(1, new KeyValuePair<string, object?>("code", rejected.Refusal.Code));
            }
        }
    }

    private static void Answer(List<PushRequest> pushes, PushOutcome outcome)
    {
        foreach (PushRequest push in pushes)
            push.Answer.TrySetResult(outcome);
    }

    [LoggerMessage(1, LogLevel.Error, "The store could not take operations of space {Space}")]
    private partial void LogStoreUnavailable(SpaceId space, Exception exception);

    [LoggerMessage(2, LogLevel.Critical, "A round of space {Space} failed by a fault of the server's; its state is loaded anew")]
    private partial void LogRoundFailed(SpaceId space, Exception exception);

    // What a round has to look up. Neighbours mostly share scope and actor, so those are compared with the last before they are hashed; an
    // identity that is sent twice is looked up twice.
    private readonly struct RoundIds
    {
        public RoundIds(List<PushRequest> pushes)
        {
            int count = 0;
            foreach (PushRequest push in pushes)
                count += push.Items.Count;
            Identities = new List<OperationId>(count);
            OperationId last = default;
            foreach (PushRequest push in pushes)
            {
                for (int i = 0; i < push.Items.Count; i++)
                {
                    if (push.Items[i].Operation is not { Id: var id })
                        continue;
                    Identities.Add(id);
                    if (id.Scope != last.Scope)
                        Scopes.Add(id.Scope);
                    if (id.Actor != last.Actor)
                        Actors.Add(id.Actor);
                    last = id;
                }
            }
        }

        public List<OperationId> Identities { get; }

        public HashSet<Scope> Scopes { get; } = [];

        public HashSet<ActorId> Actors { get; } = [];
    }

    private abstract class Request;

    private sealed class PushRequest(UserId userId, Epoch? epoch, IReadOnlyList<PushItem> items) : Request
    {
        public UserId UserId { get; } = userId;

        public Epoch? Epoch { get; } = epoch;

        public IReadOnlyList<PushItem> Items { get; } = items;

        public TaskCompletionSource<PushOutcome> Answer { get; } = new(TaskCreationOptions.RunContinuationsAsynchronously);
    }

    private abstract class WorkRequest : Request
    {
        public abstract ValueTask RunAsync(SpaceState state);
    }

    private sealed class WorkRequest<T>(Func<SpaceState, ValueTask<T>> work) : WorkRequest
    {
        public TaskCompletionSource<T> Answer { get; } = new(TaskCreationOptions.RunContinuationsAsynchronously);

        public override async ValueTask RunAsync(SpaceState state)
        {
            try
            {
                Answer.TrySetResult(await work(state));
            }
            catch (Exception e)
            {
                // The caller's exception, not the writer's: it goes to who asked.
                Answer.TrySetException(e);
            }
        }
    }
}
