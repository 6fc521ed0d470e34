using System.Buffers.Text;
using System.Security.Cryptography;

namespace SocketIO.AspNetCore;

/// <summary>Ids that nobody can guess: 120 bits, as 20 characters.</summary>
internal static class RandomId
{
    private const int Bytes = 15;

    public static string New()
    {
        Span<byte> bytes = stackalloc byte[Bytes];
        RandomNumberGenerator.Fill(bytes);
        return Base64Url.EncodeToString(bytes);
    }
}
