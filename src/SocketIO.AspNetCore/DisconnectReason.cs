namespace SocketIO.AspNetCore;

/// <summary>Why a connection, or a namespace on it, has ended. In brackets the name that the reference implementation has for it.</summary>
public enum DisconnectReason
{
    /// <summary>The connection was closed by the other side or lost (<c>transport close</c>).</summary>
    TransportClosed,

    /// <summary>The connection failed, or the client did what the protocol does not allow (<c>transport error</c>).</summary>
    TransportError,

    /// <summary>The client did not say in time that it is still there (<c>ping timeout</c>).</summary>
    PingTimeout,

    /// <summary>What the client sent is no packet (<c>parse error</c>).</summary>
    ParseError,

    /// <summary>The client read so slowly that more than <see cref="EngineIOOptions.OutgoingBytesMax"/> would have had to wait for it.</summary>
    TooSlow,

    /// <summary>The client has left the namespace (<c>client namespace disconnect</c>).</summary>
    LeftByClient,

    /// <summary>The application has ended it (<c>server namespace disconnect</c>, <c>forced server close</c>).</summary>
    EndedByServer,

    /// <summary>No namespace was joined in time.</summary>
    ConnectTimeout,

    /// <summary>The server is being stopped (<c>server shutting down</c>).</summary>
    ServerShuttingDown,
}
