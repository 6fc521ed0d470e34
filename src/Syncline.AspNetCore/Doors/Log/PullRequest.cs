using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.WebUtilities;
using Syncline.Core.Operations;
using Syncline.Engine.Storage;

namespace Syncline.AspNetCore.Doors.Log;

/// <summary>The query of a pull.</summary>
/// <param name="After">Where to read on from, exclusive.</param>
/// <param name="Epoch">The cursor's epoch.</param>
/// <param name="Page">Where the page is cut.</param>
/// <param name="Wait">How long to wait when there is nothing.</param>
/// <param name="Selection">What is wanted.</param>
/// <param name="ClientId">The device, where it says so.</param>
internal readonly record struct PullRequest(long After, Epoch? Epoch, PageLimits Page, TimeSpan Wait, Selection Selection, string? ClientId)
{
    public static PullRequest Read(HttpRequest request, LimitOptions limits)
    {
        // Read by itself: the request would keep its own collection for as long as it waits.
        QueryCollection query = new(QueryHelpers.ParseQuery(request.QueryString.Value));
        long after = query.Integer("after", 0);
        Epoch? epoch = Query.EpochOf(query.Text("epoch"), after);
        long limit = Math.Clamp(query.Integer("limit", limits.PageOperationsMax), 1, limits.PageOperationsMax);
        TimeSpan wait = query.Seconds("wait");
        string? clientId = Query.ClientId(query.Text("clientId"));
        Selection selection = query.ContainsKey("scope") || query.ContainsKey("resourceId")
            ? new Selection(query.All<Scope>("scope"), query.All<ResourceId>("resourceId"))
            : Selection.All;
        return new PullRequest(after, epoch, new PageLimits((int)limit, limits.PageBytesMax), wait, selection, clientId);
    }
}
