using System.Buffers;
using System.Collections.Concurrent;
using System.Net;
using System.Security.Claims;
using System.Text;
using System.Text.Json;
using System.Threading.RateLimiting;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Server.Kestrel.Core.Features;
using Microsoft.Extensions.Primitives;
using SocketIO.AspNetCore.EngineIO.WebSockets;

namespace SocketIO.AspNetCore.EngineIO;

/// <summary>The connections of one path: answers its requests, and looks after who is still there.</summary>
internal sealed class EngineServer : IDisposable
{
    // A timer that fires often is dear where nothing else happens, and a ping may be a little late.
    private const int SweepsPerInterval = 5;

    // A message waits for a thread that often until its handler has it; the timer that looks for it waits once.
    private const int HopsOfAMessage = 4;
    private const int HandshakesPerSecond = 1_000;
    private const int HandshakesAtOnce = 10_000;

    private static readonly TimeSpan SweepMin = TimeSpan.FromMilliseconds(5);
    private static readonly TimeSpan SweepMax = TimeSpan.FromSeconds(1);

    private readonly ConcurrentDictionary<string, EngineConnection> _connections = new(StringComparer.Ordinal);
    private readonly Func<EngineConnection, EngineIOHandler> _makeHandler;
    private readonly PartitionedRateLimiter<HttpContext> _handshakes;
    private readonly ITimer _sweep;
    private readonly TimeSpan _sweepPeriod;
    private int _count;
    private bool _sweeps;

    // Timestamps: when it was last looked, and for how long in all it could not be, though it was time.
    private long _sweptAt;
    private long _stalled;
    private volatile bool _isStopping;

    public EngineServer(EngineIOOptions options, TimeProvider time, EngineMetrics metrics, EngineLog log, Func<EngineConnection, EngineIOHandler> makeHandler)
    {
        (Options, Time, Metrics, Log, _makeHandler) = (options, time, metrics, log, makeHandler);
        _handshakes = options.HandshakeLimiter ?? PartitionedRateLimiter.Create<HttpContext, string>(LimitOf);
        PingInterval = ToTimestamps(options.PingInterval);
        PingTimeout = ToTimestamps(options.PingTimeout);
        TimeSpan shorter = options.PingInterval < options.PingTimeout ? options.PingInterval : options.PingTimeout;
        _sweepPeriod = TimeSpan.FromTicks(Math.Clamp(shorter.Ticks / SweepsPerInterval, SweepMin.Ticks, SweepMax.Ticks));
        _sweep = time.CreateTimer(static server => ((EngineServer)server!).Sweep(), this, Timeout.InfiniteTimeSpan, Timeout.InfiniteTimeSpan);
    }

    public EngineIOOptions Options { get; }

    public TimeProvider Time { get; }

    public EngineMetrics Metrics { get; }

    public EngineLog Log { get; }

    /// <summary>In timestamps, as <see cref="PingTimeout"/> and <see cref="Now"/>.</summary>
    public long PingInterval { get; }

    public long PingTimeout { get; }

    /// <summary>
    /// It nearly stands still while the process does, for want of a processor or because its machine was paused: what clients have sent in that time has not been
    /// received, and to close their connections for it would only make all of them come again at once.
    /// </summary>
    public long Now => Time.GetTimestamp() - Volatile.Read(ref _stalled);

    public long ToTimestamps(TimeSpan time) => (long)(time.TotalSeconds * Time.TimestampFrequency);

    /// <summary>Answers a request.</summary>
    public Task HandleAsync(HttpContext http)
    {
        IQueryCollection query = http.Request.Query;
        bool isWebSocket = query["transport"] == "websocket";
        if ((!isWebSocket && query["transport"] != "polling")
            || !Options.Transports.HasFlag(isWebSocket ? EngineIOTransports.WebSocket : EngineIOTransports.Polling))
        {
            return RefuseAsync(http, HandshakeError.UnknownTransport);
        }

        if (query["EIO"] != "4")
            return RefuseAsync(http, HandshakeError.UnsupportedVersion);
        if (!IsAllowed(http.Request.Headers.Origin))
            return RefuseAsync(http, HandshakeError.Forbidden);
        bool opensWebSocket = isWebSocket && WebSocketHandshake.IsRequested(http);
        if (query["sid"] is [{ } id])
            return HandleAsync(http, id, isWebSocket, opensWebSocket);
        if (!HttpMethods.IsGet(http.Request.Method) && !opensWebSocket)
            return RefuseAsync(http, HandshakeError.BadMethod);
        if (isWebSocket && !opensWebSocket)
            return RefuseAsync(http, HandshakeError.BadRequest);
        return OpenAsync(http, opensWebSocket);
    }

    /// <summary>Makes a connection, which is looked after from now on.</summary>
    public EngineConnection MakeConnection(IPAddress? remoteAddress, ClaimsPrincipal user, WebSocketTransport? webSocket)
    {
        EngineConnection connection = new(this, RandomId.New(), remoteAddress, user, webSocket);
        connection.Handler = _makeHandler(connection);
        _connections[connection.Id] = connection;
        SweepLater(Now);
        Metrics.Opened();
        return connection;
    }

    /// <summary>Told by a connection that it has ended.</summary>
    public void Closed(EngineConnection connection, DisconnectReason reason)
    {
        // One over a WebSocket is looked after until its request has ended.
        if (!connection.IsOverWebSocket)
            Forget(connection);
        Interlocked.Decrement(ref _count);
        Metrics.Closed(reason);
        Log.Closed(connection.Id, reason);
    }

    /// <summary>Ends all connections, and takes no more.</summary>
    public void Stop()
    {
        _isStopping = true;
        foreach ((_, EngineConnection connection) in _connections)
            connection.Close(DisconnectReason.ServerShuttingDown, closeCode: 1001);
    }

    public void Dispose()
    {
        _sweep.Dispose();
        if (Options.HandshakeLimiter is null)
            _handshakes.Dispose();
    }

    private static RateLimitPartition<string> LimitOf(HttpContext http) => RateLimitPartition.GetTokenBucketLimiter(
        http.Connection.RemoteIpAddress?.ToString() ?? "",
        static _ => new TokenBucketRateLimiterOptions
        {
            TokenLimit = HandshakesAtOnce,
            TokensPerPeriod = HandshakesPerSecond,
            ReplenishmentPeriod = TimeSpan.FromSeconds(1),
        });

    // Whether the client was there to be answered.
    private static async Task<bool> AnswerAsync(HttpContext http, string contentType, ReadOnlyMemory<byte> body)
    {
        http.Response.ContentType = contentType;
        http.Response.ContentLength = body.Length;
        http.Response.Headers.CacheControl = "no-store";
        return !(await http.Response.BodyWriter.WriteAsync(body, CancellationToken.None)).IsCompleted;
    }

    private Task<bool> RefuseAsync(HttpContext http, HandshakeError error)
    {
        Metrics.Refused(error.Code);
        http.Response.StatusCode = error.Status;
        return AnswerAsync(http, "application/json", Encoding.UTF8.GetBytes($$"""{"code":{{error.Code}},"message":"{{error.Message}}"}"""));
    }

    private bool IsAllowed(StringValues origin) =>
        Options.AllowedOrigins.Count == 0 || origin.Count == 0 || Options.AllowedOrigins.Contains(origin.ToString(), StringComparer.OrdinalIgnoreCase);

    private async Task HandleAsync(HttpContext http, string id, bool isWebSocket, bool opensWebSocket)
    {
        if (!_connections.TryGetValue(id, out EngineConnection? connection) || !connection.IsAlive())
            await RefuseAsync(http, HandshakeError.UnknownId);
        else if (isWebSocket)
            await (opensWebSocket ? ProbeAsync(http, connection) : RefuseAsync(http, HandshakeError.BadRequest));
        else if (connection.IsOverWebSocket)
            await RefuseAsync(http, HandshakeError.BadRequest);
        else if (HttpMethods.IsGet(http.Request.Method))
            await PollAsync(http, connection);
        else if (HttpMethods.IsPost(http.Request.Method))
            await PostAsync(http, connection);
        else
            await RefuseAsync(http, HandshakeError.BadRequest);
    }

    private async Task OpenAsync(HttpContext http, bool overWebSocket)
    {
        using (RateLimitLease lease = _handshakes.AttemptAcquire(http))
        {
            if (!lease.IsAcquired)
            {
                await RefuseAsync(http, HandshakeError.TooManyHandshakes);
                return;
            }
        }

        if (_isStopping || Interlocked.Increment(ref _count) > Options.ConnectionsMax)
        {
            if (!_isStopping)
                Interlocked.Decrement(ref _count);
            await RefuseAsync(http, HandshakeError.TooManyConnections);
            return;
        }

        WebSocketTransport? webSocket;
        try
        {
            webSocket = overWebSocket ? await AcceptAsync(http) : null;
        }
        catch
        {
            Interlocked.Decrement(ref _count);
            throw;
        }

        EngineConnection connection = MakeConnection(http.Connection.RemoteIpAddress, http.User, webSocket);
        Log.Opened(connection.Id, overWebSocket ? "websocket" : "polling");
        connection.Open(OpenPacket(connection.Id, canUpgrade: !overWebSocket && Options.Transports.HasFlag(EngineIOTransports.WebSocket)));
        if (_isStopping)
            connection.Close(DisconnectReason.ServerShuttingDown, closeCode: 1001);
        if (webSocket is null)
            await PollAsync(http, connection);
        else
            await RunAsync(connection, webSocket);
    }

    private async Task RunAsync(EngineConnection connection, WebSocketTransport webSocket)
    {
        try
        {
            await connection.RunAsync(webSocket);
        }
        finally
        {
            Forget(connection);
        }
    }

    private async Task PollAsync(HttpContext http, EngineConnection connection)
    {
        // A poll is slow by nature.
        if (http.Features.Get<IHttpMinResponseDataRateFeature>() is { } rate)
            rate.MinDataRate = null;
        if (await connection.PollAsync(http.RequestAborted) is not { } body)
        {
            connection.Close(DisconnectReason.TransportError);
            await RefuseAsync(http, HandshakeError.BadRequest);
            return;
        }

        if (!await AnswerAsync(http, "text/plain; charset=UTF-8", body.WrittenMemory))
            connection.PollIsAborted();
    }

    private async Task PostAsync(HttpContext http, EngineConnection connection)
    {
        if (!connection.TryBeginPost())
        {
            connection.Close(DisconnectReason.TransportError);
            await RefuseAsync(http, HandshakeError.BadRequest);
            return;
        }

        HandshakeError? error;
        try
        {
            error = await ReceiveAsync(http, connection);
        }
        finally
        {
            connection.EndPost();
        }

        await (error is null ? AnswerAsync(http, "text/html", "ok"u8.ToArray()) : RefuseAsync(http, error));
    }

    private async Task<HandshakeError?> ReceiveAsync(HttpContext http, EngineConnection connection)
    {
        try
        {
            if (await PollingBody.ReadAsync(http.Request, connection.MessageBytesMax, http.RequestAborted) is not { } body)
            {
                connection.Close(DisconnectReason.TransportError);
                return HandshakeError.TooLarge;
            }

            await PollingBody.ReceiveAsync(body, connection);
            return null;
        }
        catch (PacketException e)
        {
            Log.NoPacket(connection.Id, e.Message);
            connection.Close(DisconnectReason.ParseError);
            return HandshakeError.BadRequest;
        }
        catch (Exception e) when (e is IOException or OperationCanceledException or BadHttpRequestException)
        {
            // Nobody knows what the client believes to have sent.
            connection.Close(DisconnectReason.TransportClosed);
            return HandshakeError.BadRequest;
        }
    }

    private async Task ProbeAsync(HttpContext http, EngineConnection connection)
    {
        if (!connection.TryBeginProbe())
        {
            await RefuseAsync(http, HandshakeError.BadRequest);
            return;
        }

        WebSocketTransport? webSocket = null;
        bool hasChangedOver = false;
        try
        {
            webSocket = await AcceptAsync(http);
            hasChangedOver = await ChangesOverAsync(connection, webSocket);
        }
        catch (Exception e) when (e is WebSocketException or IOException or OperationCanceledException)
        {
            Log.NoPacket(connection.Id, e.Message);
        }
        finally
        {
            connection.EndProbe();
            if (!hasChangedOver)
                webSocket?.Dispose();
        }

        if (hasChangedOver)
            await RunAsync(connection, webSocket!);
    }

    // Packets wait in the connection from the answer to the probe until the client has changed over, and so none can overtake another.
    private async Task<bool> ChangesOverAsync(EngineConnection connection, WebSocketTransport webSocket)
    {
        using CancellationTokenSource patience = new(Options.UpgradeTimeout, Time);
        while (await webSocket.Reader.ReadAsync(patience.Token) is { } opcode)
        {
            if (opcode == Frames.Ping)
                await webSocket.Stream.WriteAsync(EncodedPacket.Control(Frames.Pong, webSocket.Reader.Message.Span).Frames, patience.Token);
            if (opcode == Frames.Pong || opcode == Frames.Ping)
                continue;
            if (opcode != Frames.Text)
                return false;
            if (webSocket.Reader.Message.Span.SequenceEqual("2probe"u8))
            {
                await webSocket.Stream.WriteAsync(EncodedPacket.ProbeAnswer.Frames, patience.Token);
                connection.Probed();
            }
            else
            {
                return webSocket.Reader.Message.Span.SequenceEqual("5"u8) && connection.TryChangeOver(webSocket);
            }
        }

        return false;
    }

    private async ValueTask<WebSocketTransport> AcceptAsync(HttpContext http)
    {
        (Stream stream, bool isDeflated) = await WebSocketHandshake.AcceptAsync(http, Options.PerMessageDeflate);
        return new WebSocketTransport(http, stream, isDeflated, Options.MaxPayload);
    }

    private EncodedPacket OpenPacket(string id, bool canUpgrade)
    {
        ArrayBufferWriter<byte> packet = new();
        packet.Write([PacketType.Open]);
        using (Utf8JsonWriter json = new(packet))
        {
            json.WriteStartObject();
            json.WriteString("sid", id);
            json.WriteStartArray("upgrades");
            if (canUpgrade)
                json.WriteStringValue("websocket");
            json.WriteEndArray();
            json.WriteNumber("pingInterval", (long)Options.PingInterval.TotalMilliseconds);
            json.WriteNumber("pingTimeout", (long)Options.PingTimeout.TotalMilliseconds);
            json.WriteNumber("maxPayload", Options.MaxPayload);
            json.WriteEndObject();
        }

        return EncodedPacket.Text(packet.WrittenSpan);
    }

    private void Forget(EngineConnection connection) => _connections.TryRemove(connection.Id, out _);

    private void Sweep()
    {
        long elapsed = Now - _sweptAt;
        long period = ToTimestamps(_sweepPeriod);
        long late = elapsed - (period * 5 / 4);

        // A period passes nevertheless: where this is always late, who has gone is noticed later, and not never.
        if (late > 0)
            Volatile.Write(ref _stalled, _stalled + Math.Min(elapsed - period, HopsOfAMessage * late));
        long now = Now;
        foreach ((_, EngineConnection connection) in _connections)
            connection.Sweep(now);
        Volatile.Write(ref _sweeps, false);
        SweepLater(now);
    }

    // As long as there is somebody to look after.
    private void SweepLater(long sweptAt)
    {
        if (_connections.IsEmpty || Interlocked.Exchange(ref _sweeps, true))
            return;
        _sweptAt = sweptAt;
        _sweep.Change(_sweepPeriod, Timeout.InfiniteTimeSpan);
    }
}
