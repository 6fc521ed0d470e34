namespace Syncline.Engine.Storage;

/// <summary>How an append ended, when it did not throw.</summary>
public enum AppendOutcome
{
    /// <summary>The batch is in the durable log.</summary>
    Appended,

    /// <summary>Somebody else appended first, or the log has another epoch; nothing was written.</summary>
    HeadMoved,
}
