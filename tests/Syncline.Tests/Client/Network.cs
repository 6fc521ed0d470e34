using System.Net;

namespace Syncline.Tests.Client;

/// <summary>The way from a device to the server, on which a test lets things go wrong.</summary>
internal sealed class Network : DelegatingHandler
{
    private readonly Lock _lock = new();
    private readonly List<(string Path, Fault Fault)> _faults = [];
    private readonly List<string> _requests = [];
    private (string Path, Fault Fault)? _always;
    private bool _isDown;

    public Network()
        : base(new SocketsHttpHandler())
    {
    }

    public enum Fault
    {
        /// <summary>The server never sees the request.</summary>
        LoseRequest,

        /// <summary>The server acts on it, and nobody hears the answer.</summary>
        LoseReply,

        /// <summary>The server sees it twice.</summary>
        SendTwice,

        /// <summary>Neither an answer nor an end comes.</summary>
        HalfOpen,

        /// <summary>The server does not see it; the answer is that the token is not good.</summary>
        RefuseToken,

        /// <summary>The server does not see it; the answer is that the cursor is of another log.</summary>
        RefuseCursor,

        /// <summary>The server does not see it; the answer is that there is too much to do.</summary>
        RefuseForNow,

        /// <summary>The server acts on it, and its answer waits for <see cref="Held"/>.</summary>
        HoldReply,
    }

    public bool IsDown
    {
        get
        {
            lock (_lock)
                return _isDown;
        }

        set
        {
            lock (_lock)
                _isDown = value;
        }
    }

    /// <summary>Ends when a reply is held, with what lets it go.</summary>
    public TaskCompletionSource<TaskCompletionSource> Held { get; } = new(TaskCreationOptions.RunContinuationsAsynchronously);

    /// <summary>Where requests go in place of where they are sent: a server that was started again listens elsewhere. Null changes nothing.</summary>
    public Uri? Server { get; set; }

    /// <summary>Method and path of everything that was sent, without the query.</summary>
    public IReadOnlyList<string> Requests
    {
        get
        {
            lock (_lock)
                return [.. _requests];
        }
    }

    /// <summary>Changes the body of answers on the way.</summary>
    public Func<string, byte[], byte[]>? Tamper { get; set; }

    /// <summary>All requests whose path ends so meet a fault from now on; none any more for null.</summary>
    public void Always(string path, Fault? fault)
    {
        lock (_lock)
            _always = fault is { } known ? (path, known) : null;
    }

    /// <summary>The next request whose path ends so meets a fault.</summary>
    public void Next(string path, Fault fault)
    {
        lock (_lock)
            _faults.Add((path, fault));
    }

    protected override async Task<HttpResponseMessage> SendAsync(HttpRequestMessage request, CancellationToken cancellationToken)
    {
        if (Server is { } server)
            request.RequestUri = new Uri(server, request.RequestUri!.PathAndQuery);
        string path = request.RequestUri!.AbsolutePath;
        Fault? fault = Take($"{request.Method} {path}");
        switch (fault)
        {
            case Fault.LoseRequest:
                throw new HttpRequestException("the request was lost");
            case Fault.LoseReply:
                using (await base.SendAsync(request, cancellationToken))
                    throw new HttpRequestException("the reply was lost");
            case Fault.SendTwice:
                byte[] body = await request.Content!.ReadAsByteArrayAsync(cancellationToken);
                using (HttpRequestMessage again = new(request.Method, request.RequestUri) { Content = new ByteArrayContent(body) { Headers = { ContentType = request.Content.Headers.ContentType } } })
                {
                    again.Headers.Authorization = request.Headers.Authorization;
                    using (await base.SendAsync(again, cancellationToken))
                        break;
                }

            case Fault.HalfOpen:
                await Task.Delay(Timeout.Infinite, cancellationToken);
                break;

            case Fault.RefuseToken:
                return new HttpResponseMessage(HttpStatusCode.Unauthorized) { Content = new StringContent("""{"code":"unauthenticated","detail":"refused on the way"}""") };

            case Fault.RefuseCursor:
                return new HttpResponseMessage(HttpStatusCode.Gone) { Content = new StringContent("""{"code":"resync_required","detail":"refused on the way"}""") };

            case Fault.RefuseForNow:
                return new HttpResponseMessage(HttpStatusCode.TooManyRequests) { Content = new StringContent("""{"code":"rate_limited","detail":"refused on the way"}""") };

            case Fault.HoldReply:
                HttpResponseMessage held = await base.SendAsync(request, cancellationToken);
                TaskCompletionSource release = new(TaskCreationOptions.RunContinuationsAsynchronously);
                Held.SetResult(release);
                await release.Task.WaitAsync(cancellationToken);
                return held;
        }

        HttpResponseMessage response = await base.SendAsync(request, cancellationToken);
        if (Tamper is { } tamper && response.IsSuccessStatusCode)
            response.Content = new ByteArrayContent(tamper(path, await response.Content.ReadAsByteArrayAsync(cancellationToken)));
        return response;
    }

    private Fault? Take(string request)
    {
        lock (_lock)
        {
            if (_isDown)
                return Fault.LoseRequest;
            _requests.Add(request);
            if (_always is { } always && request.EndsWith(always.Path, StringComparison.Ordinal))
                return always.Fault;
            int at = _faults.FindIndex(one => request.EndsWith(one.Path, StringComparison.Ordinal));
            if (at < 0)
                return null;
            Fault fault = _faults[at].Fault;
            _faults.RemoveAt(at);
            return fault;
        }
    }
}
