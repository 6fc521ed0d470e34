using System.Buffers.Binary;
using System.Text;

namespace Syncline.Core.Tree;

/// <summary>
/// Turns ASCII bytes into strings, and the same bytes into the same string as long as it remembers it: the operations of a log name the same
/// vertices, keys and peers again and again, so most of them need no string of their own.
/// </summary>
/// <remarks>
/// One slot per hash, and the latest stays: bounded, and nothing to keep in order. Several threads may use it at once; a race costs a string.
/// </remarks>
internal sealed class IdentifierCache
{
    private const int Slots = 4096;
    private readonly string?[] _slots = new string?[Slots];

    public string Get(ReadOnlySpan<byte> ascii)
    {
        ref string? slot = ref _slots[Hash(ascii) % Slots];
        string? known = slot;
        if (known is not null && Ascii.Equals(ascii, known))
            return known;
        string added = Encoding.ASCII.GetString(ascii);
        slot = added;
        return added;
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
