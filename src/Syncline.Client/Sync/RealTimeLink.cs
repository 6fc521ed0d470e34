using System.Buffers;
using System.Diagnostics.CodeAnalysis;
using System.Net.WebSockets;
using System.Text;
using System.Text.Json;
using Syncline.Client.Storage;
using Syncline.Core.Operations;

namespace Syncline.Client.Sync;

/// <summary>
/// One Socket.IO connection for all spaces, that the server sends pages of their logs over as they grow. It is only ever a shorter way: a page is taken in as if it
/// had been pulled, when it goes on where the space stands, and else thrown away. What the link does not carry, because it is not there, or a space has still
/// to catch up, is waited for as without it; so nothing depends on it, and it may break at any moment.
/// </summary>
[SuppressMessage("Usage", "CA2213:Disposable fields should be disposed", Justification = "A semaphore that is only awaited has nothing to dispose, and somebody may still be sending.")]
internal sealed class RealTimeLink(ClientServices services, Action wake) : IAsyncDisposable
{
    private const int MessageBytesMax = 64 * 1024 * 1024;
    private const int FollowAck = 1;

    private static readonly TimeSpan OpenTime = TimeSpan.FromSeconds(10);
    private static readonly TimeSpan RestTime = TimeSpan.FromSeconds(5);

    private readonly Lock _lock = new();
    private readonly Dictionary<string, LinkedSpace> _spaces = new(StringComparer.Ordinal);
    private readonly SemaphoreSlim _sending = new(1);
    private readonly Backoff _backoff = new(services.Time, services.Options.Random, TimeSpan.FromSeconds(1), TimeSpan.FromSeconds(30));
    private ServerConnection _server = services.Server;
    private WebSocket? _socket;
    private bool _isOpen;
    private string? _token;
    private string? _refused;
    private Task? _running;
    private CancellationTokenSource? _dropping;
    private bool _isHeard;

    private enum LinkState
    {
        Joining,
        Following,
        Carried,
        Resting,
    }

    /// <summary>Whether the link brings what happens in a space.</summary>
    public bool Carries(SpaceSync space)
    {
        lock (_lock)
            return _spaces.TryGetValue(space.Replica.Id.Value, out LinkedSpace? linked) && linked.Space == space && linked.State == LinkState.Carried;
    }

    /// <summary>Whether the server was heard since this was asked last.</summary>
    public bool TakeHeard() => Interlocked.Exchange(ref _isHeard, false);

    /// <summary>Opens the link where it is not, and has it carry the spaces that have caught up. Called by the loop, as often as it likes.</summary>
    public void Want(IReadOnlyCollection<SpaceSync> spaces, CancellationToken stopping)
    {
        List<LinkedSpace> joins = [];
        List<LinkedSpace> leaves = [];
        lock (_lock)
        {
            if (_running is not { IsCompleted: false })
            {
                _dropping?.Dispose();
                _dropping = CancellationTokenSource.CreateLinkedTokenSource(stopping);
                CancellationToken dropped = _dropping.Token;
                _running = services.RunAsync(() => RunAsync(dropped));
                return;
            }

            if (!_isOpen)
                return;
            leaves.AddRange(_spaces.Values.Where(linked => !spaces.Contains(linked.Space)));
            foreach (LinkedSpace forgotten in leaves)
                _spaces.Remove(forgotten.Space.Replica.Id.Value);
            foreach (SpaceSync space in spaces)
            {
                if (space.PullIsDue || space.Problem is not null || space.Replica.Cursor is not { } cursor)
                    continue;
                if (_spaces.TryGetValue(space.Replica.Id.Value, out LinkedSpace? known)
                    && (known.State != LinkState.Resting || services.Time.GetElapsedTime(known.Since) < RestTime))
                {
                    continue;
                }

                LinkedSpace linked = new(space, cursor, services.Time.GetTimestamp());
                _spaces[space.Replica.Id.Value] = linked;
                joins.Add(linked);
            }
        }

        foreach (LinkedSpace linked in leaves)
            _ = SendAsync($"41{linked.Namespace},");
        foreach (LinkedSpace linked in joins)
            _ = SendAsync($"40{linked.Namespace},{(_token is null ? "" : Json(writer => WriteToken(writer, _token)))}");
    }

    /// <summary>Closes the link.</summary>
    public void Drop()
    {
        lock (_lock)
        {
            if (_running is { IsCompleted: false })
                services.Cancel(_dropping);
        }
    }

    public async ValueTask DisposeAsync()
    {
        Drop();
        if (_running is not null)
            await _running;
        _dropping?.Dispose();
    }

    private static void WriteToken(Utf8JsonWriter writer, string token)
    {
        writer.WriteStartObject();
        writer.WriteString("token"u8, token);
        writer.WriteEndObject();
    }

    private void WriteFollow(Utf8JsonWriter writer, LinkedSpace linked)
    {
        writer.WriteStartObject();
        writer.WriteNumber("after"u8, linked.After);
        writer.WriteString("epoch"u8, linked.Epoch.Value);
        writer.WriteString("clientId"u8, services.Device.Actor.Value);
        writer.WriteEndObject();
    }

    private static string Json(Action<Utf8JsonWriter> write)
    {
        ArrayBufferWriter<byte> buffer = new();
        using (Utf8JsonWriter writer = new(buffer, ServerConnection.WriterOptions))
            write(writer);
        return Encoding.UTF8.GetString(buffer.WrittenSpan);
    }

    [SuppressMessage("Design", "CA1031:Do not catch general exception types", Justification = "The link is only a shorter way; without it everything goes on.")]
    private async Task RunAsync(CancellationToken dropped)
    {
        while (!dropped.IsCancellationRequested)
        {
            try
            {
                await OpenAndReceiveAsync(dropped);
            }
            catch (Exception)
            {
                // Whatever became of it, the long poll stands in for it, and tells what is wrong with the server if something is.
                _backoff.Failed(null);
            }
            finally
            {
                Lost();
            }

            try
            {
                await Task.Delay(_backoff.Left + TimeSpan.FromMilliseconds(1), services.Time, dropped);
            }
            catch (OperationCanceledException)
            {
                // Another transport is wanted, or the client is being closed.
            }
        }
    }

    private async Task OpenAndReceiveAsync(CancellationToken dropped)
    {
        _server = services.Server;
        if (_server.Tokens is { } tokens)
        {
            Reply<string> token = await tokens.GetAsync(_refused, dropped);
            if (!token.IsAnswered)
                throw new IOException(token.Problem.Detail);
            (_token, _refused) = (token.Answer, null);
        }
        else
        {
            _token = null;
        }

        using CancellationTokenSource patience = new(OpenTime, services.Time);
        using CancellationTokenSource opening = CancellationTokenSource.CreateLinkedTokenSource(patience.Token, dropped);
        using WebSocket socket = await _server.OpenWebSocketAsync("/socket.io/?EIO=4&transport=websocket", opening.Token);
        Volatile.Write(ref _socket, socket);
        TimeSpan silence = OpenTime;
        byte[] buffer = new byte[16 * 1024];
        while (true)
        {
            using CancellationTokenSource quiet = new(silence, services.Time);
            using CancellationTokenSource either = CancellationTokenSource.CreateLinkedTokenSource(quiet.Token, dropped);
            int length = 0;
            while (true)
            {
                ValueWebSocketReceiveResult received = await socket.ReceiveAsync(buffer.AsMemory(length), either.Token);
                length += received.Count;
                if (received.MessageType == WebSocketMessageType.Close)
                    throw new IOException("the server has closed the connection");
                if (received.EndOfMessage)
                    break;
                if (length == buffer.Length)
                {
                    if (length >= MessageBytesMax)
                        throw new IOException("a message is too large");
                    Array.Resize(ref buffer, 2 * length);
                }
            }

            if (length > 0)
                await TakeAsync(buffer.AsMemory(0, length), value => silence = value, dropped);
        }
    }

    private async Task TakeAsync(ReadOnlyMemory<byte> packet, Action<TimeSpan> setSilence, CancellationToken dropped)
    {
        Volatile.Write(ref _isHeard, true);
        switch (packet.Span[0])
        {
            case (byte)'0':
                OpenPacket open = JsonSerializer.Deserialize(packet.Span[1..], ClientJson.Default.OpenPacket) ?? throw new JsonException("the handshake is null");
                setSilence(TimeSpan.FromMilliseconds(open.PingInterval + open.PingTimeout));
                lock (_lock)
                    _isOpen = true;
                wake();
                break;
            case (byte)'2':
                await SendAsync("3");
                wake();
                break;
            case (byte)'4' when packet.Length > 1:
                await TakeMessageAsync(packet.Span[1], packet[2..], dropped);
                break;
        }
    }

    private async Task TakeMessageAsync(byte type, ReadOnlyMemory<byte> rest, CancellationToken dropped)
    {
        int comma = rest.Span.IndexOf((byte)',');
        ReadOnlyMemory<byte> name = comma < 0 ? rest : rest[..comma];
        ReadOnlyMemory<byte> data = comma < 0 ? default : rest[(comma + 1)..];
        if (Find(name.Span) is not { } linked)
            return;
        switch (type)
        {
            case (byte)'1':
                Rest(linked);
                break;
            case (byte)'2':
                await TakeEventAsync(linked, data, dropped);
                break;
            case (byte)'3':
                TakeAnswer(linked, data.Span);
                break;
            case (byte)'4':
                if (data.Span.IndexOf("\"unauthenticated\""u8) >= 0)
                    _refused = _token;
                Rest(linked);
                break;
        }
    }

    private async Task TakeEventAsync(LinkedSpace linked, ReadOnlyMemory<byte> data, CancellationToken dropped)
    {
        (string name, Range argument) = ReadEvent(data.Span);
        switch (name)
        {
            case "ready":
                linked.State = LinkState.Following;
                await SendAsync($"42{linked.Namespace},{FollowAck}[\"follow\",{Json(writer => WriteFollow(writer, linked))}]");
                break;
            case "operations":
                PulledPage page = PageReader.Read(data.Span[argument]);
                linked.Space.Offer(linked.After, page);
                linked.After = page.Cursor.Seq;
                wake();
                break;
            case "auth:expiring":
                await RefreshAsync(linked, dropped);
                break;
            case "error":
                Rest(linked);
                break;
        }
    }

    private async Task RefreshAsync(LinkedSpace linked, CancellationToken dropped)
    {
        if (_server.Tokens is not { } tokens)
            return;

        // Several spaces say it at once: the first one asks for another token than the one that all of them have.
        Reply<string> token = await tokens.GetAsync(linked.Token ?? _token, dropped);
        if (!token.IsAnswered)
            return;
        linked.Token = _token = token.Answer;
        await SendAsync($"42{linked.Namespace},[\"auth:refresh\",{Json(writer => WriteToken(writer, token.Answer))}]");
    }

    // The only event that is acknowledged is follow.
    private void TakeAnswer(LinkedSpace linked, ReadOnlySpan<byte> data)
    {
        if (linked.State != LinkState.Following)
            return;
        if (data.IndexOf("\"ok\":true"u8) < 0)
        {
            Rest(linked);
            return;
        }

        linked.State = LinkState.Carried;
        _backoff.Reset();
        wake();
    }

    private static (string Name, Range Argument) ReadEvent(ReadOnlySpan<byte> data)
    {
        Utf8JsonReader reader = new(data, new JsonReaderOptions { MaxDepth = 256 });
        reader.Read();
        reader.Read();
        string name = reader.GetString() ?? "";
        if (!reader.Read() || reader.TokenType == JsonTokenType.EndArray)
            return (name, 0..0);
        int start = (int)reader.TokenStartIndex;
        reader.Skip();
        return (name, start..(int)reader.BytesConsumed);
    }

    private LinkedSpace? Find(ReadOnlySpan<byte> name)
    {
        const string Prefix = "/spaces/";
        string text = Encoding.UTF8.GetString(name);
        if (!text.StartsWith(Prefix, StringComparison.Ordinal))
            return null;
        lock (_lock)
            return _spaces.GetValueOrDefault(text[Prefix.Length..]);
    }

    // It is not carried for a while; a pull says what is the matter, if something is.
    private void Rest(LinkedSpace linked)
    {
        linked.State = LinkState.Resting;
        linked.Since = services.Time.GetTimestamp();
        linked.Space.AskForPull();
        wake();
    }

    private void Lost()
    {
        lock (_lock)
        {
            _isOpen = false;
            _spaces.Clear();
        }

        Volatile.Write(ref _socket, null);
        wake();
    }

    private async Task SendAsync(string packet)
    {
        if (Volatile.Read(ref _socket) is not { } socket)
            return;
        await _sending.WaitAsync(CancellationToken.None);
        try
        {
            // A server that does not read: what is given up breaks the connection.
            using CancellationTokenSource patience = new(OpenTime, services.Time);
            await socket.SendAsync(Encoding.UTF8.GetBytes(packet), WebSocketMessageType.Text, endOfMessage: true, patience.Token);
        }
        catch (Exception e) when (e is WebSocketException or ObjectDisposedException or InvalidOperationException or IOException or OperationCanceledException)
        {
            // Whoever receives notices too.
        }
        finally
        {
            _sending.Release();
        }
    }

    /// <summary>A space that the link carries, or is about to.</summary>
    private sealed class LinkedSpace(SpaceSync space, LocalCursor cursor, long since)
    {
        public SpaceSync Space => space;

        public string Namespace { get; } = $"/spaces/{space.Replica.Id.Value}";

        public Epoch Epoch => cursor.Epoch;

        /// <summary>Where the next page begins.</summary>
        public long After { get; set; } = cursor.Seq;

        public LinkState State { get; set; } = LinkState.Joining;

        public long Since { get; set; } = since;

        public string? Token { get; set; }
    }
}
