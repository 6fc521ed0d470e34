using System.Diagnostics;
using System.Globalization;
using Microsoft.AspNetCore.Builder;
using Microsoft.Extensions.DependencyInjection;
using Syncline.Bench.Harness;
using Syncline.Bench.Http;
using Syncline.Bench.Storage;
using Syncline.Core.Operations;
using Syncline.Engine.Storage;

namespace Syncline.Bench.Push;

/// <summary>
/// Pushes over HTTP. Durable ones beside a loop that inserts the same rows with nothing around it, and the endpoint on a store that answers
/// at once beside Kestrel's echo. The server is a process of its own; it shares the machine with the clients, and with a follower that
/// reads all that is pushed.
/// </summary>
internal sealed class PushArea : IArea
{
    private const string Space = "pushed";

    // A server runs for long: what it takes to compile its hot paths is not measured.
    private static readonly TimeSpan Warmup = TimeSpan.FromSeconds(6);

    // Beyond what one user may push in the product: all clients here are one user.
    private static readonly string[] RaisedLimits = ["--Limits:OperationsPerSecond=100000000", "--Limits:OperationsBurst=100000000"];

    public string Name => "push";

    public string Summary => "durable pushes over HTTP beside a bare SQLite loop; the endpoint without a store beside Kestrel's echo";

    public async Task RunAsync(BenchOptions options)
    {
        Console.WriteLine("Limits:OperationsPerSecond and Limits:OperationsBurst are raised: all clients are one user. synchronous=FULL, accounts with tokens.");
        if (options.Wants("durable"))
            await DurableAsync(options, prefill: 0);
        if (options.Wants("storeless"))
            await StorelessAsync(options);
        if (options.Only.Contains("push5m", StringComparer.OrdinalIgnoreCase))
            await DurableAsync(options, prefill: 5_000_000);
    }

    public async Task<Sample> MeasureAsync(string workload, IReadOnlyList<string> arguments) => workload switch
    {
        "bare" => Bare(batch: Integer(arguments[0]), count: Integer(arguments[1]), prefill: Integer(arguments[2])),
        "http" => await HttpAsync(
            scope: arguments[0], operations: Integer(arguments[1]), clients: Integer(arguments[2]), count: Integer(arguments[3]), prefill: Integer(arguments[4])),
        "storeless" => await StorelessAsync(Integer(arguments[0])),
        "echo" => await EchoAsync(Integer(arguments[0])),
        _ => throw new ArgumentException($"no workload {workload}", nameof(workload)),
    };

    private async Task DurableAsync(BenchOptions options, int prefill)
    {
        int runs = prefill > 0 ? 1 : options.Runs(3);
        Table table = new(
            prefill > 0 ? $"durable push, log of {Table.Number(prefill)}" : "durable push",
            "operations/s", "ratio to the bare loop", "server CPU", "clients' CPU", "allocated", "server's peak");
        foreach ((int operations, int clients, int count, double goal) in new[] { (50, 8, 400_000, 0.6), (1, 64, 60_000, 2.0) })
        {
            string[] common = [Text(count), Text(prefill)];
            Series bare = await FreshProcess.OursAsync(Name, "bare", runs, [Text(operations), .. common]);
            table.Row($"bare loop on LibSqlite, {operations} a transaction", Table.Rate(bare), "", "", "", "", "");
            foreach (string scope in prefill > 0 ? ["note"] : new[] { "note", "tree" })
            {
                Series ours = await FreshProcess.OursAsync(Name, "http", runs, [scope, Text(operations), Text(clients), .. common]);
                table.Row(
                    $"HTTP, {operations} a request, {clients} clients, scope `{scope}`",
                    Table.Rate(ours),
                    Table.AtLeast(ours.Median.PerSecond / bare.Median.PerSecond, goal),
                    $"{Table.Number(ours.MedianOf("serverMicroseconds"))} µs/op",
                    $"{Table.Number(ours.MedianOf("clientMicroseconds"))} µs/op",
                    $"{Table.Number(ours.Median.AllocatedPerItem)} B/op",
                    Table.Megabytes(ours.PeakMegabytes));
            }
        }
    }

    private async Task StorelessAsync(BenchOptions options)
    {
        const int Seconds = 3;
        int runs = options.Runs(3);
        Table table = new("5 operations a request, 64 connections, no store", "requests/s", "ratio to the echo", "allocated", "server's peak");
        Series echo = await FreshProcess.OursAsync(Name, "echo", runs, Text(Seconds));
        table.Row("Kestrel minimal API, parse and serialise", Table.Rate(echo), "", $"{Table.Number(echo.Median.AllocatedPerItem)} B/request", Table.Megabytes(echo.PeakMegabytes));
        Series ours = await FreshProcess.OursAsync(Name, "storeless", runs, Text(Seconds));
        table.Row(
            "push",
            Table.Rate(ours),
            Table.AtLeast(ours.Median.PerSecond / echo.Median.PerSecond, 0.6),
            $"{Table.Number(ours.Median.AllocatedPerItem)} B/request",
            Table.Megabytes(ours.PeakMegabytes));
    }

    private static Sample Bare(int batch, int count, int prefill)
    {
        using Folder folder = new();
        using BareLog log = BareLog.Create(folder.File("bare.db"));
        long seq = 1;
        Fill(Math.Max(prefill, 10_000), 1_000);
        BareRow[] rows = BareRow.Make(seq, count, actors: 8);
        Stage stage = Stage.Begin();
        for (int i = 0; i < count; i += batch)
            log.Append(rows.AsSpan(i, Math.Min(batch, count - i)));
        return stage.End(count);

        void Fill(int number, int step)
        {
            for (int i = 0; i < number; i += step, seq += step)
                log.Append(BareRow.Make(seq, step, actors: 8));
        }
    }

    private static async Task<Sample> HttpAsync(string scope, int operations, int clients, int count, int prefill)
    {
        using Folder folder = new();
        (Account account, Epoch epoch) = await PrepareAsync(folder, prefill);
        using ServerProcess server = await ServerProcess.SynclineAsync(folder.Path, RaisedLimits);
        await account.MakeSpaceAsync(server.Address, "warm");
        foreach (string space in new[] { "warm", Space })
        {
            if (scope == "tree")
                await account.SendAsync(HttpMethod.Post, $"{server.Address}/spaces/{space}/push", PushBodies.Root);
        }

        await PushAllAsync(server, account, "warm", scope, operations, clients, int.MaxValue, Warmup);
        using Process self = Process.GetCurrentProcess();
        (TimeSpan serverBefore, TimeSpan clientBefore, long allocatedBefore) = (server.ProcessorTime, self.TotalProcessorTime, await server.AllocatedBytesAsync());
        long began = Stopwatch.GetTimestamp();
        await Task.WhenAll(
            FollowAsync(server, account, epoch, prefill, prefill + count + (scope == "tree" ? 1 : 0)),
            PushAllAsync(server, account, Space, scope, operations, clients, count, TimeSpan.MaxValue));
        double milliseconds = Stopwatch.GetElapsedTime(began).TotalMilliseconds;
        self.Refresh();
        return new Sample
        {
            Count = count,
            Milliseconds = milliseconds,
            PeakMegabytes = server.PeakMegabytes,
            AllocatedBytes = await server.AllocatedBytesAsync() - allocatedBefore,
            More =
            {
                ["serverMicroseconds"] = Sample.Number((server.ProcessorTime - serverBefore).TotalMicroseconds / count),
                ["clientMicroseconds"] = Sample.Number((self.TotalProcessorTime - clientBefore).TotalMicroseconds / count),
            },
        };
    }

    private static async Task<(Account Account, Epoch Epoch)> PrepareAsync(Folder folder, int prefill)
    {
        (WebApplication app, Account account, string address) = await Account.PrepareAsync(folder.Path);
        await using (app)
        {
            Epoch epoch = await account.MakeSpaceAsync(address, Space);
            ISpaceStore store = app.Services.GetRequiredService<ISpaceStore>();
            LogHead head = LogHead.Empty(epoch);
            ActorId[] actors = Workload.Actors(8);
            while (head.Seq < prefill)
            {
                LogAppend append = Workload.Next(head, 1_000, actors);
                append = append with
                {
                    Operations = [.. append.Operations.Select(one => one with { UserId = account.Id })],
                    NewActors = [.. append.NewActors.Select(one => new KeyValuePair<ActorId, UserId>(one.Key, account.Id))],
                };
                await store.AppendAsync(new SpaceId(Space), append);
                head = Workload.After(head, append);
            }

            await app.StopAsync();
            return (account, epoch);
        }
    }

    private static async Task PushAllAsync(
        ServerProcess server, Account account, string space, string scope, int operations, int clients, int count, TimeSpan atMost)
    {
        long began = Stopwatch.GetTimestamp();
        ActorId[] actors = Workload.Actors(clients);
        int requests = count / operations / clients;
        int rest = (count / operations) - (requests * clients);
        List<RawConnection> connections = [];
        for (int i = 0; i < clients; i++)
            connections.Add(await RawConnection.OpenAsync(server.Port));
        await Task.WhenAll(connections.Select((connection, i) => Task.Run(async () =>
        {
            PatchedRequest request = PushBodies.Push(account, space, scope, actors[i].Value, operations);
            for (int n = 0; n < requests + (i < rest ? 1 : 0) && Stopwatch.GetElapsedTime(began) < atMost; n++)
                await connection.ExchangeAsync(request.With(PatchedRequest.FirstNumber + ((long)n * operations)));
        })));
        foreach (RawConnection connection in connections)
            connection.Dispose();
    }

    // Reads the log to its end as it grows, by long polls; every operation must come.
    private static async Task FollowAsync(ServerProcess server, Account account, Epoch epoch, long after, long end)
    {
        using RawConnection connection = await RawConnection.OpenAsync(server.Port, 2 * 1024 * 1024);
        while (after < end)
        {
            byte[] request = System.Text.Encoding.ASCII.GetBytes(
                $"GET /spaces/{Space}/pull?after={Text(after)}&epoch={epoch.Value}&wait=25 HTTP/1.1\r\n{account.Headers}\r\n");
            after = RawConnection.LastNumber((await connection.ExchangeAsync(request)).Span, "\"cursor\":"u8);
        }

        if (after != end)
            throw new InvalidDataException($"the log ends at {after} instead of {end}");
    }

    private static async Task<Sample> StorelessAsync(int seconds)
    {
        using Folder folder = new();
        using ServerProcess server = await ServerProcess.StorelessAsync(folder.Path, RaisedLimits);
        Account account = await Account.RegisterAsync(server.Address);
        await account.MakeSpaceAsync(server.Address, Space);
        ActorId[] actors = Workload.Actors(64);
        return await RequestsAsync(server, seconds, i => new PatchedRequest(
            $"POST /spaces/{Space}/push HTTP/1.1\r\n{account.Headers}", FiveOperations(actors[i].Value)));
    }

    private static async Task<Sample> EchoAsync(int seconds)
    {
        using ServerProcess server = await ServerProcess.BareKestrelAsync();
        ActorId[] actors = Workload.Actors(64);
        return await RequestsAsync(server, seconds, i => new PatchedRequest("POST /echo HTTP/1.1\r\nHost: 127.0.0.1\r\n", FiveBareOperations(actors[i].Value)));
    }

    private static async Task<Sample> RequestsAsync(ServerProcess server, int seconds, Func<int, PatchedRequest> requestOf)
    {
        long answered = 0;
        bool stop = false;
        List<RawConnection> connections = [];
        for (int i = 0; i < 64; i++)
            connections.Add(await RawConnection.OpenAsync(server.Port));
        Task[] clients =
        [
            .. connections.Select((connection, i) => Task.Run(async () =>
            {
                PatchedRequest request = requestOf(i);
                for (long number = PatchedRequest.FirstNumber; !Volatile.Read(ref stop); number += 5)
                {
                    await connection.ExchangeAsync(request.With(number));
                    Interlocked.Increment(ref answered);
                }
            })),
        ];
        await Task.Delay(Warmup);
        long allocatedBefore = await server.AllocatedBytesAsync();
        long before = Volatile.Read(ref answered);
        long began = Stopwatch.GetTimestamp();
        await Task.Delay(TimeSpan.FromSeconds(seconds));
        double milliseconds = Stopwatch.GetElapsedTime(began).TotalMilliseconds;
        long count = Volatile.Read(ref answered) - before;
        long allocated = await server.AllocatedBytesAsync() - allocatedBefore;
        Volatile.Write(ref stop, true);
        await Task.WhenAll(clients);
        foreach (RawConnection connection in connections)
            connection.Dispose();
        return new Sample { Count = count, Milliseconds = milliseconds, AllocatedBytes = allocated, PeakMegabytes = server.PeakMegabytes };
    }

    private static string FiveOperations(string actor) =>
        $$"""{"operations":[{{string.Join(',', Enumerable.Range(0, 5).Select(i => $$$"""{"scope":"note","resourceId":"5a3d7c52-91f0-4f1d","actor":"{{{actor}}}","clock":@{{{i:00}}},"payload":{"targetId":"v{{{i}}}","key":"name","value":"Hello world {{{i}}}"}}"""))}}]}""";

    private static string FiveBareOperations(string actor) =>
        $$"""{"treeId":"5a3d7c52-91f0-4f1d","operations":[{{string.Join(',', Enumerable.Range(0, 5).Select(i => $$$"""{"clock":@{{{i:00}}},"peerId":"{{{actor}}}","targetId":"v{{{i}}}","key":"name","value":"Hello world {{{i}}}"}"""))}}]}""";

    private static int Integer(string text) => int.Parse(text, CultureInfo.InvariantCulture);

    private static string Text(long number) => number.ToString(CultureInfo.InvariantCulture);
}
