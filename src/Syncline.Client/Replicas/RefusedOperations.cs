using Syncline.Client.Storage;
using Syncline.Core.Operations;

namespace Syncline.Client.Replicas;

/// <summary>Operations that were refused, by what others may want of them. Added in the order in which they were made.</summary>
internal sealed class RefusedOperations(OperationReader reader, ModelStates states)
{
    private readonly Dictionary<(ActorId Actor, string Tx), OwnOperation> _groups = [];
    private readonly Dictionary<(IModelState State, string Name), OwnOperation> _makers = [];

    public bool IsEmpty { get; private set; } = true;

    public void Add(OwnOperation refused)
    {
        IsEmpty = false;
        Operation operation = refused.Operation;
        if (operation.Tx is { } tx)
            _groups.TryAdd((operation.Id.Actor, tx), refused);
        reader.ReadContent(operation);
        if (states.Of(operation) is { } state && state.MadeBy(operation) is { } name)
            _makers.TryAdd((state, name), refused);
    }

    /// <summary>The refused operation, made before, without which an operation means nothing; null when it needs none of them.</summary>
    public OwnOperation? FindReasonOf(OwnOperation own)
    {
        Operation operation = own.Operation;
        if (operation.Tx is { } tx && _groups.TryGetValue((operation.Id.Actor, tx), out OwnOperation? member) && member.Number < own.Number)
            return member;
        reader.ReadContent(operation);
        if (states.Of(operation) is not { } state)
            return null;
        foreach (string name in state.MissingFor(operation))
        {
            if (_makers.TryGetValue((state, name), out OwnOperation? maker) && maker.Number < own.Number)
                return maker;
        }

        return null;
    }
}
