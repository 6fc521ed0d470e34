using System.Text.Json;
using Microsoft.AspNetCore.Http;
using Syncline.Core.Operations;
using Syncline.Engine.Following;
using Syncline.Engine.Spaces;
using Syncline.Engine.Storage;

namespace Syncline.AspNetCore.Doors.Lists;

/// <summary>
/// A whole generation as of one head, written page by page as the client reads it: what is in memory is the snapshot and a page. When it ends
/// in the middle the connection is broken, so that no client takes a part for the whole.
/// </summary>
internal sealed class Bootstrap(HttpContext context, LiveSpace space, Generation generation, string snapshot, Follower follower)
{
    private bool _hasBegun;

    /// <summary>Whether something was written, so that no other answer is possible.</summary>
    public bool HasBegun => _hasBegun;

    /// <exception cref="SpaceAccessException">With <c>resync_required</c>: the generation is over. Before the begin, start anew with the next one.</exception>
    public async Task WriteAsync()
    {
        FollowPage page = await NextAsync();
        long head = page.Head.Seq;
        _hasBegun = true;
        HttpResponse response = context.Response;
        response.ContentType = "application/json; charset=utf-8";
        await using Utf8JsonWriter writer = new(response.BodyWriter, JsonAnswer.Options);
        writer.WriteStartObject();
        writer.WriteString("datasetGenerationKey"u8, generation.Key);
        await ListJson.WriteSnapshotAsync(writer, response.BodyWriter, snapshot, context.RequestAborted);
        writer.WriteNumber("serverSeq"u8, head);
        writer.WriteStartArray("ops"u8);
        while (true)
        {
            foreach (LoggedOperation logged in page.Operations)
            {
                // What came after the first page was read is pulled after serverSeq.
                if (logged.Seq <= head)
                    ListJson.Write(writer, logged);
            }

            if (page.Cursor >= head)
                break;
            await writer.FlushAsync(context.RequestAborted);
            await response.BodyWriter.FlushAsync(context.RequestAborted);
            page = await NextAsync();
        }

        writer.WriteEndArray();
        writer.WriteEndObject();
        await writer.FlushAsync(context.RequestAborted);
        await response.BodyWriter.FlushAsync(context.RequestAborted);
    }

    private async ValueTask<FollowPage> NextAsync()
    {
        FollowPage page = await follower.NextAsync(wait: false, context.RequestAborted);
        await space.DemandEpochAsync(generation.Epoch, context.RequestAborted);
        return page;
    }
}
