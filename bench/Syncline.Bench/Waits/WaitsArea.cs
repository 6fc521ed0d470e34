using System.Diagnostics;
using System.Globalization;
using Syncline.Bench.Harness;
using Syncline.Bench.Http;
using Syncline.Core.Operations;

namespace Syncline.Bench.Waits;

/// <summary>
/// Requests that wait: how long until all of them are answered once something comes, and what one costs while it waits. Beside Node's http and
/// bare Kestrel, whose waiters are woken by a request that stores nothing and checks nobody; ours by a durable push, and, to tell what of it
/// is the disk, by one to a store that answers at once.
/// </summary>
internal sealed class WaitsArea : IArea
{
    private const string Space = "waited";
    private const string Tree = PushBodies.Tree;
    private const int Parked = 5_000;

    // All waiters here are one user.
    private static readonly string[] RaisedLimits = ["--Limits:WaitsPerUserMax=100000", "--Limits:OperationsPerSecond=100000000", "--Limits:OperationsBurst=100000000"];

    public string Name => "waits";

    public string Summary => "long polls: all woken at once, and the memory of one that waits, beside Node and bare Kestrel";

    public async Task RunAsync(BenchOptions options)
    {
        Console.WriteLine("Limits:WaitsPerUserMax is raised: all waiters are one user. Bare Kestrel's requests carry the same headers as ours.");
        if (options.Wants("wake"))
            await WakeAsync(options);
        if (options.Wants("parked"))
            await ParkedAsync(options);
    }

    public async Task<Sample> MeasureAsync(string workload, IReadOnlyList<string> arguments)
    {
        using Folder folder = new();
        using Target target = await Target.StartAsync(arguments[0], folder.Path, RaisedLimits);
        return workload switch
        {
            "wake" => await WakeAsync(target, waiters: int.Parse(arguments[1], CultureInfo.InvariantCulture)),
            "parked" => await ParkedAsync(target),
            _ => throw new ArgumentException($"no workload {workload}", nameof(workload)),
        };
    }

    private async Task WakeAsync(BenchOptions options)
    {
        int runs = options.Runs(3);
        Table table = new("waiters", "server", "all woken, median ms", "ratio to Node", "ratio to Kestrel", "server's peak");
        foreach (int waiters in new[] { 1, 1_000 })
        {
            Dictionary<string, Series> all = [];
            foreach (string kind in Target.Kinds.Where(kind => waiters == 1 || kind != Target.Storeless))
            {
                Series series = all[kind] = await FreshProcess.OursAsync(Name, "wake", runs, kind, waiters.ToString(CultureInfo.InvariantCulture));
                double milliseconds = series.Median.Milliseconds / series.Median.Count;
                double toNode = milliseconds / (all[Target.Node].Median.Milliseconds / all[Target.Node].Median.Count);
                double toKestrel = all.TryGetValue(Target.Kestrel, out Series? bare) ? milliseconds / (bare.Median.Milliseconds / bare.Median.Count) : double.NaN;
                table.Row(
                    Table.Number(waiters),
                    kind,
                    Table.Number(milliseconds),
                    (waiters, kind) switch
                    {
                        ( > 1, Target.Pull) => Table.AtMost(toNode, 0.75),
                        ( > 1, Target.Sync) => Table.AtMost(toNode, 1.5),
                        _ => Table.Number(toNode),
                    },
                    (waiters, kind) switch
                    {
                        (_, Target.Node) => "",
                        (1, Target.Pull or Target.Storeless) => Table.AtMost(toKestrel, 1.3),
                        _ => Table.Number(toKestrel),
                    },
                    Table.Megabytes(series.PeakMegabytes));
            }
        }
    }

    private async Task ParkedAsync(BenchOptions options)
    {
        int runs = options.Runs(3);
        Table table = new($"{Table.Number(Parked)} requests that wait", "managed bytes of one", "above bare Kestrel", "resident KiB of one", "above bare Kestrel", "server's peak");
        Series? bare = null;
        foreach (string kind in new[] { Target.Kestrel, Target.Pull, Target.Sync })
        {
            Series series = await FreshProcess.OursAsync(Name, "parked", runs, kind);
            bare ??= series;
            double managed = series.MedianOf("managed");
            double resident = series.MedianOf("resident");
            table.Row(
                kind,
                Table.Number(managed),
                ReferenceEquals(bare, series) ? "" : Table.AtMost(managed - bare.MedianOf("managed"), 4_096, "B"),
                Table.Number(resident),
                ReferenceEquals(bare, series) ? "" : Table.AtMost(resident - bare.MedianOf("resident"), 4, "KiB"),
                Table.Megabytes(series.PeakMegabytes));
        }
    }

    private static async Task<Sample> WakeAsync(Target target, int waiters)
    {
        // The first rounds are for the servers to compile their paths.
        (int warmup, int rounds, int settle) = waiters == 1 ? (1_000, 200, 2) : (40, 30, 80);
        RawConnection[] connections = new RawConnection[waiters];
        for (int i = 0; i < waiters; i++)
            connections[i] = await RawConnection.OpenAsync(target.Server.Port);
        using RawConnection waker = await RawConnection.OpenAsync(target.Server.Port);
        List<double> times = [];
        for (int round = 0; round < warmup + rounds; round++)
        {
            ReadOnlyMemory<byte> wait = target.Wait;
            foreach (RawConnection connection in connections)
                await connection.SendAsync(wait);
            await Task.Delay(settle);
            Task[] answered = [.. connections.Select(connection => Task.Run(async () => await connection.ReceiveAsync()))];
            await Task.Delay(Math.Max(settle / 2, 1));
            long began = Stopwatch.GetTimestamp();
            await waker.SendAsync(target.Wake);
            await Task.WhenAll(answered);
            if (round >= warmup)
                times.Add(Stopwatch.GetElapsedTime(began).TotalMilliseconds);
            await waker.ReceiveAsync();
            target.Next();
        }

        foreach (RawConnection connection in connections)
            connection.Dispose();
        times.Sort();
        return new Sample { Count = 1, Milliseconds = times[times.Count / 2], PeakMegabytes = target.Server.PeakMegabytes };
    }

    private static async Task<Sample> ParkedAsync(Target target)
    {
        // A first few, so that what a first request of its kind makes is there before.
        List<RawConnection> connections = [];
        await ParkAsync(200);
        await Task.Delay(1_000);
        using RawConnection waker = await RawConnection.OpenAsync(target.Server.Port);
        await waker.ExchangeAsync(target.Wake);
        foreach (RawConnection connection in connections)
        {
            await connection.ReceiveAsync();
            connection.Dispose();
        }

        target.Next();
        connections.Clear();
        await Task.Delay(1_000);
        (double managedBefore, double residentBefore) = await LookAsync();
        await ParkAsync(Parked);
        await Task.Delay(2_000);
        (double managed, double resident) = await LookAsync();
        foreach (RawConnection connection in connections)
            connection.Dispose();
        return new Sample
        {
            Count = Parked,
            Milliseconds = 1,
            PeakMegabytes = target.Server.PeakMegabytes,
            More =
            {
                ["managed"] = Sample.Number((managed - managedBefore) / Parked),
                ["resident"] = Sample.Number((resident - residentBefore) / Parked),
            },
        };

        async Task ParkAsync(int count)
        {
            for (int i = 0; i < count; i++)
            {
                connections.Add(await RawConnection.OpenAsync(target.Server.Port, 4_096));
                await connections[^1].SendAsync(target.Wait);
            }
        }

        async Task<(double Managed, double Resident)> LookAsync()
        {
            await target.Server.ManagedBytesAsync();
            double managedBytes = await target.Server.ManagedBytesAsync();
            await Task.Delay(500);
            return (managedBytes, target.Server.ResidentKibibytes);
        }
    }

    /// <summary>A server with requests that wait, and one that wakes them.</summary>
    private sealed class Target : IDisposable
    {
        public const string Node = "Node http";
        public const string Kestrel = "bare Kestrel";
        public const string Pull = "ours, GET /pull";
        public const string Sync = "ours, POST /sync";
        public const string Storeless = "ours, GET /pull, no store";

        private readonly PatchedRequest _wait;
        private readonly PatchedRequest _wake;
        private readonly bool _isOurs;
        private long _waitNumber;
        private long _wakeNumber;

        private Target(ServerProcess server, PatchedRequest wait, PatchedRequest wake, bool isOurs, long waitNumber, long wakeNumber)
        {
            Server = server;
            _wait = wait;
            _wake = wake;
            _isOurs = isOurs;
            _waitNumber = waitNumber;
            _wakeNumber = wakeNumber;
        }

        public static IReadOnlyList<string> Kinds { get; } = [Node, Kestrel, Pull, Sync, Storeless];

        public ServerProcess Server { get; }

        /// <summary>A request that waits for what the next wake-up brings.</summary>
        public ReadOnlyMemory<byte> Wait => _wait.With(_waitNumber);

        /// <summary>Five operations.</summary>
        public ReadOnlyMemory<byte> Wake => _wake.With(_wakeNumber);

        public void Next()
        {
            _waitNumber += _isOurs ? 5 : 0;
            _wakeNumber += _isOurs ? 5 : 0;
        }

        public static async Task<Target> StartAsync(string kind, string folder, string[] limits) => kind switch
        {
            Node => Peer(await ServerProcess.NodeAsync("waits/http.mjs")),
            Kestrel => Peer(await ServerProcess.BareKestrelAsync()),
            Storeless => await OursAsync(kind, await ServerProcess.StorelessAsync(folder, limits)),
            _ => await OursAsync(kind, await ServerProcess.SynclineAsync(folder, limits)),
        };

        public void Dispose() => Server.Dispose();

        private static Target Peer(ServerProcess server)
        {
            string headers = $"Host: 127.0.0.1\r\nAuthorization: Bearer {new string('x', 300)}\r\n";
            string operations = string.Join(',', Enumerable.Range(0, 5).Select(i =>
                $$"""{"clock":@{{i:00}},"peerId":"9f2c6d1e","targetId":"v{{i}}","key":"name","value":"Hello world {{i}}"}"""));
            return new Target(
                server,
                new PatchedRequest($"GET /poll HTTP/1.1\r\n{headers}", body: null),
                new PatchedRequest($"POST /wake HTTP/1.1\r\n{headers}", $$"""{"treeId":"5a3d7c52-91f0-4f1d","operations":[{{operations}}]}"""),
                isOurs: false,
                PatchedRequest.FirstNumber,
                PatchedRequest.FirstNumber);
        }

        private static async Task<Target> OursAsync(string kind, ServerProcess server)
        {
            Account account = await Account.RegisterAsync(server.Address);
            Epoch epoch = await account.MakeSpaceAsync(server.Address, Space);
            string push = $"{server.Address}/spaces/{Space}/push";
            await account.SendAsync(HttpMethod.Post, push, PushBodies.Root);
            await account.SendAsync(
                HttpMethod.Post,
                push,
                $$$"""{"operations":[{"scope":"tree","resourceId":"{{{Tree}}}","actor":"waker","clock":{{{PatchedRequest.FirstNumber}}},"payload":{"id":{"counter":{{{PatchedRequest.FirstNumber}}},"peerId":"waker"},"targetId":"v","parentId":"{{{Tree}}}"}}]}""");
            string operations = string.Join(',', Enumerable.Range(0, 5).Select(i =>
                $$$"""{"scope":"tree","resourceId":"{{{Tree}}}","actor":"waker","clock":@{{{i:00}}},"payload":{"id":{"counter":@{{{i:00}}},"peerId":"waker"},"targetId":"v","key":"k{{{i}}}","value":"Hello world"}}"""));
            PatchedRequest wake = new($"POST /spaces/{Space}/push HTTP/1.1\r\n{account.Headers}", $$"""{"operations":[{{operations}}]}""");

            // By seq for the one, by clock for the other: both begin where the log stands, after the root and one vertex, and grow by five a round.
            PatchedRequest wait = kind != Sync
                ? new PatchedRequest($"GET /spaces/{Space}/pull?after=@00&epoch={epoch.Value}&wait=50 HTTP/1.1\r\n{account.Headers}", body: null)
                : new PatchedRequest(
                    $"POST /spaces/{Space}/sync HTTP/1.1\r\n{account.Headers}",
                    $$$$"""{"stateVectors":{"{{{{Tree}}}}":{"root":[[1,1]],"waker":[[{{{{PatchedRequest.FirstNumber}}}},@00]]}},"timeout":50000}""");
            return new Target(server, wait, wake, isOurs: true, kind != Sync ? 2 : PatchedRequest.FirstNumber, PatchedRequest.FirstNumber + 1);
        }
    }
}
