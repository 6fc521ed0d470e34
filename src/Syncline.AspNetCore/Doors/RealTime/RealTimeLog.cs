using Microsoft.Extensions.Logging;
using Syncline.Core.Operations;
using Syncline.Engine.Storage;

namespace Syncline.AspNetCore.Doors.RealTime;

/// <summary>What the server's operator has to know of the real-time door.</summary>
internal sealed partial class RealTimeLog(ILogger<RealTimeDoor> logger)
{
    /// <summary>Something was refused: which is logged where it is not the client's doing.</summary>
    public void Refused(string eventName, SpaceId space, Exception exception)
    {
        if (exception is StoreUnavailableException)
            LogUnavailable(eventName, space, exception);
    }

    [LoggerMessage(102, LogLevel.Critical, "{Event} in {Space} failed by a fault of the server's")]
    public partial void Fault(string @event, SpaceId space, Exception exception);

    [LoggerMessage(103, LogLevel.Error, "{Event} in {Space} cannot be served: the store is unavailable")]
    private partial void LogUnavailable(string @event, SpaceId space, Exception exception);
}
