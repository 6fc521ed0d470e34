using System.Diagnostics;
using System.Globalization;
using System.Text.Json;
using LibSqlite;
using Syncline.Bench.Harness;
using Syncline.Bench.Http;
using Syncline.Bench.Logs;
using Syncline.Bench.Storage;
using Syncline.Core.Operations;
using Syncline.Engine;
using Syncline.Engine.Accounts;
using Syncline.Engine.Spaces;
using Syncline.Engine.Writing;

namespace Syncline.Bench.Churn;

/// <summary>
/// A week in which ten devices work on the same tasks all the time, while the log is compacted and snapshots are stored: what the file and the
/// memory come to. The clock is moved on with the operations.
/// </summary>
internal sealed class ChurnArea : IArea
{
    private const int Operations = 200_000;
    private const int Devices = 10;
    private const int Lists = 10;
    private const int Tasks = 500;
    private const int BatchMax = 20;
    private const int Tenths = 10;
    private static readonly TimeSpan Week = TimeSpan.FromDays(7);
    private static readonly SpaceId Space = new("churn");
    private static readonly UserId User = new("alice");

    public string Name => "churn";

    public string Summary => "a week of edits of the same tasks with compaction running: file and memory at each tenth";

    public async Task RunAsync(BenchOptions options)
    {
        Console.WriteLine(string.Create(
            CultureInfo.InvariantCulture,
            $"{Operations:N0} operations by {Devices} devices on {Tasks} tasks in 7 days. Looked after every 10 minutes, as by default. With the default times a week "
            + $"drops nothing, so the goal is judged with 12 hours of history and 12 hours of stubs."));
        int runs = options.Runs(3);
        Series judged = await FreshProcess.OursAsync(Name, "week", runs, "12", "12");
        Series stubs = await FreshProcess.OursAsync(Name, "week", 1, "12", Hours(60));
        Series defaults = await FreshProcess.OursAsync(Name, "week", 1, Hours(30), Hours(60));
        Table table = new(
            "of the week", "file and WAL", "managed, live", "resident", "operations in the log", "stubs", "file with stubs of 60 days", "stubs", "file with the defaults");
        for (int tenth = 1; tenth <= Tenths; tenth++)
        {
            table.Row(
                $"{tenth}/{Tenths}",
                Megabytes(judged, "file", tenth),
                Megabytes(judged, "managed", tenth),
                Megabytes(judged, "resident", tenth),
                Count(judged, "operations", tenth),
                Count(judged, "stubs", tenth),
                Megabytes(stubs, "file", tenth),
                Count(stubs, "stubs", tenth),
                Megabytes(defaults, "file", tenth));
        }

        table.Row(
            "the end beside the first tenth",
            Table.AtMost(Growth(judged, "file"), 1.5),
            Table.AtMost(Growth(judged, "managed"), 1.5),
            Table.AtMost(Growth(judged, "resident"), 1.5),
            "",
            "",
            $"{Table.Number(Growth(stubs, "file"))} ×",
            "",
            $"{Table.Number(Growth(defaults, "file"))} ×");
        double more = stubs.MedianOf(At("stubs", Tenths)) - judged.MedianOf(At("stubs", Tenths));
        double bytes = stubs.MedianOf(At("file", Tenths)) - judged.MedianOf(At("file", Tenths));
        Console.WriteLine();
        Console.WriteLine($"A stub takes {Table.Number(bytes / more)} bytes of the file. {Table.Rate(judged)} operations with all of it.");
    }

    public Task<Sample> MeasureAsync(string workload, IReadOnlyList<string> arguments) => workload == "week"
        ? WeekAsync(history: TimeSpan.FromHours(Integer(arguments[0])), stubs: TimeSpan.FromHours(Integer(arguments[1])))
        : throw new ArgumentException($"no workload {workload}", nameof(workload));

    private static async Task<Sample> WeekAsync(TimeSpan history, TimeSpan stubs)
    {
        using Folder folder = new();
        SetTime time = new(new DateTimeOffset(2026, 11, 23, 0, 0, 0, TimeSpan.Zero));
        EngineOptions options = new() { HistoryTime = history, StubTime = stubs };
        await using EngineFolder engine = new(folder.Path, options, time);
        await engine.Services.Accounts.AddUserAsync(new User(User, "alice", "Alice"), null, null, new Audit(User, time.Now), CancellationToken.None);
        await engine.Spaces.CreateAsync(new SpaceRecord(Space, "Churn", time.Now), User, 10, CancellationToken.None);
        await using LiveSpaces.Lease lease = await engine.UseAsync(Space);
        string file = Directory.EnumerateFiles(folder.Path, $"{Space.Value}.db", SearchOption.AllDirectories).First();

        ListEdits edits = new(Lists, Tasks, insertEvery: 1);
        ActorId[] devices = Workload.Actors(Devices);
        int steps = (int)(Week / options.MaintenanceInterval);
        int made = 0;
        Dictionary<string, JsonElement> more = [];
        long began = Stopwatch.GetTimestamp();
        for (int step = 1; step <= steps; step++)
        {
            int due = (int)((long)Operations * step / steps);
            for (int batch = 0; made < due; batch++)
            {
                PushItem[] items = new PushItem[Math.Min(BatchMax, due - made)];
                foreach (ref PushItem item in items.AsSpan())
                    item = new PushItem(edits.Next().Operation(devices[(step + batch) % Devices], ++made), Refusal: null, Tx: null);
                if (await lease.Space.PushAsync(User, epoch: null, items, CancellationToken.None) is not PushOutcome.Judged judged || judged.Head != made)
                    throw new InvalidOperationException("not all was taken");
            }

            time.Now += options.MaintenanceInterval;
            await engine.Spaces.MaintainOnceAsync();
            for (int tenth = 1; tenth <= Tenths; tenth++)
            {
                if (step == steps * tenth / Tenths)
                    Look(file, tenth, more);
            }
        }

        return new Sample { Count = Operations, Milliseconds = Stopwatch.GetElapsedTime(began).TotalMilliseconds, More = more };
    }

    private static void Look(string file, int tenth, Dictionary<string, JsonElement> more)
    {
        GC.Collect(2, GCCollectionMode.Aggressive, blocking: true, compacting: true);
        GC.WaitForPendingFinalizers();
        more[At("file", tenth)] = Sample.Number(new FileInfo(file).Length + new FileInfo(file + "-wal").Length);
        more[At("managed", tenth)] = Sample.Number(GC.GetTotalMemory(forceFullCollection: true));
        more[At("resident", tenth)] = Sample.Number(Memory.ResidentKibibytes(Environment.ProcessId) * 1024);
        using SqliteConnection connection = SqliteConnection.Open(file, SqliteOpenMode.ReadOnly);
        foreach (string table in new[] { "operations", "stubs", "winners" })
        {
            using SqliteStatement count = connection.Prepare($"SELECT count(*) FROM {table}");
            count.Step();
            more[At(table, tenth)] = Sample.Number(count.Int64(0));
        }
    }

    private static double Growth(Series series, string name) => series.MedianOf(At(name, Tenths)) / series.MedianOf(At(name, 1));

    private static string At(string name, int tenth) => string.Create(CultureInfo.InvariantCulture, $"{name} at {tenth}");

    private static string Megabytes(Series series, string name, int tenth) => $"{Table.Number(series.MedianOf(At(name, tenth)) / 1_000_000)} MB";

    private static string Count(Series series, string name, int tenth) => Table.Number(series.MedianOf(At(name, tenth)));

    private static string Hours(int days) => (days * 24).ToString(CultureInfo.InvariantCulture);

    private static int Integer(string text) => int.Parse(text, CultureInfo.InvariantCulture);
}
