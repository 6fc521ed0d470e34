namespace SocketIO.AspNetCore;

/// <summary>The ways by which an Engine.IO client may connect.</summary>
[Flags]
public enum EngineIOTransports
{
    /// <summary>None.</summary>
    None = 0,

    /// <summary>HTTP long-polling: gets through everywhere.</summary>
    Polling = 1,

    /// <summary>WebSocket.</summary>
    WebSocket = 2,
}
