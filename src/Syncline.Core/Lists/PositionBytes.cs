using System.Buffers.Binary;
using Syncline.Core.Binary;

namespace Syncline.Core.Lists;

/// <summary>A position as it stands in a snapshot: how many components, and of each the digit and the actor's index.</summary>
internal readonly ref struct PositionBytes
{
    private readonly ByteReader _components;
    private readonly int _count;

    /// <summary>Passes over a position and sees that it is one.</summary>
    public PositionBytes(scoped ref ByteReader reader, int names)
    {
        _count = reader.ReadCount();
        _components = reader;
        for (int i = 0; i < _count; i++)
        {
            double digit = BinaryPrimitives.ReadDoubleLittleEndian(reader.ReadRaw(sizeof(double)));
            if (!(digit >= 0 && double.IsInteger(digit)))
                throw new InvalidDataException("A digit is none.");
            reader.ReadBelow(names);
        }
    }

    public Position ToPosition(string[] names)
    {
        ByteReader reader = _components;
        PositionComponent[] components = new PositionComponent[_count];
        foreach (ref PositionComponent component in components.AsSpan())
            component = new PositionComponent(BinaryPrimitives.ReadDoubleLittleEndian(reader.ReadRaw(sizeof(double))), names[reader.ReadBelow(names.Length)]);
        return Position.Owning(components);
    }
}
