using Syncline.Core.Operations;

namespace Syncline.Client.Sync;

/// <summary>A page of a space's log.</summary>
/// <param name="Cursor">Where it ends, with the digest that the server has there.</param>
/// <param name="Operations">In seq order; their content is not read.</param>
/// <param name="Head">The log's last seq.</param>
/// <param name="HasMore">Whether there is more to read now.</param>
/// <param name="DigestFrom">The digest before the last run of seqs without a gap, when there are gaps.</param>
internal sealed record PulledPage(
    Storage.LocalCursor Cursor, IReadOnlyList<LoggedOperation> Operations, long Head, bool HasMore, OperationDigest? DigestFrom)
{
    /// <summary>Whether who had <paramref name="before"/> at <paramref name="after"/> now holds what the server holds.</summary>
    public bool Follows(OperationDigest before, long after)
    {
        OperationDigest digest = DigestFrom ?? before;
        int first = 0;
        if (DigestFrom is not null)
        {
            first = Operations.Count;
            while (first > 0 && (first == Operations.Count || Operations[first - 1].Seq == Operations[first].Seq - 1))
                first--;
        }
        else if (Operations.Count > 0 && (Operations[0].Seq != after + 1 || Operations[^1].Seq - after != Operations.Count))
        {
            return false;
        }

        for (int i = first; i < Operations.Count; i++)
            digest = digest.Add(Operations[i].Operation.Id);
        return digest == Cursor.Digest;
    }
}
