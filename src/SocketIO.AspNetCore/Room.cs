using SocketIO.AspNetCore.EngineIO;

namespace SocketIO.AspNetCore;

/// <summary>The sockets that get a broadcast. All of them get all broadcasts in the same order.</summary>
/// <param name="name">Its name.</param>
/// <param name="isKept">Whether it stays when nobody is in it.</param>
internal sealed class Room(string name, bool isKept = false)
{
    private readonly Lock _lock = new();
    private readonly HashSet<Socket> _members = [];
    private bool _isGone;

    public string Name => name;

    public int Count
    {
        get
        {
            lock (_lock)
                return _members.Count;
        }
    }

    public Socket[] Members
    {
        get
        {
            lock (_lock)
                return [.. _members];
        }
    }

    /// <returns>False when the room was emptied, and is not to be used any more.</returns>
    public bool TryAdd(Socket socket)
    {
        lock (_lock)
        {
            if (_isGone)
                return false;
            _members.Add(socket);
            return true;
        }
    }

    /// <returns>Whether it is empty now, and not to be used any more.</returns>
    public bool Remove(Socket socket)
    {
        lock (_lock)
        {
            _members.Remove(socket);
            return _isGone = _members.Count == 0 && !isKept;
        }
    }


    /// <summary>Queues a packet for all members. Never waits for any of them.</summary>
    public void Send(EncodedPacket packet, string? exceptSocketId, bool isVolatile)
    {
        lock (_lock)
        {
            foreach (Socket member in _members)
            {
                if (exceptSocketId is null || member.Id != exceptSocketId)
                    member.Connection.TrySend(packet, isVolatile);
            }
        }
    }
}
