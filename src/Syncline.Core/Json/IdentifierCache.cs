using System.Buffers.Binary;
using System.Diagnostics.CodeAnalysis;
using System.Text;

namespace Syncline.Core.Json;

/// <summary>
/// Turns ASCII bytes into checked strings, and the same bytes into the same string as long as it remembers it: the operations of a log name
/// the same vertices, keys and peers again and again, so most of them need no string of their own, and no check.
/// </summary>
/// <param name="slots">How many strings are remembered at most; a power of two.</param>
/// <param name="isValid">The check.</param>
/// <remarks>
/// One slot per hash, and the latest stays: bounded, and nothing to keep in order. Several threads may use it at once; a race costs a string.
/// </remarks>
internal sealed class IdentifierCache(int slots, Func<string, bool> isValid)
{
    private readonly string?[] _slots = new string?[slots];

    public bool TryGet(ReadOnlySpan<byte> ascii, [NotNullWhen(true)] out string? text)
    {
        ref string? slot = ref _slots[Hash(ascii) & (uint)(_slots.Length - 1)];
        text = slot;
        if (text is not null && Ascii.Equals(ascii, text))
            return true;
        text = Ascii.IsValid(ascii) ? Encoding.ASCII.GetString(ascii) : null;
        if (text is null || !isValid(text))
            return false;
        slot = text;
        return true;
    }

    // Identifiers differ in their first or last characters.
    private static uint Hash(ReadOnlySpan<byte> ascii)
    {
        ulong hash = (uint)ascii.Length;
        if (ascii.Length >= sizeof(ulong))
        {
            hash ^= BinaryPrimitives.ReadUInt64LittleEndian(ascii);
            hash = unchecked((hash * 0x9E3779B97F4A7C15) ^ BinaryPrimitives.ReadUInt64LittleEndian(ascii[^sizeof(ulong)..]));
        }
        else
        {
            foreach (byte character in ascii)
                hash = (hash << 8) | character;
        }

        return (uint)(unchecked(hash * 0x9E3779B97F4A7C15) >> 32);
    }
}
