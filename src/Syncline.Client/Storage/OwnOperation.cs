using Syncline.Core.Operations;

namespace Syncline.Client.Storage;

/// <summary>An operation that was made on this device.</summary>
/// <param name="Number">Its place in the order in which they were made, over all spaces of the store.</param>
/// <param name="Operation">The operation.</param>
/// <param name="State">How far it has come.</param>
/// <param name="Seq">Its place in the log, once it is known; 0 before.</param>
/// <param name="Refusal">Why it was set aside; null otherwise.</param>
/// <param name="MadeAt">When it was made, UTC, by this device's clock. For people.</param>
public sealed record OwnOperation(
    long Number, Operation Operation, OwnOperationState State, long Seq, Refusal? Refusal, DateTimeOffset MadeAt)
{
    /// <summary>
    /// Whether an operation of the log is this one. A copy of the store that is in use elsewhere, a whole disk that was put back, may have given its
    /// identity to something else.
    /// </summary>
    public bool IsLoggedAs(Operation logged) =>
        logged.Id == Operation.Id && (State is OwnOperationState.Stored or OwnOperationState.Received || logged.Payload == Operation.Payload);
}
