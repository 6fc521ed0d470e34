namespace SocketIO.AspNetCore;

/// <summary>What an application does with one Engine.IO connection. Its methods are called one after the other.</summary>
public abstract class EngineIOHandler
{
    /// <summary>Called once, before anything is received.</summary>
    public virtual void OnOpened()
    {
    }

    /// <summary>Called with each message that is text. The next is read when this has returned.</summary>
    /// <param name="message">UTF-8; valid until the method's task ends.</param>
    public abstract ValueTask OnTextAsync(ReadOnlyMemory<byte> message);

    /// <summary>Called with each message that is binary. The next is read when this has returned.</summary>
    /// <param name="message">Valid until the method's task ends.</param>
    public abstract ValueTask OnBinaryAsync(ReadOnlyMemory<byte> message);

    /// <summary>Called once, when the connection is no more; another of the methods may still be running.</summary>
    public virtual void OnClosed(DisconnectReason reason)
    {
    }
}
