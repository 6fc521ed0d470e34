namespace Syncline.Simulation.World;

/// <summary>What can go wrong, or change, in a world.</summary>
internal enum Fault
{
    RequestLost,
    RequestDuplicated,
    ReplyLost,
    ReplyCut,
    MessageSlow,
    ConnectionHalfOpen,
    Partition,
    ServerCrashed,
    ServerRestored,
    AppendRefused,
    AppendWrittenUnacknowledged,
    AppendNotWrittenUnacknowledged,
    ServerDiskFull,
    LogCompacted,
    SnapshotStored,
    RoleChanged,
    LoginRevoked,
    TokenExpired,
    DeviceCrashed,
    DeviceDiskFull,
    LocalWriteRefused,
    LocalWriteTorn,
    LocalReadRefused,
    ClockJumped,
    OperationRefused,
}
