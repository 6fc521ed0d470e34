using Microsoft.Extensions.DependencyInjection;
using Syncline.Client.Storage;
using Syncline.Engine.Storage;
using Syncline.Simulation.Scheduling;

namespace Syncline.Simulation.Bugs;

/// <summary>A known bug, built from the outside: what the product stands on is replaced by something that makes it behave as if it had the bug.</summary>
internal abstract class Bug
{
    /// <summary>All of them.</summary>
    public static IReadOnlyList<Bug> All { get; } =
    [
        new CursorSavedBeforeApply(),
        new OutboxEmptied(),
        new SignalAfterRead(),
        new AcknowledgeBeforeAppend(),
        new DuplicateByClockAlone(),
    ];

    public abstract string Name { get; }

    /// <summary>Within how many seeds from 1 on it is found.</summary>
    public abstract int FoundWithin { get; }

    public virtual ISpaceStore InLogs(ISpaceStore logs, Process process) => logs;

    public virtual void InServer(IServiceCollection services, Process process)
    {
    }

    public virtual ILocalStore InDevice(ILocalStore store, Process process) => store;
}
