namespace SocketIO.AspNetCore;

/// <summary>Thrown by a namespace's middleware: the client may not join. It gets a <c>connect_error</c>.</summary>
/// <param name="message">Its message.</param>
/// <param name="dataJson">Its <c>data</c>, as JSON; null for none.</param>
public sealed class ConnectRefusedException(string message, string? dataJson = null) : Exception(message)
{
    /// <summary>Its <c>data</c>, as JSON; null for none.</summary>
    public string? DataJson => dataJson;
}
