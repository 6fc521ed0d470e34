using System.Diagnostics;
using System.Diagnostics.Metrics;

namespace SocketIO.AspNetCore.EngineIO;

/// <summary>The meter <c>SocketIO.AspNetCore</c>.</summary>
internal sealed class EngineMetrics
{
    public const string MeterName = "SocketIO.AspNetCore";

    private readonly UpDownCounter<long> _connections;
    private readonly Counter<long> _closed;
    private readonly Counter<long> _refused;

    public EngineMetrics(IMeterFactory meters)
    {
        Meter meter = meters.Create(MeterName);
        _connections = meter.CreateUpDownCounter<long>("socketio.connections", "{connection}", "Open connections.");
        _closed = meter.CreateCounter<long>("socketio.connections.closed", "{connection}", "Connections that have ended, by reason.");
        _refused = meter.CreateCounter<long>("socketio.requests.refused", "{request}", "Requests that were refused, by the protocol's code.");
        MessagesReceived = meter.CreateCounter<long>("socketio.messages.received", "{message}", "Messages from clients.");
        BytesSent = meter.CreateCounter<long>("socketio.bytes.sent", "By", "What was written to clients.");
        Events = meter.CreateHistogram<double>("socketio.event.duration", "s", "How long handlers of events took, by event.");
    }

    public Counter<long> MessagesReceived { get; }

    public Counter<long> BytesSent { get; }

    public Histogram<double> Events { get; }

    public void Opened() => _connections.Add(1);

    public void Closed(DisconnectReason reason)
    {
        _connections.Add(-1);
        _closed.Add(1, new KeyValuePair<string, object?>("reason", reason.ToString()));
    }

    public void Refused(int code) => _refused.Add(1, new TagList { { "code", code } });
}
