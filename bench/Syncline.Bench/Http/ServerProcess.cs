using System.Diagnostics;
using System.Globalization;
using System.Net;
using System.Net.Sockets;
using Syncline.Bench.Harness;

namespace Syncline.Bench.Http;

/// <summary>A server in a process of its own, on a free port of loopback; disposing ends it.</summary>
internal sealed class ServerProcess : IDisposable
{
    private readonly Process _process;
    private readonly HttpClient _http = new();

    private ServerProcess(Process process, int port)
    {
        _process = process;
        Port = port;
    }

    public int Port { get; }

    public string Address => $"http://127.0.0.1:{Port}";

    /// <summary>The product, as the program wires it: the SQLite store at full durability, accounts with tokens.</summary>
    public static Task<ServerProcess> SynclineAsync(string folder, params string[] configuration) =>
        StartAsync(port => ServerHost.Command(ServerHost.Syncline, port, folder, configuration));

    /// <summary>The product on a store that answers at once and keeps nothing.</summary>
    public static Task<ServerProcess> StorelessAsync(string folder, params string[] configuration) =>
        StartAsync(port => ServerHost.Command(ServerHost.Storeless, port, folder, configuration));

    /// <summary>Kestrel with the endpoints of the transport benchmarks and nothing else.</summary>
    public static Task<ServerProcess> BareKestrelAsync() => StartAsync(port => ServerHost.Command(ServerHost.Bare, port, "-", []));

    /// <summary>A room of one of the kinds of <see cref="ServerHost"/>.</summary>
    public static Task<ServerProcess> RoomAsync(string kind) => StartAsync(port => ServerHost.Command(kind, port, "-", []));

    /// <summary>A server of the peers, by Node.</summary>
    public static Task<ServerProcess> NodeAsync(string script) =>
        StartAsync(port => new ProcessStartInfo("node", ["--expose-gc", Path.Combine(FreshProcess.Peers, script), Text(port)]));

    /// <summary>Resident memory now, in KiB.</summary>
    public double ResidentKibibytes => Memory.ResidentKibibytes(_process.Id);

    /// <summary>The most resident memory so far, in MB.</summary>
    public double PeakMegabytes => Memory.PeakMegabytes(_process.Id);

    /// <summary>Time of all its threads so far.</summary>
    public TimeSpan ProcessorTime
    {
        get
        {
            _process.Refresh();
            return _process.TotalProcessorTime;
        }
    }

    /// <summary>Bytes that its managed code has allocated so far. Our own hosts only.</summary>
    public Task<long> AllocatedBytesAsync() => NumberAsync("allocated");

    /// <summary>Managed bytes that are in use after a full collection. Our own hosts only.</summary>
    public Task<long> ManagedBytesAsync() => NumberAsync("managed");

    public void Dispose()
    {
        _process.Kill();
        _process.WaitForExit();
        _process.Dispose();
        _http.Dispose();
    }

    private async Task<long> NumberAsync(string path) =>
        long.Parse(await _http.GetStringAsync(new Uri($"{Address}/bench/{path}")), CultureInfo.InvariantCulture);

    private static async Task<ServerProcess> StartAsync(Func<int, ProcessStartInfo> command)
    {
        int port = FreePort();
        ProcessStartInfo start = command(port);
        start.RedirectStandardOutput = true;
        start.UseShellExecute = false;
        Process process = Process.Start(start)!;
        process.OutputDataReceived += (_, _) => { };
        process.BeginOutputReadLine();
        for (long began = Stopwatch.GetTimestamp(); ;)
        {
            if (process.HasExited)
                throw new InvalidOperationException($"the server ended with {process.ExitCode} before it listened");
            try
            {
                using Socket probe = new(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
                await probe.ConnectAsync(IPAddress.Loopback, port);
                return new ServerProcess(process, port);
            }
            catch (SocketException) when (Stopwatch.GetElapsedTime(began) < TimeSpan.FromSeconds(60))
            {
                await Task.Delay(20);
            }
        }
    }

    private static int FreePort()
    {
        using Socket socket = new(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
        socket.Bind(new IPEndPoint(IPAddress.Loopback, 0));
        return ((IPEndPoint)socket.LocalEndPoint!).Port;
    }

    private static string Text(int number) => number.ToString(CultureInfo.InvariantCulture);
}
