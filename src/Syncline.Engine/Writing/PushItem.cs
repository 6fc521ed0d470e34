using Syncline.Core.Operations;

namespace Syncline.Engine.Writing;

/// <summary>One operation of a push as it was read at the door.</summary>
/// <param name="Operation">The operation; null when it is refused already.</param>
/// <param name="Refusal">Why it cannot be accepted whatever the state.</param>
/// <param name="Tx">The group within the request, known of refused ones too: they block their group.</param>
public readonly record struct PushItem(Operation? Operation, Refusal? Refusal, string? Tx)
{
    /// <summary>From what the reader found.</summary>
    public static PushItem From(OperationReader.Reading reading) => new(reading.Operation, reading.Refusal, reading.Tx);
}
