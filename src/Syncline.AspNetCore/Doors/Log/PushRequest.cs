using Syncline.Core.Operations;
using Syncline.Engine.Writing;

namespace Syncline.AspNetCore.Doors.Log;

/// <summary>The body of a push: <c>{clientId?,epoch?,operations}</c>.</summary>
internal sealed record PushRequest(string? ClientId, Epoch? Epoch, IReadOnlyList<PushItem> Operations)
{
    public static PushRequest Read(ReadOnlySpan<byte> text, OperationReader reader, LimitOptions limits)
    {
        string? clientId = null;
        Epoch? epoch = null;
        List<PushItem>? operations = null;
        OperationId last = default;
        JsonBody body = new(text);
        while (body.NextMember() is { } member)
        {
            switch (member)
            {
                case "clientId":
                    clientId = Query.ClientId(body.OptionalText(member));
                    break;
                case "epoch":
                    epoch = body.OptionalText(member) is { } value ? new Epoch(value) : null;
                    break;
                case "operations":
                    operations = [];
                    body.BeginArray(member);
                    while (body.NextItem())
                    {
                        if (operations.Count == limits.PushOperationsMax)
                            throw TooMany(limits);
                        operations.Add(PushItem.From(reader.Read(body.Raw(), ref last)));
                    }

                    break;
                default:
                    body.Skip();
                    break;
            }
        }

        return new PushRequest(clientId, epoch, operations ?? throw JsonBody.Missing("operations"));
    }

    public static RequestException TooMany(LimitOptions limits) =>
        new(ErrorCodes.PayloadTooLarge, $"more than the limit of {limits.PushOperationsMax} operations in one push");
}
