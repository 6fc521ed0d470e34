namespace Syncline.Core.Tree;

/// <summary>How much of a space's trees may wait for vertices that are not known.</summary>
/// <param name="HeldBackPerActorMax">Most operations of one actor.</param>
/// <param name="HeldBackBytesPerUserMax">Most bytes of payload of one user, over all their actors.</param>
public sealed record TreeLimits(int HeldBackPerActorMax = 1_000, long HeldBackBytesPerUserMax = 64 * 1024 * 1024);
