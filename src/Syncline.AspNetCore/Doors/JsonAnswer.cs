using System.Text.Encodings.Web;
using System.Text.Json;
using Microsoft.AspNetCore.Http;
using Syncline.Engine.Following;

namespace Syncline.AspNetCore.Doors;

/// <summary>An answer that is written straight into the response, without objects in between.</summary>
internal sealed class JsonAnswer(Action<Utf8JsonWriter> write) : IResult
{
    private static readonly JsonWriterOptions Options = new()
    {
        Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping,
        SkipValidation = true,
    };

    public async Task ExecuteAsync(HttpContext httpContext)
    {
        httpContext.Response.ContentType = "application/json; charset=utf-8";
        await using (Utf8JsonWriter writer = new(httpContext.Response.BodyWriter, Options))
            write(writer);
        await httpContext.Response.BodyWriter.FlushAsync(httpContext.RequestAborted);
    }

    /// <summary>Writes texts that are the inside of an array when joined by commas.</summary>
    public static void WriteEncoded(Utf8JsonWriter writer, string name, IReadOnlyList<ReadOnlyMemory<byte>> texts)
    {
        writer.WriteStartArray(name);
        foreach (ReadOnlyMemory<byte> text in texts)
            writer.WriteRawValue(text.Span, skipInputValidation: true);
        writer.WriteEndArray();
    }

    /// <summary>Writes what every page of the log says of itself.</summary>
    public static void WritePosition(Utf8JsonWriter writer, FollowPage page)
    {
        writer.WriteNumber("cursor"u8, page.Cursor);
        writer.WriteNumber("head"u8, Math.Max(page.Head.Seq, page.Cursor));
        writer.WriteBoolean("hasMore"u8, page.HasMore);
        if (page.Digest is { } digest)
            writer.WriteString("digest"u8, digest.ToString());
    }
}
