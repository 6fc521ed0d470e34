using System.Buffers;
using System.Text.Json;
using Syncline.Core.Json;
using Syncline.Core.Operations;
using Syncline.Core.Tree;

namespace Syncline.Bench.Tree;

/// <summary>Writes operations as RepTree does, for workloads that make their own.</summary>
internal sealed class RepTreeJson : IDisposable
{
    private readonly ArrayBufferWriter<byte> _buffer = new();
    private readonly Utf8JsonWriter _writer;

    public RepTreeJson() => _writer = new Utf8JsonWriter(_buffer, new JsonWriterOptions { SkipValidation = true });

    public JsonText Write(Stamp stamp, TreeOperation content)
    {
        _buffer.ResetWrittenCount();
        _writer.Reset();
        _writer.WriteStartObject();
        _writer.WriteStartObject("id"u8);
        _writer.WriteNumber("counter"u8, stamp.Clock);
        _writer.WriteString("peerId"u8, stamp.Actor.Value);
        _writer.WriteEndObject();
        _writer.WriteString("targetId"u8, content.TargetId);
        switch (content)
        {
            case TreeOperation.Move move:
                _writer.WriteString("parentId"u8, move.ParentId);
                break;
            case TreeOperation.SetProperty set:
                _writer.WriteString("key"u8, set.Key);
                if (set.Value is { } value)
                {
                    _writer.WritePropertyName("value"u8);
                    _writer.WriteRawValue(value.Utf8.Span, skipInputValidation: true);
                }

                _writer.WriteBoolean("transient"u8, value: false);
                break;
        }

        _writer.WriteEndObject();
        _writer.Flush();
        return new JsonText(_buffer.WrittenSpan.ToArray());
    }

    public void Dispose() => _writer.Dispose();
}
