namespace Syncline.Engine;

/// <summary>Where secrets, ids and epochs come from: the operating system's generator, or in a simulation a seeded one.</summary>
public interface IRandomBytes
{
    /// <summary>Fills <paramref name="destination"/> with bytes that nobody can predict.</summary>
    void Fill(Span<byte> destination);

    /// <summary>An id of 128 random bits, as 32 lower-case hexadecimal digits.</summary>
    string NewId()
    {
        Span<byte> bytes = stackalloc byte[16];
        Fill(bytes);
        return Convert.ToHexStringLower(bytes);
    }
}
