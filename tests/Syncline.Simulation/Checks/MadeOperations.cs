using Syncline.Client.Storage;
using Syncline.Core.Operations;

namespace Syncline.Simulation.Checks;

/// <summary>
/// What was made on a device, taken from what it writes to its own store. In the end, when nothing is pending, all of it must be in the log or have been
/// refused for all to see, whatever happened to either side; above all what the device was told is stored.
/// </summary>
internal sealed class MadeOperations
{
    private readonly SortedDictionary<long, (SpaceId Space, OperationId Id)> _made = [];
    private readonly HashSet<long> _acknowledged = [];

    /// <summary>How many were made, those that were numbered anew twice.</summary>
    public int Count { get; private set; }

    /// <summary>What must be in the log, and whether the device was told that it is.</summary>
    public IEnumerable<(SpaceId Space, OperationId Id, bool IsAcknowledged)> Expected =>
        _made.Select(made => (made.Value.Space, made.Value.Id, _acknowledged.Contains(made.Key)));

    /// <summary>How many were ever set aside with a reason.</summary>
    public int RefusedCount { get; private set; }

    /// <summary>A transaction of the device's store is done.</summary>
    public void Note(IReadOnlyList<LocalWrite> writes)
    {
        foreach (LocalWrite write in writes)
        {
            switch (write)
            {
                case LocalWrite.AddOwn add:
                    Count += add.Operations.Count;
                    foreach (OwnOperation own in add.Operations)
                        _made.Add(own.Number, (add.Space, own.Operation.Id));
                    break;
                case LocalWrite.SetOwn set:
                    foreach (OwnOperationChange change in set.Changes)
                        Note(change);
                    break;
                case LocalWrite.RemoveOwn remove:
                    // Numbered anew, or dropped after it was refused.
                    foreach (long number in remove.Numbers)
                        _made.Remove(number);
                    break;
            }
        }
    }

    private void Note(OwnOperationChange change)
    {
        if (change.State is OwnOperationState.Stored or OwnOperationState.Received)
            _acknowledged.Add(change.Number);
        if (change.State == OwnOperationState.Refused && _made.Remove(change.Number))
            RefusedCount++;
    }
}
