namespace Syncline.Simulation.Scheduling;

/// <summary>Runs tasks as steps of a program of the world.</summary>
internal sealed class ProcessScheduler(Process process) : TaskScheduler
{
    public override int MaximumConcurrencyLevel => 1;

    protected override void QueueTask(Task task) => process.Post(state => TryExecuteTask((Task)state!), task);

    // Everything is a step of its own: what runs next is the simulation's choice.
    protected override bool TryExecuteTaskInline(Task task, bool taskWasPreviouslyQueued) => false;

    protected override IEnumerable<Task>? GetScheduledTasks() => null;
}
