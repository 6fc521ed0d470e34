using Syncline.Core.Operations;
using Syncline.Engine.Storage;
using Syncline.Simulation.Scheduling;

namespace Syncline.Simulation.Bugs;

/// <summary>The server answers a push before its operations are in the durable log.</summary>
internal sealed class AcknowledgeBeforeAppend : Bug
{
    public override string Name => "acknowledge-before-append";

    public override int FoundWithin => 20;

    public override ISpaceStore InLogs(ISpaceStore logs, Process process) => new Store(logs, process);

    /// <summary>Says that a batch is in the log, and writes it later: when something else is asked for, or after a while.</summary>
    private sealed class Store(ISpaceStore inner, Process process) : SpaceStoreAround(inner)
    {
        private static readonly TimeSpan Later = TimeSpan.FromMilliseconds(100);
        private Task _flushing = Task.CompletedTask;
        private (SpaceId Space, LogAppend Append)? _unwritten;

        public override async ValueTask<AppendOutcome> AppendAsync(SpaceId space, LogAppend append)
        {
            await FlushAsync();
            _unwritten = (space, append);
            _ = FlushLaterAsync();
            return AppendOutcome.Appended;
        }

        protected override async ValueTask<T> AroundAsync<T>(Func<ValueTask<T>> call)
        {
            await FlushAsync();
            return await call();
        }

        private async Task FlushLaterAsync()
        {
            await Task.Delay(Later, process.Time);
            await FlushAsync();
        }

        private Task FlushAsync() => _flushing = FlushAfterAsync(_flushing);

        private async Task FlushAfterAsync(Task before)
        {
            await before;
            if (_unwritten is not { } unwritten)
                return;
            _unwritten = null;
            try
            {
                await Inner.AppendAsync(unwritten.Space, unwritten.Append);
            }
            catch (StoreUnavailableException)
            {
                // Who was told that it is written has long gone.
            }
        }
    }
}
