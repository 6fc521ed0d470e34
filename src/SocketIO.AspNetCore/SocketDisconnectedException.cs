namespace SocketIO.AspNetCore;

/// <summary>The client has gone before it has acknowledged.</summary>
public sealed class SocketDisconnectedException(DisconnectReason reason) : Exception($"the client has disconnected: {reason}")
{
    /// <summary>Why.</summary>
    public DisconnectReason Reason => reason;
}
