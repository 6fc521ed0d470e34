namespace Syncline.Core.Operations;

/// <summary>Something that a model has as deleted, and still has more of than that.</summary>
/// <param name="Register">The register that says it is deleted; it names the thing.</param>
/// <param name="Deletion">The write that deleted it.</param>
/// <param name="Others">Its other registers that were written, each with its greatest write.</param>
public sealed record DeletedThing(string Register, Stamp Deletion, IReadOnlyList<KeyValuePair<string, Stamp>> Others)
{
    /// <summary>Whether it is the same thing, and nothing was written to it between.</summary>
    public bool IsUnchanged(DeletedThing? now) =>
        now is not null && Register == now.Register && Deletion == now.Deletion && Others.SequenceEqual(now.Others);
}
