using System.Diagnostics;
using System.Globalization;
using Syncline.Bench.Harness;
using Syncline.Bench.Http;
using Syncline.Bench.Logs;
using Syncline.Bench.Storage;
using Syncline.Core.Json;
using Syncline.Core.Lists;
using Syncline.Core.Operations;
using Syncline.Engine.Storage;

namespace Syncline.Bench.Lists;

/// <summary>
/// Task lists over HTTP, pushed by some devices and pulled by another, beside the store alone with the same batches; and what the model itself
/// takes of that.
/// </summary>
internal sealed class ListsArea : IArea
{
    private const int Operations = 100_000;
    private const int Batch = 50;
    private const int Lists = 20;
    private const int Tasks = 5_000;
    private const int Devices = 8;

    // As many spaces one after the other, each with all operations: one is over in half a second.
    private const int Spaces = 4;

    // A server runs for long: what it takes to compile its hot paths is not measured.
    private static readonly TimeSpan Warmup = TimeSpan.FromSeconds(6);

    private static readonly TimeSpan PollInterval = TimeSpan.FromMilliseconds(20);

    // Beyond what one user may push in the product: all devices here are one user's.
    private static readonly string[] RaisedLimits = ["--Limits:OperationsPerSecond=100000000", "--Limits:OperationsBurst=100000000"];

    public string Name => "lists";

    public string Summary => "task lists pushed and pulled over HTTP beside the store alone with the same batches; the list model alone";

    public async Task RunAsync(BenchOptions options)
    {
        Console.WriteLine(string.Create(
            CultureInfo.InvariantCulture,
            $"{Operations:N0} operations in batches of {Batch}, {Tasks:N0} tasks in {Lists} lists, {Devices} devices; {Spaces} such spaces one after the other. "
            + $"Limits:OperationsPerSecond and Limits:OperationsBurst are raised. synchronous=FULL, accounts with tokens."));
        if (options.Wants("log"))
            await LogAsync(options.Runs(5));
        if (options.Wants("model"))
            await ModelAsync(options.Runs(3));
    }

    public async Task<Sample> MeasureAsync(string workload, IReadOnlyList<string> arguments) => workload switch
    {
        "store" => Store(),
        "http" => await HttpAsync(arguments[0], clients: int.Parse(arguments[1], CultureInfo.InvariantCulture)),
        "read" => Read(),
        "apply" => Apply(),
        _ => throw new ArgumentException($"no workload {workload}", nameof(workload)),
    };

    private async Task LogAsync(int runs)
    {
        List<Sample> store = [];
        List<Sample>[] http = [.. Rows.Select(_ => new List<Sample>())];
        for (int run = 0; run < runs; run++)
        {
            // In turns, so that a change of the machine's pace meets all alike.
            store.AddRange((await FreshProcess.OursAsync(Name, "store", 1)).Samples);
            for (int i = 0; i < Rows.Length; i++)
                http[i].AddRange((await FreshProcess.OursAsync(Name, "http", 1, Rows[i].Door, Rows[i].Clients)).Samples);
        }

        Table table = new("task lists", "operations/s", "time beside the store's", "server CPU", "clients' CPU", "allocated", "server's peak");
        Series alone = new(store);
        table.Row("the store alone, 50 an append", Table.Rate(alone), "", "", "", $"{Table.Number(alone.Median.AllocatedPerItem)} B/op", "");
        for (int i = 0; i < Rows.Length; i++)
        {
            (string door, string clients, bool isJudged) = Rows[i];
            Series ours = new(http[i]);
            double ratio = alone.Median.PerSecond / ours.Median.PerSecond;
            table.Row(
                $"`{door}`, {clients} at a time push 50 a request, another pulls",
                Table.Rate(ours),
                isJudged ? Table.AtMost(ratio, 1.5) : $"{Table.Number(ratio)} ×",
                $"{Table.Number(ours.MedianOf("serverMicroseconds"))} µs/op",
                $"{Table.Number(ours.MedianOf("clientMicroseconds"))} µs/op",
                $"{Table.Number(ours.Median.AllocatedPerItem)} B/op",
                Table.Megabytes(ours.PeakMegabytes));
        }
    }

    // A server has more than one device to serve; one alone waits for each of its pushes.
    private static readonly (string Door, string Clients, bool IsJudged)[] Rows =
    [
        (ListsDoor.Native, "8", true),
        (ListsDoor.Native, "1", false),
        (ListsDoor.Sync, "8", true),
        (ListsDoor.Sync, "1", false),
    ];

    private async Task ModelAsync(int runs)
    {
        Table table = new("the list model", "operations/s", "allocated");
        foreach ((string workload, string name) in new[] { ("read", "reading a payload (ListModel.Read: content and hash)"), ("apply", "applying read operations, committed in batches of 50") })
        {
            Series ours = await FreshProcess.OursAsync(Name, workload, runs);
            table.Row(name, Table.Rate(ours), $"{Table.Number(ours.Median.AllocatedPerItem)} B/op");
        }
    }

    private static Sample Store()
    {
        using StoreFolder folder = new();
        LogHead empty = folder.Create(StoreFolder.Space(0));
        Logbook logbook = new(empty.Epoch, Workload.User, Workload.ReceivedAt, Workload.Actors(Devices));
        ListEdits edits = Edits();
        LogAppend[] appends = [.. Enumerable.Range(0, Operations / Batch).Select(_ => logbook.Next(edits.Next, Batch))];

        // The server is as warm.
        Append(StoreFolder.Space(0));
        for (int i = 1; i <= Spaces; i++)
            folder.Create(StoreFolder.Space(i));
        Stage stage = Stage.Begin();
        for (int i = 1; i <= Spaces; i++)
            Append(StoreFolder.Space(i));
        return stage.End((double)Spaces * Operations);

        void Append(SpaceId space)
        {
            foreach (LogAppend append in appends)
            {
                if (folder.Store.AppendAsync(space, append).Wait() != AppendOutcome.Appended)
                    throw new InvalidOperationException("the log is not where it should be");
            }
        }
    }

    private static async Task<Sample> HttpAsync(string door, int clients)
    {
        using Folder folder = new();
        using ServerProcess server = await ServerProcess.SynclineAsync(folder.Path, RaisedLimits);
        Account account = await Account.RegisterAsync(server.Address);
        ListsDoor lists = ListsDoor.Of(door, server, account);
        byte[][][] requests = Requests(lists, clients);
        long began = Stopwatch.GetTimestamp();
        while (Stopwatch.GetElapsedTime(began) < Warmup)
            await PushAndPullAsync(server, lists, await lists.BeginAsync(), requests);

        using Process self = Process.GetCurrentProcess();
        TimeSpan time = TimeSpan.Zero;
        TimeSpan serverTime = TimeSpan.Zero;
        TimeSpan clientTime = TimeSpan.Zero;
        long allocated = 0;
        for (int i = 0; i < Spaces; i++)
        {
            long after = await lists.BeginAsync();
            self.Refresh();
            (TimeSpan serverBefore, TimeSpan clientBefore, long allocatedBefore) = (server.ProcessorTime, self.TotalProcessorTime, await server.AllocatedBytesAsync());
            began = Stopwatch.GetTimestamp();
            await PushAndPullAsync(server, lists, after, requests);
            time += Stopwatch.GetElapsedTime(began);
            self.Refresh();
            (serverTime, clientTime) = (serverTime + server.ProcessorTime - serverBefore, clientTime + self.TotalProcessorTime - clientBefore);
            allocated += await server.AllocatedBytesAsync() - allocatedBefore;
        }

        const double Count = (double)Spaces * Operations;
        return new Sample
        {
            Count = Count,
            Milliseconds = time.TotalMilliseconds,
            PeakMegabytes = server.PeakMegabytes,
            AllocatedBytes = allocated,
            More =
            {
                ["serverMicroseconds"] = Sample.Number(serverTime.TotalMicroseconds / Count),
                ["clientMicroseconds"] = Sample.Number(clientTime.TotalMicroseconds / Count),
            },
        };
    }

    // For each client its pushes, ready but for the name of the space.
    private static byte[][][] Requests(ListsDoor door, int clients)
    {
        ListEdits edits = Edits();
        ActorId[] devices = Workload.Actors(Devices);
        List<byte[]>[] requests = [.. Enumerable.Range(0, clients).Select(_ => new List<byte[]>())];
        for (int batch = 0; batch < Operations / Batch; batch++)
        {
            ActorId device = devices[batch % Devices];
            requests[batch % clients].Add(door.Push(Enumerable.Range(1, Batch).Select(i => edits.Next().Json(device, ((long)batch * Batch) + i))));
        }

        return [.. requests.Select(all => all.ToArray())];
    }

    private static async Task PushAndPullAsync(ServerProcess server, ListsDoor door, long after, byte[][][] requests)
    {
        foreach (byte[] request in requests.SelectMany(all => all))
            door.Address(request);
        List<RawConnection> connections = [];
        foreach (byte[][] _ in requests)
            connections.Add(await RawConnection.OpenAsync(server.Port));
        await Task.WhenAll(
        [
            PullAsync(server, door, after),
            .. connections.Select((connection, i) => Task.Run(async () =>
            {
                foreach (byte[] request in requests[i])
                    await connection.ExchangeAsync(request);
            })),
        ]);
        foreach (RawConnection connection in connections)
            connection.Dispose();
    }

    // The other device pulls what is new as long as there is any to come; every operation must.
    private static async Task PullAsync(ServerProcess server, ListsDoor door, long after)
    {
        using RawConnection connection = await RawConnection.OpenAsync(server.Port, 2 * 1024 * 1024);
        long end = after + Operations;
        while (after < end)
        {
            long cursor = door.CursorOf((await connection.ExchangeAsync(door.Pull(after))).Span);

            // Who is not told when there is something looks again after a while.
            if (cursor == after)
                await Task.Delay(PollInterval);
            after = cursor;
        }

        if (after != end)
            throw new InvalidDataException($"the log ends at {after} instead of {end}");
    }

    private static Sample Read()
    {
        ListModel model = new();
        (OperationId Id, JsonText Payload)[] operations = [.. Made().Select(logged => (logged.Operation.Id, logged.Operation.Payload))];
        const int Times = 5;
        ReadAll();
        ReadAll();
        int read = 0;
        Stage stage = Stage.Begin();
        for (int i = 0; i < Times; i++)
            read += ReadAll();
        return stage.End((double)Times * Operations) with { Check = read == Times * Operations ? "ok" : $"{read} are known" };

        int ReadAll()
        {
            int known = 0;
            foreach ((OperationId id, JsonText payload) in operations)
                known += model.Read(id, payload, out IModel.Reading reading) is null && reading.Content is not null ? 1 : 0;
            return known;
        }
    }

    private static Sample Apply()
    {
        LoggedOperation[] operations = Made();
        const int Times = 5;
        ApplyAll();
        ApplyAll();
        int lists = 0;
        Stage stage = Stage.Begin();
        for (int i = 0; i < Times; i++)
            lists += ApplyAll();
        return stage.End((double)Times * Operations) with { Check = lists == Times * Lists ? "ok" : $"{lists} lists" };

        int ApplyAll()
        {
            ListsState state = (ListsState)new ListModel().CreateState();
            for (int i = 0; i < operations.Length; i++)
            {
                state.Apply(operations[i]);
                if (i % Batch == Batch - 1)
                    state.Commit();
            }

            return state.Lists.Count();
        }
    }

    private static LoggedOperation[] Made()
    {
        Logbook logbook = new(new Epoch("epoch-1"), Workload.User, Workload.ReceivedAt, Workload.Actors(Devices));
        ListEdits edits = Edits();
        return [.. Enumerable.Range(0, Operations / Batch).SelectMany(_ => logbook.Next(edits.Next, Batch).Operations)];
    }

    private static ListEdits Edits() => new(Lists, Tasks, insertEvery: 10);
}
