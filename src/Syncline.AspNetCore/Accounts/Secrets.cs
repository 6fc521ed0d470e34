using System.Buffers.Text;
using System.Security.Cryptography;
using System.Text;
using Syncline.Engine;

namespace Syncline.AspNetCore.Accounts;

/// <summary>Refresh and invite tokens: shown once, and kept as their hashes only.</summary>
internal static class Secrets
{
    private const int Bytes = 32;

    /// <summary>256 random bits in base64url.</summary>
    public static string New(IRandomBytes random)
    {
        Span<byte> bytes = stackalloc byte[Bytes];
        random.Fill(bytes);
        return Base64Url.EncodeToString(bytes);
    }

    /// <summary>What the store keeps. A fast hash is enough, as nobody can try 2^256 tokens.</summary>
    public static string HashOf(string token) => Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(token)));
}
