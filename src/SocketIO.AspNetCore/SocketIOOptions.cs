using System.ComponentModel.DataAnnotations;
using System.Text.Json;
using Microsoft.Extensions.Options;

namespace SocketIO.AspNetCore;

/// <summary>How Socket.IO behaves.</summary>
public sealed class SocketIOOptions : EngineIOOptions
{
    /// <summary>A connection that has joined no namespace after that time is closed. Default 45 s.</summary>
    [Range(typeof(TimeSpan), "00:00:00.010", "01:00:00")]
    public TimeSpan ConnectTimeout { get; set; } = TimeSpan.FromSeconds(45);

    /// <summary>How long a client has to acknowledge an event, if nothing else is said. Default 30 s.</summary>
    [Range(typeof(TimeSpan), "00:00:00.010", "1.00:00:00")]
    public TimeSpan AcknowledgementTimeout { get; set; } = TimeSpan.FromSeconds(30);

    /// <summary>How many namespaces a connection may join. What is beyond is refused. Default 100.</summary>
    [Range(1, 100_000)]
    public int NamespacesMax { get; set; } = 100;

    /// <summary>How many binary values an event may have. More close the connection. Default 100.</summary>
    [Range(0, 100_000)]
    public int AttachmentsMax { get; set; } = 100;

    /// <summary>How large an event may be with all its binary values, in bytes. A larger one closes the connection. Default 10,000,000.</summary>
    [Range(1_000, 2_000_000_000)]
    public int EventBytesMax { get; set; } = 10_000_000;

    /// <summary>How deep the JSON of a packet may be. A deeper one closes the connection. Default 64.</summary>
    [Range(2, 10_000)]
    public int JsonDepthMax { get; set; } = 64;

    /// <summary>How many events may wait for the handlers of one socket, which run one after the other, until no more are read from its connection. Default 100.</summary>
    [Range(1, 1_000_000)]
    public int WaitingEventsMax { get; set; } = 100;

    /// <summary>How many bytes of such events may wait until no more are read; the last of them may go beyond it. Default 1 MiB.</summary>
    [Range(1_000, 1_000_000_000)]
    public int WaitingEventsBytesMax { get; set; } = 1024 * 1024;

    /// <summary>
    /// How arguments are read and written; give it the application's <c>JsonSerializerContext</c>. Default <see cref="JsonSerializerDefaults.Web"/>. Binary
    /// values, and an encoder that leaves text that is not ASCII as it is, are added.
    /// </summary>
    public JsonSerializerOptions JsonSerializerOptions { get; set; } = new(JsonSerializerDefaults.Web);
}

[OptionsValidator]
internal sealed partial class SocketIOOptionsValidator : IValidateOptions<SocketIOOptions>;
