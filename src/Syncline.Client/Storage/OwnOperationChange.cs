using Syncline.Core.Operations;

namespace Syncline.Client.Storage;

/// <summary>How far an own operation has come now.</summary>
/// <param name="Number">Which one.</param>
/// <param name="State">The state.</param>
/// <param name="Seq">Its place in the log; 0 while it is not known.</param>
/// <param name="Refusal">Why it was set aside; null otherwise.</param>
public readonly record struct OwnOperationChange(long Number, OwnOperationState State, long Seq, Refusal? Refusal);
