namespace Syncline.Client;

/// <summary>How far device and server are in agreement now.</summary>
public sealed class SyncStatusChangedEventArgs(SyncStatus status) : EventArgs
{
    /// <summary>The status at that moment.</summary>
    public SyncStatus Status { get; } = status;
}
