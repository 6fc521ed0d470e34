namespace Syncline.Client.Storage;

/// <summary>How far an own operation has come.</summary>
public enum OwnOperationState
{
    /// <summary>On this device only.</summary>
    Pending = 0,

    /// <summary>Sent at least once, no answer known: the log may have it.</summary>
    Sent = 1,

    /// <summary>Acknowledged: the log has it, and it was not read back yet.</summary>
    Stored = 2,

    /// <summary>Read back from the log. Kept for the case that the log is put back to before it.</summary>
    Received = 3,

    /// <summary>Set aside with a reason: not in the log, not shown, and nothing waits for it.</summary>
    Refused = 4,
}
