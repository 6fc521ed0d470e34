using System.Diagnostics;
using System.Globalization;
using Microsoft.AspNetCore.Builder;
using Syncline.Bench.Harness;
using Syncline.Bench.Http;
using Syncline.Bench.Logs;
using Syncline.Bench.Storage;
using Syncline.Core.Operations;
using Syncline.Engine.Snapshots;
using Syncline.Engine.Spaces;
using Syncline.Engine.Storage;

namespace Syncline.Bench.Snapshots;

/// <summary>
/// A cold space of a million operations, of which nothing is compacted: opened from its stored snapshot beside a replay of its log, and brought to
/// a client that has nothing of it by a bootstrap beside a pull from 0.
/// </summary>
internal sealed class SnapshotsArea : IArea
{
    private const int Operations = 1_000_000;

    // Of another space of the same kind, for the process to compile its paths on: a server runs for long.
    private const int WarmOperations = 20_000;
    private static readonly TimeSpan Warmup = TimeSpan.FromSeconds(3);

    public string Name => "snapshots";

    public string Summary => "a cold space of 1,000,000 operations: from its snapshot beside a replay, bootstrap beside a pull from 0";

    public async Task RunAsync(BenchOptions options)
    {
        Console.WriteLine("Each measurement is a new process whose code is warm from another space; the file is dropped from the system's cache before.");
        foreach (Content content in Content.All.Where(content => options.Wants(content.Name)))
            await ContentAsync(content, options.Runs(3));
    }

    public async Task<Sample> MeasureAsync(string workload, IReadOnlyList<string> arguments)
    {
        Content content = Content.All.First(one => one.Name == arguments[0]);
        string folder = arguments[1];
        await DropFromCacheAsync(folder);
        return workload switch
        {
            "open" => await OpenAsync(content, folder, readsSnapshots: true),
            "replay" => await OpenAsync(content, folder, readsSnapshots: false),
            "touch" => await TouchAsync(content, folder),
            "hold" => await HoldAsync(content, folder),
            "bootstrap" or "bootstrap read" or "pull" or "pull read" => await HttpAsync(workload, content, folder, token: arguments[2]),
            _ => throw new ArgumentException($"no workload {workload}", nameof(workload)),
        };
    }

    private async Task ContentAsync(Content content, int runs)
    {
        using Folder folder = new();
        Prepared prepared = await PrepareAsync(content, folder.Path);
        string[] common = [content.Name, folder.Path, prepared.Token];
        Table table = new($"{Table.Number(Operations)} operations: {content.Description}", "ms", "an operation", "faster than by the log", "bytes", "allocated", "peak");
        Series? byLog = null;
        double? seen = null;
        foreach ((string workload, string name, double? goal) in Rows)
        {
            Series ours = await FreshProcess.OursAsync(Name, workload, runs, common);
            if (workload is not "bootstrap" and not "pull" and not "hold" and not "touch")
            {
                // Whichever way, what is there to read is the same.
                seen ??= ours.Median.Value("seen");
                if (ours.Samples.Any(sample => sample.Value("seen") != seen))
                    throw new InvalidOperationException($"{name}: not what was read before");
            }

            if (goal is null && workload != "hold")
                byLog = ours;
            table.Row(
                name,
                Table.Number(ours.Median.Milliseconds),
                $"{Table.Number(ours.Median.Milliseconds * 1_000_000 / Operations)} ns",
                goal is { } least ? Table.AtLeast(byLog!.Median.Milliseconds / ours.Median.Milliseconds, least) : "",
                workload switch
                {
                    "open" or "hold" or "touch" => Table.Number(prepared.SnapshotBytes),
                    "replay" => Table.Number(prepared.LogBytes),
                    _ => Table.Number(ours.Median.Value("bytes")),
                },
                $"{Table.Number(ours.Median.AllocatedPerItem)} B/op",
                Table.Megabytes(ours.PeakMegabytes));
        }
    }

    private static readonly (string Workload, string Name, double? Goal)[] Rows =
    [
        ("replay", "opened by a replay of the log", null),
        ("open", "opened from the stored snapshot", 20),
        ("touch", "the same, and all of it made that is put off until it is needed", 1),
        ("pull", "pulled from 0 in pages of 1,000, to the last byte", null),
        ("bootstrap", "bootstrap, to the last byte", 5),
        ("pull read", "pulled from 0, each operation read and applied", null),
        ("bootstrap read", "bootstrap, read", 5),
        ("hold", "how long the writer is held while a snapshot is taken", null),
    ];

    /// <summary>Makes the space and its snapshot. No measurement changes the files, so one preparation serves all.</summary>
    internal static async Task<Prepared> PrepareAsync(Content content, string folder)
    {
        (WebApplication app, Account account, string address) = await Account.PrepareAsync(folder);
        await using (app)
        {
            foreach (SpaceId space in new[] { content.Space, content.WarmSpace })
                await account.MakeSpaceAsync(address, space.Value);
            await app.StopAsync();
        }

        await using (EngineFolder engine = new(folder))
        {
            await FillAsync(engine, content.Space, account.Id, content.NewEdits(small: false), Operations);
            await FillAsync(engine, content.WarmSpace, account.Id, content.NewEdits(small: true), WarmOperations);
        }

        long logBytes = new FileInfo(FileOf(folder, content.Space)).Length;
        await using (EngineFolder engine = new(folder))
        {
            foreach (SpaceId space in new[] { content.WarmSpace, content.Space })
            {
                await using LiveSpaces.Lease lease = await engine.UseAsync(space);
                await new SnapshotWriter(engine.Services).WriteAsync(lease.Space, CancellationToken.None);
            }

            StoredSnapshot stored = (await engine.Store.FindSnapshotAsync(content.Space, CancellationToken.None))!;
            return new Prepared(account.Token, logBytes, stored.Parts.Sum(part => (long)part.Length));
        }
    }

    /// <summary>Makes an account, and a space with nothing in it.</summary>
    internal static async Task<Prepared> PrepareEmptyAsync(string folder)
    {
        (WebApplication app, Account account, string address) = await Account.PrepareAsync(folder);
        await using (app)
        {
            await account.MakeSpaceAsync(address, "empty");
            await app.StopAsync();
        }

        return new Prepared(account.Token, LogBytes: 0, SnapshotBytes: 0);
    }

    private static async Task FillAsync(EngineFolder engine, SpaceId space, UserId user, Func<Edit> next, int operations)
    {
        const int Step = 1_000;
        LogHead head = (await engine.Store.ReadHeadAsync(space, CancellationToken.None))!;
        Logbook logbook = new(head.Epoch, user, DateTimeOffset.FromUnixTimeMilliseconds(DateTimeOffset.UtcNow.ToUnixTimeMilliseconds()), Workload.Actors(8));
        for (int i = 0; i < operations; i += Step)
        {
            if (await engine.Store.AppendAsync(space, logbook.Next(next, Step)) != AppendOutcome.Appended)
                throw new InvalidOperationException("the log is not where it should be");
        }
    }

    private static async Task<Sample> OpenAsync(Content content, string folder, bool readsSnapshots)
    {
        await using EngineFolder engine = new(folder, readsSnapshots: readsSnapshots);
        for (long began = Stopwatch.GetTimestamp(); Stopwatch.GetElapsedTime(began) < Warmup;)
            content.Read(await engine.LoadAsync(content.WarmSpace, content.Scope));
        Stage stage = Stage.Begin();
        int seen = content.Read(await engine.LoadAsync(content.Space, content.Scope));
        Sample sample = stage.End(Operations);
        sample.More["seen"] = Sample.Number(seen);
        return sample;
    }

    // The same until nothing is put off any more.
    private static async Task<Sample> TouchAsync(Content content, string folder)
    {
        await using EngineFolder engine = new(folder);
        for (long began = Stopwatch.GetTimestamp(); Stopwatch.GetElapsedTime(began) < Warmup;)
            content.Touch(await engine.LoadAsync(content.WarmSpace, content.Scope));
        Stage stage = Stage.Begin();
        content.Touch(await engine.LoadAsync(content.Space, content.Scope));
        return stage.End(Operations);
    }

    private static async Task<Sample> HoldAsync(Content content, string folder)
    {
        await using EngineFolder engine = new(folder);
        await using (LiveSpaces.Lease warm = await engine.UseAsync(content.WarmSpace))
        {
            for (long began = Stopwatch.GetTimestamp(); Stopwatch.GetElapsedTime(began) < Warmup;)
                await warm.Space.TakeSnapshotAsync(CancellationToken.None);
        }

        // The first loads the state, which a space that is written to has.
        await using LiveSpaces.Lease lease = await engine.UseAsync(content.Space);
        await lease.Space.TakeSnapshotAsync(CancellationToken.None);

        // Lists that nobody looked at would be their stored bytes; a search for what is deleted reads those that have something deleted: nearly all.
        await lease.Space.FindDeletedAsync(CancellationToken.None);
        Stage stage = Stage.Begin();
        await lease.Space.TakeSnapshotAsync(CancellationToken.None);
        return stage.End(Operations);
    }

    private static async Task<Sample> HttpAsync(string workload, Content content, string folder, string token)
    {
        using ServerProcess server = await ServerProcess.SynclineAsync(folder);
        using SpaceClient client = new(server.Address, token);
        for (long began = Stopwatch.GetTimestamp(); Stopwatch.GetElapsedTime(began) < Warmup;)
            await RunAsync(content.WarmSpace);
        Stage stage = Stage.Begin();
        (long bytes, int seen) = await RunAsync(content.Space);
        Sample sample = stage.End(Operations) with { PeakMegabytes = server.PeakMegabytes };
        sample.More["bytes"] = Sample.Number(bytes);
        sample.More["seen"] = Sample.Number(seen);
        return sample;

        async Task<(long Bytes, int Seen)> RunAsync(SpaceId space)
        {
            if (workload is "bootstrap")
                return (await client.BootstrapAsync(space, line: null), 0);
            if (workload is "pull")
                return (await client.PullAsync(space, page: null), 0);
            SpaceReader reader = new(content);
            long read = workload is "bootstrap read" ? await client.BootstrapAsync(space, reader.TakeLine) : await client.PullAsync(space, reader.TakePage);
            return (read, content.Read(reader.State));
        }
    }

    // Cold: what of the file is in the system's memory goes.
    private static async Task DropFromCacheAsync(string folder)
    {
        TemporaryFolder.Settle();
        foreach (string file in Directory.EnumerateFiles(folder, "*.db", SearchOption.AllDirectories))
        {
            using Process dd = Process.Start(new ProcessStartInfo("dd", [$"if={file}", "iflag=nocache", "count=0", "status=none"]))!;
            await dd.WaitForExitAsync();
        }
    }

    private static string FileOf(string folder, SpaceId space) =>
        Directory.EnumerateFiles(folder, string.Create(CultureInfo.InvariantCulture, $"{space.Value}.db"), SearchOption.AllDirectories).First();

    internal sealed record Prepared(string Token, long LogBytes, long SnapshotBytes);
}
