using System.Buffers;
using System.Diagnostics.CodeAnalysis;
using System.Runtime.CompilerServices;
using System.Text.Unicode;

namespace SocketIO.AspNetCore.EngineIO.WebSockets;

/// <summary>
/// Reads a client's messages from a stream. While nothing comes, no buffer is held; a message that is one frame is not copied.
/// </summary>
/// <param name="stream">What follows the handshake.</param>
/// <param name="messageBytesMax">A longer message ends the connection; can be changed between two.</param>
/// <param name="inflater">What decompresses messages; null when compression was not agreed upon.</param>
internal sealed class WebSocketReader(Stream stream, int messageBytesMax, MessageInflater? inflater) : IDisposable
{
    private const int FirstBufferBytes = 4 * 1024;
    private const int ControlBytesMax = 125;

    private byte[]? _buffer;
    private int _start;
    private int _end;

    // A message of several frames is gathered here.
    private byte[]? _gathered;
    private int _gatheredLength;
    private byte _gatheredOpcode;
    private bool _gatheredIsCompressed;

    /// <summary>A longer message ends the connection.</summary>
    public int MessageBytesMax { get; set; } = messageBytesMax;

    /// <summary>The last message; valid until the next is read.</summary>
    public ReadOnlyMemory<byte> Message { get; private set; }

    /// <summary>Reads the next message or control frame.</summary>
    /// <returns>Its opcode: text, binary, close, ping or pong; null when the client has gone without a word.</returns>
    /// <exception cref="WebSocketException">The client does not keep to the protocol.</exception>
    /// <exception cref="IOException">The connection is broken.</exception>
    [AsyncMethodBuilder(typeof(PoolingAsyncValueTaskMethodBuilder<>))]
    public async ValueTask<byte?> ReadAsync(CancellationToken cancellationToken)
    {
        Message = default;
        while (true)
        {
            int needed = TryTakeFrame(out byte? opcode);
            if (opcode is not null)
                return opcode;
            if (needed > 0 && !await FillAsync(needed, cancellationToken))
                return null;
        }
    }

    public void Dispose()
    {
        Return(ref _buffer);
        Return(ref _gathered);
        inflater?.Dispose();
        (_start, _end) = (0, 0);
        Message = default;
    }

    // Gives the bytes that are needed at least for the next frame; 0 when one was taken, and the opcode when that completed a message.
    private int TryTakeFrame(out byte? opcode)
    {
        opcode = null;
        ReadOnlySpan<byte> bytes = _buffer.AsSpan(_start, _end - _start);
        if (!Frames.TryReadLength(bytes, out int headerLength, out ulong length))
            return Math.Max(headerLength, 2);
        byte first = bytes[0];
        byte code = (byte)(first & Frames.OpcodeMask);
        bool isFinal = (first & Frames.Final) != 0;
        bool isCompressed = (first & Frames.Compressed) != 0;
        Check(first, code, isFinal, isCompressed, isMasked: (bytes[1] & Frames.Masked) != 0, length);
        int frameLength = headerLength + (int)length;
        if (bytes.Length < frameLength)
            return frameLength;

        Memory<byte> payload = _buffer.AsMemory(_start + headerLength, (int)length);
        Mask.Apply(payload.Span, bytes[(headerLength - 4)..headerLength]);
        _start += frameLength;
        if (code >= Frames.Close)
        {
            Message = payload;
            opcode = code;
        }
        else if (isFinal && code != Frames.Continuation)
        {
            Complete(code, payload, isCompressed);
            opcode = code;
        }
        else
        {
            opcode = Gather(code, payload.Span, isFinal, isCompressed);
        }

        return 0;
    }

    private void Check(byte first, byte code, bool isFinal, bool isCompressed, bool isMasked, ulong length)
    {
        if ((first & Frames.Reserved) != 0 || (isCompressed && (inflater is null || code is not (Frames.Text or Frames.Binary))))
            throw new WebSocketException(WebSocketException.ProtocolError, "reserved bits are set");
        if (!isMasked)
            throw new WebSocketException(WebSocketException.ProtocolError, "a frame is not masked");
        switch (code)
        {
            case Frames.Close or Frames.Ping or Frames.Pong:
                if (!isFinal || length > ControlBytesMax)
                    throw new WebSocketException(WebSocketException.ProtocolError, "a control frame is fragmented or too long");
                break;
            case Frames.Continuation when _gatheredOpcode == 0:
                throw new WebSocketException(WebSocketException.ProtocolError, "a frame continues nothing");
            case Frames.Text or Frames.Binary when _gatheredOpcode != 0:
                throw new WebSocketException(WebSocketException.ProtocolError, "a message begins within another");
            case Frames.Continuation or Frames.Text or Frames.Binary:
                if (length > (ulong)(MessageBytesMax - _gatheredLength))
                    throw new WebSocketException(WebSocketException.TooLarge, $"a message is larger than {MessageBytesMax} bytes");
                break;
            default:
                throw new WebSocketException(WebSocketException.ProtocolError, "an unknown opcode");
        }
    }

    private byte? Gather(byte code, ReadOnlySpan<byte> payload, bool isFinal, bool isCompressed)
    {
        if (code != Frames.Continuation)
            (_gatheredOpcode, _gatheredIsCompressed) = (code, isCompressed);
        int length = _gatheredLength + payload.Length;
        if (_gathered is null || _gathered.Length < length)
        {
            byte[] larger = ArrayPool<byte>.Shared.Rent(Math.Max(length, Math.Min(2 * _gatheredLength, MessageBytesMax)));
            _gathered.AsSpan(0, _gatheredLength).CopyTo(larger);
            Return(ref _gathered);
            _gathered = larger;
        }

        payload.CopyTo(_gathered.AsSpan(_gatheredLength));
        _gatheredLength = length;
        if (!isFinal)
            return null;
        code = _gatheredOpcode;
        Complete(code, _gathered.AsMemory(0, length), _gatheredIsCompressed);
        (_gatheredOpcode, _gatheredLength) = (0, 0);
        return code;
    }

    private void Complete(byte code, Memory<byte> payload, bool isCompressed)
    {
        Message = isCompressed ? inflater!.Inflate(payload.Span, MessageBytesMax) : payload;
        if (code == Frames.Text && !Utf8.IsValid(Message.Span))
            throw new WebSocketException(WebSocketException.InvalidText, "a text is not UTF-8");
    }

    [AsyncMethodBuilder(typeof(PoolingAsyncValueTaskMethodBuilder<>))]
    [SuppressMessage("Reliability", "CA2022:Avoid inexact read", Justification = "Nothing is read: it is waited for something to read.")]
    private async ValueTask<bool> FillAsync(int needed, CancellationToken cancellationToken)
    {
        if (_start == _end)
        {
            Return(ref _buffer);
            (_start, _end) = (0, 0);
            if (_gatheredLength == 0)
                Return(ref _gathered);

            // Returns when there is something to read, or never will be.
            _ = await stream.ReadAsync(Memory<byte>.Empty, cancellationToken);
        }

        MakeRoom(needed);
        while (_end - _start < needed)
        {
            int read = await stream.ReadAsync(_buffer.AsMemory(_end), cancellationToken);
            if (read == 0)
                return false;
            _end += read;
        }

        return true;
    }

    private void MakeRoom(int needed)
    {
        if (_buffer is not null && _buffer.Length - _start >= needed)
            return;
        byte[] room = _buffer is not null && _buffer.Length >= needed ? _buffer : ArrayPool<byte>.Shared.Rent(Math.Max(needed, FirstBufferBytes));
        _buffer.AsSpan(_start, _end - _start).CopyTo(room);
        (_start, _end) = (0, _end - _start);
        if (room == _buffer)
            return;
        Return(ref _buffer);
        _buffer = room;
    }

    private static void Return(ref byte[]? buffer)
    {
        if (buffer is not null)
            ArrayPool<byte>.Shared.Return(buffer);
        buffer = null;
    }
}
