using System.Buffers;
using System.Buffers.Text;
using System.IO.Pipelines;
using System.Text;
using System.Text.Encodings.Web;
using System.Text.Json;
using Microsoft.AspNetCore.Http;
using Syncline.Core.Operations;
using Syncline.Engine.Following;

namespace Syncline.AspNetCore.Doors.Log;

/// <summary>A page of the log as pull answers it.</summary>
/// <remarks>
/// A thousand waiting readers get the same page at once: it is made once, and each sends its bytes. A cold one gets page after page: the
/// operations go into the response as they are encoded, with nothing in between but the few bytes around them. Where the length is known, the
/// answer says it.
/// </remarks>
internal sealed class PageAnswer(FollowPage page) : IResult
{
    // Epochs are of 32 digits and position and digest of known length at most; an epoch that an application brought may be any text.
    private const int EndBytesMax = 256;

    public Task ExecuteAsync(HttpContext httpContext)
    {
        HttpResponse response = httpContext.Response;
        response.ContentType = "application/json; charset=utf-8";
        if (SharedBy(page) is { } answer)
        {
            response.ContentLength = answer.Length;
            response.BodyWriter.Write(answer);
        }
        else
        {
            Write(response);
        }

        return response.BodyWriter.FlushAsync(httpContext.RequestAborted).AsTask();
    }

    private void Write(HttpResponse response)
    {
        Span<byte> end = stackalloc byte[EndBytesMax];
        int endLength = WritePosition(end);
        byte[] begin = Begin();
        if (page.JsonLength is { } length)
            response.ContentLength = begin.Length + length + endLength;
        PipeWriter output = response.BodyWriter;
        output.Write(begin);
        page.WriteJson(output);
        output.Write(end[..endLength]);
    }

    /// <summary>The whole answer; the same bytes for all who share the page, whatever door they are at.</summary>
    public static byte[] ToUtf8(FollowPage page) => SharedBy(page) ?? new PageAnswer(page).ToArray();

    private static byte[]? SharedBy(FollowPage page) => page.SharedAnswer(static page => new PageAnswer(page).ToArray());

    private byte[] ToArray()
    {
        Span<byte> end = stackalloc byte[EndBytesMax];
        int endLength = WritePosition(end);
        ArrayBufferWriter<byte> output = new();
        output.Write(Begin());
        page.WriteJson(output);
        output.Write(end[..endLength]);
        return output.WrittenSpan.ToArray();
    }

    private byte[] Begin()
    {
        JsonEncodedText epoch = JsonEncodedText.Encode(page.Head.Epoch.Value, JavaScriptEncoder.UnsafeRelaxedJsonEscaping);
        return Encoding.UTF8.GetBytes($$"""{"epoch":"{{epoch}}","operations":[""");
    }

    private int WritePosition(Span<byte> destination)
    {
        int length = 0;
        Add(destination, ref length, "],\"cursor\":"u8);
        Add(destination, ref length, page.Cursor);
        Add(destination, ref length, ",\"head\":"u8);
        Add(destination, ref length, Math.Max(page.Head.Seq, page.Cursor));
        Add(destination, ref length, page.HasMore ? ",\"hasMore\":true"u8 : ",\"hasMore\":false"u8);
        Add(destination, ref length, ",\"digest\":\""u8, page.Digest);
        Add(destination, ref length, ",\"digestFrom\":\""u8, page.DigestFrom);
        Add(destination, ref length, "}"u8);
        return length;
    }

    private static void Add(Span<byte> destination, ref int length, ReadOnlySpan<byte> name, OperationDigest? digest)
    {
        if (digest is not { } value)
            return;
        Add(destination, ref length, name);
        length += Encoding.ASCII.GetBytes(value.ToString(), destination[length..]);
        Add(destination, ref length, "\""u8);
    }

    private static void Add(Span<byte> destination, ref int length, ReadOnlySpan<byte> text)
    {
        text.CopyTo(destination[length..]);
        length += text.Length;
    }

    private static void Add(Span<byte> destination, ref int length, long number)
    {
        Utf8Formatter.TryFormat(number, destination[length..], out int written);
        length += written;
    }
}
