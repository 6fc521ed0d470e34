using Microsoft.AspNetCore.Http;

namespace SocketIO.AspNetCore.EngineIO.WebSockets;

/// <summary>An open WebSocket. It is written by the connection that it belongs to, one write at a time.</summary>
internal sealed class WebSocketTransport(HttpContext http, Stream stream, bool isDeflated, int messageBytesMax) : IDisposable
{
    public Stream Stream => stream;

    public bool IsDeflated => isDeflated;

    public WebSocketReader Reader { get; } = new(stream, messageBytesMax, isDeflated ? new MessageInflater() : null);

    /// <summary>Breaks the connection: what is being read or written fails.</summary>
    public void Abort() => http.Abort();

    public void Dispose() => Reader.Dispose();
}
