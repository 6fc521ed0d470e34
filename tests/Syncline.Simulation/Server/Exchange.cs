using System.Net;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.Features;

namespace Syncline.Simulation.Server;

/// <summary>One request and its answer, in memory: what a web server would give to the application.</summary>
internal sealed class Exchange : IHttpResponseFeature, IHttpResponseBodyFeature, IHttpRequestLifetimeFeature, IDisposable
{
    private readonly CancellationTokenSource _aborted = new();
    private readonly StreamResponseBodyFeature _body;
    private readonly MemoryStream _written = new();
    private readonly List<(Func<object, Task> Callback, object State)> _onStarting = [];
    private readonly List<(Func<object, Task> Callback, object State)> _onCompleted = [];

    public Exchange(HttpRequestMessage request, byte[] body)
    {
        _body = new StreamResponseBodyFeature(_written);
        RequestAborted = _aborted.Token;
        Features.Set<IHttpRequestFeature>(RequestOf(request, body));
        Features.Set<IHttpResponseFeature>(this);
        Features.Set<IHttpResponseBodyFeature>(this);
        Features.Set<IHttpRequestLifetimeFeature>(this);
        Features.Set<IHttpConnectionFeature>(new HttpConnectionFeature { RemoteIpAddress = IPAddress.Loopback, LocalIpAddress = IPAddress.Loopback });
    }

    public FeatureCollection Features { get; } = new();

    public int StatusCode { get; set; } = StatusCodes.Status200OK;

    public string? ReasonPhrase { get; set; }

    public IHeaderDictionary Headers { get; set; } = new HeaderDictionary();

    /// <summary>Whether the application broke it off.</summary>
    public bool IsBroken { get; private set; }

    public bool HasStarted { get; private set; }

    public Stream Body { get; set; } = Stream.Null;

    public Stream Stream => _body.Stream;

    public System.IO.Pipelines.PipeWriter Writer => _body.Writer;

    public CancellationToken RequestAborted { get; set; }

    public byte[] Written => _written.ToArray();

    public void OnStarting(Func<object, Task> callback, object state) => _onStarting.Add((callback, state));

    public void OnCompleted(Func<object, Task> callback, object state) => _onCompleted.Add((callback, state));

    public void DisableBuffering() => _body.DisableBuffering();

    public Task SendFileAsync(string path, long offset, long? count, CancellationToken cancellationToken = default) => throw new NotSupportedException();

    public async Task StartAsync(CancellationToken cancellationToken = default)
    {
        if (HasStarted)
            return;
        HasStarted = true;
        foreach ((Func<object, Task> callback, object state) in Enumerable.Reverse(_onStarting))
            await callback(state);
    }

    public async Task CompleteAsync()
    {
        await StartAsync();
        await _body.CompleteAsync();
    }

    /// <summary>The application is done with it, one way or another.</summary>
    public async Task EndAsync()
    {
        foreach ((Func<object, Task> callback, object state) in Enumerable.Reverse(_onCompleted))
            await callback(state);
    }

    /// <summary>The application breaks the connection.</summary>
    public void Abort()
    {
        IsBroken = true;
        Leave();
    }

    /// <summary>The client has gone.</summary>
    public void Leave()
    {
        if (!_aborted.IsCancellationRequested)
            _aborted.Cancel();
    }

    public void Dispose() => _aborted.Dispose();

    private static HttpRequestFeature RequestOf(HttpRequestMessage request, byte[] body)
    {
        HttpRequestFeature feature = new()
        {
            Protocol = "HTTP/1.1",
            Scheme = request.RequestUri!.Scheme,
            Method = request.Method.Method,
            Path = Uri.UnescapeDataString(request.RequestUri.AbsolutePath),
            QueryString = request.RequestUri.Query,
            RawTarget = request.RequestUri.PathAndQuery,
            Body = new MemoryStream(body, writable: false),
        };
        foreach ((string name, IEnumerable<string> values) in request.Headers.Concat(request.Content?.Headers.AsEnumerable() ?? []))
            feature.Headers.Append(name, values.ToArray());
        feature.Headers.Host = request.RequestUri.Authority;
        if (request.Content is not null)
            feature.Headers.ContentLength = body.Length;
        return feature;
    }
}
