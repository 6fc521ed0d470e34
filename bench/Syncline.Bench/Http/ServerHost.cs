using System.Diagnostics;
using System.Globalization;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Routing;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using Syncline.Bench.RealTime;
using Syncline.Engine.Storage;
using Syncline.Server;

namespace Syncline.Bench.Http;

/// <summary>
/// The servers that are measured: <c>host KIND PORT FOLDER [configuration …]</c>. The product is the program's own pipeline, from the same
/// builder; beside it stand two paths that tell what it allocates.
/// </summary>
internal static class ServerHost
{
    public const string HostCommand = "host";
    public const string Syncline = "syncline";
    public const string Storeless = "storeless";
    public const string Bare = "bare";
    public const string Room = "room";
    public const string SignalR = "signalr";
    public const string WebSockets = "websockets";

    public static ProcessStartInfo Command(string kind, int port, string folder, IEnumerable<string> configuration)
    {
        ProcessStartInfo start = new(
            Environment.ProcessPath!,
            [typeof(ServerHost).Assembly.Location, HostCommand, kind, port.ToString(CultureInfo.InvariantCulture), folder, .. configuration]);

        // As the program and every ASP.NET Core application have it, the bare one too.
        start.Environment["DOTNET_gcServer"] = Environment.GetEnvironmentVariable("DOTNET_gcServer") ?? "1";
        return start;
    }

    public static async Task<int> RunAsync(string[] arguments)
    {
        (string kind, string port, string folder) = (arguments[1], arguments[2], arguments[3]);
        string url = $"http://127.0.0.1:{port}";
        await using WebApplication app = kind switch
        {
            Bare => BareKestrel.Build(url),
            Room => RoomHosts.BuildSocketIO(url),
            SignalR => RoomHosts.BuildSignalR(url),
            WebSockets => RoomHosts.BuildWebSockets(url),
            _ => Build(kind, url, folder, arguments[4..]),
        };
        app.MapGet("/bench/allocated", () => Text(GC.GetTotalAllocatedBytes(precise: true)));
        app.MapGet("/bench/managed", () =>
        {
            GC.Collect(2, GCCollectionMode.Aggressive, blocking: true, compacting: true);
            GC.WaitForPendingFinalizers();
            return Text(GC.GetTotalMemory(forceFullCollection: true));
        });
        await app.RunAsync();
        return 0;
    }

    /// <summary>The product, in this process or another.</summary>
    public static WebApplication Build(string kind, string url, string folder, params string[] configuration) =>
        SynclineHost.Build(
            ["--urls", url, "--data", folder, .. configuration],
            builder =>
            {
                builder.Configuration.AddInMemoryCollection([new("Logging:LogLevel:Default", "Warning")]);
                if (kind == Storeless)
                    builder.Services.AddSingleton<ISpaceStore, InstantStore>();
            });

    private static string Text(long number) => number.ToString(CultureInfo.InvariantCulture);
}
