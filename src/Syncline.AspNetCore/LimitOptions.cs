using System.ComponentModel.DataAnnotations;

namespace Syncline.AspNetCore;

/// <summary>How many and how much of what a client may send, hold or wait for. Configuration section <c>Limits</c>.</summary>
public sealed class LimitOptions
{
    /// <summary>Most bytes of a request body as sent. Default 8 MiB.</summary>
    [Range(1_024, 1 << 30)]
    public int BodyBytesMax { get; set; } = 8 * 1024 * 1024;

    /// <summary>Most bytes of a request body after decompression. Default 32 MiB.</summary>
    [Range(1_024, 1 << 30)]
    public int InflatedBytesMax { get; set; } = 32 * 1024 * 1024;

    /// <summary>Most bytes that the bodies of all requests under way hold, inflated. Default 512 MiB.</summary>
    [Range(1_024, long.MaxValue)]
    public long BodiesBytesMax { get; set; } = 512L * 1024 * 1024;

    /// <summary>Most bytes that the bodies of one user's requests under way hold, inflated. Default 128 MiB.</summary>
    [Range(1_024, long.MaxValue)]
    public long BodiesPerUserBytesMax { get; set; } = 128L * 1024 * 1024;

    /// <summary>Most operations of one push. Default 1,000.</summary>
    [Range(1, 100_000)]
    public int PushOperationsMax { get; set; } = 1_000;

    /// <summary>Most bytes of one operation's payload and key. Default 256 KiB.</summary>
    [Range(64, 64 * 1024 * 1024)]
    public int OperationBytesMax { get; set; } = 256 * 1024;

    /// <summary>Most levels of arrays and objects in a payload. Default 64.</summary>
    [Range(1, 512)]
    public int JsonDepthMax { get; set; } = 64;

    /// <summary>Most operations of a page. Default 1,000.</summary>
    [Range(1, 100_000)]
    public int PageOperationsMax { get; set; } = 1_000;

    /// <summary>Most bytes of payload of a page. Default 1 MiB.</summary>
    [Range(1_024, 1 << 30)]
    public int PageBytesMax { get; set; } = 1024 * 1024;

    /// <summary>Longest wait of a request. Default 55 seconds: below the minute at which many proxies give up.</summary>
    [Range(typeof(TimeSpan), "00:00:00", "00:10:00")]
    public TimeSpan WaitMax { get; set; } = TimeSpan.FromSeconds(55);

    /// <summary>Most requests of one user that wait at one time. Default 256.</summary>
    [Range(1, 1_000_000)]
    public int WaitsPerUserMax { get; set; } = 256;

    /// <summary>Most open real-time connections to spaces of one user. Default 200.</summary>
    [Range(1, 1_000_000)]
    public int ConnectionsPerUserMax { get; set; } = 200;

    /// <summary>Most namespaces that one real-time connection joins. Default 100.</summary>
    [Range(1, 100_000)]
    public int SubscriptionsPerConnectionMax { get; set; } = 100;

    /// <summary>Most bytes of a connection's presence. Default 4 KiB.</summary>
    [Range(16, 1024 * 1024)]
    public int PresenceBytesMax { get; set; } = 4 * 1024;

    /// <summary>How often a second changes of presence are sent; what changes more often is sent as it is then. Default 20.</summary>
    [Range(1, 1_000)]
    public int PresencePerSecondMax { get; set; } = 20;

    /// <summary>Operations a second that one user may push in the long run. Default 20,000.</summary>
    [Range(1, 100_000_000)]
    public int OperationsPerSecond { get; set; } = 20_000;

    /// <summary>Operations that one user may push at once after a pause. Default 100,000.</summary>
    [Range(1, 100_000_000)]
    public int OperationsBurst { get; set; } = 100_000;

    /// <summary>Most operations of one actor that wait for a vertex. Default 1,000.</summary>
    [Range(0, 1_000_000)]
    public int HeldBackPerActorMax { get; set; } = 1_000;

    /// <summary>Most bytes of one user's operations in one space that wait for a vertex, over all their actors. Default 64 MiB.</summary>
    [Range(0, long.MaxValue)]
    public long HeldBackBytesPerUserMax { get; set; } = 64L * 1024 * 1024;

    /// <summary>Most spaces that one user may belong to. Default 10,000.</summary>
    [Range(1, 1_000_000)]
    public int SpacesPerUserMax { get; set; } = 10_000;

    /// <summary>Failed logins of one user name in 5 minutes, after which further attempts are refused. Default 10.</summary>
    [Range(1, 1_000_000)]
    public int FailedLoginsPerUserMax { get; set; } = 10;

    /// <summary>Failed logins from one address in 5 minutes, after which further attempts are refused. Default 100.</summary>
    [Range(1, 1_000_000)]
    public int FailedLoginsPerAddressMax { get; set; } = 100;

    /// <summary>Registrations from one address in a minute. Default 30.</summary>
    [Range(1, 1_000_000)]
    public int RegistrationsPerAddressMax { get; set; } = 30;
}
