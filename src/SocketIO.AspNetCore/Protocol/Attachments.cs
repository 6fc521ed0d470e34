using System.Text.Json;
using System.Text.Json.Serialization;

namespace SocketIO.AspNetCore.Protocol;

/// <summary>
/// Binary values in JSON: taken out when it is written and put in when it is read. A serializer's converter is told nothing of the packet that it works
/// for, but works on one thread from beginning to end.
/// </summary>
internal static class Attachments
{
    [ThreadStatic]
    private static IReadOnlyList<ReadOnlyMemory<byte>>? _reading;

    [ThreadStatic]
    private static List<ReadOnlyMemory<byte>>? _writing;

    public static T Read<T>(IReadOnlyList<ReadOnlyMemory<byte>> attachments, Func<T> read)
    {
        _reading = attachments;
        try
        {
            return read();
        }
        finally
        {
            _reading = null;
        }
    }

    /// <summary>From now on, on this thread, binary values are gathered there.</summary>
    public static void WriteTo(List<ReadOnlyMemory<byte>>? attachments) => _writing = attachments;

    private static ReadOnlyMemory<byte> Read(ref Utf8JsonReader reader)
    {
        if (reader.TokenType == JsonTokenType.String)
            return reader.GetBytesFromBase64();
        if (reader.TokenType != JsonTokenType.StartObject || !Placeholder.TryRead(reader, out long number) || _reading is not { } reading
            || (ulong)number >= (ulong)reading.Count)
        {
            throw new JsonException("a binary value was expected");
        }

        reader.Skip();
        return reading[(int)number];
    }

    private static void Write(Utf8JsonWriter json, ReadOnlyMemory<byte> value)
    {
        if (_writing is not { } writing)
        {
            json.WriteBase64StringValue(value.Span);
            return;
        }

        Placeholder.Write(json, writing.Count);
        writing.Add(value);
    }

    internal sealed class ArrayConverter : JsonConverter<byte[]>
    {
        public override byte[] Read(ref Utf8JsonReader reader, Type typeToConvert, JsonSerializerOptions options) => Attachments.Read(ref reader).ToArray();

        public override void Write(Utf8JsonWriter writer, byte[] value, JsonSerializerOptions options) => Attachments.Write(writer, value);
    }

    internal sealed class MemoryConverter : JsonConverter<ReadOnlyMemory<byte>>
    {
        public override ReadOnlyMemory<byte> Read(ref Utf8JsonReader reader, Type typeToConvert, JsonSerializerOptions options) => Attachments.Read(ref reader);

        public override void Write(Utf8JsonWriter writer, ReadOnlyMemory<byte> value, JsonSerializerOptions options) => Attachments.Write(writer, value);
    }
}
