using Syncline.Client.Storage;
using Syncline.Simulation.Scheduling;

namespace Syncline.Simulation.Bugs;

/// <summary>A device notes that it has received a page, and only then what is in it.</summary>
internal sealed class CursorSavedBeforeApply : Bug
{
    public override string Name => "cursor-saved-before-apply";

    public override int FoundWithin => 100;

    public override ILocalStore InDevice(ILocalStore store, Process process) => new Store(store, process);

    private sealed class Store(ILocalStore inner, Process process) : LocalStoreAround(inner)
    {
        private static readonly TimeSpan Between = TimeSpan.FromMilliseconds(100);

        public override async ValueTask WriteAsync(IReadOnlyList<LocalWrite> writes, CancellationToken cancellationToken)
        {
            LocalWrite.Receive[] received = [.. writes.OfType<LocalWrite.Receive>().Where(one => one.Cursor is not null && one.Operations.Count > 0)];
            await base.WriteAsync(
                [.. writes.Select(write => write is LocalWrite.Receive { Cursor: not null } one ? one with { Operations = [] } : write)], cancellationToken);
            if (received.Length == 0)
                return;
            await Task.Delay(Between, process.Time, cancellationToken);
            await base.WriteAsync([.. received.Select(one => one with { Cursor = null })], cancellationToken);
        }
    }
}
