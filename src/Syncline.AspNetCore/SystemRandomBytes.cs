using System.Security.Cryptography;
using Syncline.Engine;

namespace Syncline.AspNetCore;

/// <summary>The operating system's generator.</summary>
public sealed class SystemRandomBytes : IRandomBytes
{
    /// <inheritdoc />
    public void Fill(Span<byte> destination) => RandomNumberGenerator.Fill(destination);
}
