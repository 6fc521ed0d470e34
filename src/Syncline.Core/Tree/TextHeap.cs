using System.Runtime.InteropServices;

namespace Syncline.Core.Tree;

/// <summary>
/// Short texts of one tree, as bytes in large arrays. A tree has hundreds of thousands of ids and values that live as long as it does: as
/// objects of their own they were most of what the garbage collector had to look at.
/// </summary>
/// <remarks>Bytes once written are never changed, so a slice that somebody took stays good, also when the heap is made anew without it.</remarks>
internal sealed class TextHeap
{
    private const int FirstChunkBytes = 256;
    private const int ChunkBytesMax = 1024 * 1024;
    private const long DroppedKept = 64 * 1024;
    private readonly List<Chunk> _chunks = [];

    // Bytes of all texts that were added, and of those among them that nobody needs any more.
    private long _added;
    private long _dropped;

    /// <summary>A heap of texts one after the other, which are copied in one piece. Their slots are of chunk 0.</summary>
    public static TextHeap Of(ReadOnlySpan<byte> texts)
    {
        TextHeap heap = new();
        if (texts.IsEmpty)
            return heap;
        byte[] bytes = GC.AllocateUninitializedArray<byte>(texts.Length);
        texts.CopyTo(bytes);
        heap._chunks.Add(new Chunk(bytes) { Used = bytes.Length });
        heap._added = bytes.Length;
        return heap;
    }

    /// <summary>Bytes of all texts that were added and not taken back.</summary>
    public long Bytes => _added;

    /// <summary>Whether more of the heap is of no use than of use.</summary>
    public bool IsCrowded => _dropped > DroppedKept && _dropped * 2 > _added;

    public ReadOnlySpan<byte> this[Slot slot] => slot.Length == 0 ? [] : _chunks[slot.Chunk].Bytes.AsSpan(slot.Offset, slot.Length);

    public ReadOnlyMemory<byte> MemoryOf(Slot slot) => slot.Length == 0 ? default : _chunks[slot.Chunk].Bytes.AsMemory(slot.Offset, slot.Length);

    /// <summary>Room for a text, to be filled at once.</summary>
    public Span<byte> Add(int length, out Slot slot)
    {
        if (_chunks.Count == 0 || _chunks[^1].Bytes.Length - _chunks[^1].Used < length)
            _chunks.Add(new Chunk(new byte[Math.Max(length, NextChunkBytes())]));
        ref Chunk last = ref CollectionsMarshal.AsSpan(_chunks)[^1];
        slot = new Slot(_chunks.Count - 1, last.Used, length);
        last.Used += length;
        _added += length;
        return last.Bytes.AsSpan(slot.Offset, length);
    }

    public Slot Add(ReadOnlySpan<byte> text)
    {
        if (text.IsEmpty)
            return default;
        text.CopyTo(Add(text.Length, out Slot slot));
        return slot;
    }

    /// <summary>Takes back the text that was added last.</summary>
    public void RemoveLast(Slot slot)
    {
        if (slot.Length == 0)
            return;
        _added -= slot.Length;
        bool isFirstOfChunk = slot.Offset == 0;
        int chunks = isFirstOfChunk ? slot.Chunk : slot.Chunk + 1;
        _chunks.RemoveRange(chunks, _chunks.Count - chunks);
        if (!isFirstOfChunk)
            CollectionsMarshal.AsSpan(_chunks)[^1].Used = slot.Offset;
    }

    /// <summary>Notes that a text is of no use any more.</summary>
    public void Drop(Slot slot) => _dropped += slot.Length;

    /// <summary>Takes <see cref="Drop"/> back.</summary>
    public void Restore(Slot slot) => _dropped -= slot.Length;

    private int NextChunkBytes() => _chunks.Count == 0 ? FirstChunkBytes : Math.Min(ChunkBytesMax, _chunks[^1].Bytes.Length * 2);

    /// <summary>Where a text stands; of length 0, nowhere.</summary>
    internal readonly record struct Slot(int Chunk, int Offset, int Length);

    private struct Chunk(byte[] bytes)
    {
        public readonly byte[] Bytes = bytes;
        public int Used;
    }
}
