namespace SocketIO.AspNetCore;

/// <summary>
/// What carries broadcasts between servers, so that their rooms are one. Register an implementation as a service before <c>AddSocketIO</c>'s server is
/// used. A broadcast is delivered on its own server at once, and does not wait for the backplane.
/// </summary>
public interface IBackplane
{
    /// <summary>Hands a broadcast to all other servers, in the order of the calls. May lose some when it must, but never reorders.</summary>
    ValueTask PublishAsync(BackplaneMessage message);

    /// <summary>Calls back with each broadcast of another server.</summary>
    void Subscribe(Action<BackplaneMessage> receive);
}

/// <summary>A broadcast.</summary>
/// <param name="Namespace">The namespace's name.</param>
/// <param name="Rooms">To whom; empty for all of the namespace.</param>
/// <param name="ExceptSocketId">Who does not get it; null when nobody is left out.</param>
/// <param name="IsVolatile">Whether clients that do not keep up are left out.</param>
/// <param name="Frames">The packet as it is sent: unmasked WebSocket frames.</param>
public sealed record BackplaneMessage(
    string Namespace, IReadOnlyList<string> Rooms, string? ExceptSocketId, bool IsVolatile, ReadOnlyMemory<byte> Frames);
