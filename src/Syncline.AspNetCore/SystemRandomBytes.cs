using System.Security.Cryptography;
using Syncline.Engine;

namespace Syncline.AspNetCore;

/// <summary>The operating system's generator.</summary>
internal sealed class SystemRandomBytes : IRandomBytes
{
    public void Fill(Span<byte> destination) => RandomNumberGenerator.Fill(destination);
}
