using System.Text.Json;
using System.Text.Json.Nodes;
using Microsoft.AspNetCore.Http;
using Syncline.Core.Operations;
using Syncline.Engine.Storage;

namespace Syncline.AspNetCore.Doors.Lists;

/// <summary>The problem of a client whose generation is over: it carries the key and the snapshot of the present one.</summary>
internal sealed class StaleGeneration(Generation present, string snapshot) : IResult
{
    public async Task ExecuteAsync(HttpContext httpContext)
    {
        JsonObject problem = Problems.Describe(
            ErrorCodes.StaleGeneration, "the data set was begun anew; take what is there now, or replace it by a reset that expects this key");
        ListErrors.AddTo(problem);
        HttpResponse response = httpContext.Response;
        response.StatusCode = Problems.StatusOf(ErrorCodes.StaleGeneration);
        response.ContentType = Problems.ContentType;
        await using (Utf8JsonWriter writer = new(response.BodyWriter, JsonAnswer.Options))
        {
            writer.WriteStartObject();
            foreach ((string name, JsonNode? value) in problem)
            {
                writer.WritePropertyName(name);
                value!.WriteTo(writer);
            }

            writer.WriteString("datasetGenerationKey"u8, present.Key);
            await ListJson.WriteSnapshotAsync(writer, response.BodyWriter, snapshot, httpContext.RequestAborted);
            writer.WriteEndObject();
        }

        await response.BodyWriter.FlushAsync(httpContext.RequestAborted);
    }
}
