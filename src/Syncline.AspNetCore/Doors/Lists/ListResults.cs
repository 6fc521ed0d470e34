using System.Buffers;
using System.Text.Json;
using Microsoft.AspNetCore.Http;
using Syncline.AspNetCore.Doors.Log;
using Syncline.Engine.Writing;

namespace Syncline.AspNetCore.Doors.Lists;

/// <summary>
/// The results of a push of any number of operations. They are kept as they will be answered, which is small; nothing is answered before the
/// last of them is stored.
/// </summary>
internal sealed class ListResults(BodyBudget.Claim claim)
{
    private readonly ArrayBufferWriter<byte> _text = new();

    /// <summary>Adds the results of the next part.</summary>
    /// <exception cref="RequestException">There is no room for so many. What is stored stays so, and its repeat is a duplicate.</exception>
    public void Add(IReadOnlyList<OperationResult> results)
    {
        int room = _text.Capacity;
        using (Utf8JsonWriter writer = new(_text, JsonAnswer.Options))
        {
            foreach (OperationResult result in results)
            {
                // One value after the other is no JSON by itself: each begins the writer anew.
                if (_text.WrittenCount > 0)
                    _text.Write(","u8);
                PushResults.Write(writer, result);
                writer.Flush();
                writer.Reset();
            }
        }

        claim.Grow(_text.Capacity - room);
    }

    /// <summary>The answer.</summary>
    public IResult ToAnswer(long head, string key) => new Answer(_text.WrittenMemory, head, key);

    private sealed class Answer(ReadOnlyMemory<byte> results, long head, string key) : IResult
    {
        public async Task ExecuteAsync(HttpContext httpContext)
        {
            HttpResponse response = httpContext.Response;
            response.ContentType = "application/json; charset=utf-8";
            await using (Utf8JsonWriter writer = new(response.BodyWriter, JsonAnswer.Options))
            {
                writer.WriteStartObject();
                writer.WriteNumber("serverSeq"u8, head);
                writer.WriteString("datasetGenerationKey"u8, key);
                writer.WriteStartArray("results"u8);
            }

            await response.BodyWriter.WriteAsync(results, httpContext.RequestAborted);
            await response.BodyWriter.WriteAsync("]}"u8.ToArray(), httpContext.RequestAborted);
        }
    }
}
