using System.Buffers;
using Syncline.Core.Operations;

namespace Syncline.Engine.Following;

/// <summary>A run of operations that was appended together, as all followers share it.</summary>
public sealed class OperationBatch
{
    private ReadOnlyMemory<byte>[]? _encoded;

    /// <summary>At least one operation, in seq order; what compaction dropped before it was read is missing.</summary>
    public required IReadOnlyList<LoggedOperation> Operations
    {
        get;
        init
        {
            field = value;
            Bytes = value.Sum(logged => (long)logged.Operation.Payload.Utf8.Length);
        }
    }

    /// <summary>What it made worth sending to clients by state vector: see <see cref="Core.Tree.TreesState.NewlySendable"/>.</summary>
    public required IReadOnlyList<(long Seq, LoggedOperation Operation)> NewlySendable { get; init; }

    /// <summary>Trees whose first operation it has.</summary>
    public required IReadOnlyList<ResourceId> NewTrees { get; init; }

    /// <summary>Seq of its first operation.</summary>
    public long First => Operations[0].Seq;

    /// <summary>Seq of its last operation.</summary>
    public long Last => Operations[^1].Seq;

    /// <summary>Bytes of payload.</summary>
    public long Bytes { get; private init; }

    /// <summary>The operations as pull delivers them, comma-separated; encoded once, however many read it.</summary>
    public ReadOnlyMemory<byte> EncodedJson => EncodedAlone[0];

    /// <summary>The same as the list that a page of this batch alone has.</summary>
    internal IReadOnlyList<ReadOnlyMemory<byte>> EncodedAlone => _encoded ?? Encode();

    /// <summary>The last seq of the group of an operation that it has.</summary>
    public long GroupEndAt(long seq)
    {
        // Its place if nothing is missing before it; else it stands further to the front.
        int index = (int)Math.Min(seq - First, Operations.Count - 1);
        while (Operations[index].Seq > seq)
            index--;
        return Operations[index].GroupEnd;
    }

    private ReadOnlyMemory<byte>[] Encode()
    {
        // Two readers may both encode the first time; the texts are equal, and one of them stays.
        ReadOnlyMemory<byte>[] encoded = [EncodeAll(Operations)];
        return Interlocked.CompareExchange(ref _encoded, encoded, null) ?? encoded;
    }

    internal static byte[] EncodeAll(IReadOnlyList<LoggedOperation> operations)
    {
        ArrayBufferWriter<byte> buffer = new(512 * Math.Max(operations.Count, 1));
        OperationJson.WriteAll(buffer, operations);
        return buffer.WrittenSpan.ToArray();
    }
}
