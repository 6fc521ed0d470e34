using System.Buffers;
using System.Buffers.Text;
using System.Diagnostics.CodeAnalysis;
using System.Runtime.InteropServices;
using System.Text.Encodings.Web;
using System.Text.Json;
using System.Text.Json.Serialization.Metadata;
using SocketIO.AspNetCore.EngineIO;

namespace SocketIO.AspNetCore.Protocol;

/// <summary>
/// Writes packets. What stands before the JSON depends on what is found in it, so the JSON is written first, and the rest right before it. One a
/// thread: writing a packet allocates nothing but the packet.
/// </summary>
[SuppressMessage("Design", "CA1001:Types that own disposable fields should be disposable", Justification = "Lives as long as its thread, and holds memory only.")]
internal sealed class PacketWriter
{
    // Engine.IO's type, type, attachments and "-", comma, ack id.
    private const int PrefixBytesMax = 1 + 1 + 11 + 1 + 20;
    private const int KeptBytesMax = 64 * 1024;

    [ThreadStatic]
    private static PacketWriter? _ofThread;

    private readonly List<ReadOnlyMemory<byte>> _attachments = [];
    private readonly Utf8JsonWriter _json;
    private ArrayBufferWriter<byte> _buffer = new();
    private byte[] _prefix = new byte[PrefixBytesMax];
    private ReadOnlyMemory<byte> _namespace;
    private JsonSerializerOptions _options = JsonSerializerOptions.Default;
    private bool _isAck;
    private int _gap;

    // A converter may send something itself while a packet is written.
    private bool _isBusy;

    private PacketWriter() => _json = new Utf8JsonWriter(Stream.Null, new JsonWriterOptions
    {
        // Nothing is written into HTML here; the default escapes all that is not ASCII.
        Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping,
        SkipValidation = true,
    });

    /// <summary>Begins a packet with arguments: a JSON array, and in it the event's name if there is one.</summary>
    /// <param name="namespace">UTF-8.</param>
    /// <param name="options">How arguments are written.</param>
    /// <param name="eventName">Null for an acknowledgement.</param>
    public static PacketWriter Begin(ReadOnlyMemory<byte> @namespace, JsonSerializerOptions options, string? eventName)
    {
        PacketWriter writer = Take(@namespace);
        (writer._options, writer._isAck) = (options, eventName is null);
        writer._json.WriteStartArray();
        if (eventName is not null)
            writer._json.WriteStringValue(eventName);
        return writer;
    }

    /// <summary>A packet that has no array.</summary>
    public static EncodedPacket Write(SocketPacketType type, ReadOnlyMemory<byte> @namespace, ReadOnlySpan<byte> json)
    {
        PacketWriter writer = Take(@namespace);
        writer._buffer.Write(json);
        return writer.Complete(type, ackId: null);
    }

    /// <summary>Adds an argument.</summary>
    public PacketWriter Add<T>(T value)
    {
        Attachments.WriteTo(_attachments);
        try
        {
            JsonSerializer.Serialize(_json, value, (JsonTypeInfo<T>)_options.GetTypeInfo(typeof(T)));
            return this;
        }
        catch
        {
            _isBusy = false;
            throw;
        }
        finally
        {
            Attachments.WriteTo(null);
        }
    }

    /// <summary>Adds arguments that are JSON already.</summary>
    /// <param name="utf8">Values, with commas between them.</param>
    public PacketWriter AddJson(ReadOnlySpan<byte> utf8)
    {
        if (!utf8.IsEmpty)
            _json.WriteRawValue(utf8, skipInputValidation: true);
        return this;
    }

    /// <summary>Adds arguments that were received, with what they refer to; nothing else in the packet may be binary.</summary>
    public PacketWriter Add(in EventArguments arguments)
    {
        _attachments.AddRange(arguments.BinaryParts);
        return AddJson(arguments.Json.Span);
    }

    /// <summary>Ends the packet.</summary>
    /// <param name="ackId">Under which the receiver is to answer, or what is answered here; null for an event that wants no answer.</param>
    public EncodedPacket End(long? ackId)
    {
        _json.WriteEndArray();
        _json.Flush();
        bool isBinary = _attachments.Count > 0;
        return Complete(
            _isAck ? (isBinary ? SocketPacketType.BinaryAck : SocketPacketType.Ack) : (isBinary ? SocketPacketType.BinaryEvent : SocketPacketType.Event),
            ackId);
    }

    private static PacketWriter Take(ReadOnlyMemory<byte> @namespace)
    {
        PacketWriter writer = _ofThread is { _isBusy: false } known ? known : _ofThread = new PacketWriter();
        writer.Start(@namespace);
        return writer;
    }

    private void Start(ReadOnlyMemory<byte> @namespace)
    {
        _isBusy = true;
        _namespace = @namespace;
        _gap = PrefixBytesMax + @namespace.Length;
        if (_buffer.Capacity > KeptBytesMax)
            _buffer = new ArrayBufferWriter<byte>();
        _buffer.ResetWrittenCount();
        _buffer.GetSpan(_gap);
        _buffer.Advance(_gap);
        _attachments.Clear();
        _json.Reset(_buffer);
    }

    private EncodedPacket Complete(SocketPacketType type, long? ackId)
    {
        if (_prefix.Length < _gap)
            _prefix = new byte[_gap];
        Span<byte> prefix = _prefix;
        int length = 0;
        prefix[length++] = PacketType.Message;
        prefix[length++] = (byte)('0' + (int)type);
        if (type is SocketPacketType.BinaryEvent or SocketPacketType.BinaryAck)
        {
            length += Append(prefix[length..], _attachments.Count);
            prefix[length++] = (byte)'-';
        }

        if (!_namespace.Span.SequenceEqual("/"u8))
        {
            _namespace.Span.CopyTo(prefix[length..]);
            length += _namespace.Length;
            prefix[length++] = (byte)',';
        }

        if (ackId is { } id)
            length += Append(prefix[length..], id);

        // The buffer lends what it has as read-only; it is this writer's own.
        Span<byte> written = MemoryMarshal.AsMemory(_buffer.WrittenMemory).Span;
        int start = _gap - length;
        prefix[..length].CopyTo(written[start..]);
        EncodedPacket packet = _attachments.Count == 0
            ? EncodedPacket.Text(written[start..])
            : EncodedPacket.WithAttachments(written[start..], _attachments);
        _attachments.Clear();
        _isBusy = false;
        return packet;
    }

    private static int Append(Span<byte> destination, long number)
    {
        Utf8Formatter.TryFormat(number, destination, out int written);
        return written;
    }
}
