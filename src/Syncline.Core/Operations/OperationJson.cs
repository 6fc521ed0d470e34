using System.Buffers;
using System.Buffers.Text;
using System.Diagnostics;
using System.Globalization;
using System.Text;
using System.Text.Encodings.Web;
using System.Text.Json;

namespace Syncline.Core.Operations;

/// <summary>An operation as pull and follow deliver it.</summary>
/// <remarks>
/// Every operation of every page passes here, a million a second where the log is long. So it is written by hand into the output's own
/// memory, in one piece whose room is known beforehand: ids are ASCII and need no escapes, the payload is copied as it is, and a run of
/// operations has the same user and mostly the same time.
/// </remarks>
public static class OperationJson
{
    /// <summary>Times on the wire: ISO 8601, UTC, milliseconds.</summary>
    public const string TimeFormat = "yyyy-MM-dd'T'HH:mm:ss.fff'Z'";

    // Names, punctuation, two integers of 20 digits and a time.
    private const int FixedBytesMax = 256;

    // Above it the payload is not worth a piece of its own size: outputs are made of blocks of a few KB.
    private const int InPieceBytesMax = 2048;

    /// <summary>Writes operations one after the other, with commas between and no brackets around.</summary>
    public static void WriteAll(IBufferWriter<byte> output, IReadOnlyList<LoggedOperation> operations)
    {
        UserId lastUser = default;
        byte[] user = [];
        DateTimeOffset lastTime = default;
        Span<byte> time = stackalloc byte[24];
        for (int i = 0; i < operations.Count; i++)
        {
            LoggedOperation logged = operations[i];
            if (user.Length == 0 || logged.UserId != lastUser)
                (lastUser, user) = (logged.UserId, Quote(logged.UserId.Value));
            if (i == 0 || logged.ReceivedAt != lastTime)
                FormatTime(lastTime = logged.ReceivedAt, time);
            Write(output, logged, isFirst: i == 0, user, time);
        }
    }

    private static void Write(IBufferWriter<byte> output, LoggedOperation logged, bool isFirst, ReadOnlySpan<byte> user, ReadOnlySpan<byte> time)
    {
        Operation operation = logged.Operation;
        OperationId id = operation.Id;
        ReadOnlySpan<byte> payload = operation.Payload.Utf8.Span;
        ReadOnlySpan<byte> tx = operation.Tx is null ? default : Quote(operation.Tx);
        ReadOnlySpan<byte> key = operation.Key is null ? default : Quote(operation.Key);
        bool isInPiece = payload.Length <= InPieceBytesMax;
        int room = FixedBytesMax + id.Scope.Value.Length + id.ResourceId.Value.Length + id.Actor.Value.Length + user.Length + tx.Length + key.Length;
        Piece piece = new(output.GetSpan(room + (isInPiece ? payload.Length : 0)));
        piece.Add(isFirst ? "{\"seq\":"u8 : ",{\"seq\":"u8);
        piece.Add(logged.Seq);
        piece.Add(",\"scope\":\""u8);
        piece.AddAscii(id.Scope.Value);
        piece.Add("\",\"resourceId\":\""u8);
        piece.AddAscii(id.ResourceId.Value);
        piece.Add("\",\"actor\":\""u8);
        piece.AddAscii(id.Actor.Value);
        piece.Add("\",\"clock\":"u8);
        piece.Add(id.Clock);
        piece.Add(",\"payload\":"u8);
        if (isInPiece)
        {
            piece.Add(payload);
        }
        else
        {
            output.Advance(piece.Length);
            output.Write(payload);
            piece = new Piece(output.GetSpan(room));
        }

        if (operation.Tx is not null)
        {
            piece.Add(",\"tx\":"u8);
            piece.Add(tx);
        }

        if (operation.Key is not null)
        {
            piece.Add(",\"key\":"u8);
            piece.Add(key);
        }

        piece.Add(",\"userId\":"u8);
        piece.Add(user);
        piece.Add(",\"receivedAt\":\""u8);
        piece.Add(time);
        piece.Add("\"}"u8);
        output.Advance(piece.Length);
    }

    /// <summary>A time as the wire has it.</summary>
    public static string FormatTime(DateTimeOffset time) => time.UtcDateTime.ToString(TimeFormat, CultureInfo.InvariantCulture);

    private static void FormatTime(DateTimeOffset time, Span<byte> destination)
    {
        bool fits = time.UtcDateTime.TryFormat(destination, out int length, TimeFormat, CultureInfo.InvariantCulture);
        Debug.Assert(fits && length == destination.Length, "a time has 24 characters");
    }

    // A text in quotation marks, with escapes where it needs them.
    private static byte[] Quote(string text)
    {
        ReadOnlySpan<byte> inside = JsonEncodedText.Encode(text, JavaScriptEncoder.UnsafeRelaxedJsonEscaping).EncodedUtf8Bytes;
        byte[] quoted = new byte[inside.Length + 2];
        quoted[0] = quoted[^1] = (byte)'"';
        inside.CopyTo(quoted.AsSpan(1));
        return quoted;
    }

    /// <summary>Fills a span from its start.</summary>
    private ref struct Piece(Span<byte> span)
    {
        private readonly Span<byte> _span = span;

        public int Length { get; private set; }

        public void Add(scoped ReadOnlySpan<byte> text)
        {
            text.CopyTo(_span[Length..]);
            Length += text.Length;
        }

        public void Add(long number)
        {
            Utf8Formatter.TryFormat(number, _span[Length..], out int written);
            Length += written;
        }

        public void AddAscii(string text) => Length += Encoding.UTF8.GetBytes(text, _span[Length..]);
    }
}
