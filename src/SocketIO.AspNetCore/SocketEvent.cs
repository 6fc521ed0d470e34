using SocketIO.AspNetCore.Protocol;

namespace SocketIO.AspNetCore;

/// <summary>An event that a client has sent.</summary>
public sealed class SocketEvent
{
    private readonly long? _ackId;
    private int _isAcknowledged;

    internal SocketEvent(Socket socket, (string Name, SocketHandlers.Registration Registration) named, in EventArguments arguments, long? ackId)
    {
        (Socket, Name, Registration, Arguments, _ackId) = (socket, named.Name, named.Registration, arguments, ackId);
    }

    /// <summary>Who sent it.</summary>
    public Socket Socket { get; }

    /// <summary>Its name.</summary>
    public string Name { get; }

    /// <summary>Its arguments.</summary>
    public EventArguments Arguments { get; }

    /// <summary>Whether the client waits for an acknowledgement, and has got none.</summary>
    public bool WantsAcknowledgement => _ackId is not null && Volatile.Read(ref _isAcknowledged) == 0;

    /// <summary>What the application registered for it.</summary>
    internal SocketHandlers.Registration Registration { get; }

    /// <summary>Acknowledges without saying more. Only the first acknowledgement counts, and none does that the client did not ask for.</summary>
    public void Acknowledge()
    {
        if (TakeAcknowledgement())
            Send(Begin());
    }

    /// <summary>Acknowledges with a value.</summary>
    public void Acknowledge<T>(T value)
    {
        if (TakeAcknowledgement())
            Send(Begin().Add(value));
    }

    /// <summary>Acknowledges with JSON that the application has.</summary>
    /// <param name="utf8">Values, with commas between them. Not checked.</param>
    public void AcknowledgeJson(ReadOnlySpan<byte> utf8)
    {
        if (TakeAcknowledgement())
            Send(Begin().AddJson(utf8));
    }

    /// <summary>Acknowledges with arguments that were received.</summary>
    public void Acknowledge(EventArguments arguments)
    {
        if (TakeAcknowledgement())
            Send(Begin().Add(arguments));
    }

    private bool TakeAcknowledgement() => _ackId is not null && Interlocked.Exchange(ref _isAcknowledged, 1) == 0;

    private PacketWriter Begin() => Socket.Namespace.BeginAcknowledgement();

    private void Send(PacketWriter packet) => Socket.SendAcknowledgement(_ackId!.Value, packet);
}
