namespace Syncline.Engine.Storage;

/// <summary>What the log keeps of an operation to recognise it.</summary>
/// <param name="Seq">Its place.</param>
/// <param name="Hash">Its hash, as it was received.</param>
public readonly record struct StoredIdentity(long Seq, ulong Hash);
