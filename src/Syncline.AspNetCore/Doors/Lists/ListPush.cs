using Syncline.Core.Operations;
using Syncline.Engine.Writing;

namespace Syncline.AspNetCore.Doors.Lists;

/// <summary>
/// The body of a push: <c>{clientId,datasetGenerationKey?,ops}</c>. There may be any number of operations, so only where they stand in the
/// body is held, and they are read a part at a time.
/// </summary>
internal sealed class ListPush
{
    private const int ClaimedAtOnce = 1024;

    // A place, twice for the list's growth.
    private const int BytesOfPlace = 16;

    private readonly ReadOnlyMemory<byte> _text;
    private readonly List<Range> _places = [];
    private OperationId _last;

    private ListPush(ReadOnlyMemory<byte> text) => _text = text;

    public string? Key { get; private set; }

    public int Count => _places.Count;

    /// <param name="text">The body.</param>
    /// <param name="claim">Takes what the places of the operations need.</param>
    public static ListPush Read(ReadOnlyMemory<byte> text, BodyBudget.Claim claim)
    {
        ListPush push = new(text);
        string? clientId = null;
        bool hasOperations = false;
        JsonBody body = new(text.Span);
        while (body.NextMember() is { } member)
        {
            switch (member)
            {
                case "clientId":
                    clientId = Query.ClientId(body.OptionalText(member));
                    break;
                case "datasetGenerationKey":
                    push.Key = body.OptionalText(member) is { Length: > 0 } key ? key : null;
                    break;
                case "ops":
                    hasOperations = true;
                    push._places.Clear();
                    body.BeginArray(member);
                    while (body.NextItem())
                    {
                        if (push._places.Count % ClaimedAtOnce == 0)
                            claim.Grow(ClaimedAtOnce * BytesOfPlace);
                        push._places.Add(body.Place());
                    }

                    break;
                default:
                    body.Skip();
                    break;
            }
        }

        if (clientId is null)
            throw JsonBody.Missing("clientId");
        return hasOperations ? push : throw JsonBody.Missing("ops");
    }

    /// <summary>Reads a part of the operations; parts are read in order.</summary>
    public PushItem[] Items(OperationReader reader, int first, int count)
    {
        PushItem[] items = new PushItem[count];
        for (int i = 0; i < count; i++)
            items[i] = PushItem.From(reader.ReadAlone(_text.Span[_places[first + i]], ref _last));
        return items;
    }
}
