using System.Buffers.Binary;

namespace Syncline.Core.Binary;

/// <summary>
/// Whole numbers of one kind as they stand in a snapshot: each as wide as the greatest of them needs, so that one is read without those before it,
/// several times as fast as numbers whose lengths differ.
/// </summary>
/// <remarks>What is read is masked out of eight bytes. After the last number there are as many bytes as that takes.</remarks>
internal readonly ref struct Column
{
    private readonly ReadOnlySpan<byte> _bytes;
    private readonly int _width;
    private readonly ulong _mask;

    /// <param name="bytes">The numbers, little-endian, and what fills the last one up to eight bytes.</param>
    /// <param name="width">Bytes of a number, 1 to 8.</param>
    public Column(ReadOnlySpan<byte> bytes, int width)
    {
        _bytes = bytes;
        _width = width;
        _mask = ulong.MaxValue >> (8 * (sizeof(ulong) - width));
    }

    public ulong this[int index] => BinaryPrimitives.ReadUInt64LittleEndian(_bytes.Slice(index * _width, sizeof(ulong))) & _mask;

    /// <summary>A number below a bound.</summary>
    /// <exception cref="InvalidDataException">It is not.</exception>
    public int Below(int index, int end)
    {
        ulong number = this[index];
        if (number >= (ulong)end)
            Refuse(number, end);
        return (int)number;
    }

    // By itself, so that the check is not a call.
    private static void Refuse(ulong number, int end) => throw new InvalidDataException($"{number} is not below {end}.");

    /// <summary>How many bytes a column takes.</summary>
    public static long BytesOf(int count, int width) => count == 0 ? 0 : ((long)count * width) + sizeof(ulong) - width;

    /// <summary>How wide a column is, given its greatest number.</summary>
    public static int WidthOf(ulong greatest) => sizeof(ulong) - (System.Numerics.BitOperations.LeadingZeroCount(greatest | 1) / 8);
}
