using Microsoft.Extensions.Logging;
using Syncline.Core.Operations;
using Syncline.Engine.Spaces;
using Syncline.Engine.Storage;

namespace Syncline.Engine.Compaction;

/// <summary>
/// Drops from a log what can decide nothing any more: operations all of whose registers have a greater write in the log
/// (<see cref="IModel.RegistersOf"/>).
/// </summary>
/// <remarks>
/// It goes through the log once, in seq order and small steps, as far as the log is old enough, and keeps beside the log which operation wins
/// each register so far. What it drops is decided by the log alone, and nothing that comes later can change it. So it needs neither the
/// space's state nor its writer, and is as true after a crash at any point as before.
/// </remarks>
internal sealed partial class Compactor(EngineServices services)
{
    private const long StepBytesMax = 4 * 1024 * 1024;
    private const int StubTimeParts = 60;
    private const int WinnersAtOnce = 64;
    private readonly ILogger _logger = services.Loggers.CreateLogger<Compactor>();

    private TimeSpan StubTimePart => new(Math.Max(services.Options.StubTime.Ticks / StubTimeParts, 1));

    /// <summary>Looks through a log as far as it is old enough, tidies up, and says when more of it will be.</summary>
    /// <returns>
    /// When the first operation that is too young now will be old enough, or else the stubs that were left now; null when there is nothing more to do
    /// until something is appended.
    /// </returns>
    public async Task<DateTimeOffset?> RunAsync(SpaceId space, CancellationToken cancellationToken)
    {
        DateTimeOffset now = services.TimeProvider.GetUtcNow();
        Progress progress;
        bool leftStubs = false;
        do
        {
            long began = services.TimeProvider.GetTimestamp();
            progress = await StepAsync(space, now, cancellationToken);
            leftStubs |= progress.HasDropped;
            await PauseAsync(began, cancellationToken);
        }
        while (progress.HasMore);
        await TidyAsync(space, cancellationToken);
        return progress.NextDue ?? (leftStubs ? now + services.Options.StubTime + StubTimePart : null);
    }

    /// <summary>Removes old stubs and what is left of old snapshots, and gives room back, in small steps.</summary>
    public async Task TidyAsync(SpaceId space, CancellationToken cancellationToken)
    {
        // In whole parts of that time, so that not every pass looks at every stub.
        long part = StubTimePart.Ticks;
        DateTimeOffset stubsBefore = new((services.TimeProvider.GetUtcNow() - services.Options.StubTime).UtcTicks / part * part, TimeSpan.Zero);
        bool hasMore;
        do
        {
            long began = services.TimeProvider.GetTimestamp();
            hasMore = await services.Store.TidyAsync(space, stubsBefore, cancellationToken);
            await PauseAsync(began, cancellationToken);
        }
        while (hasMore);
    }

    private async Task<Progress> StepAsync(SpaceId space, DateTimeOffset now, CancellationToken cancellationToken)
    {
        LogHead? head = await services.Store.ReadHeadAsync(space, cancellationToken);
        if (head is null)
            return default;
        long after = await services.Store.ReadCompactedUpToAsync(space, cancellationToken);
        LogPage page = await services.Store.ReadAsync(
            space, after, Selection.All, new PageLimits(services.Options.CompactionStepMax, StepBytesMax), cancellationToken);

        // The log's last operation stays: it says where the log stands.
        DateTimeOffset oldEnough = now - services.Options.HistoryTime;
        List<LoggedOperation> old = [.. page.Operations.TakeWhile(logged => logged.ReceivedAt <= oldEnough && logged.Seq < head.Seq)];
        DateTimeOffset? nextDue = old.Count < page.Operations.Count && page.Operations[old.Count] is { } next && next.Seq < head.Seq
            ? next.ReceivedAt + services.Options.HistoryTime
            : null;
        if (old.Count == 0)
            return new Progress(HasMore: false, HasDropped: false, nextDue);

        Contest contest = await HoldAsync(space, old, cancellationToken);
        CompactionStep step = new(head.Epoch, after, old[^1].Seq, contest.Winners, contest.Dropped, now);

        // Not for the log as it is: it began another epoch meanwhile, and is looked at anew.
        bool isDone = await services.Store.CompactAsync(space, step);
        if (isDone && step.Dropped.Count > 0)
        {
            services.Meters.OperationsDropped.Add(step.Dropped.Count);
            LogDropped(space, step.Dropped.Count, step.UpTo);
        }

        return new Progress(HasMore: !isDone || old.Count == page.Operations.Count, HasDropped: step.Dropped.Count > 0, nextDue);
    }

    private async Task<Contest> HoldAsync(SpaceId space, List<LoggedOperation> operations, CancellationToken cancellationToken)
    {
        Dictionary<long, RegisterKey[]> registers = operations.ToDictionary(logged => logged.Seq, RegistersOf);
        Dictionary<long, Entrant> challenged = [];
        Dictionary<RegisterKey, long> winners = [];
        await FindWinnersAsync(space, registers.Values.SelectMany(all => all).ToHashSet(), winners, challenged, cancellationToken);

        // What loses one register may win others: all of its have to be known.
        HashSet<RegisterKey> others = [.. challenged.Values.SelectMany(winner => winner.Registers).Where(register => !winners.ContainsKey(register))];
        await FindWinnersAsync(space, others, winners, winnersFound: [], cancellationToken);
        Contest contest = new();
        foreach (Entrant winner in challenged.Values)
        {
            foreach (RegisterKey register in winner.Registers.Where(register => winners.TryGetValue(register, out long known) && known == winner.Seq))
                contest.Seed(register, winner);
        }

        // What comes to a thing after it was purged is refused; what had come before, and is looked at only now, had lost.
        PurgedThings purged = new(await services.Store.ReadPurgedAsync(space, cancellationToken));
        foreach (LoggedOperation logged in operations)
        {
            if (purged.AreWrittenBy(services.Reader.ModelOf(logged.Operation.Id.Scope), logged.Operation))
                contest.Dropped.Add(logged.Seq);
            else
                contest.Enter(new Entrant(logged.Seq, logged.Operation.Id.Stamp, registers[logged.Seq]));
        }

        return contest;
    }

    // A few at a time, of which no more is kept than what they win: each may be as large as an operation can be, and the store reads them while
    // nobody writes.
    private async Task FindWinnersAsync(
        SpaceId space,
        HashSet<RegisterKey> registers,
        Dictionary<RegisterKey, long> winners,
        Dictionary<long, Entrant> winnersFound,
        CancellationToken cancellationToken)
    {
        foreach (RegisterKey[] some in registers.Chunk(WinnersAtOnce))
        {
            foreach ((RegisterKey register, LoggedOperation winner) in await services.Store.FindWinnersAsync(space, some, cancellationToken))
            {
                winners.Add(register, winner.Seq);
                winnersFound.TryAdd(winner.Seq, new Entrant(winner.Seq, winner.Operation.Id.Stamp, RegistersOf(winner)));
            }

            await Task.Yield();
        }
    }

    private RegisterKey[] RegistersOf(LoggedOperation logged)
    {
        IModel model = services.Reader.ModelOf(logged.Operation.Id.Scope);
        services.Reader.ReadContent(logged.Operation);
        IReadOnlyList<string> names = model.RegistersOf(logged.Operation);
        RegisterKey[] registers = new RegisterKey[names.Count];
        for (int i = 0; i < registers.Length; i++)
            registers[i] = RegisterKey.Of(model, names[i]);
        return registers;
    }

    // As much time for others as it took itself.
    private async Task PauseAsync(long began, CancellationToken cancellationToken)
    {
        TimeSpan took = services.TimeProvider.GetElapsedTime(began);
        if (took > TimeSpan.Zero)
            await Task.Delay(took, services.TimeProvider, cancellationToken);
        else
            await Task.Yield();
    }

    [LoggerMessage(20, LogLevel.Debug, "Dropped {Count} operations of space {Space} up to seq {UpTo}")]
    private partial void LogDropped(SpaceId space, int count, long upTo);

    private readonly record struct Progress(bool HasMore, bool HasDropped, DateTimeOffset? NextDue);

    /// <summary>What is to be known of an operation: its place, its stamp and what it writes.</summary>
    private sealed record Entrant(long Seq, Stamp Stamp, RegisterKey[] Registers);

    /// <summary>Who wins which register, and who wins none any more.</summary>
    private sealed class Contest
    {
        private readonly Dictionary<RegisterKey, Entrant> _winners = [];
        private readonly HashSet<RegisterKey> _changed = [];
        private readonly Dictionary<long, int> _wins = [];

        public List<KeyValuePair<RegisterKey, long>> Winners => [.. _changed.Select(register => KeyValuePair.Create(register, _winners[register].Seq))];

        public List<long> Dropped { get; } = [];

        public void Seed(RegisterKey register, Entrant winner)
        {
            _winners[register] = winner;
            _wins[winner.Seq] = _wins.GetValueOrDefault(winner.Seq) + 1;
        }

        public void Enter(Entrant entrant)
        {
            (long seq, Stamp stamp, RegisterKey[] registers) = entrant;

            // An actor that used a clock for two resources may write one register twice with it. Which one wins is the model's matter: both stay.
            if (registers.Length == 0 || registers.Any(register => _winners.TryGetValue(register, out Entrant? other) && other.Stamp == stamp))
                return;
            int wins = 0;
            foreach (RegisterKey register in registers)
            {
                if (_winners.TryGetValue(register, out Entrant? winner))
                {
                    if (stamp < winner.Stamp)
                        continue;
                    Lose(winner);
                }

                _winners[register] = entrant;
                _changed.Add(register);
                wins++;
            }

            if (wins > 0)
                _wins[seq] = wins;
            else
                Dropped.Add(seq);
        }

        private void Lose(Entrant winner)
        {
            if (--_wins[winner.Seq] > 0)
                return;
            _wins.Remove(winner.Seq);
            Dropped.Add(winner.Seq);
        }
    }
}
