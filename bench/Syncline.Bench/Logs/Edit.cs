using System.Globalization;
using System.Text;
using Syncline.Core.Lists;
using Syncline.Core.Operations;
using Syncline.Core.Tree;

namespace Syncline.Bench.Logs;

/// <summary>What a device does, before it is numbered.</summary>
/// <param name="Scope">What kind of thing it changes.</param>
/// <param name="Resource">Which one.</param>
/// <param name="Members">The members of the payload that do not tell who numbered it.</param>
internal readonly record struct Edit(Scope Scope, string Resource, string Members)
{
    private static readonly OperationReader Reader =
        new([new TreeModel(new TreeLimits()), new ListModel()], OperationLimits.Default);

    /// <summary>The payload as clients of either model write it: their whole operation.</summary>
    public string Payload(ActorId actor, long clock) => Scope == TreeModel.Scope
        ? string.Create(CultureInfo.InvariantCulture, $$"""{"id":{"counter":{{clock}},"peerId":"{{actor.Value}}"},{{Members}}}""")
        : string.Create(CultureInfo.InvariantCulture, $$"""{{{Members}},"actor":"{{actor.Value}}","clock":{{clock}}}""");

    /// <summary>The operation as a push carries it.</summary>
    public string Json(ActorId actor, long clock) => string.Create(
        CultureInfo.InvariantCulture,
        $$"""{"scope":"{{Scope.Value}}","resourceId":"{{Resource}}","actor":"{{actor.Value}}","clock":{{clock}},"payload":{{Payload(actor, clock)}}}""");

    /// <summary>The operation as it is read at a door.</summary>
    public Operation Operation(ActorId actor, long clock)
    {
        OperationReader.Reading reading = Reader.Create(
            new OperationId(Scope, new ResourceId(Resource), actor, clock), Encoding.UTF8.GetBytes(Payload(actor, clock)), key: null, tx: null, allowTransient: false);
        return reading.Operation ?? throw new InvalidDataException(reading.Refusal!.Detail);
    }
}
