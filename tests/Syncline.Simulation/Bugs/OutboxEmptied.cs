using Syncline.Client.Storage;
using Syncline.Simulation.Scheduling;

namespace Syncline.Simulation.Bugs;

/// <summary>When a push is answered, a device takes all of its outbox for stored, and not only what was sent.</summary>
internal sealed class OutboxEmptied : Bug
{
    public override string Name => "outbox-emptied";

    public override int FoundWithin => 50;

    public override ILocalStore InDevice(ILocalStore store, Process process) => new Store(store);

    private sealed class Store(ILocalStore inner) : LocalStoreAround(inner)
    {
        public override async ValueTask WriteAsync(IReadOnlyList<LocalWrite> writes, CancellationToken cancellationToken)
        {
            await base.WriteAsync(writes, cancellationToken);
            foreach (LocalWrite.SetOwn set in writes.OfType<LocalWrite.SetOwn>())
            {
                long seq = set.Changes.Where(change => change.State == OwnOperationState.Stored).Select(change => change.Seq).DefaultIfEmpty().Max();
                if (seq == 0)
                    continue;
                IReadOnlyList<OwnOperation> outbox = await ReadOutboxAsync(set.Space, cancellationToken);
                OwnOperationChange[] emptied =
                [
                    .. outbox.Where(own => own.State is OwnOperationState.Pending or OwnOperationState.Sent)
                        .Select(own => new OwnOperationChange(own.Number, OwnOperationState.Stored, seq, Refusal: null)),
                ];
                await base.WriteAsync([new LocalWrite.SetOwn(set.Space, emptied)], cancellationToken);
            }
        }
    }
}
