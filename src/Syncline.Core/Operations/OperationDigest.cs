using System.Buffers.Text;
using System.Globalization;
using System.Text;

namespace Syncline.Core.Operations;

/// <summary>
/// A running hash of the identities of all operations up to a seq. Two 32-bit FNV-1a lanes, each fed the UTF-8 bytes of
/// <c>scope\nresourceId\nactor\nclock\n</c>; the second starts elsewhere (docs/protocol.md, "Digest").
/// </summary>
public readonly record struct OperationDigest(uint First, uint Second)
{
    private const uint Prime = 0x01000193;

    // Modulo 2^32.
    private const uint PrimeInverse = 0x359c449b;

    /// <summary>The digest of an empty log.</summary>
    public static OperationDigest Empty { get; } = new(0x811c9dc5, 0x9dc5811c);

    /// <summary>Packs both lanes, for a store's column.</summary>
    public long ToInt64() => unchecked((long)(((ulong)First << 32) | Second));

    /// <summary>The inverse of <see cref="ToInt64"/>.</summary>
    public static OperationDigest FromInt64(long value) => new(unchecked((uint)((ulong)value >> 32)), unchecked((uint)value));

    /// <summary>The digest after one more operation.</summary>
    public OperationDigest Add(in OperationId id)
    {
        (uint first, uint second) = (First, Second);
        Feed(id.Scope.Value, ref first, ref second);
        Feed(id.ResourceId.Value, ref first, ref second);
        Feed(id.Actor.Value, ref first, ref second);
        Span<byte> digits = stackalloc byte[20];
        Utf8Formatter.TryFormat(id.Clock, digits, out int length);
        foreach (byte digit in digits[..length])
            Feed(digit, ref first, ref second);
        Feed((byte)'\n', ref first, ref second);
        return new OperationDigest(first, second);
    }

    /// <summary>The digest before its last operation. Each step of the hash can be taken back, so a log need not keep what came before a gap.</summary>
    public OperationDigest Without(in OperationId last)
    {
        byte[] fed = Encoding.ASCII.GetBytes($"{last.Scope.Value}\n{last.ResourceId.Value}\n{last.Actor.Value}\n{last.Clock.ToString(CultureInfo.InvariantCulture)}\n");
        (uint first, uint second) = (First, Second);
        for (int i = fed.Length - 1; i >= 0; i--)
        {
            first = unchecked(first * PrimeInverse) ^ fed[i];
            second = unchecked(second * PrimeInverse) ^ fed[i];
        }

        return new OperationDigest(first, second);
    }

    /// <summary>16 hexadecimal digits, first lane first.</summary>
    public override string ToString() => string.Create(CultureInfo.InvariantCulture, $"{First:x8}{Second:x8}");

    // Identifiers are ASCII, so a character is a byte.
    private static void Feed(string ascii, ref uint first, ref uint second)
    {
        foreach (char character in ascii)
            Feed((byte)character, ref first, ref second);
        Feed((byte)'\n', ref first, ref second);
    }

    private static void Feed(byte value, ref uint first, ref uint second)
    {
        first = unchecked((first ^ value) * Prime);
        second = unchecked((second ^ value) * Prime);
    }
}
