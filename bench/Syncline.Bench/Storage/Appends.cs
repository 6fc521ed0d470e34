using System.Globalization;
using Syncline.Bench.Harness;
using Syncline.Core.Operations;
using Syncline.Engine.Storage;
using Syncline.Sqlite;

namespace Syncline.Bench.Storage;

/// <summary>What a writer's round asks of the store (look up the batch, append it) beside the bare loop, both waiting for the disk.</summary>
internal static class Appends
{
    public const int ActorsInTurns = 100;

    /// <summary>Rows of a window in which the pace is taken while a log grows.</summary>
    private const int Window = 100_000;

    // As many rows again come before the clock starts: a server is warm, and the runtime compiles hot code anew for some tenths of a second.
    public static Sample Bare(int batch, int rows)
    {
        using TemporaryFolder folder = new();
        using BareLog log = BareLog.Create(folder.PathOf("bare.db"));
        Pace warm = default;
        Append(log, 0, rows, batch, ref warm);
        Pace pace = default;
        Append(log, rows, rows, batch, ref pace);
        return pace.ToSample();
    }

    public static Sample Store(int batch, int rows)
    {
        using StoreFolder folder = new();
        SpaceId space = StoreFolder.Space(1);
        LogHead head = folder.Create(space);
        ActorId[] actors = Workload.Actors(ActorsInTurns);
        Pace warm = default;
        head = Append(folder.Store, space, head, actors, rows, batch, ref warm);
        Pace pace = default;
        Append(folder.Store, space, head, actors, rows, batch, ref pace);
        return pace.ToSample();
    }

    /// <summary>The pace in windows while a log grows to <paramref name="rows"/>, by many actors in turns.</summary>
    public static Sample GrowBare(int rows, string index)
    {
        using TemporaryFolder folder = new();
        using BareLog log = BareLog.Create(folder.PathOf("bare.db"), index: index);
        return Grow(
            rows,
            written =>
            {
                Pace pace = default;
                Append(log, written, Window, 50, ref pace);
                return pace;
            });
    }

    /// <summary>The same through the store.</summary>
    public static Sample GrowStore(int rows)
    {
        using StoreFolder folder = new();
        ActorId[] actors = Workload.Actors(ActorsInTurns);
        SpaceId space = StoreFolder.Space(1);
        LogHead head = folder.Create(space);
        Sample sample = Grow(
            rows,
            _ =>
            {
                Pace pace = default;
                head = Append(folder.Store, space, head, actors, Window, 50, ref pace);
                return pace;
            });
        sample.More["bytes per row"] = Sample.Number(new FileInfo(folder.FileOf(space)).Length / (double)rows);
        return sample;
    }

    private static Sample Grow(int rows, Func<long, Pace> append)
    {
        Pace all = default;
        Dictionary<string, System.Text.Json.JsonElement> paces = [];
        for (int written = 0; written < rows; written += Window)
        {
            Pace pace = append(written);
            paces[string.Create(CultureInfo.InvariantCulture, $"at {written + Window}")] = Sample.Number(pace.ToSample().PerSecond);
            all.Add(pace);
        }

        return all.ToSample() with { More = paces };
    }

    // In both, a batch is made right before it is stored, outside the clock: a server has just read it, and has it in the processor's cache.
    private static void Append(BareLog log, long after, int rows, int batch, ref Pace pace)
    {
        for (int written = 0; written < rows; written += batch)
        {
            BareRow[] next = BareRow.Make(after + written + 1, batch, ActorsInTurns);
            pace.Begin();
            log.Append(next);
            pace.End(batch);
        }
    }

    private static LogHead Append(
        SqliteSpaceStore store, SpaceId space, LogHead head, ActorId[] actors, int rows, int batch, ref Pace pace)
    {
        for (int written = 0; written < rows; written += batch)
        {
            // The sets are the writer's work, as the batch is.
            LogAppend append = Workload.Next(head, batch, actors);
            HashSet<OperationId> identities = [.. append.Operations.Select(logged => logged.Operation.Id)];
            HashSet<ActorId> actorsOfBatch = [.. append.Operations.Select(logged => logged.Operation.Id.Actor)];
            pace.Begin();
            Known known = store.FindAsync(space, identities, actorsOfBatch, CancellationToken.None).Wait();
            AppendOutcome outcome = store.AppendAsync(space, append).Wait();
            pace.End(batch);
            if (known.Head != head.Seq || known.Operations.Count > 0 || outcome != AppendOutcome.Appended)
                throw new InvalidOperationException("the log is not where it should be");
            head = Workload.After(head, append);
        }

        return head;
    }
}
