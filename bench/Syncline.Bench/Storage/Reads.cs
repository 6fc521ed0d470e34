using System.Diagnostics;
using Syncline.Bench.Harness;
using Syncline.Core.Operations;
using Syncline.Core.Tree;
using Syncline.Engine.Storage;

namespace Syncline.Bench.Storage;

/// <summary>Pages, ranges of a state vector, and first reads of cold spaces, beside bare reads of the same rows.</summary>
internal static class Reads
{
    private const int Rows = 200_000;
    private const int PageOperations = 1_000;
    private static readonly PageLimits Page = new(PageOperations, 16 * 1024 * 1024);

    /// <summary>A log read from its start in pages of 1,000.</summary>
    public static Sample Pages(bool bare)
    {
        using StoreFolder folder = new();
        SpaceId space = StoreFolder.Space(1);
        Fill(folder, space, Rows, 1_000, Workload.Actors(Appends.ActorsInTurns));
        if (bare)
        {
            folder.Restart();
            using BareLog log = BareLog.Open(folder.FileOf(space));
            ReadBare(log);
            Stage bareStage = Stage.Begin();
            long count = ReadBare(log);
            return bareStage.End(Checked(count, Rows));
        }

        ReadStore(folder, space);
        Stage stage = Stage.Begin();
        return stage.End(Checked(ReadStore(folder, space), Rows));
    }

    /// <summary>
    /// 100,000 operations of 100 actors, of which somebody lacks 1,000: the last ones of all, their actors in turns ("gappy"), or the last ten of
    /// each actor, who wrote one after the other.
    /// </summary>
    public static Sample Ranges(bool gappy)
    {
        const int Operations = 100_000;
        const int Missing = 1_000;
        const int Runs = 500;
        using StoreFolder folder = new();
        ActorId[] actors = Workload.Actors(100);
        SpaceId space = StoreFolder.Space(1);
        LogHead head = folder.Create(space);
        StateVector wanted = new();
        for (int first = 0; first < Operations; first += 1_000)
        {
            LogAppend append = Workload.Next(head, 1_000, gappy ? actors : [actors[first / 1_000]]);
            head = Workload.After(head, append);
            folder.Store.AppendAsync(space, append).Wait();
            foreach (LoggedOperation logged in gappy ? append.Operations : append.Operations.Skip(990))
            {
                if (!gappy || logged.Seq > Operations - Missing)
                    wanted.Add(logged.Operation.Id.Stamp);
            }
        }

        folder.Restart();
        PageLimits limits = new(Missing, 16 * 1024 * 1024);
        double firstCall = 0;
        List<double> times = [];
        long allocated = 0;
        for (int run = 0; run < Runs; run++)
        {
            long before = GC.GetTotalAllocatedBytes(precise: true);
            long began = Stopwatch.GetTimestamp();
            IReadOnlyList<LoggedOperation> found = folder.Store.ReadRangesAsync(
                space, Workload.Scope, Workload.Resource, wanted, limits, CancellationToken.None).Wait();
            double took = Stopwatch.GetElapsedTime(began).TotalMilliseconds;
            allocated = GC.GetTotalAllocatedBytes(precise: true) - before;
            Checked(found.Count, Missing);
            if (run == 0)
                firstCall = took;
            times.Add(took);
        }

        // Those of a warm server: the runtime compiles hot code anew for some tenths of a second.
        times = [.. times.Skip(Runs / 2).Order()];
        Sample sample = new() { Count = Missing, Milliseconds = times[times.Count / 2], AllocatedBytes = allocated };
        sample.More["first"] = Sample.Number(firstCall);
        return sample;
    }

    /// <summary>2,000 spaces, each opened, its 500 operations read, and closed again.</summary>
    public static Sample Cold(bool bare)
    {
        const int Spaces = 2_000;
        const int Each = 500;
        using StoreFolder folder = new();
        ActorId[] actors = Workload.Actors(4);
        SpaceId[] spaces = [.. Enumerable.Range(0, Spaces).Select(StoreFolder.Space)];
        Fill(folder, spaces[0], Each, 50, actors);
        folder.Restart(openSpacesMax: 16);
        foreach (SpaceId space in spaces.Skip(1))
        {
            Directory.CreateDirectory(Path.GetDirectoryName(folder.FileOf(space))!);
            File.Copy(folder.FileOf(spaces[0]), folder.FileOf(space));
        }

        TemporaryFolder.Settle();

        long read = 0;
        for (int i = 0; i < 50; i++)
            ReadCold(folder, spaces[i], bare, ref read);
        read = 0;
        Stage stage = Stage.Begin();
        foreach (SpaceId space in spaces.Skip(50))
            ReadCold(folder, space, bare, ref read);
        return stage.End(Checked(read, (Spaces - 50) * Each) / Each);
    }

    private static void ReadCold(StoreFolder folder, SpaceId space, bool bare, ref long read)
    {
        if (bare)
        {
            using BareLog log = BareLog.Open(folder.FileOf(space));
            log.Read(0, 500, ref read);
        }
        else
        {
            read += folder.Store.ReadAsync(space, 0, Selection.All, new PageLimits(500, 16 * 1024 * 1024), CancellationToken.None)
                .Wait().Operations.Count;
        }
    }

    private static void Fill(StoreFolder folder, SpaceId space, int rows, int batch, ActorId[] actors)
    {
        LogHead head = folder.Create(space);
        for (int written = 0; written < rows; written += batch)
        {
            LogAppend append = Workload.Next(head, batch, actors);
            head = Workload.After(head, append);
            folder.Store.AppendAsync(space, append).Wait();
        }
    }

    private static long ReadBare(BareLog log)
    {
        long count = 0;
        long after = 0;
        long before;
        do
        {
            before = count;
            after = log.Read(after, PageOperations, ref count);
        }
        while (count > before);
        return count;
    }

    private static long ReadStore(StoreFolder folder, SpaceId space)
    {
        long count = 0;
        LogPage page = new([], 0, 0);
        do
        {
            page = folder.Store.ReadAsync(space, page.Cursor, Selection.All, Page, CancellationToken.None).Wait();
            count += page.Operations.Count;
        }
        while (page.HasMore);
        return count;
    }

    private static long Checked(long count, long expected) =>
        count == expected ? count : throw new InvalidOperationException($"{count} rows instead of {expected}");
}
