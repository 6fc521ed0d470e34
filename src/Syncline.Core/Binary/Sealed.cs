using System.Buffers;
using System.Buffers.Binary;

namespace Syncline.Core.Binary;

/// <summary>
/// Bytes between a magic text with a version and a checksum: what is damaged, of another kind or of another version is told from what was
/// written.
/// </summary>
/// <param name="magic">What they begin with.</param>
/// <param name="version">The version that is written, and the only one that is read.</param>
/// <param name="kind">What they are a snapshot of, for people.</param>
internal sealed class Sealed(string magic, int version, string kind)
{
    /// <summary>How many bytes stand after the content.</summary>
    public const int EndBytes = sizeof(uint);

    private readonly byte[] _magic = System.Text.Encoding.ASCII.GetBytes(magic);

    /// <summary>Writes a content.</summary>
    public byte[] Write(Action<ByteWriter> content)
    {
        ArrayBufferWriter<byte> buffer = new();
        ByteWriter writer = new(buffer);
        writer.WriteRaw(_magic);
        writer.Write((ulong)version);
        content(writer);
        BinaryPrimitives.WriteUInt32LittleEndian(buffer.GetSpan(EndBytes), Checksum.Of(buffer.WrittenSpan));
        buffer.Advance(EndBytes);
        return buffer.WrittenSpan.ToArray();
    }

    /// <summary>Reads a content, all of it.</summary>
    /// <param name="bytes">What was written.</param>
    /// <param name="read">Reads the content; throws <see cref="InvalidDataException"/> when it is none.</param>
    /// <param name="problem">Why there is none.</param>
    /// <returns>The content; null, with the reason, when the bytes are not what was written, or of another version.</returns>
    public T? Read<T>(ReadOnlySpan<byte> bytes, ContentReader<T> read, out string? problem)
        where T : class
    {
        problem = null;
        if (bytes.Length < _magic.Length + EndBytes || !bytes.StartsWith(_magic))
            problem = $"these bytes are no snapshot of a {kind}";
        else if (BinaryPrimitives.ReadUInt32LittleEndian(bytes[^EndBytes..]) != Checksum.Of(bytes[..^EndBytes]))
            problem = "the snapshot is damaged: its checksum is not that of its bytes";
        if (problem is not null)
            return null;

        try
        {
            ByteReader reader = ContentOf(bytes);
            ulong found = reader.ReadNumber();
            if (found != (ulong)version)
            {
                problem = $"the snapshot has version {found}, and this program reads {version}";
                return null;
            }

            T content = read(ref reader);
            return reader.IsAtEnd ? content : throw new InvalidDataException("There are bytes after the end.");
        }
        catch (InvalidDataException e)
        {
            problem = $"the snapshot is not readable: {e.Message}";
            return null;
        }
    }

    /// <summary>A content that <see cref="Read"/> found good, from its beginning once more.</summary>
    public ByteReader ReadAgain(ReadOnlySpan<byte> bytes)
    {
        ByteReader reader = ContentOf(bytes);
        reader.ReadNumber();
        return reader;
    }

    private ByteReader ContentOf(ReadOnlySpan<byte> bytes) => new(bytes[_magic.Length..^EndBytes]);

    /// <summary>Reads a content.</summary>
    public delegate T ContentReader<out T>(ref ByteReader reader);
}
