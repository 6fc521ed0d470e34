using SocketIO.AspNetCore;

internal sealed class EchoHandler(EngineConnection connection) : EngineIOHandler
{
    public override ValueTask OnTextAsync(ReadOnlyMemory<byte> message)
    {
        connection.Send(message.Span);
        return ValueTask.CompletedTask;
    }

    public override ValueTask OnBinaryAsync(ReadOnlyMemory<byte> message)
    {
        connection.SendBinary(message.Span);
        return ValueTask.CompletedTask;
    }
}
