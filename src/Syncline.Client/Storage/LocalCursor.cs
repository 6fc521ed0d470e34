using Syncline.Core.Operations;

namespace Syncline.Client.Storage;

/// <summary>A place in a space's log, up to which everything was received.</summary>
/// <param name="Epoch">The log's life.</param>
/// <param name="Seq">Inclusive.</param>
/// <param name="Digest">The digest up to and including it.</param>
public sealed record LocalCursor(Epoch Epoch, long Seq, OperationDigest Digest);
