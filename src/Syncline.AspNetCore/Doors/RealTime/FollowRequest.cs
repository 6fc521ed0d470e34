using System.Globalization;
using Syncline.Core.Operations;
using Syncline.Engine.Storage;

namespace Syncline.AspNetCore.Doors.RealTime;

/// <summary>The argument of <c>follow</c>: <c>{after,epoch?,scopes?,resourceIds?,clientId?}</c>.</summary>
internal sealed record FollowRequest(long After, Epoch? Epoch, Selection Selection, string? ClientId)
{
    private const int NamesMax = 1_000;

    public static FollowRequest Read(ReadOnlySpan<byte> text)
    {
        long? after = null;
        string? epoch = null;
        List<Scope> scopes = [];
        List<ResourceId> resourceIds = [];
        string? clientId = null;
        JsonBody body = new(text);
        while (body.NextMember() is { } member)
        {
            switch (member)
            {
                case "after":
                    after = body.OptionalInteger(member);
                    break;
                case "epoch":
                    epoch = body.OptionalText(member);
                    break;
                case "scopes":
                    ReadNames(ref body, member, scopes);
                    break;
                case "resourceIds":
                    ReadNames(ref body, member, resourceIds);
                    break;
                case "clientId":
                    clientId = Query.ClientId(body.OptionalText(member));
                    break;
                default:
                    body.Skip();
                    break;
            }
        }

        long from = after ?? throw JsonBody.Missing("after");
        return new FollowRequest(from, Query.EpochOf(epoch, from), scopes.Count + resourceIds.Count == 0 ? Selection.All : new Selection(scopes, resourceIds), clientId);
    }

    private static void ReadNames<T>(ref JsonBody body, string member, List<T> names)
        where T : IParsable<T>
    {
        if (body.IsNull)
            return;
        body.BeginArray(member);
        while (body.NextItem())
        {
            if (names.Count == NamesMax)
                throw JsonBody.Invalid($"{member} has more than {NamesMax} items");
            names.Add(T.TryParse(body.RequiredText(member), CultureInfo.InvariantCulture, out T? name) ? name : throw JsonBody.Invalid($"{member} has an invalid value"));
        }
    }
}
