using System.Globalization;
using Syncline.Bench.Harness;
using Syncline.Bench.Http;
using Syncline.Bench.Snapshots;

namespace Syncline.Bench.Client;

/// <summary>
/// The .NET client: its local store beside a bare loop on the same tables, edits as an application makes them, a first reception of a large space, and
/// what it costs while nothing happens.
/// </summary>
internal sealed class ClientArea : IArea
{
    private const string Bare = "bare";
    private const string Store = "store";
    private const string Own = "own";
    private const string Received = "received";
    private const string Edits = "edits";
    private const string Reply = "reply";
    private const string Initial = "initial";
    private const string ThrownAway = "thrown";
    private const string Synced = "synced";
    private const string Idle = "idle";
    private const int EditCount = 100_000;
    private const int ReplyCount = 2_000;

    public string Name => "client";

    public string Summary => "the .NET client: its local store, edits, a first reception, idleness";

    public async Task RunAsync(BenchOptions options)
    {
        if (options.Wants(Store)) await CompareStoreAsync(options);
        if (options.Wants(Edits)) await CompareEditsAsync(options);
        if (options.Wants(Initial)) await CompareInitialAsync(options);
        if (options.Wants(Idle)) await ShowIdleAsync(options);
    }

    public Task<Sample> MeasureAsync(string workload, IReadOnlyList<string> arguments)
    {
        if (workload is Edits or Reply)
            return LocalEdits.MeasureAsync(replies: workload == Reply, workload == Edits ? EditCount : ReplyCount, arguments[0]);
        if (workload is Initial)
            return FirstReception.MeasureAsync(throwsAway: arguments[0] == ThrownAway, arguments[1], arguments[2], arguments[3]);
        if (workload is Idle)
            return IdleClient.MeasureAsync(arguments[0], arguments[1]);
        int batch = int.Parse(arguments[1], CultureInfo.InvariantCulture);
        int rows = int.Parse(arguments[2], CultureInfo.InvariantCulture);
        return Task.FromResult((workload, arguments[0]) switch
        {
            (Own, Bare) => LocalWrites.BareOwn(batch, rows),
            (Own, Store) => LocalWrites.StoreOwn(batch, rows),
            (Received, Bare) => LocalWrites.BareReceived(batch, rows),
            (Received, Store) => LocalWrites.StoreReceived(batch, rows),
            _ => throw new ArgumentException($"no workload {workload}", nameof(workload)),
        });
    }

    private async Task CompareEditsAsync(BenchOptions options)
    {
        Table table = new("edits, offline, durable in groups", "client", "bare loop", "client ÷ bare", "allocated per edit");
        Series bare = await FreshProcess.OursAsync(Name, Own, options.Runs(5), Bare, "50", EditCount.ToString(CultureInfo.InvariantCulture));
        Series one = await FreshProcess.OursAsync(Name, Reply, options.Runs(5), Bare);
        foreach (string kind in LocalEdits.Kinds)
        {
            Series edits = await FreshProcess.OursAsync(Name, Edits, options.Runs(5), kind);
            table.Row(
                $"{kind}: until all are in the file, beside batches of 50",
                Table.Rate(edits),
                Table.Rate(bare),
                Table.AtLeast(edits.Median.PerSecond / bare.Median.PerSecond, 0.5),
                $"{Table.Number(edits.Median.AllocatedPerItem)} B");
            Series reply = await FreshProcess.OursAsync(Name, Reply, options.Runs(5), kind);
            (double ours, double alone, double theirs) = (reply.Median.Value("median"), reply.Median.Value("alone"), one.Median.Value("median"));
            table.Row(
                $"{kind}: until the method returns (median), beside a transaction of one row, both in a row",
                $"{Table.Number(ours)} µs",
                $"{Table.Number(theirs)} µs",
                Table.AtMost(ours / theirs, 0.1),
                "");
            table.Row($"{kind}: the same, each after the one before is in the file and its thread has slept", $"{Table.Number(alone)} µs", $"{Table.Number(theirs)} µs", $"{Table.Number(alone / theirs)} ×", "");
        }
    }

    private async Task CompareInitialAsync(BenchOptions options)
    {
        Table table = new("a first reception of 1,000,000 operations over loopback", "client", "pull alone", "client ÷ pull", "client's peak memory");
        foreach (Content content in Content.All)
        {
            using Folder folder = new();
            SnapshotsArea.Prepared prepared = await SnapshotsArea.PrepareAsync(content, folder.Path);
            string[] common = [folder.Path, prepared.Token, content.Space.Value];
            (Series thrown, Series synced) = await FreshProcess.InTurnsAsync(Name, Initial, options.Runs(3), [ThrownAway, .. common], [Synced, .. common]);
            table.Row(
                content.Description,
                Table.Rate(synced),
                Table.Rate(thrown),
                Table.AtLeast(synced.Median.PerSecond / thrown.Median.PerSecond, 0.5),
                Table.Megabytes(synced.PeakMegabytes));
        }
    }

    private async Task ShowIdleAsync(BenchOptions options)
    {
        using Folder folder = new();
        SnapshotsArea.Prepared prepared = await SnapshotsArea.PrepareEmptyAsync(folder.Path);
        Table table = new("an idle client, for a minute", "processor time", "requests", "allocated");
        Series idle = await FreshProcess.OursAsync(Name, Idle, options.Runs(1), folder.Path, prepared.Token);
        table.Row("long poll", $"{Table.Number(idle.Median.Value("cpu"))} ms", Table.Number(idle.Median.Value("requests")), $"{Table.Number(idle.Median.AllocatedBytes / 1024.0)} KiB");
    }

    private async Task CompareStoreAsync(BenchOptions options)
    {
        Table table = new("local store, synchronous=FULL", "store", "bare loop", "store ÷ bare", "allocated per operation", "peak memory");
        foreach ((string workload, int batch, int rows, string name) in ((string, int, int, string)[])
            [
                (Own, 1, 5_000, "own operations, one a write"),
                (Own, 50, 100_000, "own operations, 50 a write"),
                (Received, 1_000, 300_000, "received, pages of 1,000"),
            ])
        {
            string[] size = [batch.ToString(CultureInfo.InvariantCulture), rows.ToString(CultureInfo.InvariantCulture)];
            (Series bare, Series store) = await FreshProcess.InTurnsAsync(Name, workload, options.Runs(5), [Bare, .. size], [Store, .. size]);
            table.Row(
                name,
                Table.Rate(store),
                Table.Rate(bare),
                Table.AtLeast(store.Median.PerSecond / bare.Median.PerSecond, 0.5),
                $"{Table.Number(store.Median.AllocatedPerItem)} B",
                Table.Megabytes(store.PeakMegabytes));
        }
    }
}
