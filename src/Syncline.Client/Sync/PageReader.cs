using System.Text;
using System.Text.Json;
using Syncline.Client.Storage;
using Syncline.Core.Json;
using Syncline.Core.Operations;

namespace Syncline.Client.Sync;

/// <summary>
/// Reads pages of a log. What is in the log is law, so nothing is judged here but that it can be read at all: an operation of a shape that only a
/// later version knows is kept as it is.
/// </summary>
internal static class PageReader
{
    /// <exception cref="JsonException">It is no page.</exception>
    public static PulledPage Read(ReadOnlySpan<byte> json)
    {
        Utf8JsonReader reader = new(json, new JsonReaderOptions { MaxDepth = 128 });
        (string? epoch, long? cursor, long head, bool hasMore, OperationDigest? digest, OperationDigest? digestFrom) = (null, null, 0, false, null, null);
        List<LoggedOperation> operations = [];
        Texts texts = default;
        ReadStart(ref reader, JsonTokenType.StartObject);
        while (reader.Read() && reader.TokenType == JsonTokenType.PropertyName)
        {
            if (IsNext(ref reader, "operations"u8))
            {
                if (reader.TokenType != JsonTokenType.StartArray)
                    throw new JsonException("operations is no array");
                while (reader.Read() && reader.TokenType == JsonTokenType.StartObject)
                    operations.Add(ReadOperation(json, ref reader, ref texts));
            }
            else if (IsNext(ref reader, "epoch"u8))
            {
                epoch = reader.GetString();
            }
            else if (IsNext(ref reader, "cursor"u8))
            {
                cursor = reader.GetInt64();
            }
            else if (IsNext(ref reader, "head"u8))
            {
                head = reader.GetInt64();
            }
            else if (IsNext(ref reader, "hasMore"u8))
            {
                hasMore = reader.GetBoolean();
            }
            else if (IsNext(ref reader, "digest"u8))
            {
                digest = ReadDigest(reader.GetString());
            }
            else if (IsNext(ref reader, "digestFrom"u8))
            {
                digestFrom = ReadDigest(reader.GetString());
            }
            else
            {
                reader.Read();
                reader.Skip();
            }
        }

        if (epoch is null || cursor is null || digest is null)
            throw new JsonException("epoch, cursor or digest is missing");
        return new PulledPage(new LocalCursor(new Epoch(epoch), cursor.Value, digest.Value), operations, head, hasMore, digestFrom);
    }

    /// <summary>Reads an operation as a line of a bootstrap.</summary>
    /// <exception cref="JsonException">It is none.</exception>
    public static LoggedOperation ReadOperation(ReadOnlySpan<byte> json)
    {
        Utf8JsonReader reader = new(json, new JsonReaderOptions { MaxDepth = 128 });
        ReadStart(ref reader, JsonTokenType.StartObject);
        Texts texts = default;
        return ReadOperation(json, ref reader, ref texts);
    }

    /// <exception cref="JsonException">It is none.</exception>
    public static OperationDigest ReadDigest(string? text) =>
        text is { Length: 16 }
        && uint.TryParse(text.AsSpan(0, 8), System.Globalization.NumberStyles.AllowHexSpecifier, null, out uint first)
        && uint.TryParse(text.AsSpan(8), System.Globalization.NumberStyles.AllowHexSpecifier, null, out uint second)
            ? new OperationDigest(first, second)
            : throw new JsonException("a digest has 16 hexadecimal digits");

    private static LoggedOperation ReadOperation(ReadOnlySpan<byte> json, ref Utf8JsonReader reader, ref Texts texts)
    {
        (long seq, long clock, string? key, string? tx) = (0, 0, null, null);
        ReadOnlySpan<byte> payload = default;
        while (reader.Read() && reader.TokenType == JsonTokenType.PropertyName)
        {
            if (IsNext(ref reader, "seq"u8))
            {
                seq = reader.GetInt64();
            }
            else if (IsNext(ref reader, "scope"u8))
            {
                texts.Scope = Again(ref reader, texts.Scope);
            }
            else if (IsNext(ref reader, "resourceId"u8))
            {
                texts.Resource = Again(ref reader, texts.Resource);
            }
            else if (IsNext(ref reader, "actor"u8))
            {
                texts.Actor = Again(ref reader, texts.Actor);
            }
            else if (IsNext(ref reader, "clock"u8))
            {
                clock = reader.GetInt64();
            }
            else if (IsNext(ref reader, "payload"u8))
            {
                int start = (int)reader.TokenStartIndex;
                reader.Skip();
                payload = json[start..(int)reader.BytesConsumed];
            }
            else if (IsNext(ref reader, "tx"u8))
            {
                tx = reader.GetString();
            }
            else if (IsNext(ref reader, "key"u8))
            {
                key = reader.GetString();
            }
            else if (IsNext(ref reader, "userId"u8))
            {
                texts.User = Again(ref reader, texts.User);
            }
            else if (IsNext(ref reader, "receivedAt"u8))
            {
                ReadTime(ref reader, ref texts);
            }
            else
            {
                reader.Read();
                reader.Skip();
            }
        }

        if (seq < 1 || clock < 1 || payload.IsEmpty || texts.Scope is null || texts.Resource is null || texts.Actor is null)
            throw new JsonException("an operation has seq, scope, resourceId, actor, clock and payload");
        return new LoggedOperation
        {
            Seq = seq,
            Operation = new Operation
            {
                Id = new OperationId(new Scope(texts.Scope), new ResourceId(texts.Resource), new ActorId(texts.Actor), clock),
                Payload = new JsonText(payload.ToArray()),
                Key = key,
                Tx = tx,
                Hash = 0,
            },
            UserId = new UserId(texts.User ?? ""),
            ReceivedAt = texts.Time,
            GroupEnd = seq,
            Digest = default,
        };
    }

    // The reader stands on a name; on the value when it is this one.
    private static bool IsNext(ref Utf8JsonReader reader, ReadOnlySpan<byte> name)
    {
        if (!reader.ValueTextEquals(name))
            return false;
        reader.Read();
        return true;
    }

    // Operations come in runs of one resource, actor and user.
    private static string? Again(ref Utf8JsonReader reader, string? last) =>
        last is not null && !reader.ValueIsEscaped && Ascii.Equals(reader.ValueSpan, last) ? last : reader.GetString();

    private static void ReadTime(ref Utf8JsonReader reader, ref Texts texts)
    {
        if (texts.TimeText is { } last && reader.ValueSpan.SequenceEqual(last))
            return;
        texts.Time = reader.GetDateTimeOffset();
        texts.TimeText = reader.ValueSpan.ToArray();
    }

    private static void ReadStart(ref Utf8JsonReader reader, JsonTokenType start)
    {
        if (!reader.Read() || reader.TokenType != start)
            throw new JsonException("an object is expected");
    }

    private struct Texts
    {
        public string? Scope;
        public string? Resource;
        public string? Actor;
        public string? User;
        public byte[]? TimeText;
        public DateTimeOffset Time;
    }
}
