using System.Text.Encodings.Web;
using System.Text.Json;
using Microsoft.AspNetCore.Http;

namespace Syncline.AspNetCore.Doors;

/// <summary>An answer that is written straight into the response, without objects in between.</summary>
internal sealed class JsonAnswer(Action<Utf8JsonWriter> write) : IResult
{
    /// <summary>How the doors write JSON: text that is not ASCII as it is, and what is well-formed by construction unchecked.</summary>
    public static JsonWriterOptions Options { get; } = new()
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
}
