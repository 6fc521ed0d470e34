using System.Diagnostics.CodeAnalysis;
using System.Runtime.CompilerServices;
using Syncline.Client.Replicas;
using Syncline.Client.Storage;
using Syncline.Core.Operations;

namespace Syncline.Client.Sync;

/// <summary>
/// What the sync loop does for one space, one step at a time: push a batch, or pull a page. Every step writes the local store first and memory after
/// it, so that a crash between any two leaves something to go on from: the cursor is in the transaction of what it stands for, and an outbox only
/// loses what an answer names.
/// </summary>
[SuppressMessage("Design", "CA1001:Types that own disposable fields should be disposable", Justification = "What is only awaited and cancelled has nothing to dispose.")]
internal sealed class SpaceSync(ClientServices services, SpaceReplica replica)
{
    private const int PageOperations = 1_000;
    private const int PushOperationsMax = 500;
    private const long PushBytesMax = 1024 * 1024;
    private const long BootstrapBytesMax = 64 * 1024 * 1024;
    private const int OfferedMax = 16;
    private const int UnreadableBootstrapsMax = 3;

    // One step at a time; who makes the device forget the space waits for its end.
    private readonly SemaphoreSlim _stepping = new(1);
    private readonly CancellationTokenSource _forgetting = new();

    // The states are replaced, and pages taken in, by one at a time.
    private readonly SemaphoreSlim _gate = new(1);
    private ServerConnection _server = services.Server;
    private int _pushOperations = PushOperationsMax;
    private bool _pullsFromZero;
    private Anew? _anew;

    // A push was told that the log is another one than the cursor's: no push gets through before a page was received.
    private bool _pullsFirst;
    private int _pushesResynced;
    private int _pullsResynced;
    private int _unreadableBootstraps;
    private bool _isNameTaken;
    private long _pullsAsked = 1;
    private long _pullsDone;

    // What was asked of the server itself, which no page that came before answers.
    private long _serverAsked = 1;
    private long _serverDone;
    private long _serverFailed;

    // Pages that came of themselves, each with the seq that it goes on from.
    private readonly Lock _offering = new();
    private readonly Queue<(long After, PulledPage Page)> _offered = new();

    public SpaceReplica Replica => replica;

    /// <summary>Whether there may be something to receive.</summary>
    public bool PullIsDue => Volatile.Read(ref _pullsAsked) != Volatile.Read(ref _pullsDone);

    /// <summary>Whether what is shown may not be all that there is.</summary>
    public bool HasToReceive => PullIsDue || replica.IsStale;

    /// <summary>The log's last seq, as far as is known.</summary>
    public long Head { get; set; }

    /// <summary>What is in the way for this space; null when nothing is.</summary>
    public Problem? Problem { get; private set; }

    /// <summary>When to try again after a failure that is this space's alone.</summary>
    public Backoff Backoff { get; } = new(services.Time, services.Options.Random, TimeSpan.FromSeconds(1), TimeSpan.FromSeconds(20));

    /// <summary>How often this device found that it did not hold what the server holds, and began anew.</summary>
    public int RepairCount { get; private set; }

    /// <summary>How far a first reception has come: bytes read; null when none is under way.</summary>
    public long? BootstrapBytes { get; private set; }

    /// <summary>Whether the log has all that was made here, and all that it had when it was asked last is here.</summary>
    public bool Agrees => !HasToReceive && replica.ReadOutbox(outbox => outbox.PendingCount) == 0;

    /// <summary>Whether there is something to do now.</summary>
    public bool IsDue => Backoff.Left == TimeSpan.Zero && (HasToReceive || SendableCount > 0);

    private int SendableCount => replica.ReadOutbox(outbox => outbox.SendableCount);

    private string ClientId => services.Device.Actor.Value;

    /// <summary>There may be something to receive. A page that is on its way already does not count for it.</summary>
    /// <returns>What was asked, for <see cref="ProblemSince"/>.</returns>
    public long AskForPull()
    {
        long asked = Interlocked.Increment(ref _serverAsked);
        Interlocked.Increment(ref _pullsAsked);
        return asked;
    }

    /// <summary>What the server has answered to a pull that was asked for, or later, and will answer again; null when there is no such thing.</summary>
    public Problem? ProblemSince(long asked) =>
        Volatile.Read(ref _serverFailed) >= asked && Problem is { Code: ErrorCodes.Forbidden or ErrorCodes.NotFound or ErrorCodes.QuotaExceeded } problem ? problem : null;

    /// <summary>A page has come of itself. It is taken in as a pulled one if it goes on where the space stands then; and else a pull brings the same.</summary>
    /// <param name="after">The seq that it goes on from.</param>
    /// <param name="page">The page.</param>
    public void Offer(long after, PulledPage page)
    {
        lock (_offering)
        {
            // Nobody takes them: one pull brings all of them.
            if (_offered.Count == OfferedMax)
                _offered.Clear();
            _offered.Enqueue((after, page));
        }

        Interlocked.Increment(ref _pullsAsked);
    }

    /// <summary>Reads the log from the server, beside everything else.</summary>
    /// <exception cref="SynclineException">The server cannot be reached, or does not allow it.</exception>
    [SuppressMessage("ApiDesign", "RS0030:Do not use banned APIs", Justification = "An iterator goes on where its reader is, who may be waiting for it there.")]
    public async IAsyncEnumerable<LoggedOperation> ReadLogAsync(long after, [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        LocalCursor? cursor = after > 0 && replica.Cursor is { } own && after <= own.Seq ? own with { Seq = after } : null;
        while (true)
        {
            LocalCursor? from = cursor;
            Reply<PulledPage> reply = await services.RunAsync(
                () => services.Server.PullAsync(replica.Id, from, PageOperations, clientId: null, cancellationToken)).ConfigureAwait(false);
            if (!reply.IsAnswered)
                throw new SynclineException(reply.Problem);
            foreach (LoggedOperation logged in reply.Answer.Operations)
            {
                if (logged.Seq > after)
                    yield return logged;
            }

            if (!reply.Answer.HasMore)
                yield break;
            cursor = reply.Answer.Cursor;
        }
    }

    /// <summary>Loads the states, if they are not.</summary>
    public Task LoadAsync(CancellationToken cancellationToken) =>
        WithinGateAsync(() => replica.IsLoaded ? Task.CompletedTask : MakeStatesAsync(cancellationToken));

    /// <summary>The device forgets the space: when this returns, nothing is under way for it any more, and nothing will be.</summary>
    public async Task ForgetAsync()
    {
        replica.Forget();
        await _forgetting.CancelAsync();
        await _stepping.WaitAsync(CancellationToken.None);
        _stepping.Release();
        await WithinGateAsync(static () => Task.CompletedTask);
    }

    /// <summary>Does one step.</summary>
    /// <param name="server">The server, under the login that the store belongs to.</param>
    /// <param name="stopping">Ends the step in its middle, which loses nothing.</param>
    /// <returns>Why the connection is of no use now; null when it is.</returns>
    public async Task<Problem?> StepAsync(ServerConnection server, CancellationToken stopping)
    {
        await _stepping.WaitAsync(CancellationToken.None);
        long asked = Volatile.Read(ref _serverAsked);
        try
        {
            if (replica.IsForgotten)
                return null;
            _server = server;
            using CancellationTokenSource ending = CancellationTokenSource.CreateLinkedTokenSource(stopping, _forgetting.Token);
            return await StepAsync(ending.Token) is { } problem ? Judge(problem, asked) : null;
        }
        catch (OperationCanceledException) when (replica.IsForgotten)
        {
            return null;
        }
        catch (LocalStoreException e)
        {
            return Judge(new Problem(Problem.LocalStore, e.Message), asked);
        }
        catch (Exception e) when (e is not OperationCanceledException)
        {
            // A fault of ours. It is told, and everything is kept and tried again; the other spaces have nothing to do with it.
            return Judge(new Problem(ErrorCodes.Internal, $"{e.GetType().Name}: {e.Message}"), asked);
        }
        finally
        {
            _stepping.Release();
        }
    }

    private async Task<Problem?> StepAsync(CancellationToken cancellationToken)
    {
        if (replica.IsStale)
            await CatchUpAsync(cancellationToken);

        // A log that begins anew decides first what is to be pushed again.
        bool pushes = _anew is null && !_pullsFirst && SendableCount > 0 && (!PullIsDue || IsBatchFull());
        Problem? problem = pushes ? await PushAsync(cancellationToken) : PullIsDue || SendableCount > 0 ? await PullAsync(cancellationToken) : null;
        if (problem is null)
        {
            Backoff.Reset();
            Problem = null;
        }

        return problem;
    }

    // Own operations were refused or numbered anew, or what was to be made of them or of the local store could not be made before.
    private Task CatchUpAsync(CancellationToken cancellationToken) => WithinGateAsync(() => FollowStoreAsync(cancellationToken));

    private async Task WithinGateAsync(Func<Task> work)
    {
        await _gate.WaitAsync(CancellationToken.None);
        try
        {
            await work();
        }
        finally
        {
            _gate.Release();
        }
    }

    private bool IsBatchFull() => replica.ReadOutbox(outbox =>
        outbox.SendableCount >= services.Options.BatchOperations
        || (outbox.OldestPending is { } oldest && services.Time.GetUtcNow() - oldest >= services.Options.BatchTime));

    // What concerns this space alone does not keep the others waiting.
    private Problem? Judge(Problem problem, long asked)
    {
        Problem = problem;
        Volatile.Write(ref _serverFailed, asked);
        if (problem.Code is Problem.Unreachable or Problem.InvalidAnswer or Problem.OtherUser or ErrorCodes.Unauthenticated or ErrorCodes.RateLimited)
            return problem;
        Backoff.Failed(problem.RetryAfter);
        return null;
    }

    private async Task<Problem?> PushAsync(CancellationToken cancellationToken)
    {
        IReadOnlyList<OwnOperation> batch = replica.ReadOutbox(outbox => outbox.NextBatch(_pushOperations, PushBytesMax));
        if (batch.Count == 0)
            return null;
        OwnOperationChange[] sent =
            [.. batch.Where(own => own.State == OwnOperationState.Pending).Select(own => new OwnOperationChange(own.Number, OwnOperationState.Sent, 0, null))];
        if (sent.Length > 0)
        {
            await services.Writer.WriteAsync(new LocalWrite.SetOwn(replica.Id, sent));
            replica.Change(sent);
        }

        Reply<PushAnswer> reply = await _server.PushAsync(
            replica.Id, replica.Cursor?.Epoch, [.. batch.Select(own => own.Operation)], ClientId, cancellationToken);
        if (!reply.IsAnswered)
            return await PushFailedAsync(reply.Problem, batch, cancellationToken);
        if (reply.Answer.Results.Count != batch.Count)
            return new Problem(Problem.InvalidAnswer, "a push was answered with another number of results");
        _pushesResynced = 0;
        _pushOperations = Math.Min(_pushOperations * 2, PushOperationsMax);
        Head = Math.Max(Head, reply.Answer.Head);
        if (Head > (replica.Cursor?.Seq ?? 0))
            AskForPull();
        return await TakeResultsAsync(batch, reply.Answer.Results, cancellationToken);
    }

    private async Task<Problem?> PushFailedAsync(Problem problem, IReadOnlyList<OwnOperation> batch, CancellationToken cancellationToken)
    {
        switch (problem.Code)
        {
            case ErrorCodes.ResyncRequired:
                // The next page says what has become of the log.
                _pullsFirst = true;
                AskForPull();
                return AgainAndAgain(ref _pushesResynced);
            case ErrorCodes.Forbidden:
                await RefuseAsync(batch, new Refusal(problem.Code, problem.Detail), cancellationToken);
                return null;
            case ErrorCodes.NotFound when replica.Cursor is null && services.Options.CreatesSpaces:
                return await CreateAsync(cancellationToken);
            case ErrorCodes.PayloadTooLarge when batch.Count > 1:
            case Problem.Unreachable when batch.Count > 1:
                // A slow line may carry less at a time.
                _pushOperations = Math.Max(1, batch.Count / 2);
                return problem.Code == Problem.Unreachable ? problem : null;
            case ErrorCodes.PayloadTooLarge:
                await RefuseAsync(batch, new Refusal(problem.Code, problem.Detail), cancellationToken);
                return null;
            default:
                return problem;
        }
    }

    private async Task<Problem?> TakeResultsAsync(
        IReadOnlyList<OwnOperation> batch, IReadOnlyList<PushResult> results, CancellationToken cancellationToken)
    {
        List<OwnOperationChange> changes = [];
        List<OwnOperation> misnumbered = [];
        Problem? later = null;
        long received = replica.Cursor?.Seq ?? 0;
        for (int i = 0; i < batch.Count; i++)
        {
            PushResult result = results[i];
            if (result.Seq is { } seq)
            {
                changes.Add(new OwnOperationChange(batch[i].Number, seq <= received ? OwnOperationState.Received : OwnOperationState.Stored, seq, null));
                continue;
            }

            Refusal refusal = new(result.Code ?? ErrorCodes.InvalidOperation, result.Detail ?? "the server did not say why");
            if (refusal.Code is ErrorCodes.ActorTaken or ErrorCodes.IdentityReused)
                misnumbered.Add(batch[i]);
            else if (refusal.Code == ErrorCodes.QuotaExceeded)
                later = new Problem(refusal.Code, refusal.Detail);
            else
                changes.Add(new OwnOperationChange(batch[i].Number, OwnOperationState.Refused, 0, refusal));
        }

        // A group is renumbered whole: its other members are only blocked by the one that the server names.
        HashSet<string?> groups = [.. misnumbered.Select(own => own.Operation.Tx).Where(tx => tx is not null)];
        misnumbered.AddRange(batch.Where(own => groups.Contains(own.Operation.Tx) && !misnumbered.Contains(own)));
        changes.RemoveAll(change => misnumbered.Exists(own => own.Number == change.Number));
        if (changes.Count > 0)
        {
            await services.Writer.WriteAsync(new LocalWrite.SetOwn(replica.Id, changes));
            replica.Change(changes);
        }

        if (misnumbered.Count > 0)
        {
            foreach (ActorId used in misnumbered.Select(own => own.Operation.Id.Actor).Distinct())
                services.ReplaceActor(used);
            await WriteAndTakeAsync(replica.Renumber([.. misnumbered.Select(own => own.Number)]));
        }

        if (replica.IsStale)
            await CatchUpAsync(cancellationToken);
        return later;
    }

    /// <summary>Drops refused operations, or makes new ones of them.</summary>
    /// <exception cref="InvalidOperationException">The device has forgotten the space.</exception>
    public Task DropRefusedAsync(IReadOnlyList<long> numbers, bool makeNew) => WithinGateAsync(async () =>
    {
        if (replica.DropRefused(numbers, makeNew) is not { } writes)
            return;
        await WriteAndTakeAsync(writes);
        try
        {
            await FollowStoreAsync(CancellationToken.None);
        }
        catch (LocalStoreException)
        {
            // It is done and written. What is shown follows with the next step, which tells what is the matter with the store.
        }
    });

    // What the replica has changed is sent once it is written.
    private async Task WriteAndTakeAsync(IReadOnlyList<LocalWrite> writes)
    {
        await services.Writer.WriteAsync(writes);
        replica.Saved(writes);
    }

    private async Task RefuseAsync(IReadOnlyList<OwnOperation> batch, Refusal refusal, CancellationToken cancellationToken)
    {
        OwnOperationChange[] changes = [.. batch.Select(own => new OwnOperationChange(own.Number, OwnOperationState.Refused, 0, refusal))];
        await services.Writer.WriteAsync(new LocalWrite.SetOwn(replica.Id, changes));
        replica.Change(changes);
        await CatchUpAsync(cancellationToken);
    }

    private async Task<Problem?> CreateAsync(CancellationToken cancellationToken)
    {
        Reply<RemoteSpace> reply = await _server.CreateSpaceAsync(replica.Id, replica.Id.Value, cancellationToken);
        if (reply.IsAnswered)
            return null;
        if (reply.Problem.Code != ErrorCodes.NameTaken)
            return reply.Problem;

        // Another device of this user's may have made it at the same moment: then it is there now.
        bool isAgain = _isNameTaken;
        _isNameTaken = true;
        return isAgain ? new Problem(ErrorCodes.NotFound, $"there is a space {replica.Id} that this user may not see") : null;
    }

    private async Task<Problem?> PullAsync(CancellationToken cancellationToken)
    {
        LocalCursor? cursor = replica.Cursor;
        long asked = Volatile.Read(ref _pullsAsked);
        long serverAsked = Volatile.Read(ref _serverAsked);
        if (_anew is not null || (cursor is null && !_pullsFromZero))
            return await BootstrapAsync(cancellationToken);
        if (!_pullsFirst && TakeOffered(cursor) is { } offered)
        {
            await TakeInAsync(offered, cursor, cancellationToken);
            Head = Math.Max(Head, offered.Head);
            if (!offered.HasMore && !HasOffered && serverAsked == _serverDone)
                Volatile.Write(ref _pullsDone, asked);
            return null;
        }

        Reply<PulledPage> reply = await _server.PullAsync(replica.Id, cursor, PageOperations, ClientId, cancellationToken);
        if (!reply.IsAnswered)
            return await PullFailedAsync(reply.Problem, cursor, cancellationToken);

        _pullsFirst = false;
        PulledPage page = reply.Answer;
        if (!page.Follows(cursor?.Digest ?? OperationDigest.Empty, cursor?.Seq ?? 0))
        {
            RepairCount++;
            _anew = new Anew(page.Cursor.Epoch, PutBackAbove: long.MaxValue);
            return AgainAndAgain(ref _pullsResynced);
        }

        _pullsResynced = 0;
        await TakeInAsync(page, cursor, cancellationToken);
        Head = page.Head;
        if (!page.HasMore)
            _serverDone = serverAsked;
        if (!page.HasMore && !HasOffered)
            Volatile.Write(ref _pullsDone, asked);
        return null;
    }

    private bool HasOffered
    {
        get
        {
            lock (_offering)
                return _offered.Count > 0;
        }
    }

    // The next of the offered pages that goes on right where the space stands; null when there is none.
    private PulledPage? TakeOffered(LocalCursor? cursor)
    {
        lock (_offering)
        {
            while (cursor is not null && _offered.TryPeek(out (long After, PulledPage Page) next))
            {
                if (next.Page.Cursor.Epoch == cursor.Epoch && next.After > cursor.Seq)
                    return null;
                _offered.Dequeue();
                if (next.Page.Cursor.Epoch == cursor.Epoch && next.After == cursor.Seq && next.Page.Follows(cursor.Digest, cursor.Seq))
                    return next.Page;
            }

            _offered.Clear();
            return null;
        }
    }

    private Task TakeInAsync(PulledPage page, LocalCursor? cursor, CancellationToken cancellationToken) =>
        WithinGateAsync(() => TakePageAsync(page, cursor, cancellationToken));

    private async Task TakePageAsync(PulledPage page, LocalCursor? cursor, CancellationToken cancellationToken)
    {
        bool isOtherEpoch = cursor is not null && cursor.Epoch != page.Cursor.Epoch;
        if (page.Operations.Count == 0 && cursor == page.Cursor)
            return;
        long clockMax = page.Operations.Count == 0 ? 0 : page.Operations.Max(logged => logged.Operation.Id.Clock);
        List<LocalWrite> writes = [];

        // The cursor was served, but the log is another: what was stored above the cursor may not be in it.
        if (isOtherEpoch)
            writes.Add(new LocalWrite.PutBack(replica.Id, cursor!.Seq));
        writes.Add(new LocalWrite.Receive(replica.Id, page.Operations, page.Cursor, clockMax));
        if (!isOtherEpoch && replica.ReadOutbox(outbox => outbox.ReceivedUpTo(page.Cursor.Seq)) is { Length: > 0 } received)
            writes.Add(new LocalWrite.SetOwn(replica.Id, received));
        await services.Writer.WriteAsync(writes);
        replica.Receive(page.Operations, page.Cursor, isOtherEpoch);
        await FollowStoreAsync(cancellationToken);
        if (replica.WantsSnapshot && await replica.MakeSnapshotsAsync(cancellationToken) is { } snapshots)
        {
            await services.Writer.WriteAsync(snapshots);
            replica.SnapshotStored(snapshots);
        }
    }

    private async Task<Problem?> PullFailedAsync(Problem problem, LocalCursor? cursor, CancellationToken cancellationToken)
    {
        switch (problem.Code)
        {
            case ErrorCodes.ResyncRequired:
                _anew = problem.Shared is { } shared && shared.Previous == cursor?.Epoch ? new Anew(shared.Now, shared.UpTo) : Anew.Unknown;
                _pullsFirst = false;
                return AgainAndAgain(ref _pullsResynced);
            case ErrorCodes.NotFound when cursor is null && services.Options.CreatesSpaces:
                return await CreateAsync(cancellationToken);
            default:
                return problem;
        }
    }

    // A log that begins anew is received at once. One that never ceases to is a fault of the server's, which must not be asked without a pause.
    private static Problem? AgainAndAgain(ref int resynced) => ++resynced > 2
        ? new Problem(ErrorCodes.ResyncRequired, "the server says again and again that its log is another one than what it has just sent")
        : null;

    private async Task<Problem?> BootstrapAsync(CancellationToken cancellationToken)
    {
        Reception reception = new(services, replica.Id, epoch => _anew?.PutBackAboveIn(epoch) ?? 0);
        Reply<ServerConnection.Done> reply;
        try
        {
            BootstrapBytes = 0;
            reply = await _server.BootstrapAsync(replica.Id, TakeLineAsync, cancellationToken);
        }
        finally
        {
            BootstrapBytes = null;
        }

        if (!reply.IsAnswered || !reception.IsUsable)
            return await BootstrapFailedAsync(reply.Problem, cancellationToken);
        await WithinGateAsync(async () =>
        {
            (LocalCursor cursor, long clockMax) = await reception.CompleteAsync(
                upTo => replica.ReadOutbox(outbox => outbox.ReceivedUpTo(upTo)));
            replica.ReceiveBootstrap(cursor, clockMax);
            (_anew, _pullsFromZero) = (null, false);
            await FollowStoreAsync(cancellationToken);
        });
        return null;

        ValueTask TakeLineAsync(ReadOnlyMemory<byte> line)
        {
            BootstrapBytes += line.Length;
            return reception.TakeAsync(line, BootstrapBytesMax);
        }
    }

    private async Task<Problem?> BootstrapFailedAsync(Problem? problem, CancellationToken cancellationToken)
    {
        if (problem?.Code == ErrorCodes.NotFound && replica.Cursor is null && services.Options.CreatesSpaces)
            return await CreateAsync(cancellationToken);

        // What is shown stays until there is something else: only what was answered and is of no use, again and again, is gone without.
        if (problem is not null && problem.Code != Problem.InvalidAnswer)
            return problem;
        if (problem is not null && replica.Cursor is not null && ++_unreadableBootstraps < UnreadableBootstrapsMax)
            return problem;
        _unreadableBootstraps = 0;

        // Whatever the server has there, it is not for us: pages from the start give the same.
        await WithinGateAsync(async () =>
        {
            await StartAnewAsync(putBackAbove: 0);
            (_anew, _pullsFromZero) = (null, true);
            await FollowStoreAsync(cancellationToken);
        });
        return null;
    }

    // Within the gate, as the next two. What is in memory follows what is in the local store; where that cannot be read, the next step begins with it.
    private async Task FollowStoreAsync(CancellationToken cancellationToken)
    {
        if (replica.StatesAreStale)
            await MakeStatesAsync(cancellationToken);
        else if (replica.OutboxIsStale)
            await replica.ReloadOutboxAsync(cancellationToken);
    }

    // A store whose snapshots cannot be read has lost nothing but time.
    private async Task MakeStatesAsync(CancellationToken cancellationToken)
    {
        if (replica.IsForgotten)
            return;
        if (replica.OutboxIsStale)
            await replica.ReloadOutboxAsync(cancellationToken);
        if (await replica.LoadAsync(cancellationToken))
            return;
        RepairCount++;
        await StartAnewAsync(putBackAbove: long.MaxValue);
        AskForPull();
        await replica.ReloadOutboxAsync(cancellationToken);
        await replica.LoadAsync(cancellationToken);
    }

    private async Task StartAnewAsync(long putBackAbove)
    {
        await services.Writer.WriteAsync(new LocalWrite.StartAnew(replica.Id, putBackAbove));
        replica.StartAnew();
    }

    /// <summary>What was received is of no use any more.</summary>
    /// <param name="Epoch">The epoch of the log when that was found; null when it is not known.</param>
    /// <param name="PutBackAbove">In that epoch, own operations that the log had above it are to be sent again.</param>
    private sealed record Anew(Epoch? Epoch, long PutBackAbove)
    {
        public static Anew Unknown { get; } = new(Epoch: null, PutBackAbove: 0);

        /// <summary>
        /// The same, in the epoch that is received at last. The log may have begun anew once more meanwhile: then nobody knows which of its lives stored
        /// what was stored, and all of it is sent again, which the server recognises.
        /// </summary>
        public long PutBackAboveIn(Epoch received) => received == Epoch ? PutBackAbove : 0;
    }
}
