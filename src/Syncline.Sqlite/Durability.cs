namespace Syncline.Sqlite;

/// <summary>What an acknowledged operation survives.</summary>
public enum Durability
{
    /// <summary>A crash of the server, of the system, and a loss of power: every append waits for the disk.</summary>
    Full = 0,

    /// <summary>
    /// A crash of the server. A loss of power may take the last appends; a log that was not closed in order gets a new epoch when it is
    /// next opened, so that clients find out and send again what they have.
    /// </summary>
    Normal = 1,
}
