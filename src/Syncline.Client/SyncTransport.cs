namespace Syncline.Client;

/// <summary>How a client learns that there is something to receive. It can be changed at any moment; nothing is lost or received twice.</summary>
public enum SyncTransport
{
    /// <summary>Long poll where that works, else at intervals.</summary>
    Automatic,

    /// <summary>One request waits at the server for all spaces, and is answered when something happens.</summary>
    LongPoll,

    /// <summary>The server is asked again and again, more often while something happens.</summary>
    Interval,

    /// <summary>The server sends what happens over one Socket.IO connection. While that is not there, the client long-polls.</summary>
    SocketIO,
}
