using System.Buffers.Binary;
using System.Security.Cryptography;
using System.Text;
using Syncline.Core.Operations;

namespace Syncline.Engine.Storage;

/// <summary>
/// A register of a space's log, in which a greater (clock, actor) supersedes a smaller for ever: 128 bits of SHA-256 over its model and its
/// name. Whoever chooses the names cannot make two of them one, and so make the log drop what it must keep.
/// </summary>
/// <param name="Value">The bits.</param>
public readonly record struct RegisterKey(UInt128 Value)
{
    /// <summary>Bytes of a register in a store.</summary>
    public const int Size = 16;

    /// <summary>The register of a name that <see cref="IModel.RegistersOf"/> gave.</summary>
    public static RegisterKey Of(IModel model, string name)
    {
        string text = model.Scopes.Count == 0 ? $"\n{name}" : $"{model.Scopes.Min(scope => scope.Value)}\n{name}";
        Span<byte> hash = stackalloc byte[SHA256.HashSizeInBytes];
        SHA256.HashData(Encoding.UTF8.GetBytes(text), hash);
        return From(hash);
    }

    /// <summary>Reads what <see cref="WriteTo"/> wrote.</summary>
    public static RegisterKey From(ReadOnlySpan<byte> bytes) => new(BinaryPrimitives.ReadUInt128BigEndian(bytes));

    /// <summary>Writes <see cref="Size"/> bytes.</summary>
    public void WriteTo(Span<byte> destination) => BinaryPrimitives.WriteUInt128BigEndian(destination, Value);
}
