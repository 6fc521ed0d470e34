using System.Text.Json.Nodes;
using Syncline.Client;
using Syncline.Conformance.InMemory;
using Syncline.Core.Operations;
using Syncline.Tests.Doors;

namespace Syncline.Tests.Client;

/// <summary>Devices with a file each, and the whole server program behind a network each.</summary>
internal sealed class Devices : IAsyncDisposable
{
    public static readonly TimeSpan Patience = TimeSpan.FromSeconds(30);

    private readonly string _folder = Directory.CreateTempSubdirectory("syncline-devices-").FullName;
    private readonly List<SynclineClient> _clients = [];
    private Uri _address = new("http://127.0.0.1:9");

    public string Folder => _folder;

    public string ServerData => Path.Combine(_folder, "server");

    public TestServer? Server { get; private set; }

    public static async Task<Devices> StartAsync(params string[] settings)
    {
        Devices devices = new();
        await devices.StartServerAsync(settings);
        return devices;
    }

    public async Task StartServerAsync(params string[] settings)
    {
        Server = await TestServer.StartAsync(ServerData, configure: null, settings);
        _address = Server.Address;
    }

    public async Task StopServerAsync()
    {
        await Server!.DisposeAsync();
        Server = null;
    }

    public string FileOf(string device) => Path.Combine(_folder, device + ".db");

    /// <summary>Opens a device's file, with a network of its own.</summary>
    public async Task<SynclineClient> OpenAsync(string device, Network? network = null, Action<SynclineClientOptions>? configure = null)
    {
        SynclineClientOptions options = Options(network, configure);
        SynclineClient client = await SynclineClient.OpenAsync(FileOf(device), _address, options);
        _clients.Add(client);
        return client;
    }

    /// <summary>Opens a device whose store is in memory, and fails when the test wants it to.</summary>
    public async Task<SynclineClient> OpenAsync(InMemoryLocalDisk disk, Network? network = null, Action<SynclineClientOptions>? configure = null)
    {
        SynclineClientOptions options = Options(network, configure);
        SynclineClient client = await SynclineClient.OpenAsync(InMemoryLocalStore.Open(disk, options.Random), _address, options, default);
        _clients.Add(client);
        return client;
    }

    public async Task CloseAsync(SynclineClient client)
    {
        _clients.Remove(client);
        await client.DisposeAsync();
    }

    /// <summary>Returns when device and server agree.</summary>
    public static async Task SyncAsync(params SynclineClient[] clients)
    {
        using CancellationTokenSource patience = new(Patience);
        foreach (SynclineClient client in clients)
        {
            try
            {
                await client.SyncAsync(patience.Token);
            }
            catch (OperationCanceledException)
            {
                Assert.Fail($"no agreement within {Patience}: {client.Status}");
            }
        }
    }

    /// <summary>Returns when the status is as wanted.</summary>
    public static async Task<SyncStatus> UntilAsync(SynclineClient client, Func<SyncStatus, bool> condition)
    {
        using CancellationTokenSource patience = new(Patience);
        TaskCompletionSource changed = new(TaskCreationOptions.RunContinuationsAsynchronously);
        client.StatusChanged += Look;
        try
        {
            while (true)
            {
                SyncStatus status = client.Status;
                if (condition(status))
                    return status;
                await Task.WhenAny(Volatile.Read(ref changed).Task, Task.Delay(50, patience.Token));
                Assert.False(patience.IsCancellationRequested, $"waited in vain: {client.Status}");
                changed = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
            }
        }
        finally
        {
            client.StatusChanged -= Look;
        }

        void Look(object? sender, SyncStatusChangedEventArgs change) => Volatile.Read(ref changed).TrySetResult();
    }

    /// <summary>The payloads of a scope on a device, sorted.</summary>
    public static async Task<IReadOnlyList<string>> NotesOf(Space space) =>
        [.. (await space.ReadOperationsAsync("note")).Select(operation => operation.Payload.ToString()).Order(StringComparer.Ordinal)];

    /// <summary>The payloads of a scope on the server, sorted.</summary>
    public async Task<IReadOnlyList<string>> NotesOnServerAsync(string space = "plans", string? token = null)
    {
        List<string> notes = [];
        string cursor = "after=0";
        while (true)
        {
            (int status, JsonNode answer) = await Server!.GetAsync($"/spaces/{space}/pull?{cursor}", token);
            Assert.Equal(200, status);
            notes.AddRange(answer["operations"]!.AsArray().Where(one => one!["scope"]!.GetValue<string>() == "note").Select(one => one!["payload"]!.ToJsonString()));
            if (!answer["hasMore"]!.GetValue<bool>())
                return [.. notes.Order(StringComparer.Ordinal)];
            cursor = $"after={answer["cursor"]}&epoch={answer["epoch"]}";
        }
    }

    /// <summary>An access token of a user.</summary>
    public async Task<string> TokenOf(string user)
    {
        (int status, JsonNode answer) = await Server!.SendAsync(
            HttpMethod.Post, "/auth/login", $$"""{"userName":"{{user}}","password":"correct horse battery"}""");
        Assert.Equal(200, status);
        return answer["accessToken"]!.GetValue<string>();
    }

    public static Task Until(Func<bool> condition) => Until(() => Task.FromResult(condition()));

    /// <summary>Returns when the condition holds.</summary>
    public static async Task Until(Func<Task<bool>> condition)
    {
        using CancellationTokenSource patience = new(Patience);
        while (!await condition())
            await Task.Delay(5, patience.Token);
    }

    public static OperationId Note(Space space, string text) => space.Append("note", "r", $"\"{text}\"");

    private static SynclineClientOptions Options(Network? network, Action<SynclineClientOptions>? configure)
    {
        SynclineClientOptions options = new() { HttpHandler = network ?? new Network(), EventContext = null };
        configure?.Invoke(options);
        return options;
    }

    public async ValueTask DisposeAsync()
    {
        foreach (SynclineClient client in _clients)
            await client.DisposeAsync();
        if (Server is not null)
            await Server.DisposeAsync();
        Directory.Delete(_folder, recursive: true);
    }
}
