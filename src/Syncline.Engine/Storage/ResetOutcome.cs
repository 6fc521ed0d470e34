namespace Syncline.Engine.Storage;

/// <summary>How a reset of a log ended, when it did not throw.</summary>
public enum ResetOutcome
{
    /// <summary>The log has begun anew, durably.</summary>
    Reset,

    /// <summary>Somebody else appended first, or the log has another epoch; nothing was changed.</summary>
    HeadMoved,

    /// <summary>A generation of the space has or had the key; nothing was changed.</summary>
    KeyTaken,
}
