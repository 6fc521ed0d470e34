using System.Diagnostics;
using System.Globalization;
using Syncline.Bench.Harness;
using Syncline.Bench.Http;
using Syncline.Core.Operations;

namespace Syncline.Bench.RealTime;

/// <summary>
/// What one sends and many receive over WebSockets: a bare room of SocketIO.AspNetCore beside Node's socket.io, SignalR, and Kestrel's WebSockets without a
/// protocol; and operations of a space, each stored durably, checked and read from the log by everybody who follows it.
/// </summary>
internal sealed class RealTimeArea : IArea
{
    private const string Space = "room";

    private static readonly string[] RaisedLimits = ["--Limits:OperationsPerSecond=100000000", "--Limits:OperationsBurst=100000000", "--Limits:ConnectionsPerUserMax=100000"];

    public string Name => "realtime";

    public string Summary => "fan-out over Socket.IO: rooms and operations of a space, beside Node's socket.io, SignalR and bare Kestrel";

    public async Task RunAsync(BenchOptions options)
    {
        foreach (int receivers in new[] { 100, 1_000 })
        {
            foreach (int outstanding in new[] { 8, 1 })
            {
                if (options.Wants($"fan{receivers}") && options.Wants(outstanding == 1 ? "single" : "many"))
                    await FanOutAsync(options.Runs(3), receivers, outstanding);
            }
        }
    }

    public async Task<Sample> MeasureAsync(string workload, IReadOnlyList<string> arguments)
    {
        (string kind, int receivers, int outstanding) = (arguments[0], Number(arguments[1]), Number(arguments[2]));
        using Folder folder = new();
        using ServerProcess server = await StartAsync(kind, folder.Path);
        using Room room = await Room.OpenAsync(await ProtocolOfAsync(kind, server), server.Port, receivers, outstanding);
        await room.SendAsync(TimeSpan.FromSeconds(4));
        long before = room.Deliveries;
        TimeSpan processor = server.ProcessorTime;
        long began = Stopwatch.GetTimestamp();
        await room.SendAsync(TimeSpan.FromSeconds(4));
        double milliseconds = Stopwatch.GetElapsedTime(began).TotalMilliseconds;
        long deliveries = room.Deliveries - before;
        return new Sample
        {
            Count = deliveries,
            Milliseconds = milliseconds,
            PeakMegabytes = server.PeakMegabytes,
            More = { ["processor"] = Sample.Number((server.ProcessorTime - processor).TotalMicroseconds / deliveries) },
        };
    }

    private async Task FanOutAsync(int runs, int receivers, int outstanding)
    {
        Table table = new(
            $"1 sender, {Table.Number(receivers)} receivers, {outstanding} outstanding", "deliveries", "beside Node's socket.io", "beside SignalR", "beside bare Kestrel", "server's processor, µs a delivery", "beside Node's", "server's peak");
        Dictionary<string, Series> all = [];
        foreach (string kind in Kind.All)
        {
            Series series = all[kind] = await FreshProcess.OursAsync(Name, "fan", runs, kind, Text(receivers), Text(outstanding));
            double toNode = series.Median.PerSecond / all[Kind.Node].Median.PerSecond;
            double processor = series.MedianOf("processor");
            double processorToNode = processor / all[Kind.Node].MedianOf("processor");
            bool isRoom = kind == ServerHost.Room;
            bool isMany = outstanding > 1;
            table.Row(
                Kind.Describe(kind),
                Table.Rate(series),
                isRoom ? Table.AtLeast(toNode, (isMany, receivers) switch { (true, 100) => 4, (true, _) => 3, (false, 100) => 1.7, _ => 1.4 }) : Table.Number(toNode),
                Beside(ServerHost.SignalR, isRoom && isMany ? (receivers == 100 ? 0.8 : 1.2) : null),
                Beside(ServerHost.WebSockets, goal: null),
                Table.Number(processor),
                isRoom && isMany ? Table.AtMost(processorToNode, 1 / 3.0) : Table.Number(processorToNode),
                Table.Megabytes(series.PeakMegabytes));

            string Beside(string other, double? goal)
            {
                if (!all.TryGetValue(other, out Series? peer))
                    return "";
                double ratio = series.Median.PerSecond / peer.Median.PerSecond;
                return goal is { } least ? Table.AtLeast(ratio, least) : Table.Number(ratio);
            }
        }
    }

    private static Task<ServerProcess> StartAsync(string kind, string folder) => kind switch
    {
        Kind.Node => ServerProcess.NodeAsync("realtime/socketio.mjs"),
        ServerHost.Syncline => ServerProcess.SynclineAsync(folder, RaisedLimits),
        ServerHost.Storeless => ServerProcess.StorelessAsync(folder, RaisedLimits),
        _ => ServerProcess.RoomAsync(kind),
    };

    private static async Task<RoomProtocol> ProtocolOfAsync(string kind, ServerProcess server)
    {
        switch (kind)
        {
            case ServerHost.WebSockets: return RoomProtocol.WebSocket;
            case ServerHost.SignalR: return RoomProtocol.SignalR;
            case ServerHost.Syncline or ServerHost.Storeless:
                Account account = await Account.RegisterAsync(server.Address);
                Epoch epoch = await account.MakeSpaceAsync(server.Address, Space);
                return RoomProtocol.Space(Space, account.Token, epoch.Value);
            default: return RoomProtocol.SocketIO;
        }
    }

    private static string Text(int number) => number.ToString(CultureInfo.InvariantCulture);

    private static int Number(string text) => int.Parse(text, CultureInfo.InvariantCulture);

    /// <summary>The servers, each after those that it is compared with.</summary>
    private static class Kind
    {
        public const string Node = "node";

        public static IReadOnlyList<string> All { get; } = [Node, ServerHost.SignalR, ServerHost.WebSockets, ServerHost.Room, ServerHost.Syncline];

        public static string Describe(string kind) => kind switch
        {
            Node => "Node's socket.io, a room",
            ServerHost.SignalR => "SignalR, a group",
            ServerHost.WebSockets => "Kestrel's WebSockets, no protocol",
            ServerHost.Room => "ours, a room",
            _ => "ours, operations of a space, stored durably",
        };
    }
}
