using System.ComponentModel.DataAnnotations;
using System.Threading.RateLimiting;
using Microsoft.AspNetCore.Http;

namespace SocketIO.AspNetCore;

/// <summary>How Engine.IO connections behave. The defaults are those of the reference implementation, where it has them.</summary>
public class EngineIOOptions
{
    /// <summary>How long after the client's last answer it is asked again whether it is there. Default 25 s.</summary>
    [Range(typeof(TimeSpan), "00:00:00.010", "01:00:00")]
    public TimeSpan PingInterval { get; set; } = TimeSpan.FromSeconds(25);

    /// <summary>How long the client has for the answer; then its connection is closed. Default 20 s.</summary>
    [Range(typeof(TimeSpan), "00:00:00.010", "01:00:00")]
    public TimeSpan PingTimeout { get; set; } = TimeSpan.FromSeconds(20);

    /// <summary>The largest message or polling body that a client may send, in bytes. What is larger closes the connection. Default 1,000,000.</summary>
    [Range(1_000, 1_000_000_000)]
    public int MaxPayload { get; set; } = 1_000_000;

    /// <summary>How long a client that has opened a WebSocket beside its long-polling has to change over. Default 10 s.</summary>
    [Range(typeof(TimeSpan), "00:00:00.010", "01:00:00")]
    public TimeSpan UpgradeTimeout { get; set; } = TimeSpan.FromSeconds(10);

    /// <summary>By which ways clients may connect. Default both.</summary>
    public EngineIOTransports Transports { get; set; } = EngineIOTransports.Polling | EngineIOTransports.WebSocket;

    /// <summary>
    /// How much may wait for one connection, in bytes. A client that reads so slowly that more would have to be kept is disconnected: it reconnects and
    /// catches up as after any other loss of the connection, and the others never wait for it. Default 1 MiB.
    /// </summary>
    [Range(16 * 1024, 1_000_000_000)]
    public int OutgoingBytesMax { get; set; } = 1024 * 1024;

    /// <summary>How many connections there may be; others get 503. Default 100,000.</summary>
    [Range(1, 10_000_000)]
    public int ConnectionsMax { get; set; } = 100_000;

    /// <summary>
    /// Who may open how many connections how quickly; others get 429. Default null: 1,000 a second from one address, 10,000 at once.
    /// </summary>
    public PartitionedRateLimiter<HttpContext>? HandshakeLimiter { get; set; }

    /// <summary>
    /// How many messages a second a client may send, and as many as ten seconds' worth at once. More are not lost: they are read later, and the client is
    /// slowed down by its own connection. Default 1,000; 0 for no limit.
    /// </summary>
    [Range(0, 10_000_000)]
    public int MessagesPerSecondMax { get; set; } = 1_000;

    /// <summary>
    /// The origins whose pages may connect, as <c>https://example.org</c>; a page of another gets 403. Default empty: any page may. Browsers apply CORS to
    /// long-polling only: where cookies tell who the user is, a WebSocket needs this.
    /// </summary>
    public IList<string> AllowedOrigins { get; } = [];

    /// <summary>Whether messages over WebSockets are compressed where the client can do that. Costs processor time and memory. Default false.</summary>
    public bool PerMessageDeflate { get; set; }

    /// <summary>Messages of fewer bytes are not compressed. Default 1,024.</summary>
    [Range(0, 1_000_000_000)]
    public int DeflateThreshold { get; set; } = 1_024;
}
