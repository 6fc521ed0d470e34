using System.CommandLine;
using System.Globalization;
using Syncline.Client;
using Syncline.Client.Storage;
using Syncline.Core.Operations;

namespace Syncline.Server.Client;

/// <summary>The program as a client of a server: its options, its local file, and how its work ends.</summary>
internal sealed class ClientSession : IAsyncDisposable
{
    private const int StoresMax = 8;

    private static readonly TimeSpan ProgressInterval = TimeSpan.FromMilliseconds(200);

    private readonly TimeSpan _patience;

    private ClientSession(SynclineClient client, TimeSpan patience)
    {
        Client = client;
        _patience = patience;
    }

    public static Option<Uri> Server { get; } = new("--server")
    {
        Description = "The server's address.",
        DefaultValueFactory = _ => new Uri(Environment.GetEnvironmentVariable("SYNCLINE_SERVER") ?? "http://127.0.0.1:5080"),
        CustomParser = result =>
        {
            if (Uri.TryCreate(result.Tokens[0].Value, UriKind.Absolute, out Uri? address) && address.Scheme is "http" or "https")
                return address;
            result.AddError($"'{result.Tokens[0].Value}' is no address of a server, as http://127.0.0.1:5080 is");
            return null;
        },
        Recursive = true,
    };

    public static Option<string?> Store { get; } = new("--store")
    {
        Description = "The local file. By default one for the server in the user's folder for application data.",
        Recursive = true,
    };

    public static Option<double> Wait { get; } = new("--wait")
    {
        Description = "Seconds to wait for the server before going on with what is here.",
        DefaultValueFactory = _ => 10,
        Recursive = true,
    };

    public SynclineClient Client { get; }

    /// <summary>Adds the options that every command of a client has.</summary>
    public static Command With(Command command)
    {
        command.Add(Server);
        command.Add(Store);
        command.Add(Wait);
        return command;
    }

    /// <summary>Opens the local file, does the work, and says in a line what the user can mend.</summary>
    /// <returns>0; 1 when it could not be done; 2 when it was done here, and the server has not got it yet.</returns>
    public static async Task<int> RunAsync(ParseResult result, Func<ClientSession, CancellationToken, Task<int>> work, CancellationToken cancellationToken)
    {
        try
        {
            await using ClientSession session = await OpenAsync(
                result.GetRequiredValue(Server), result.GetValue(Store), TimeSpan.FromSeconds(Math.Clamp(result.GetRequiredValue(Wait), 0, 86_400)), cancellationToken);
            return await work(session, cancellationToken);
        }
        catch (OperationCanceledException) when (cancellationToken.IsCancellationRequested)
        {
            return 130;
        }
        catch (Exception e) when (e is LocalStoreException or SynclineException or ArgumentException or FormatException or UriFormatException)
        {
            await Console.Error.WriteLineAsync($"syncline: {e.Message}");
            return 1;
        }
    }

    /// <summary>Opens a space and brings it up to date, as far as the server can be reached.</summary>
    public async Task<Space> OpenSpaceAsync(string id, CancellationToken cancellationToken)
    {
        Space space = await Client.OpenSpaceAsync(id, cancellationToken);
        await SyncAsync(space, cancellationToken);
        if (space.Problem?.Code != ErrorCodes.NotFound)
            return space;
        await Client.ForgetSpaceAsync(id, cancellationToken);
        throw new ArgumentException($"there is no space '{id}' on the server, or this user may not see it");
    }

    /// <summary>Waits for agreement with the server, and shows how far it is.</summary>
    /// <returns>Whether there is agreement.</returns>
    public async Task<bool> SyncAsync(Space? space, CancellationToken cancellationToken)
    {
        using CancellationTokenSource patience = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        patience.CancelAfter(_patience);
        Task syncing = Client.SyncAsync(patience.Token);
        bool isShown = false;
        long last = 0;
        while (await Task.WhenAny(syncing, Task.Delay(ProgressInterval, TimeProvider.System, cancellationToken)) != syncing)
        {
            // As long as something comes, it is worth waiting for.
            long received = space?.BootstrapBytes ?? 0;
            if (received != last)
                patience.CancelAfter(_patience);
            last = received;
            isShown |= !Console.IsErrorRedirected;
            if (!Console.IsErrorRedirected)
                await Console.Error.WriteAsync($"\r{Describe(Client.Status, received)}\u001b[K");
        }

        if (isShown)
            await Console.Error.WriteAsync("\r\u001b[K");
        try
        {
            await syncing;
            return true;
        }
        catch (SynclineException)
        {
            // Another space's trouble is not this one's.
            if (space?.Problem?.Code != ErrorCodes.NotFound)
                await Console.Error.WriteLineAsync($"syncline: {Describe(Client.Status, received: 0)}");
            return space is { Problem: null } && Client.Status.State != SyncState.Unauthorized;
        }
        catch (OperationCanceledException) when (!cancellationToken.IsCancellationRequested)
        {
            await Console.Error.WriteLineAsync($"syncline: {Describe(Client.Status, received: 0)}");
            return false;
        }
    }

    /// <summary>Writes an edit, and waits until the server has it.</summary>
    public async Task<int> FinishEditAsync(Space space, CancellationToken cancellationToken)
    {
        await Client.SaveAsync(cancellationToken);
        bool isStored = await SyncAsync(space, cancellationToken);
        foreach (OwnOperation refused in space.Refused)
            await Console.Error.WriteLineAsync($"syncline: refused: {refused.Operation.Id}: {refused.Refusal?.Code}: {refused.Refusal?.Detail}");
        if (space.Refused.Count > 0)
            return 1;
        return isStored ? 0 : 2;
    }

    /// <summary>Returns when the user ends the program.</summary>
    public static async Task<int> FollowAsync(CancellationToken cancellationToken)
    {
        try
        {
            await Task.Delay(Timeout.Infinite, cancellationToken);
        }
        catch (OperationCanceledException)
        {
            // Ctrl+C is how following ends.
        }

        return 0;
    }

    public ValueTask DisposeAsync() => Client.DisposeAsync();

    private static string Describe(SyncStatus status, long received)
    {
        string progress = received > 0 ? string.Create(CultureInfo.InvariantCulture, $", {received / 1e6:0.0} MB received") : "";
        string pending = status.PendingCount > 0 ? string.Create(CultureInfo.InvariantCulture, $", {status.PendingCount} operations not sent") : "";
        string behind = status.Behind > 0 ? string.Create(CultureInfo.InvariantCulture, $", {status.Behind} operations to receive") : "";
        string problem = status.Problem is { } known ? $": {known.Detail}" : "";
        return $"{status.State}{progress}{behind}{pending}{problem}";
    }

    private static async Task<ClientSession> OpenAsync(Uri server, string? store, TimeSpan patience, CancellationToken cancellationToken)
    {
        SynclineClientOptions options = new() { CreatesSpaces = false };
        if (store is not null)
            return new ClientSession(await SynclineClient.OpenAsync(store, server, options, cancellationToken), patience);

        // Several terminals work at once: each has a file of its own while it runs.
        for (int number = 1; ; number++)
        {
            try
            {
                return new ClientSession(await SynclineClient.OpenAsync(PathOf(server, number), server, options, cancellationToken), patience);
            }
            catch (LocalStoreInUseException) when (number < StoresMax)
            {
                // The next one.
            }
        }
    }

    private static string PathOf(Uri server, int number)
    {
        string folder = Path.Combine(Environment.GetFolderPath(Environment.SpecialFolder.LocalApplicationData, Environment.SpecialFolderOption.Create), "syncline");
        Directory.CreateDirectory(folder);
        string name = $"{server.Host}-{server.Port}".Replace(':', '_');
        return Path.Combine(folder, string.Create(CultureInfo.InvariantCulture, $"{name}{(number == 1 ? "" : $"-{number}")}.db"));
    }
}
