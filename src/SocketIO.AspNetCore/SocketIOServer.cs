using System.Collections.Concurrent;
using System.Diagnostics.CodeAnalysis;
using System.Diagnostics.Metrics;
using System.Security.Claims;
using System.Text.Encodings.Web;
using System.Text.Json;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;
using SocketIO.AspNetCore.EngineIO;
using SocketIO.AspNetCore.Protocol;

namespace SocketIO.AspNetCore;

/// <summary>The Socket.IO server of an application: a service, to send from anywhere.</summary>
public sealed class SocketIOServer : IDisposable
{
    private static readonly Dictionary<string, string> NoParameters = [];

    private readonly ConcurrentDictionary<string, SocketHandlers> _handlers = new(StringComparer.Ordinal);
    private readonly List<(NamespacePattern Pattern, SocketHandlers Handlers)> _patterns = [];
    private readonly ConcurrentDictionary<string, SocketNamespace> _namespaces = new(StringComparer.Ordinal);
    private readonly EngineServer _engine;

    /// <summary>Made by <c>AddSocketIO</c>.</summary>
    public SocketIOServer(
        IOptions<SocketIOOptions> options,
        IMeterFactory meters,
        ILogger<SocketIOServer> logger,
        IHostApplicationLifetime lifetime,
        TimeProvider time,
        IBackplane? backplane = null)
    {
        ArgumentNullException.ThrowIfNull(options);
        ArgumentNullException.ThrowIfNull(lifetime);
        (Options, Backplane) = (options.Value, backplane);
        JsonOptions = new JsonSerializerOptions(Options.JsonSerializerOptions) { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping };
        JsonOptions.Converters.Add(new Attachments.ArrayConverter());
        JsonOptions.Converters.Add(new Attachments.MemoryConverter());
        JsonOptions.MakeReadOnly(populateMissingResolver: true);
        Metrics = new EngineMetrics(meters);
        Log = new EngineLog(logger);
        _engine = new EngineServer(Options, time, Metrics, Log, connection => new SocketClient(this, connection));
        lifetime.ApplicationStopping.Register(_engine.Stop);
        backplane?.Subscribe(Receive);
    }

    internal SocketIOOptions Options { get; }

    internal IBackplane? Backplane { get; }

    internal JsonSerializerOptions JsonOptions { get; }

    internal EngineMetrics Metrics { get; }

    internal EngineLog Log { get; }

    /// <summary>
    /// Makes a namespace, or all that have a name of a pattern: <c>/chat</c>, <c>/spaces/{id}</c>. A name of its own goes before patterns, and patterns in
    /// the order in which they were made.
    /// </summary>
    /// <returns>Where to set its handlers.</returns>
    /// <exception cref="ArgumentException">It does not begin with a slash, or is there already.</exception>
    public SocketHandlers MapNamespace(string pattern)
    {
        ArgumentNullException.ThrowIfNull(pattern);
        if (!pattern.StartsWith('/') || pattern.Contains(',', StringComparison.Ordinal))
            throw new ArgumentException($"the name of a namespace begins with a slash and has no comma: '{pattern}'", nameof(pattern));
        SocketHandlers handlers = new();
        if (NamespacePattern.IsPattern(pattern))
            _patterns.Add((new NamespacePattern(pattern), handlers));
        else if (!_handlers.TryAdd(pattern, handlers))
            throw new ArgumentException($"the namespace '{pattern}' is there already", nameof(pattern));
        return handlers;
    }

    /// <summary>A namespace, to send to. One of a pattern is made by its first socket and goes with its last: ask for it each time.</summary>
    public SocketNamespace Namespace(string name)
    {
        if (_namespaces.TryGetValue(name, out SocketNamespace? found))
            return found;
        return _handlers.ContainsKey(name) ? GetOrAdd(name) : new SocketNamespace(this, name, isKept: false);
    }

    /// <inheritdoc/>
    public void Dispose() => _engine.Dispose();

    /// <summary>A connection that no transport has yet.</summary>
    internal EngineConnection MakeConnection(ClaimsPrincipal user) => _engine.MakeConnection(remoteAddress: null, user, webSocket: null);

    internal Task HandleAsync(HttpContext http) => _engine.HandleAsync(http);

    internal SocketHandlers? FindHandlers(string name, out IReadOnlyDictionary<string, string> parameters)
    {
        parameters = NoParameters;
        if (_handlers.TryGetValue(name, out SocketHandlers? handlers))
            return handlers;
        foreach ((NamespacePattern pattern, SocketHandlers ofPattern) in _patterns)
        {
            if (pattern.Match(name) is not { } found)
                continue;
            parameters = found;
            return ofPattern;
        }

        return null;
    }

    /// <summary>A namespace for a socket, which releases it when it ends.</summary>
    internal SocketNamespace Hold(string name)
    {
        while (true)
        {
            SocketNamespace held = GetOrAdd(name);
            if (held.TryHold())
                return held;
            Forget(held);
        }
    }

    internal void Release(SocketNamespace held)
    {
        if (held.Release())
            Forget(held);
    }

    // One with a name of its own stays; those of patterns come and go.
    private SocketNamespace GetOrAdd(string name) => _namespaces.GetOrAdd(
        name, static (name, server) => new SocketNamespace(server, name, isKept: server._handlers.ContainsKey(name)), this);

    private void Forget(SocketNamespace gone) => _namespaces.TryRemove(new KeyValuePair<string, SocketNamespace>(gone.Name, gone));

    internal void Publish(BackplaneMessage message) => _ = PublishAsync(message);

    [SuppressMessage("Design", "CA1031:Do not catch general exception types", Justification = "The backplane's; the broadcast was delivered here.")]
    private async Task PublishAsync(BackplaneMessage message)
    {
        try
        {
            await Backplane!.PublishAsync(message);
        }
        catch (Exception e)
        {
            Log.PublishFailed(e);
        }
    }

    private void Receive(BackplaneMessage message)
    {
        if (!_namespaces.TryGetValue(message.Namespace, out SocketNamespace? there))
            return;
        string[] rooms = [.. message.Rooms];
        there.SendHere(
            EncodedPacket.FromFrames(message.Frames),
            rooms.Length == 0 ? null : rooms[0],
            rooms.Length > 1 ? rooms[1..] : null,
            message.ExceptSocketId,
            message.IsVolatile);
    }
}
