using System.Buffers;
using System.Diagnostics;
using System.Runtime.InteropServices;
using System.Text.Json;
using Syncline.Core.Operations;

namespace Syncline.Core.Json;

/// <summary>
/// Equality of JSON values, as a 64-bit hash: member order, white space, escapes and the spelling of numbers do not count.
/// An object's hash is the sum over its members, so it needs no sorting; strings and numbers go through FNV-1a, and every step
/// ends in the finaliser of MurmurHash3 so that sums stay spread.
/// </summary>
public static class JsonNormalForm
{
    private const ulong FnvOffset = 0xcbf29ce484222325;
    private const ulong FnvPrime = 0x00000100000001b3;

    /// <summary>Any depth may be read: the limit is checked here, so that too deep is told from not JSON.</summary>
    internal static readonly JsonReaderOptions AnyDepth = new() { MaxDepth = int.MaxValue };

    /// <summary>Hashes one well-formed JSON value that <see cref="Check"/> has passed.</summary>
    /// <param name="utf8">The value's text.</param>
    /// <param name="ignoredWhenFalse">A member of the outermost object that counts as absent when it is <c>false</c>.</param>
    public static ulong Hash(ReadOnlySpan<byte> utf8, ReadOnlySpan<byte> ignoredWhenFalse = default)
    {
        Utf8JsonReader reader = new(utf8, AnyDepth);
        reader.Read();
        return HashValue(ref reader, ignoredWhenFalse);
    }

    /// <summary>Two hashes as one; order counts.</summary>
    public static ulong Combine(ulong first, ulong second) => Mix(unchecked((first * FnvPrime) ^ Mix(second)));

    /// <summary>The hash of a text, as that of a JSON string.</summary>
    public static ulong HashText(string? text) => text is null ? 1 : Mix(Fnv(MemoryMarshal.AsBytes(text.AsSpan()), tag: 's'));

    /// <summary>Checks what the reader does not: depth, repeated member names, and <c>__proto__</c> as a member's name.</summary>
    /// <param name="utf8">A well-formed JSON value.</param>
    /// <param name="depthMax">Levels of arrays and objects allowed.</param>
    /// <returns>Null, or what is wrong.</returns>
    public static Refusal? Check(ReadOnlySpan<byte> utf8, int depthMax)
    {
        // Every operation received passes here. The names of all open objects stand in one list of hashes, each object's above its parent's
        // and below them where the parent's begin, so that an ordinary payload allocates nothing; an object is looked through when it ends.
        Utf8JsonReader reader = new(utf8, AnyDepth);
        Span<ulong> names = stackalloc ulong[64];
        ulong[]? rented = null;
        int count = 0;
        int first = 0;
        Refusal? refusal = null;
        while (refusal is null && reader.Read())
        {
            switch (reader.TokenType)
            {
                case JsonTokenType.StartObject or JsonTokenType.StartArray:
                    if (reader.CurrentDepth == depthMax)
                        refusal = new Refusal(ErrorCodes.PayloadTooLarge, $"the operation is nested deeper than {depthMax} levels");
                    Push(ref names, ref rented, ref count, (ulong)first);
                    first = count;
                    break;
                case JsonTokenType.EndObject or JsonTokenType.EndArray:
                    if (HasRepetition(names[first..count]))
                        refusal = new Refusal(ErrorCodes.InvalidOperation, "a member name is repeated in one object");
                    count = first - 1;
                    first = (int)names[count];
                    break;
                case JsonTokenType.PropertyName:
                    if (JsonStrings.NameIs(ref reader, "__proto__"u8))
                        refusal = new Refusal(ErrorCodes.InvalidOperation, "the member name __proto__ is not allowed anywhere in a payload");
                    Push(ref names, ref rented, ref count, HashString(ref reader));
                    break;
            }
        }

        if (rented is not null)
            ArrayPool<ulong>.Shared.Return(rented);
        return refusal;
    }

    private static void Push(ref Span<ulong> names, ref ulong[]? rented, ref int count, ulong value)
    {
        if (count == names.Length)
        {
            ulong[] larger = ArrayPool<ulong>.Shared.Rent(count * 2);
            names.CopyTo(larger);
            if (rented is not null)
                ArrayPool<ulong>.Shared.Return(rented);
            names = rented = larger;
        }

        names[count++] = value;
    }

    // Sorts what is long: the names of a large object must not cost their square.
    private static bool HasRepetition(Span<ulong> names)
    {
        if (names.Length > 32)
        {
            names.Sort();
            for (int i = 1; i < names.Length; i++)
            {
                if (names[i] == names[i - 1])
                    return true;
            }

            return false;
        }

        for (int i = 1; i < names.Length; i++)
        {
            if (names[..i].Contains(names[i]))
                return true;
        }

        return false;
    }

    private static ulong HashValue(ref Utf8JsonReader reader, ReadOnlySpan<byte> ignoredWhenFalse)
    {
        switch (reader.TokenType)
        {
            case JsonTokenType.StartObject:
                ulong sum = 0;
                while (reader.Read() && reader.TokenType == JsonTokenType.PropertyName)
                {
                    bool mayIgnore = !ignoredWhenFalse.IsEmpty && JsonStrings.NameIs(ref reader, ignoredWhenFalse);
                    ulong name = HashString(ref reader);
                    reader.Read();
                    if (mayIgnore && reader.TokenType == JsonTokenType.False)
                        continue;
                    sum = unchecked(sum + Combine(name, HashValue(ref reader, default)));
                }

                return Mix(sum ^ '{');
            case JsonTokenType.StartArray:
                ulong list = '[';
                while (reader.Read() && reader.TokenType != JsonTokenType.EndArray)
                    list = Combine(list, HashValue(ref reader, default));
                return Mix(list);
            case JsonTokenType.String:
                return HashString(ref reader);
            case JsonTokenType.Number:
                return HashNumber(reader.ValueSpan);
            case JsonTokenType.True:
                return Mix('t');
            case JsonTokenType.False:
                return Mix('f');
            default:
                Debug.Assert(reader.TokenType == JsonTokenType.Null, "not well-formed");
                return Mix('n');
        }
    }

    private static ulong HashString(ref Utf8JsonReader reader)
    {
        ReadOnlySpan<byte> text = reader.ValueSpan;
        if (!reader.ValueIsEscaped)
            return Mix(Fnv(text, 's'));
        byte[] buffer = ArrayPool<byte>.Shared.Rent(text.Length);
        ulong hash = Mix(Fnv(buffer.AsSpan(0, JsonStrings.Unescape(text, buffer)), 's'));
        ArrayPool<byte>.Shared.Return(buffer);
        return hash;
    }

    private static ulong HashNumber(ReadOnlySpan<byte> text)
    {
        byte[]? rented = text.Length > 64 ? ArrayPool<byte>.Shared.Rent(text.Length) : null;
        Span<byte> digits = rented ?? stackalloc byte[64];
        (bool negative, int count, long exponent) = JsonNumber.Normalise(text, digits);
        ulong hash = Combine(Fnv(digits[..count], negative ? '-' : '+'), unchecked((ulong)exponent));
        if (rented is not null)
            ArrayPool<byte>.Shared.Return(rented);
        return hash;
    }

    private static ulong Fnv(ReadOnlySpan<byte> bytes, char tag)
    {
        ulong hash = unchecked((FnvOffset ^ tag) * FnvPrime);
        foreach (byte value in bytes)
            hash = unchecked((hash ^ value) * FnvPrime);
        return hash;
    }

    private static ulong Mix(ulong value)
    {
        unchecked
        {
            value ^= value >> 33;
            value *= 0xff51afd7ed558ccd;
            value ^= value >> 33;
            value *= 0xc4ceb9fe1a85ec53;
            return value ^ (value >> 33);
        }
    }
}
