namespace SocketIO.AspNetCore.EngineIO;

/// <summary>Packets that wait for a connection, in order. An empty queue holds no memory but its own; used within the connection's lock.</summary>
internal struct PacketQueue
{
    private const int FirstCapacity = 4;
    private const int KeptCapacity = 64;

    private EncodedPacket?[]? _packets;
    private int _first;

    public int Count { get; private set; }

    public void Enqueue(EncodedPacket packet)
    {
        _packets ??= new EncodedPacket?[FirstCapacity];
        if (Count == _packets.Length)
            Grow();
        _packets[(_first + Count) & (_packets.Length - 1)] = packet;
        Count++;
    }

    public readonly EncodedPacket Peek() => _packets![_first]!;

    public EncodedPacket Dequeue()
    {
        EncodedPacket packet = Peek();
        _packets![_first] = null;
        _first = (_first + 1) & (_packets.Length - 1);
        Count--;
        if (Count == 0 && _packets.Length > KeptCapacity)
            (_packets, _first) = (null, 0);
        return packet;
    }

    public void Clear() => this = default;

    private void Grow()
    {
        EncodedPacket?[] larger = new EncodedPacket?[2 * _packets!.Length];
        for (int i = 0; i < Count; i++)
            larger[i] = _packets[(_first + i) & (_packets.Length - 1)];
        (_packets, _first) = (larger, 0);
    }
}
