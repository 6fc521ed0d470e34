using System.Buffers;
using Syncline.Core.Operations;
using Syncline.Engine.Storage;

namespace Syncline.Engine.Following;

/// <summary>What a follower reads at a time.</summary>
public sealed class FollowPage
{
    private byte[]? _answer;
    private object? _prepared;

    /// <summary>What was selected, in seq order; empty at the head, or when nothing up to the cursor was selected.</summary>
    public required IReadOnlyList<LoggedOperation> Operations { get; init; }

    /// <summary>The operations as pull delivers them: texts that make the inside of an array when joined by commas.</summary>
    public IReadOnlyList<ReadOnlyMemory<byte>> EncodedJson => Encoded ?? [OperationBatch.EncodeAll(Operations)];

    /// <summary>The same where it is at hand, of batches that all followers share; null where each page would have to be encoded by itself.</summary>
    internal IReadOnlyList<ReadOnlyMemory<byte>>? Encoded { get; init; }

    /// <summary>Where to go on from: everything up to here was read.</summary>
    public required long Cursor { get; init; }

    /// <summary>The log's head at that moment.</summary>
    public required LogHead Head { get; init; }

    /// <summary>The digest at the cursor; null with a selection.</summary>
    public required OperationDigest? Digest { get; init; }

    /// <summary>
    /// The digest before the page's last run of operations without a gap, when the page passes over operations that compaction dropped: who
    /// keeps a digest goes on from this one there. Null when nothing is missing, and with a selection.
    /// </summary>
    public OperationDigest? DigestFrom { get; init; }

    /// <summary>Whether there is more to read now.</summary>
    public bool HasMore => Cursor < Head.Seq;

    /// <summary>Whether all readers who wait at the head get this very page.</summary>
    internal bool IsShared { get; init; }

    /// <summary>The page as the door answers it, which is made once however many share the page; null where nobody does.</summary>
    /// <param name="make">Always the same: what the first one made is what all get.</param>
    public byte[]? SharedAnswer(Func<FollowPage, byte[]> make) => IsShared ? _answer ??= make(this) : null;

    /// <summary>The same for a door that pushes pages: as it sends them.</summary>
    /// <typeparam name="T">What a door makes of it; one door does so.</typeparam>
    /// <typeparam name="TState">What it needs for that.</typeparam>
    /// <param name="make">Always the same: what the first one made is what all get.</param>
    /// <param name="state">Given to it.</param>
    public T? SharedEvent<T, TState>(Func<FollowPage, TState, T> make, TState state)
        where T : class => IsShared ? (T)(_prepared ??= make(this, state)) : null;

    /// <summary>The digest before the last run without a gap, of operations that are all there are of a log after a cursor.</summary>
    internal static OperationDigest? DigestBeforeLastRun(long after, IReadOnlyList<LoggedOperation> operations)
    {
        if (operations.Count == 0 || operations[^1].Seq - after == operations.Count)
            return null;
        int first = operations.Count - 1;
        while (first > 0 && operations[first - 1].Seq == operations[first].Seq - 1)
            first--;
        return operations[first].Digest.Without(operations[first].Operation.Id);
    }

    /// <summary>How long <see cref="WriteJson"/> is; null when that is known only once it is written.</summary>
    public int? JsonLength
    {
        get
        {
            if (Encoded is not { } texts)
                return null;
            int length = Math.Max(texts.Count - 1, 0);
            foreach (ReadOnlyMemory<byte> text in texts)
                length += text.Length;
            return length;
        }
    }

    /// <summary>Writes the operations as the inside of an array. What came from the store is encoded straight into the output.</summary>
    public void WriteJson(IBufferWriter<byte> output)
    {
        if (Encoded is not { } texts)
        {
            OperationJson.WriteAll(output, Operations);
            return;
        }

        for (int i = 0; i < texts.Count; i++)
        {
            if (i > 0)
                output.Write(","u8);
            output.Write(texts[i].Span);
        }
    }
}
