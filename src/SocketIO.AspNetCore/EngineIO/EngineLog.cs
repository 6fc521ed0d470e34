using Microsoft.Extensions.Logging;

namespace SocketIO.AspNetCore.EngineIO;

/// <summary>What is worth a line. Never what clients send, and of ids, which are secrets, only the beginning.</summary>
internal sealed partial class EngineLog(ILogger logger)
{
    private const int IdCharsShown = 6;

    public void Opened(string id, string transport) => LogOpened(Short(id), transport);

    public void Closed(string id, DisconnectReason reason) => LogClosed(Short(id), reason);

    public void TooSlow(string id, int bytes) => LogTooSlow(Short(id), bytes);

    public void HandlerFailed(Exception exception, string id) => LogHandlerFailed(exception, Short(id));

    public void NoPacket(string id, string why) => LogNoPacket(Short(id), why);

    [LoggerMessage(5, LogLevel.Error, "A handler of {Event} in {Namespace} has thrown")]
    public partial void HandlerFailed(Exception exception, string @event, string @namespace);

    [LoggerMessage(6, LogLevel.Debug, "The namespace {Namespace} refused a client: {Reason}")]
    public partial void ConnectRefused(string @namespace, string reason);

    [LoggerMessage(8, LogLevel.Debug, "The arguments of {Event} in {Namespace} are not what its handler takes: {Why}")]
    public partial void BadArguments(string why, string @event, string @namespace);

    [LoggerMessage(9, LogLevel.Warning, "A broadcast did not reach the backplane")]
    public partial void PublishFailed(Exception exception);

    private static string Short(string id) => id[..Math.Min(IdCharsShown, id.Length)];

    [LoggerMessage(7, LogLevel.Error, "The handler of connection {Connection}… has thrown when it ended")]
    private partial void LogHandlerFailed(Exception exception, string connection);

    [LoggerMessage(1, LogLevel.Debug, "Connection {Connection}… opened by {Transport}")]
    private partial void LogOpened(string connection, string transport);

    [LoggerMessage(2, LogLevel.Debug, "Connection {Connection}… ended: {Reason}")]
    private partial void LogClosed(string connection, DisconnectReason reason);

    [LoggerMessage(3, LogLevel.Information, "Connection {Connection}… is closed: more than {Bytes} bytes would have had to wait for it")]
    private partial void LogTooSlow(string connection, int bytes);

    [LoggerMessage(4, LogLevel.Debug, "Connection {Connection}… is closed for what it sent: {Why}")]
    private partial void LogNoPacket(string connection, string why);
}
