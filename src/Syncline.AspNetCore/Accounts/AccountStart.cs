using Microsoft.AspNetCore.Hosting.Server;
using Microsoft.AspNetCore.Hosting.Server.Features;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Options;

namespace Syncline.AspNetCore.Accounts;

/// <summary>Prepares the accounts before the server listens, and sees to it that a server without accounts listens on loopback only.</summary>
internal sealed class AccountStart(
    IOptions<AuthOptions> options,
    SigningKey signingKey,
    EndedLogins endedLogins,
    KnownUsers users,
    IConfiguration configuration,
    IServer server) : IHostedLifecycleService
{
    private ICollection<string> ServerAddresses => server.Features.Get<IServerAddressesFeature>()?.Addresses ?? [];

    public async Task StartingAsync(CancellationToken cancellationToken)
    {
        switch (options.Value.Mode)
        {
            case AuthMode.Local:
                signingKey.Load();
                await endedLogins.LoadAsync(cancellationToken);
                break;
            case AuthMode.None:
                DemandLoopback(ConfiguredAddresses());
                await users.EnsureAsync(OpenCallers.FixedUserId, [OpenCallers.FixedName], OpenCallers.FixedName, cancellationToken);
                break;
        }
    }

    public Task StartAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    public Task StartedAsync(CancellationToken cancellationToken)
    {
        // Code may have opened endpoints that no configuration shows; until here every request was screened by its local address.
        if (options.Value.Mode == AuthMode.None)
            DemandLoopback(ServerAddresses);
        return Task.CompletedTask;
    }

    public Task StoppingAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    public Task StopAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    public Task StoppedAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    private static void DemandLoopback(IEnumerable<string> addresses)
    {
        if (addresses.FirstOrDefault(address => !Loopback.IsListeningAddress(address)) is not { } address)
            return;
        throw new OptionsValidationException(
            nameof(AuthOptions),
            typeof(AuthOptions),
            [$"Auth:Mode is None, which lets everybody in, and the server is to listen on {address}: "
             + "let it listen on http://127.0.0.1 or http://localhost only, or set Auth:Mode to Local."]);
    }

    /// <summary>Where the server is going to listen, in the order in which one setting overrides the next.</summary>
    private IEnumerable<string> ConfiguredAddresses()
    {
        List<string> endpoints = [.. configuration.GetSection("Kestrel:Endpoints").GetChildren().Select(endpoint => endpoint["Url"]).OfType<string>()];
        if (endpoints.Count > 0)
            return endpoints;
        if (ServerAddresses is { Count: > 0 } addresses)
            return addresses;
        if (configuration["urls"] is { Length: > 0 } urls)
            return urls.Split(';', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries);
        return PortsOf("http_ports", "http").Concat(PortsOf("https_ports", "https"));
    }

    /// <summary>A port alone means all addresses.</summary>
    private IEnumerable<string> PortsOf(string key, string scheme) =>
        (configuration[key] ?? "")
            .Split(';', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries)
            .Select(port => $"{scheme}://*:{port}");
}
