using System.Buffers;
using System.Text;
using System.Text.Json;

namespace Syncline.AspNetCore.Doors.RealTime;

/// <summary>Writes JSON for events.</summary>
internal static class RealTimeJson
{
    public static ReadOnlySpan<byte> ToUtf8(Action<Utf8JsonWriter> write)
    {
        ArrayBufferWriter<byte> buffer = new();
        using Utf8JsonWriter writer = new(buffer, JsonAnswer.Options);
        write(writer);
        writer.Flush();
        return buffer.WrittenSpan;
    }

    public static string ToText(Action<Utf8JsonWriter> write) => Encoding.UTF8.GetString(ToUtf8(write));
}
