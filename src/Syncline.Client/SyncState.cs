namespace Syncline.Client;

/// <summary>What the client is doing, as it is known from cursors and acknowledgements: not whether a socket is open.</summary>
public enum SyncState
{
    /// <summary>The server cannot be reached; <see cref="SyncStatus.Problem"/> says why. Everything works on, and is sent later.</summary>
    Offline,

    /// <summary>The server is being asked for the first time since the start or since it could not be reached.</summary>
    Connecting,

    /// <summary>Something is on its way: own operations that the server does not have yet, or the server's that are not here yet.</summary>
    Syncing,

    /// <summary>The server has everything that was made here, and everything that it had is here.</summary>
    UpToDate,

    /// <summary>As <see cref="UpToDate"/>, but own operations were refused and wait for the application to look at them.</summary>
    Refused,

    /// <summary>The user has to log in (again). Everything is kept.</summary>
    Unauthorized,
}
