using System.Numerics;
using System.Runtime.InteropServices;

namespace SocketIO.AspNetCore.EngineIO.WebSockets;

/// <summary>The mask of what clients send (RFC 6455, section 5.3).</summary>
internal static class Mask
{
    /// <summary>Masks or unmasks in place.</summary>
    /// <param name="bytes">A frame's payload.</param>
    /// <param name="key">The four bytes of the key.</param>
    public static void Apply(Span<byte> bytes, ReadOnlySpan<byte> key)
    {
        uint four = MemoryMarshal.Read<uint>(key);
        if (four == 0)
            return;
        if (Vector.IsHardwareAccelerated && bytes.Length >= Vector<byte>.Count)
        {
            Vector<uint> mask = new(four);
            Span<Vector<uint>> vectors = MemoryMarshal.Cast<byte, Vector<uint>>(bytes);
            foreach (ref Vector<uint> vector in vectors)
                vector ^= mask;
            bytes = bytes[(vectors.Length * Vector<byte>.Count)..];
        }

        // Whole words were passed: the rest begins with the key's first byte.
        for (int i = 0; i < bytes.Length; i++)
            bytes[i] ^= key[i & 3];
    }
}
