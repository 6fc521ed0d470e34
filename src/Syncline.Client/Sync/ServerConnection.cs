using System.Buffers;
using System.Globalization;
using System.Net;
using System.Net.Http.Headers;
using System.Net.WebSockets;
using System.Text.Encodings.Web;
using System.Text.Json;
using System.Text.Json.Serialization.Metadata;
using Syncline.Client.Storage;
using Syncline.Core.Operations;

namespace Syncline.Client.Sync;

/// <summary>
/// The server as the client sees it under one login: each request is one method, each answer a value, and whatever goes wrong on the way a
/// <see cref="Problem"/>. Requests carry the access token that there is, and one that is refused for it is repeated with a fresh one. Another login is
/// another object: what was begun under one ends under it.
/// </summary>
internal sealed class ServerConnection : IDisposable
{
    /// <summary>How the client writes JSON.</summary>
    public static readonly JsonWriterOptions WriterOptions = new() { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping, SkipValidation = true };
    private static readonly MediaTypeHeaderValue Json = new("application/json");

    /// <summary>How long nothing may come of a request that waits for nothing.</summary>
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(10);

    private readonly HttpMessageInvoker _http;
    private readonly string _server;
    private readonly TimeProvider _time;

    public ServerConnection(Uri server, HttpMessageHandler handler, bool disposeHandler, TimeProvider time)
    {
        _server = server.GetLeftPart(UriPartial.Path).TrimEnd('/');
        _http = new HttpMessageInvoker(handler, disposeHandler);
        _time = time;
    }

    private ServerConnection(ServerConnection other, IAccessTokens tokens)
    {
        (_server, _http, _time) = (other._server, other._http, other._time);
        Tokens = tokens;
    }

    /// <summary>The server's address, without a slash at the end.</summary>
    public string Address => _server;

    /// <summary>Where access tokens come from; null sends none.</summary>
    public IAccessTokens? Tokens { get; }

    /// <summary>The same server, by the same way, under another login.</summary>
    public ServerConnection With(IAccessTokens tokens) => new(this, tokens);

    public Task<Reply<PulledPage>> PullAsync(SpaceId space, LocalCursor? after, int limit, string? clientId, CancellationToken cancellationToken)
    {
        string from = after is null ? "after=0" : string.Create(CultureInfo.InvariantCulture, $"after={after.Seq}&epoch={Uri.EscapeDataString(after.Epoch.Value)}");
        return SendAsync(
            HttpMethod.Get,
            string.Create(CultureInfo.InvariantCulture, $"/spaces/{space.Value}/pull?{from}&limit={limit}{(clientId is null ? "" : $"&clientId={clientId}")}"),
            body: null,
            static (bytes, _) => PageReader.Read(bytes.Span),
            TimeSpan.Zero,
            cancellationToken);
    }

    public Task<Reply<PushAnswer>> PushAsync(
        SpaceId space, Epoch? epoch, IReadOnlyList<Operation> operations, string clientId, CancellationToken cancellationToken) =>
        SendAsync(HttpMethod.Post, $"/spaces/{space.Value}/push", WritePush(epoch, operations, clientId), ClientJson.Default.PushAnswer, TimeSpan.Zero, cancellationToken);

    public Task<Reply<ChangesAnswer>> ChangesAsync(ChangesRequest request, CancellationToken cancellationToken) =>
        SendAsync(
            HttpMethod.Post,
            "/changes",
            JsonSerializer.SerializeToUtf8Bytes(request, ClientJson.Default.ChangesRequest),
            ClientJson.Default.ChangesAnswer,
            TimeSpan.FromSeconds(request.Wait),
            cancellationToken);

    public Task<Reply<RemoteSpace>> CreateSpaceAsync(SpaceId? id, string name, CancellationToken cancellationToken) =>
        SendAsync(
            HttpMethod.Post,
            "/spaces",
            JsonSerializer.SerializeToUtf8Bytes(new CreateSpaceRequest(id?.Value, name), ClientJson.Default.CreateSpaceRequest),
            ClientJson.Default.RemoteSpace,
            TimeSpan.Zero,
            cancellationToken);

    public Task<Reply<SpacesAnswer>> ListSpacesAsync(CancellationToken cancellationToken) =>
        SendAsync(HttpMethod.Get, "/spaces", body: null, ClientJson.Default.SpacesAnswer, TimeSpan.Zero, cancellationToken);

    public Task<Reply<MeAnswer>> WhoAmIAsync(CancellationToken cancellationToken) =>
        SendAsync(HttpMethod.Get, "/auth/me", body: null, ClientJson.Default.MeAnswer, TimeSpan.Zero, cancellationToken);

    /// <summary>Asks for a login; carries no token.</summary>
    public Task<Reply<LoginAnswer>> LogInAsync(CredentialsRequest credentials, bool register, CancellationToken cancellationToken) =>
        SendOnceAsync(
            HttpMethod.Post,
            register ? "/auth/register" : "/auth/login",
            JsonSerializer.SerializeToUtf8Bytes(credentials, ClientJson.Default.CredentialsRequest),
            Reader(ClientJson.Default.LoginAnswer),
            token: null,
            TimeSpan.Zero,
            cancellationToken);

    /// <summary>Asks for a fresh access token; carries none.</summary>
    public Task<Reply<LoginAnswer>> RefreshAsync(string refreshToken, CancellationToken cancellationToken) =>
        SendOnceAsync(
            HttpMethod.Post,
            "/auth/refresh",
            JsonSerializer.SerializeToUtf8Bytes(new RefreshRequest(refreshToken), ClientJson.Default.RefreshRequest),
            Reader(ClientJson.Default.LoginAnswer),
            token: null,
            TimeSpan.Zero,
            cancellationToken);

    /// <summary>Reads a bootstrap line by line. It counts only when it ends: until then <paramref name="take"/> must be able to forget it.</summary>
    /// <param name="space">The space.</param>
    /// <param name="take">Is given each line, without its end; the memory is reused.</param>
    /// <param name="cancellationToken">Ends the call.</param>
    public Task<Reply<Done>> BootstrapAsync(SpaceId space, Func<ReadOnlyMemory<byte>, ValueTask> take, CancellationToken cancellationToken) =>
        WithTokenAsync(
            token => SendOnceAsync(
                HttpMethod.Get,
                $"/spaces/{space.Value}/bootstrap",
                body: null,
                async (content, restart, token) =>
                {
                    await using Stream stream = await content.ReadAsStreamAsync(token);
                    await LineReader.ReadAsync(stream, take, restart, token);
                    return Done.Instance;
                },
                token,
                TimeSpan.Zero,
                cancellationToken),
            cancellationToken);

    /// <summary>Opens a WebSocket, by the same way as requests go.</summary>
    public async Task<WebSocket> OpenWebSocketAsync(string path, CancellationToken cancellationToken)
    {
        UriBuilder address = new(_server + path);
        address.Scheme = address.Scheme == Uri.UriSchemeHttps ? Uri.UriSchemeWss : Uri.UriSchemeWs;
        ClientWebSocket socket = new();
        try
        {
            await socket.ConnectAsync(address.Uri, _http, cancellationToken);
            return socket;
        }
        catch
        {
            socket.Dispose();
            throw;
        }
    }

    /// <summary>Closes the way to the server, for all logins.</summary>
    public void Dispose() => _http.Dispose();

    private static byte[] WritePush(Epoch? epoch, IReadOnlyList<Operation> operations, string clientId)
    {
        ArrayBufferWriter<byte> output = new(256 * operations.Count);
        using (Utf8JsonWriter writer = new(output, WriterOptions))
        {
            writer.WriteStartObject();
            writer.WriteString("clientId"u8, clientId);
            if (epoch is { } known)
                writer.WriteString("epoch"u8, known.Value);
            writer.WriteStartArray("operations"u8);
            foreach (Operation operation in operations)
                Write(writer, operation);
            writer.WriteEndArray();
            writer.WriteEndObject();
        }

        return output.WrittenMemory.ToArray();
    }

    private static void Write(Utf8JsonWriter writer, Operation operation)
    {
        writer.WriteStartObject();
        writer.WriteString("scope"u8, operation.Id.Scope.Value);
        writer.WriteString("resourceId"u8, operation.Id.ResourceId.Value);
        writer.WriteString("actor"u8, operation.Id.Actor.Value);
        writer.WriteNumber("clock"u8, operation.Id.Clock);
        writer.WritePropertyName("payload"u8);
        writer.WriteRawValue(operation.Payload.Utf8.Span, skipInputValidation: true);
        if (operation.Key is not null)
            writer.WriteString("key"u8, operation.Key);
        if (operation.Tx is not null)
            writer.WriteString("tx"u8, operation.Tx);
        writer.WriteEndObject();
    }

    private Task<Reply<T>> SendAsync<T>(
        HttpMethod method, string path, byte[]? body, JsonTypeInfo<T> type, TimeSpan wait, CancellationToken cancellationToken)
        where T : class =>
        WithTokenAsync(token => SendOnceAsync(method, path, body, Reader(type), token, wait, cancellationToken), cancellationToken);

    private Task<Reply<T>> SendAsync<T>(
        HttpMethod method, string path, byte[]? body, Func<ReadOnlyMemory<byte>, CancellationToken, T> read, TimeSpan wait, CancellationToken cancellationToken)
        where T : class =>
        WithTokenAsync(
            token => SendOnceAsync(
                method, path, body, async (content, progress, token) => read(await ReadAsync(content, progress, token), token), token, wait, cancellationToken),
            cancellationToken);

    private async Task<Reply<T>> WithTokenAsync<T>(Func<string?, Task<Reply<T>>> send, CancellationToken cancellationToken)
        where T : class
    {
        if (Tokens is not { } tokens)
            return await send(null);
        Reply<string> token = await tokens.GetAsync(refused: null, cancellationToken);
        if (!token.IsAnswered)
            return token.Problem;
        Reply<T> reply = await send(token.Answer);
        if (reply.Problem?.Code != ErrorCodes.Unauthenticated)
            return reply;
        token = await tokens.GetAsync(refused: token.Answer, cancellationToken);
        return token.IsAnswered ? await send(token.Answer) : token.Problem;
    }

    private async Task<Reply<T>> SendOnceAsync<T>(
        HttpMethod method,
        string path,
        byte[]? body,
        Func<HttpContent, Action, CancellationToken, Task<T>> read,
        string? token,
        TimeSpan wait,
        CancellationToken cancellationToken)
        where T : class
    {
        TimeSpan patience = Patience + wait;
        using CancellationTokenSource timeout = new(patience, _time);
        using CancellationTokenSource either = CancellationTokenSource.CreateLinkedTokenSource(timeout.Token, cancellationToken);
        try
        {
            using HttpRequestMessage request = new(method, _server + path);
            if (token is not null)
                request.Headers.Authorization = new AuthenticationHeaderValue("Bearer", token);
            if (body is not null)
                request.Content = new ByteArrayContent(body) { Headers = { ContentType = Json } };
            using HttpResponseMessage response = await _http.SendAsync(request, either.Token);
            if (!response.IsSuccessStatusCode)
                return await ReadProblemAsync(response, either.Token);
            return await read(response.Content, () => timeout.CancelAfter(patience), either.Token);
        }
        catch (OperationCanceledException) when (!cancellationToken.IsCancellationRequested)
        {
            return new Problem(Problem.Unreachable, string.Create(CultureInfo.InvariantCulture, $"the server did not answer within {patience.TotalSeconds:0.#} s"));
        }
        catch (Exception e) when (e is HttpRequestException or IOException)
        {
            return new Problem(Problem.Unreachable, e.Message);
        }
        catch (Exception e) when (e is JsonException or FormatException or InvalidOperationException)
        {
            return new Problem(Problem.InvalidAnswer, $"the answer to {method} {path.Split('?')[0]} is not readable: {e.Message}");
        }
    }

    // A slow line is no dead one: as long as something comes there is time for more.
    private static async Task<ReadOnlyMemory<byte>> ReadAsync(HttpContent content, Action progress, CancellationToken cancellationToken)
    {
        await using Stream stream = await content.ReadAsStreamAsync(cancellationToken);
        byte[] buffer = new byte[(int)Math.Clamp(content.Headers.ContentLength + 1 ?? 16 * 1024, 1024, 16 * 1024 * 1024)];
        int length = 0;
        while (true)
        {
            int read = await stream.ReadAsync(buffer.AsMemory(length), cancellationToken);
            if (read == 0)
                return buffer.AsMemory(0, length);
            progress();
            length += read;
            if (length == buffer.Length)
                Array.Resize(ref buffer, checked(2 * length));
        }
    }

    private static Func<HttpContent, Action, CancellationToken, Task<T>> Reader<T>(JsonTypeInfo<T> type) =>
        async (content, progress, cancellationToken) =>
            JsonSerializer.Deserialize((await ReadAsync(content, progress, cancellationToken)).Span, type) ?? throw new JsonException("the answer is null");

    private static async Task<Problem> ReadProblemAsync(HttpResponseMessage response, CancellationToken cancellationToken)
    {
        ProblemAnswer? problem = null;
        try
        {
            problem = JsonSerializer.Deserialize(await response.Content.ReadAsByteArrayAsync(cancellationToken), ClientJson.Default.ProblemAnswer);
        }
        catch (JsonException)
        {
            // A proxy's page: the status says what there is to say.
        }

        TimeSpan? retryAfter = problem?.RetryAfter is { } seconds ? TimeSpan.FromSeconds(Math.Clamp(seconds, 0, 3600)) : response.Headers.RetryAfter?.Delta;
        return new Problem(
            problem?.Code ?? CodeOf(response.StatusCode),
            problem?.Detail ?? string.Create(CultureInfo.InvariantCulture, $"the server answered with status {(int)response.StatusCode}"),
            retryAfter)
        {
            Shared = problem is { Previous: { } previous, Epoch: { } epoch }
                ? new Problem.SharedPart(new Epoch(epoch), new Epoch(previous.Epoch), previous.SharedUpTo)
                : null,
        };
    }

    // What stands between client and server answers without our codes. Only the server itself can say that a login has ended or a space is gone.
    private static string CodeOf(HttpStatusCode status) => status switch
    {
        HttpStatusCode.TooManyRequests => ErrorCodes.RateLimited,
        HttpStatusCode.RequestEntityTooLarge => ErrorCodes.PayloadTooLarge,
        HttpStatusCode.BadGateway or HttpStatusCode.ServiceUnavailable or HttpStatusCode.GatewayTimeout => ErrorCodes.Unavailable,
        _ => Problem.InvalidAnswer,
    };

    /// <summary>An answer that says nothing but that it is one.</summary>
    internal sealed class Done
    {
        public static Done Instance { get; } = new();
    }
}
