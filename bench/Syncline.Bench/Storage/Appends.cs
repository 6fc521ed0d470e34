using System.Diagnostics;
using System.Globalization;
using Syncline.Bench.Harness;
using Syncline.Core.Operations;
using Syncline.Engine.Storage;

namespace Syncline.Bench.Storage;

/// <summary>What a writer's round asks of the store (look up the batch, append it) beside the bare loop, both waiting for the disk.</summary>
internal static class Appends
{
    public const int ActorsInTurns = 100;

    /// <summary>Rows of a window in which the pace is taken while a log grows.</summary>
    private const int Window = 100_000;

    public static Sample Bare(int batch, int rows)
    {
        using TemporaryFolder folder = new();
        using BareLog log = BareLog.Create(folder.PathOf("bare.db"));
        const int WarmRows = 5_000;
        AppendBare(log, BareRow.Make(1, WarmRows, ActorsInTurns), batch);
        BareRow[] all = BareRow.Make(WarmRows + 1, rows, ActorsInTurns);
        Stage stage = Stage.Begin();
        AppendBare(log, all, batch);
        return stage.End(rows);
    }

    public static Sample Store(int batch, int rows)
    {
        using StoreFolder folder = new();
        ActorId[] actors = Workload.Actors(ActorsInTurns);
        SpaceId space = StoreFolder.Space(1);
        LogHead head = folder.Create(space);
        (Round[] warm, head) = Rounds(head, 5_000, batch, actors);
        AppendStore(folder, space, warm);
        (Round[] all, _) = Rounds(head, rows, batch, actors);
        Stage stage = Stage.Begin();
        AppendStore(folder, space, all);
        return stage.End(rows);
    }

    /// <summary>The pace in windows while a log grows to <paramref name="rows"/>, by many actors in turns.</summary>
    public static Sample GrowBare(int rows, int cacheKibibytes, bool withIndex)
    {
        using TemporaryFolder folder = new();
        using BareLog log = BareLog.Create(folder.PathOf("bare.db"), cacheKibibytes: cacheKibibytes, withIndex: withIndex);
        return Grow(rows, first =>
        {
            BareRow[] window = BareRow.Make(first, Window, ActorsInTurns);
            return () => AppendBare(log, window, 50);
        });
    }

    /// <summary>The same through the store.</summary>
    public static Sample GrowStore(int rows)
    {
        using StoreFolder folder = new();
        ActorId[] actors = Workload.Actors(ActorsInTurns);
        SpaceId space = StoreFolder.Space(1);
        LogHead head = folder.Create(space);
        Sample sample = Grow(rows, _ =>
        {
            (Round[] window, head) = Rounds(head, Window, 50, actors);
            return () => AppendStore(folder, space, window);
        });
        sample.More["bytes per row"] = Sample.Number(new FileInfo(folder.FileOf(space)).Length / (double)rows);
        return sample;
    }

    private static Sample Grow(int rows, Func<long, Action> next)
    {
        Sample sample = new() { Count = rows, Milliseconds = 0 };
        double milliseconds = 0;
        for (int written = 0; written < rows;)
        {
            Action append = next(written + 1);
            long began = Stopwatch.GetTimestamp();
            append();
            double took = Stopwatch.GetElapsedTime(began).TotalMilliseconds;
            milliseconds += took;
            written += Window;
            sample.More[string.Create(CultureInfo.InvariantCulture, $"at {written}")] = Sample.Number(Window / took * 1000);
        }

        return sample with { Milliseconds = milliseconds };
    }

    private static void AppendBare(BareLog log, BareRow[] rows, int batch)
    {
        for (int i = 0; i < rows.Length; i += batch)
            log.Append(rows.AsSpan(i, batch));
    }

    private static void AppendStore(StoreFolder folder, SpaceId space, Round[] rounds)
    {
        foreach (Round round in rounds)
        {
            Known known = folder.Store.FindAsync(space, round.Identities, round.Actors, CancellationToken.None).Wait();
            if (known.Head != round.Append.ExpectedHead || known.Operations.Count > 0)
                throw new InvalidOperationException("the log is not where it should be");
            if (folder.Store.AppendAsync(space, round.Append).Wait() != AppendOutcome.Appended)
                throw new InvalidOperationException("the head moved");
        }
    }

    private static (Round[] Rounds, LogHead Head) Rounds(LogHead head, int rows, int batch, ActorId[] actors)
    {
        Round[] rounds = new Round[rows / batch];
        for (int i = 0; i < rounds.Length; i++)
        {
            LogAppend append = Workload.Next(head, batch, actors);
            rounds[i] = new Round(
                append,
                append.Operations.Select(logged => logged.Operation.Id).ToHashSet(),
                append.Operations.Select(logged => logged.Operation.Id.Actor).ToHashSet());
            head = Workload.After(head, append);
        }

        return (rounds, head);
    }

    /// <summary>What SpaceWriter has in its hands when it asks the store: the work of making it is the writer's.</summary>
    private sealed record Round(LogAppend Append, HashSet<OperationId> Identities, HashSet<ActorId> Actors);
}
