using System.Text;

namespace Syncline.Core.Binary;

/// <summary>Reads what <see cref="ByteWriter"/> wrote.</summary>
/// <exception cref="InvalidDataException">From any member: the bytes end too early, or are none of its.</exception>
internal ref struct ByteReader(ReadOnlySpan<byte> bytes)
{
    private ReadOnlySpan<byte> _rest = bytes;

    public readonly bool IsAtEnd => _rest.IsEmpty;

    /// <summary>What was not read yet.</summary>
    public readonly ReadOnlySpan<byte> Rest => _rest;

    public ulong ReadNumber()
    {
        // Most numbers are differences, and small.
        if (_rest.Length > 0 && _rest[0] < 0x80)
        {
            byte small = _rest[0];
            _rest = _rest[1..];
            return small;
        }

        ulong number = 0;
        for (int i = 0; i < _rest.Length && i < 10; i++)
        {
            byte part = _rest[i];
            number |= (ulong)(part & 0x7F) << (7 * i);
            if (part < 0x80)
            {
                _rest = _rest[(i + 1)..];
                return number;
            }
        }

        throw new InvalidDataException("The bytes end inside a number.");
    }

    public long ReadInt64() => unchecked((long)ReadNumber());

    /// <summary>A number below a bound: an index, or a count of what follows.</summary>
    public int ReadBelow(int end)
    {
        ulong number = ReadNumber();
        return number < (ulong)end ? (int)number : throw new InvalidDataException($"{number} is not below {end}.");
    }

    /// <summary>A count of things of which each takes at least a byte.</summary>
    public int ReadCount() => ReadBelow(_rest.Length + 1);

    public long ReadSigned()
    {
        ulong number = ReadNumber();
        return unchecked((long)(number >> 1) ^ -(long)(number & 1));
    }

    public ReadOnlySpan<byte> ReadBytes() => ReadRaw(ReadCount());

    public ReadOnlySpan<byte> ReadRaw(int length)
    {
        if (length > _rest.Length)
            throw new InvalidDataException("The bytes end too early.");
        ReadOnlySpan<byte> raw = _rest[..length];
        _rest = _rest[length..];
        return raw;
    }

    /// <summary>Numbers of one kind, of which the count is known; it must have been read as such, so that it is no more than there are bytes.</summary>
    public Column ReadColumn(int count)
    {
        if (count == 0)
            return default;
        int width = ReadBelow(sizeof(ulong) + 1);
        long length = Column.BytesOf(count, width);
        return width > 0 && length <= _rest.Length ? new Column(ReadRaw((int)length), width) : throw new InvalidDataException("The bytes are no column.");
    }

    public string ReadText() => Encoding.UTF8.GetString(ReadBytes());
}
