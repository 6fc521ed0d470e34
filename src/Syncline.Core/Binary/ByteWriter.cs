using System.Buffers;
using System.Buffers.Binary;
using System.Text;

namespace Syncline.Core.Binary;

/// <summary>Writes numbers and texts one after the other: numbers in groups of seven bits, the lowest first, and texts after their length.</summary>
internal sealed class ByteWriter(IBufferWriter<byte> output)
{
    private const int NumberBytesMax = 10;

    public void Write(ulong number)
    {
        Span<byte> bytes = output.GetSpan(NumberBytesMax);
        int length = 0;
        for (; number >= 0x80; number >>= 7)
            bytes[length++] = (byte)(number | 0x80);
        bytes[length++] = (byte)number;
        output.Advance(length);
    }

    public void Write(long number) => Write(checked((ulong)number));

    /// <summary>A number that may be negative, short where it is near 0.</summary>
    public void WriteSigned(long number) => Write(unchecked((ulong)((number << 1) ^ (number >> 63))));

    public void Write(ReadOnlySpan<byte> bytes)
    {
        Write((ulong)bytes.Length);
        WriteRaw(bytes);
    }

    /// <summary>Writes numbers that are not negative for <see cref="ByteReader.ReadColumn"/>.</summary>
    public void WriteColumn(ReadOnlySpan<long> numbers)
    {
        if (numbers.IsEmpty)
            return;
        ulong all = 0;
        foreach (long number in numbers)
            all |= checked((ulong)number);
        int width = Column.WidthOf(all);
        Write((ulong)width);

        // Each is written over the empty end of the one before.
        int length = checked((int)Column.BytesOf(numbers.Length, width));
        Span<byte> bytes = output.GetSpan(length)[..length];
        for (int i = 0; i < numbers.Length; i++)
            BinaryPrimitives.WriteInt64LittleEndian(bytes[(i * width)..], numbers[i]);
        output.Advance(length);
    }

    public void Write(string text) => Write(Encoding.UTF8.GetBytes(text));

    public void WriteRaw(ReadOnlySpan<byte> bytes)
    {
        if (bytes.IsEmpty)
            return;
        bytes.CopyTo(output.GetSpan(bytes.Length));
        output.Advance(bytes.Length);
    }
}
