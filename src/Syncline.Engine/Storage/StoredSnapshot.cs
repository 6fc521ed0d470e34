using Syncline.Core.Operations;

namespace Syncline.Engine.Storage;

/// <summary>What is known of a stored snapshot: the states of all models that had operations, as of one seq.</summary>
/// <param name="Id">The store's number for it.</param>
/// <param name="Epoch">The epoch in which it was made.</param>
/// <param name="Seq">The log's head when it was made.</param>
/// <param name="Digest">The log's digest at that seq.</param>
/// <param name="MadeAt">When.</param>
/// <param name="Scopes">The scopes whose models it has the states of.</param>
/// <param name="ScopesBeside">Those of them that also have operations which no state stands for.</param>
/// <param name="Parts">Its parts, in the order of their numbers, from 0.</param>
public sealed record StoredSnapshot(
    long Id,
    Epoch Epoch,
    long Seq,
    OperationDigest Digest,
    DateTimeOffset MadeAt,
    IReadOnlyList<Scope> Scopes,
    IReadOnlyList<Scope> ScopesBeside,
    IReadOnlyList<StoredSnapshot.Part> Parts)
{
    /// <summary>Most bytes of a chunk; all of a part but the last have as many.</summary>
    public const int ChunkBytes = 1024 * 1024;

    /// <summary>The state of one resource.</summary>
    /// <param name="Scope">The resource's scope.</param>
    /// <param name="ResourceId">The resource.</param>
    /// <param name="Format">The version of its model's bytes.</param>
    /// <param name="Length">How many bytes.</param>
    /// <param name="Hash">SHA-256 of the bytes.</param>
    public sealed record Part(Scope Scope, ResourceId ResourceId, int Format, int Length, ReadOnlyMemory<byte> Hash);
}
