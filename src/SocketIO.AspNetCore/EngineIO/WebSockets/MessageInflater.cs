using System.IO.Compression;

namespace SocketIO.AspNetCore.EngineIO.WebSockets;

/// <summary>Decompresses messages that stand alone (RFC 7692 with <c>client_no_context_takeover</c>), up to a size.</summary>
internal sealed class MessageInflater : IDisposable
{
    // What ends the block that a sender leaves out (section 7.2.2).
    private static ReadOnlySpan<byte> Tail => [0x00, 0x00, 0xFF, 0xFF];

    private MemoryStream? _inflated;

    /// <returns>The message; valid until the next.</returns>
    /// <exception cref="WebSocketException">It is not compressed, or too large.</exception>
    public ReadOnlyMemory<byte> Inflate(ReadOnlySpan<byte> compressed, int bytesMax)
    {
        byte[] whole = new byte[compressed.Length + Tail.Length];
        compressed.CopyTo(whole);
        Tail.CopyTo(whole.AsSpan(compressed.Length));
        _inflated = new MemoryStream();
        try
        {
            using DeflateStream inflate = new(new MemoryStream(whole), CompressionMode.Decompress);
            Span<byte> piece = stackalloc byte[4096];
            for (int read = inflate.Read(piece); read > 0; read = inflate.Read(piece))
            {
                if (_inflated.Length + read > bytesMax)
                    throw new WebSocketException(WebSocketException.TooLarge, $"a message is larger than {bytesMax} bytes");
                _inflated.Write(piece[..read]);
            }
        }
        catch (InvalidDataException e)
        {
            throw new WebSocketException(WebSocketException.InvalidText, e.Message);
        }

        return _inflated.GetBuffer().AsMemory(0, (int)_inflated.Length);
    }

    public void Dispose() => _inflated?.Dispose();
}
