using System.Diagnostics;
using Syncline.Bench.Harness;
using Syncline.Bench.Http;
using Syncline.Bench.Storage;
using Syncline.Client;

namespace Syncline.Bench.Client;

/// <summary>What a client costs while nothing happens.</summary>
internal static class IdleClient
{
    private static readonly TimeSpan Time = TimeSpan.FromMinutes(1);

    public static async Task<Sample> MeasureAsync(string serverFolder, string token)
    {
        using ServerProcess server = await ServerProcess.SynclineAsync(serverFolder);
        using TemporaryFolder folder = new();
        using CountingHandler handler = new();
        await using SynclineClient client = await SynclineClient.OpenAsync(
            Path.Combine(folder.Path, "client.db"), new Uri(server.Address), new SynclineClientOptions { EventContext = null, HttpHandler = handler });
        client.UseTokens((_, _) => ValueTask.FromResult<string?>(token));
        await client.OpenSpaceAsync("empty");
        await client.SyncAsync();
        await Task.Delay(TimeSpan.FromSeconds(2));
        Stage stage = Stage.Begin();
        using Process self = Process.GetCurrentProcess();
        TimeSpan before = self.TotalProcessorTime;
        int requests = handler.Count;
        await Task.Delay(Time);
        self.Refresh();
        Sample sample = stage.End(1);
        sample.More["cpu"] = Sample.Number((self.TotalProcessorTime - before).TotalMilliseconds);
        sample.More["requests"] = Sample.Number(handler.Count - requests);
        return sample;
    }

    private sealed class CountingHandler() : DelegatingHandler(new SocketsHttpHandler())
    {
        private int _count;

        public int Count => Volatile.Read(ref _count);

        protected override Task<HttpResponseMessage> SendAsync(HttpRequestMessage request, CancellationToken cancellationToken)
        {
            Interlocked.Increment(ref _count);
            return base.SendAsync(request, cancellationToken);
        }
    }
}
